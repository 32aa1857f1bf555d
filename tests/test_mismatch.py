"""Targeted mismatch: the descriptor of the target, the looks of the carrier, on embeddings whose answer is known."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from advcourse import L1, L2, Linf, Unbounded, mismatch
from advcourse.attacks.retrieval import resized
from advcourse.descriptors import cosine_distance, histogram_distance, tensor_distance

DOUBLE = torch.float64
THREATS = (Linf(0.1), L2(0.8), L1(2.0), Unbounded())
LOSSES = (cosine_distance, tensor_distance, histogram_distance)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(batch: int, seed: int, size: tuple[int, int] = (12, 10)) -> Tensor:
    return torch.rand(batch, 3, *size, generator=seeded(seed), dtype=DOUBLE)


class Trunk(nn.Module):
    """Feature maps [B, 6, ...] of images of any size; with batch norm, so that its mode and its statistics matter."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 6, 2))
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.randn(p.shape, generator=seeded(p.numel())) / 2)
        self.double()

    def forward(self, x):
        return self.layers(x).relu()


class Described(Trunk):
    """Its mean descriptor [B, 6]."""

    def forward(self, x):
        return super().forward(x).mean((2, 3))


MODEL = Described().eval()
X, T = images(3, 1), images(3, 2)
FEW = {"steps": 12, "step_size": 0.02}


def agreement(embed, z, target):
    return F.cosine_similarity(embed(z), embed(target)).detach()


# What it promises -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", THREATS, ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_descriptor_nears_the_targets_within_the_threat(loss, threat):
    embed = MODEL if loss is cosine_distance else Trunk().eval()
    z = mismatch(embed, X, T, threat, **FEW, loss=loss)
    assert z.shape == X.shape and z.dtype == X.dtype and not z.requires_grad
    assert z.min() >= 0 and z.max() <= 1 and (threat.size(z - X) <= threat.eps * (1 + 1e-6)).all()
    with torch.no_grad():
        before, after = loss(embed(X), embed(T)), loss(embed(z), embed(T))
    assert (after < 0.95 * before).all()


def test_without_a_ball_the_descriptor_of_the_target_is_found():
    z = mismatch(MODEL, X, T, Unbounded(), steps=200, step_size=0.01)
    assert (agreement(MODEL, X, T) < 0.999).all() and (agreement(MODEL, z, T) > 0.99999).all()
    assert ((z - T).square().mean((1, 2, 3)) > 0.05).all(), "and it is not by becoming the target"


def test_a_linear_embedding_reaches_the_closed_form_optimum_of_the_penalised_loss():
    """|Wz - b|^2 / |b|^2 + weight |z - x|^2 / n is a ridge regression around x."""
    w = torch.randn(4, 6, generator=seeded(3), dtype=DOUBLE) / 3
    x = 0.4 + 0.2 * torch.rand(2, 6, generator=seeded(4), dtype=DOUBLE)
    target = 0.4 + 0.2 * torch.rand(2, 6, generator=seeded(5), dtype=DOUBLE)
    z = mismatch(lambda v: v @ w.T, x, target, Unbounded(), steps=300, step_size=2e-3, loss=tensor_distance, weight=2)
    for i in range(2):
        scale, price = (w @ target[i]).square().sum(), 2 / 6
        left = w.T @ w / scale + price * torch.eye(6, dtype=DOUBLE)
        exact = x[i] + torch.linalg.solve(left, w.T @ (w @ (target[i] - x[i])) / scale)
        torch.testing.assert_close(z[i], exact, atol=1e-3, rtol=0)
        assert (exact - x[i]).abs().max() > 0.01


def test_the_dearer_the_looks_the_less_they_change_and_the_less_the_descriptors_agree():
    found = [mismatch(MODEL, X, T, Unbounded(), steps=60, step_size=0.01, weight=w) for w in (0.0, 1.0, 10.0, 1000.0)]
    change = torch.stack([(z - X).square().mean() for z in found])
    agreed = torch.stack([agreement(MODEL, z, T).mean() for z in found])
    assert (change.diff() < 0).all() and (agreed.diff() < 0).all()


def test_the_best_iterate_is_returned_not_the_last():
    path = []
    z = mismatch(MODEL, X, T, Linf(0.3), steps=10, step_size=0.3, trace=path.append)
    losses = torch.stack([1 - agreement(MODEL, step, T) for step in path])
    torch.testing.assert_close(1 - agreement(MODEL, z, T), losses.amin(0))
    assert (losses[-1] > losses.amin(0)).any(), "steps as large as the ball swing"


def test_the_trace_gets_every_iterate_from_the_carrier_on():
    path = []
    z = mismatch(MODEL, X, T, Linf(0.1), steps=5, step_size=0.03, trace=path.append)
    assert len(path) == 6 and torch.equal(path[0], X)
    assert all(any(torch.equal(z[i], step[i]) for step in path) for i in range(len(X)))
    assert not {z.data_ptr(), X.data_ptr()} & {step.data_ptr() for step in path}
    # Adam's first step is a sign.
    torch.testing.assert_close(path[1], (X + (path[1] - X).sign() * 0.03).clamp(0, 1))


# Several resolutions --------------------------------------------------------------------------------------------------


def test_with_sizes_every_resolution_is_attacked():
    sizes = (8, 12, 16)
    z = mismatch(MODEL, X, T, Linf(0.1), **FEW, sizes=sizes)
    for size in sizes:
        assert (
            agreement(MODEL, resized(z, size), resized(T, size)) > agreement(MODEL, resized(X, size), resized(T, size))
        ).all()


def test_the_loss_over_sizes_is_their_mean():
    path, sizes = [], (6, 12)
    z = mismatch(MODEL, X, T, Linf(0.3), steps=8, step_size=0.3, sizes=sizes, blur=0.5, trace=path.append)

    def mean_loss(z):
        return sum(1 - agreement(MODEL, resized(z, s, 0.5), resized(T, s, 0.5)) for s in sizes) / 2

    torch.testing.assert_close(mean_loss(z), torch.stack([mean_loss(step) for step in path]).amin(0))


def test_carrier_and_target_may_be_of_different_sizes_where_they_are_resized_or_pooled():
    wide = images(3, 5, (20, 20))
    assert mismatch(MODEL, X, wide, Linf(0.1), **FEW).shape == X.shape
    assert mismatch(MODEL, wide, images(3, 6, (15, 15)), Linf(0.1), **FEW, sizes=(12,)).shape == wide.shape
    with pytest.raises(ValueError, match=r"one shape.*at the same resolution"):
        mismatch(Trunk().eval(), X, wide, Linf(0.1), **FEW, loss=tensor_distance)


def test_resizing_scales_the_longer_side_and_keeps_what_is_smooth():
    assert resized(images(2, 0, (20, 10)), 10).shape == (2, 3, 10, 5)
    assert resized(images(2, 0, (4, 4)), 9).shape == (2, 3, 9, 9)
    flat = torch.full((1, 3, 9, 9), 0.3, dtype=DOUBLE)
    torch.testing.assert_close(resized(flat, 4), flat[..., :4, :4])
    ramp = torch.linspace(0, 1, 40, dtype=DOUBLE).expand(1, 1, 40, 40)
    torch.testing.assert_close(resized(ramp, 20)[..., 4:-4], (ramp[..., ::2] / 2 + ramp[..., 1::2] / 2)[..., :20, 4:-4])


def test_the_blur_is_a_gaussian_of_that_deviation():
    spot = torch.zeros(1, 1, 41, 41, dtype=DOUBLE)
    spot[..., 20, 20] = 1
    seen = resized(spot, 41, blur=2.0)
    at = torch.arange(41, dtype=DOUBLE) - 20
    assert float(seen.sum()) == pytest.approx(1)
    assert float((seen.sum(2) * at.square()).sum()) == pytest.approx(4, rel=0.03), "cut off at three deviations"
    assert float((seen.sum(3) * at.square()).sum()) == pytest.approx(4, rel=0.03)


def test_blur_takes_away_what_sampling_would_pick_up_by_chance():
    stripes = (torch.arange(64) % 2).to(DOUBLE).expand(1, 1, 64, 64)
    bare, blurred = (resized(stripes, 22, blur)[..., 2:-2] - 0.5 for blur in (0.0, 0.3))
    assert bare.abs().max() > 0.4 and blurred.abs().max() < 0.05 * bare.abs().max()


def test_resizing_is_differentiable_and_right():
    x = images(1, 3, (6, 5)).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: resized(v, 4), x)


# What every attack promises -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", THREATS, ids=str)
@pytest.mark.parametrize("sizes", [(), (9, 14)])
def test_a_batch_is_as_many_batches_of_one(threat, sizes):
    together = mismatch(MODEL, X, T, threat, **FEW, sizes=sizes, weight=0.1)
    for i in range(len(X)):
        alone = mismatch(MODEL, X[i : i + 1], T[i : i + 1], threat, **FEW, sizes=sizes, weight=0.1)
        torch.testing.assert_close(alone, together[i : i + 1])


def test_it_draws_no_random_numbers_and_gives_the_same_again():
    state = torch.get_rng_state()
    first = mismatch(MODEL, X, T, Linf(0.1), **FEW)
    assert torch.equal(torch.get_rng_state(), state) and torch.equal(mismatch(MODEL, X, T, Linf(0.1), **FEW), first)


def test_model_and_arguments_are_the_same_after_as_before_also_when_the_trace_raises():
    model = Described().train()
    model.layers[1].eval()
    x, t = X.clone().requires_grad_(), T.clone()
    state = {k: v.clone() for k, v in model.state_dict().items()}

    def stop(_):
        raise KeyboardInterrupt

    mismatch(model, x, t, Linf(0.1), **FEW)
    with pytest.raises(KeyboardInterrupt):
        mismatch(model, x, t, Linf(0.1), **FEW, trace=stop)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert model.training and not model.layers[1].training and all(p.requires_grad for p in model.parameters())
    assert all(p.grad is None for p in model.parameters())
    assert x.grad is None and x.requires_grad and torch.equal(x, X) and torch.equal(t, T)


def test_the_model_is_asked_in_evaluation_mode():
    assert torch.equal(mismatch(Described().train(), X, T, Linf(0.1), **FEW), mismatch(MODEL, X, T, Linf(0.1), **FEW))


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_callers_gradient_mode_does_not_matter(around):
    wanted = mismatch(MODEL, X, T, Linf(0.1), **FEW)
    with around():
        assert torch.equal(mismatch(MODEL, X.clone(), T.clone(), Linf(0.1), **FEW), wanted)


def test_an_empty_batch_zero_budget_and_no_steps():
    empty = mismatch(MODEL, X[:0], T[:0], Linf(0.1), **FEW)
    assert empty.shape == (0, 3, 12, 10)
    for threat, settings in ((Linf(0.0), FEW), (Unbounded(), {"steps": 0, "step_size": 0.1})):
        z = mismatch(MODEL, X, T, threat, **settings)
        assert torch.equal(z, X) and z.data_ptr() != X.data_ptr()


@pytest.mark.parametrize("corner", [0.0, 1.0])
def test_a_black_or_white_carrier_can_be_attacked(corner):
    x = torch.full_like(X, corner)
    x[:, 0] = 0.5
    z = mismatch(MODEL, x, T, Linf(0.1), **FEW)
    assert (agreement(MODEL, z, T) > agreement(MODEL, x, T)).all() and z.min() >= 0 and z.max() <= 1


def test_a_constant_embedding_and_tiny_gradients():
    z = mismatch(lambda v: 0 * v.flatten(1)[:, :5] + 1, X, T, Linf(0.1), **FEW)
    assert torch.equal(z, X)
    small, x, t = Described().eval().float(), X.float(), T.float()
    wanted = mismatch(small, x, t, Linf(0.1), **FEW)
    tiny = mismatch(lambda v: small(v) * 1e-20, x, t, Linf(0.1), **FEW)
    assert (agreement(small, tiny, t) - agreement(small, wanted, t)).abs().max() < 1e-4
    faint = mismatch(small, x, t, Linf(0.1), **FEW, loss=lambda a, b: 1e-22 * cosine_distance(a, b))
    assert (agreement(small, faint, t) - agreement(small, wanted, t)).abs().max() < 1e-4


def test_who_matches_already_stays():
    z = mismatch(MODEL, T, T, Linf(0.1), **FEW, loss=tensor_distance)
    assert torch.equal(z, T)


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"weight": -1.0}, "weight must be finite and >= 0"),
        ({"sizes": (0,)}, "size must be a number of pixels >= 1"),
        ({"sizes": (12,), "blur": -1.0}, "blur >= 0"),
        ({"steps": -1}, "steps and step_size must be >= 0"),
        ({"carrier": 255 * X}, "divide by 255"),
        ({"target": T[:2]}, r"descriptor for each of the 3 samples.*got \[2, 6\].*target\.expand"),
        ({"loss": histogram_distance}, "feature maps.*cosine_distance for descriptors"),
        ({"loss": lambda out, target: (out - target).square().mean()}, r"one distance a sample, \[3\]; got \[\]"),
        ({"embed": lambda v: MODEL(v).detach()}, "no gradient with respect to its input"),
    ],
    ids=["weight", "size", "blur", "steps", "bytes", "fewer targets", "pooled", "mean loss", "cut"],
)
def test_what_cannot_be_is_refused_with_what_is_needed(wrong, words):
    given = {"embed": MODEL, "carrier": X, "target": T, "threat": Linf(0.1), **FEW, **wrong}
    with pytest.raises(ValueError, match=words):
        mismatch(given.pop("embed"), given.pop("carrier"), given.pop("target"), given.pop("threat"), **given)


def test_a_number_is_no_threat():
    with pytest.raises(TypeError, match=r"threat has no around; got 0\.1: use Linf\(eps\)"):
        mismatch(MODEL, X, T, 0.1, **FEW)
    with pytest.warns(UserWarning, match="far end of the ball cannot be reached"):
        mismatch(MODEL, X, T, Linf(0.5), **FEW)


def test_a_single_image_to_be_resized_needs_its_batch():
    with pytest.raises(ValueError, match=r"x\[None\]"):
        resized(X[0], 8)
    assert math.isfinite(float(resized(X, 1).sum()))
