"""A patch: the set of what it may change, how it comes into a picture, and how one is found that suits many."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from advcourse import (
    Hide,
    Jitter,
    Linf,
    Patch,
    Unbounded,
    Untargeted,
    Where,
    apgd,
    deepfool,
    fgsm,
    iterative_fgsm,
    pgd,
    place,
    train_patch,
)
from advcourse.attacks.patch import INKS, printed, total_variation, unprintable
from advcourse.goals import everywhere, strongest

DOUBLE = torch.float64


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=seeded(seed), dtype=DOUBLE)


# The threat -----------------------------------------------------------------------------------------------------------

REGION = torch.zeros(5, 6, dtype=torch.bool)
REGION[1:3, 2:5] = True


def test_a_projection_clips_inside_the_region_and_puts_everything_else_back():
    x, z = rand(4, 3, 5, 6), 6 * rand(4, 3, 5, 6, seed=1) - 3
    allowed = Patch(REGION).around(x)
    p = allowed.project(z)
    assert torch.equal(p[..., ~REGION], x[..., ~REGION]), "bit for bit"
    assert torch.equal(p[..., REGION], z[..., REGION].clamp(0, 1))
    assert torch.equal(allowed.project(p), p) and torch.equal(allowed.project(x), x)


def test_no_member_of_the_set_is_nearer_than_the_projection():
    x, z = rand(3, 1, 5, 6), 6 * rand(3, 1, 5, 6, seed=1) - 3
    allowed = Patch(REGION).around(x)
    p = allowed.project(z)
    for seed in range(20):
        w = allowed.sample(seeded(seed))
        assert (((z - p) * (w - p)).flatten(1).sum(1) <= 1e-12).all(), "an acute angle"


def test_samples_are_uniform_in_the_region_and_x_outside():
    x = torch.full((4000, 5, 6), 0.9, dtype=DOUBLE)
    z = Patch(REGION, hi=3.0).around(x).sample(seeded())
    assert torch.equal(z[:, ~REGION], x[:, ~REGION])
    inside = z[:, REGION]
    assert float(inside.mean()) == pytest.approx(1.5, abs=0.02) and float(inside.var()) == pytest.approx(0.75, rel=0.03)
    assert not torch.equal(z[0], z[1])


def test_the_whole_picture_is_the_bare_box_and_no_pixel_is_no_change():
    x, z = rand(2, 3, 4, 4), 4 * rand(2, 3, 4, 4, seed=1) - 2
    everything = torch.ones(4, 4, dtype=torch.bool)
    assert torch.equal(Patch(everything).around(x).project(z), Unbounded().around(x).project(z))
    assert torch.equal(Patch(~everything).around(x).project(z), x)


def test_a_region_may_differ_between_channels():
    mask = torch.zeros(3, 2, 2, dtype=torch.bool)
    mask[1] = True
    x = torch.zeros(2, 3, 2, 2)
    assert Patch(mask).around(x).project(x + 1).sum((0, 2, 3)).tolist() == [0, 8, 0]


@pytest.mark.parametrize("attack", [iterative_fgsm, pgd, apgd], ids=lambda a: a.__name__)
def test_attacks_change_the_region_only(attack):
    model = nn.Sequential(nn.Flatten(), nn.Linear(90, 3)).double()
    x, y = rand(4, 3, 5, 6), torch.tensor([0, 1, 2, 0])
    pace = {"steps": 5} if attack is apgd else {"steps": 5, "step_size": 0.3}
    z = attack(model, x, Untargeted(y), Patch(REGION), **pace)
    assert torch.equal(z[..., ~REGION], x[..., ~REGION]) and z.min() >= 0 and z.max() <= 1
    assert (z != x).flatten(1).any(1).all()


def test_on_a_linear_model_the_best_patch_is_found():
    """A linear score is highest where each pixel of the region is at the end its weight points to."""
    w = 2 * rand(3, 5, 6, seed=2) - 1
    x = rand(2, 3, 5, 6)
    want = torch.where(REGION, (w > 0).to(DOUBLE), x)
    z = iterative_fgsm(
        lambda v: (v * -w).flatten(1).sum(1)[:, None], x, Hide(strongest), Patch(REGION), steps=4, step_size=0.3
    )
    assert torch.equal(z, want)


def test_a_patch_prints_shortly_and_says_what_is_wrong():
    assert repr(Patch(REGION)) == "Patch(6 of 30 pixels, lo=0.0, hi=1.0)"
    with pytest.raises(ValueError, match=r"True or False; got torch\.float32: use mask > 0\.5"):
        Patch(torch.ones(2, 2))
    for shape in [(1, 3, 6, 5), (1, 6), (1, 3, 2, 6)]:
        with pytest.raises(ValueError, match="other samples"):
            Patch(REGION).around(torch.zeros(shape))
    with pytest.raises(ValueError, match="divide by 255"):
        Patch(REGION).around(torch.full((1, 5, 6), 200.0))
    assert Patch(REGION).around(torch.zeros(0, 3, 5, 6)).sample(seeded()).shape == (0, 3, 5, 6)


# The goal -------------------------------------------------------------------------------------------------------------


def test_hiding_is_reached_where_no_place_fires():
    out = torch.tensor([[[-1.0, -2.0], [-3.0, -0.1]], [[-1.0, -2.0], [0.1, -5.0]]])
    assert Hide().reached(out).tolist() == [True, False]
    assert Hide(threshold=-0.5).reached(out).tolist() == [False, False]
    assert Hide(threshold=0.2).reached(out).tolist() == [True, True]
    torch.testing.assert_close(Hide().margins(out), torch.tensor([[0.1], [-0.1]]))
    assert (Hide().smooth_margin(out) <= Hide().margins(out)[:, 0]).all()


def test_the_scores_are_those_of_the_formulas():
    out = torch.tensor([[0.5, -0.5, -2.0]])
    assert Hide().score(out).item() == pytest.approx(-(1.5**2 + 0.5**2))
    assert Hide(strongest).score(out).item() == pytest.approx(-0.5)
    assert Hide(strongest, threshold=2.0).score(out).item() == pytest.approx(1.5)


def test_the_strongest_place_alone_has_a_gradient_or_all_that_fire():
    out = torch.tensor([[0.5, 0.4, -2.0]], requires_grad=True)
    for loss, want in ((strongest, [True, False, False]), (everywhere, [True, True, False])):
        (g,) = torch.autograd.grad(Hide(loss).score(out).sum(), out)
        assert (g != 0)[0].tolist() == want and (g <= 0).all()


@pytest.mark.parametrize(
    ("attack", "loss"),
    [
        (fgsm, everywhere),
        (partial(iterative_fgsm, steps=4, step_size=0.05), everywhere),
        (partial(pgd, steps=4, step_size=0.05, random_start=False), everywhere),
        # Lowering the surest place may raise another above it: only the best iterate is never worse.
        (partial(pgd, steps=8, step_size=0.02, random_start=False), strongest),
    ],
    ids=["fgsm", "iterative_fgsm", "pgd", "pgd, strongest"],
)
def test_hiding_lowers_the_scores_of_a_map_alone_and_in_a_batch(attack, loss):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        conv = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 1, 3)).double()
    conv[2].bias.data += 1
    x = 0.2 + 0.6 * rand(3, 3, 8, 8)

    def run(x: Tensor) -> Tensor:
        return attack(conv, x, Hide(loss), Linf(0.1))

    z = run(x)
    assert (Hide(loss).score(conv(z)) > Hide(loss).score(conv(x))).all()
    torch.testing.assert_close(z, torch.cat([run(one[None]) for one in x]))


def test_the_nearest_hidden_picture_on_a_linear_score():
    w, x = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.5, 0.5]])
    z = deepfool(lambda v: v @ w.T - 2.5, x, Hide(), steps=20)
    assert float((z - x).norm()) == pytest.approx((3.5 - 2.5) / 5, rel=0.05)


def test_a_goal_says_what_it_cannot_score():
    with pytest.raises(ValueError, match="no place"):
        Hide().check(torch.zeros(2, 0))
    with pytest.raises(ValueError, match=r"one number a sample, \[2\]; got \[\]"):
        Hide(lambda lead: lead.sum()).check(torch.zeros(2, 3))


# Into the picture -----------------------------------------------------------------------------------------------------


def one(x: float, y: float, size: float, *, angle: float = 0.0, light: float = 1.0, blur: float = 0.0) -> Where:
    return Where(*(torch.tensor([[v]], dtype=DOUBLE) for v in (x, y, size, angle, light, blur)))


def slow_place(patch: Tensor, x: Tensor, where: Where) -> Tensor:
    """Pixel by pixel in Python, for a patch that is seen as large as it is or larger, and unblurred."""
    out, side = x.clone(), patch.shape[1]
    cx, cy, size, angle, light = (float(v) for v in (where.x, where.y, where.size, where.angle, where.light))
    for row in range(x.shape[2]):
        for column in range(x.shape[3]):
            dx, dy = column + 0.5 - cx, row + 0.5 - cy
            u = (math.cos(angle) * dx + math.sin(angle) * dy) * side / size + side / 2 - 0.5
            v = (math.cos(angle) * dy - math.sin(angle) * dx) * side / size + side / 2 - 0.5
            colour, cover = torch.zeros(3, dtype=DOUBLE), 0.0
            for i in (math.floor(v), math.floor(v) + 1):
                for j in (math.floor(u), math.floor(u) + 1):
                    if 0 <= i < side and 0 <= j < side:
                        share = (1 - abs(v - i)) * (1 - abs(u - j))
                        colour, cover = colour + share * (light * patch[:, i, j]).clamp(0, 1), cover + share
            out[0, :, row, column] = colour + (1 - cover) * x[0, :, row, column]
    return out


@pytest.mark.parametrize(
    "where",
    [
        one(6, 5, 4),
        one(6.3, 5.1, 6.5),
        one(6, 5, 8, angle=0.7),
        one(6.3, 4, 9.1, angle=-2.0, light=0.6),
        one(1, 9, 5, angle=0.2, light=1.4),  # over the edge
        one(60, 5, 4),
    ],
    ids=range(6),
)
def test_a_patch_lies_where_the_slow_specification_puts_it(where):
    patch, x = rand(3, 4, 4), rand(1, 3, 9, 12, seed=1)
    torch.testing.assert_close(place(patch, x, where), slow_place(patch, x, where), rtol=0, atol=1e-12)


def test_upright_and_at_its_own_size_it_is_copied():
    patch, x = rand(3, 4, 4), rand(1, 3, 9, 12, seed=1)
    want = x.clone()
    want[0, :, 3:7, 4:8] = patch
    torch.testing.assert_close(place(patch, x, one(6, 5, 4)), want, rtol=0, atol=1e-12)
    turned = place(patch, x, one(6, 5, 4, angle=math.pi / 2))
    torch.testing.assert_close(turned[0, :, 3:7, 4:8], patch.rot90(-1, (1, 2)), rtol=0, atol=1e-12)  # to the right


def test_elsewhere_nothing_changes_and_nothing_is_written():
    patch, x = rand(3, 4, 4), rand(2, 3, 20, 20, seed=1)
    before = patch.clone(), x.clone()
    where = Where.at(torch.full((2, 1), 5.0), torch.full((2, 1), 5.0), torch.full((2, 1), 4.0))
    z = place(patch, x, where)
    assert torch.equal(z[:, :, 10:], x[:, :, 10:]) and not torch.equal(z, x)
    z += 1
    nothing = place(patch, x, Where.at(*torch.zeros(3, 2, 0)))
    nothing += 1
    none = place(patch, x, Where.at(*torch.zeros(3, 2, 1)))
    assert torch.equal(none, x)
    none += 1
    assert torch.equal(patch, before[0]) and torch.equal(x, before[1])


def test_several_lie_above_each_other_and_each_picture_has_its_own():
    patch, x = rand(3, 4, 4), rand(2, 3, 16, 16, seed=1)
    places = torch.tensor([[[4.0, 5.0], [9.0, 0.0]], [[4.0, 6.0], [9.0, 0.0]], [[4.0, 5.0], [6.0, 0.0]]])
    z = place(patch, x, Where.at(*places))
    for i in range(2):
        step = x[i : i + 1]
        for k in range(2):
            step = place(patch, step, Where.at(*places[:, i : i + 1, k : k + 1]))
        assert torch.equal(z[i : i + 1], step)
    assert not torch.equal(place(patch, x, Where.at(*places.flip(2))), z), "the last lies on top"


def test_the_gradient_is_that_of_finite_differences():
    patch, x = 0.2 + 0.6 * rand(3, 4, 4), rand(1, 3, 9, 12, seed=1)
    for where in (one(6.3, 4, 7.7, angle=0.5, light=0.8, blur=0.7), one(4, 4, 2.5)):
        assert torch.autograd.gradcheck(
            lambda p, x, w=where: place(p, x, w), (patch.requires_grad_(), x.requires_grad_())
        )


def test_blur_keeps_the_mean_and_takes_the_contrast():
    patch = (torch.arange(12)[:, None] + torch.arange(12)).remainder(2).to(DOUBLE).expand(3, -1, -1)
    x = torch.zeros(1, 3, 12, 12, dtype=DOUBLE)
    sharp, soft, far = (place(patch, x, one(6, 6, 12, blur=b)) for b in (0.0, 0.5, 2.0))
    for z in (soft, far):
        assert float(z.mean()) == pytest.approx(0.5, abs=0.02)
    assert sharp.std() > 2 * soft.std() > 4 * far.std()
    small = place(patch, x, one(6, 6, 3))[..., 5:7, 5:7]
    assert (small - 0.5).abs().max() < 0.15, "seen from afar a chessboard is grey, wherever the pixels fall"


def test_it_is_dark_and_its_light_is_cut():
    patch, x = torch.full((3, 4, 4), 0.6, dtype=DOUBLE), rand(1, 3, 9, 12, seed=1)
    for light, want in ((0.5, 0.3), (3.0, 1.0)):
        assert place(patch, x, one(6, 5, 4, light=light))[0, :, 4, 5].tolist() == pytest.approx([want] * 3)


def test_a_worn_patch_is_on_the_chest_and_nobody_wears_none():
    boxes = torch.tensor([[[10.0, 20.0, 30.0, 70.0], [0, 0, 0, 0]]])
    where = Where.worn(boxes, share=0.3, high=0.4)
    assert [float(v[0, 0]) for v in (where.x, where.y, where.size)] == pytest.approx([20, 40, 15])
    assert where.size[0, 1] == 0


def test_jitter_is_even_within_its_reach_and_repeats_with_its_seed():
    around = Where.at(torch.full((5000, 1), 40.0), torch.full((5000, 1), 30.0), torch.full((5000, 1), 10.0))
    jitter = Jitter(shift=0.2, scale=0.5, angle=0.3, light=0.4, blur=1.0)
    some = jitter(around, seeded())
    for name, low, high in (("size", 5, 15), ("angle", -0.3, 0.3), ("light", 0.6, 1.4), ("blur", 0, 1)):
        v = getattr(some, name)
        assert low <= v.min() and v.max() <= high
        assert float(v.mean()) == pytest.approx((low + high) / 2, abs=0.03 * (high - low))
        assert float(v.std()) == pytest.approx((high - low) / math.sqrt(12), rel=0.03)
    off = (some.x - 40) / some.size
    assert off.abs().max() <= 0.2 and float(off.std()) == pytest.approx(0.4 / math.sqrt(12), rel=0.03)
    assert torch.equal(jitter(around, seeded()).y, some.y) and not torch.equal(jitter(around, seeded(1)).y, some.y)
    still = Jitter()(around, seeded())
    assert (
        torch.equal(still.x, around.x) and torch.equal(still.size, around.size) and torch.equal(still.blur, around.blur)
    )


@pytest.mark.parametrize(
    ("patch", "x", "where", "says"),
    [
        ((4, 4), (2, 3, 9, 9), (2, 1), "C, h, w"),
        ((3, 4, 4), (3, 9, 9), (2, 1), r"x\[None\]"),
        ((1, 4, 4), (2, 3, 9, 9), (2, 1), "C, h, w"),
        ((3, 4, 4), (2, 3, 9, 9), (3, 1), r"\[2, K\]; got \[3, 1\]"),
        ((3, 4, 4), (2, 3, 9, 9), (2,), r"one place in each is \[B, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(patch, x, where, says):
    with pytest.raises(ValueError, match=says):
        place(torch.zeros(patch), torch.zeros(x), Where.at(*torch.ones(3, *where)))


# Terms ----------------------------------------------------------------------------------------------------------------


def test_total_variation_by_hand():
    assert float(total_variation(torch.full((3, 5, 5), 0.3))) == 0
    steps = torch.tensor([[[0.0, 1.0], [0.0, 0.5]]])
    assert float(total_variation(steps)) == pytest.approx(0.25 + 0.75)


def test_printable_colours_cost_nothing_and_printing_gives_them():
    inks = torch.tensor(INKS)
    assert float(unprintable(inks.T.reshape(3, 3, 4))) < 1e-5
    patch = torch.rand(3, 6, 6, generator=seeded())
    paper = printed(patch)
    assert float(unprintable(paper)) < 1e-5 < float(unprintable(patch))
    slow = [min(math.dist(p, ink) for ink in INKS) for p in patch.flatten(1).T.tolist()]
    assert float(unprintable(patch)) == pytest.approx(sum(slow) / len(slow), rel=1e-5)


# One for many ---------------------------------------------------------------------------------------------------------

BRIGHT = lambda x: x.mean((1, 2, 3))[:, None] - 0.2  # noqa: E731, a detector of light


def centred(n: int, size: float = 4.0) -> Where:
    return Where.at(torch.full((n, 1), 6.0), torch.full((n, 1), 6.0), torch.full((n, 1), size))


def test_a_detector_of_light_is_fooled_by_black():
    x = torch.rand(6, 3, 12, 12, generator=seeded())
    patch = train_patch(BRIGHT, x, Hide(), centred(6), side=4, steps=40, step_size=0.05, batch=3, generator=seeded())
    assert patch.shape == (3, 4, 4) and patch.max() < 0.02 and not patch.requires_grad


def test_the_patch_climbs_the_expectation_not_one_place():
    """A detector of the left half: a patch that stands still need not care about what its right side shows."""
    x = torch.full((4, 3, 12, 12), 0.5)
    left = lambda x: x[..., :6].mean((1, 2, 3))[:, None]  # noqa: E731
    given = {"side": 4, "steps": 60, "step_size": 0.05, "generator": seeded(1)}
    still = train_patch(left, x, Hide(), centred(4), **given)
    moved = train_patch(left, x, Hide(), centred(4), jitter=Jitter(shift=0.5), **given)
    assert still[..., :2].max() < 0.02 and still[..., 3:].mean() > 0.3, "no gradient reaches the right side"
    assert moved.max() < 0.2


def test_the_terms_are_weighed():
    x = torch.rand(4, 3, 12, 12, generator=seeded())
    given = {"side": 8, "steps": 60, "step_size": 0.03}
    plain, smooth, inks = (
        train_patch(BRIGHT, x, Hide(), centred(4, 0.0), **given, generator=seeded(2), **more)
        for more in ({}, {"smooth": 1.0}, {"colours": 1.0})
    )
    assert total_variation(smooth) < 0.3 * total_variation(plain)
    assert unprintable(inks) < 0.3 * unprintable(plain)


def test_the_seed_repeats_it_the_trace_sees_it_and_nothing_else_changes(capfd):
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 3)).train()
    x, where = torch.rand(5, 3, 12, 12, generator=seeded()), centred(5)
    before, path = x.clone(), []
    state = {k: v.clone() for k, v in net.state_dict().items()}
    rng = torch.get_rng_state()
    given = {"side": 4, "steps": 3, "step_size": 0.1, "batch": 2, "jitter": Jitter(shift=0.3, angle=1.0)}
    with torch.no_grad():
        a = train_patch(net, x, Hide(), where, **given, generator=seeded(3), trace=path.append)
    b = train_patch(net, x, Hide(), where, **given, generator=seeded(3))
    assert torch.equal(a, b) and torch.equal(torch.get_rng_state(), rng) and torch.equal(x, before)
    assert len(path) == 4 and torch.equal(path[-1], a) and all(p.grad is None for p in net.parameters())
    a += 1
    assert path[-1].max() <= 1, "the trace keeps what it saw"
    assert net.training and all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
    assert "patch" in capfd.readouterr().err, "a progress bar"


@pytest.mark.parametrize(
    "wrong", [{"side": 0}, {"batch": 0}, {"steps": -1}, {"step_size": -0.1}, {"step_size": math.inf}], ids=str
)
def test_a_training_that_is_none_is_refused(wrong):
    given = {"side": 4, "steps": 2, "step_size": 0.1, **wrong}
    with pytest.raises(ValueError, match="must be >= "):
        train_patch(BRIGHT, torch.zeros(2, 3, 12, 12), Hide(), centred(2), **given)
    with pytest.raises(ValueError, match="got none"):
        train_patch(BRIGHT, torch.zeros(0, 3, 12, 12), Hide(), centred(0), side=4, steps=1, step_size=0.1)
