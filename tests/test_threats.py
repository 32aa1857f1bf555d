"""Sets of allowed replacements: sizes, exact projections, steepest steps and samples, against slow specifications."""

import math
import threading

import pytest
import torch
from torch import Tensor

from advcourse import L1, L2, Linf, Unbounded

INF = math.inf
BOXES = [(0.0, 1.0), (-2.0, 3.0), (-INF, INF), (0.0, INF), (-INF, 0.5)]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(draw, *shape, lo=0.0, hi=1.0, dtype=torch.float64) -> Tensor:
    return (lo + (hi - lo) * torch.rand(*shape, generator=draw, dtype=torch.float64)).to(dtype)


def problems(box=(0.0, 1.0), dtype=torch.float64, count=40, batch=5):
    """Random centres (pixels at the ends of the box, too), points to project, and shares of the longest radius."""
    draw = seeded(7)
    lo, hi = max(box[0], -2.0), min(box[1], 3.0)
    for i in range(count):
        shape = [(1,), (2,), (5,), (1, 3, 2), (2, 4, 4)][i % 5]
        x = uniform(draw, batch, *shape, lo=lo - 0.2, hi=hi + 0.2).clamp(lo, hi).to(dtype).clamp(lo, hi)
        far = [0.01, 0.3, 1.0, 30.0, 1e6][int(torch.randint(5, (), generator=draw))]
        z = (x + far * torch.randn(x.shape, generator=draw, dtype=torch.float64)).to(dtype)
        z[0] = x[0]
        share = [0.0, 1e-3, 0.1, 0.5, 1.0][int(torch.randint(5, (), generator=draw))]
        yield x, z, share


def ball(threat: type, share: float, n: int, box):
    """A threat whose radius is a share of the length of the box's diagonal (of the unit box where that is infinite)."""
    lo, hi = box
    wide = hi - lo if math.isfinite(hi - lo) else 1.0
    return threat(share * {Linf: wide, L2: wide * math.sqrt(n), L1: wide * n}[threat], lo=lo, hi=hi)


def slow_size(threat, d: Tensor) -> Tensor:
    """The norm, written out sample by sample in Python floats."""
    rows = [[abs(v) for v in row] for row in d.double().flatten(1).tolist()]
    length = {Linf: max, L2: lambda r: math.sqrt(math.fsum(v * v for v in r)), L1: math.fsum, Unbounded: max}
    return torch.tensor([length[type(threat)](row) for row in rows], dtype=torch.float64)


def slow_projection(threat, x: Tensor, z: Tensor) -> Tensor:
    """The nearest member by its optimality condition: one multiplier per sample, found by bisection in float64."""
    x, z = x.double(), z.double()
    boxed = z.clamp(threat.lo, threat.hi)
    if isinstance(threat, Unbounded):
        return boxed
    if isinstance(threat, Linf):
        return boxed.clamp(x - threat.eps, x + threat.eps)
    d = z - x

    def candidate(m):
        m = m.view(-1, *[1] * (x.ndim - 1))
        if isinstance(threat, L2):  # shrink towards x by 1 - m, then into the box
            return (x + (1 - m) * d).clamp(threat.lo, threat.hi)
        return (x + d.sign() * (d.abs() - m * d.abs().max()).clamp(min=0)).clamp(threat.lo, threat.hi)

    low, high = torch.zeros(len(x), dtype=torch.float64), torch.ones(len(x), dtype=torch.float64)
    for _ in range(64):  # to less than the numbers of float64 lie apart
        middle = (low + high) / 2
        long = slow_size(threat, candidate(middle) - x) > threat.eps
        low, high = torch.where(long, middle, low), torch.where(long, high, middle)
    inside = slow_size(threat, boxed - x) <= threat.eps
    return torch.where(inside.view(-1, *[1] * (x.ndim - 1)), boxed, candidate(high))


norms = pytest.mark.parametrize("norm", [Linf, L2, L1], ids=lambda t: t.__name__)
boxes = pytest.mark.parametrize("box", BOXES, ids=str)
precisions = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


# --- a threat is a value ---------------------------------------------------------------------------------------------


def test_a_threat_prints_compares_and_is_a_key():
    assert repr(Linf(0.25)) == "Linf(eps=0.25, lo=0.0, hi=1.0)"
    assert repr(Unbounded()) == "Unbounded(lo=0.0, hi=1.0)"
    assert L2(0.5) == L2(0.5) != L2(0.6) and L2(0.5) != L1(0.5)
    assert len({Linf(0.1), Linf(0.1), Linf(0.2)}) == 2
    with pytest.raises(AttributeError):
        Linf(0.1).eps = 0.2


def test_the_bare_box_has_an_infinite_radius():
    assert Unbounded().eps == INF


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.1), L1(0.1), Unbounded()], ids=repr)
@precisions
def test_size_is_the_norm_of_every_sample(threat, dtype):
    for shape in [(4, 1), (3, 7), (2, 1, 3, 4), (2, 3, 5, 7)]:
        d = torch.randn(*shape, generator=seeded(1), dtype=torch.float64).to(dtype)
        size = threat.size(d)
        assert size.shape == (shape[0],) and size.dtype == dtype
        assert torch.equal(type(threat).size(d), size), "asked of the class, without a radius"
        torch.testing.assert_close(size.double(), slow_size(threat, d), rtol=1e-6, atol=0)
        torch.testing.assert_close(threat.size(d.mT.contiguous().mT), size)
    assert threat.size(torch.zeros(3, 2)).tolist() == [0, 0, 0]
    assert threat.size(torch.zeros(0, 2)).shape == (0,)


def test_long_sums_in_float32_do_not_lose_the_small_terms():
    d = torch.full((1, 200_000), 1e-3)
    assert float(L1(0.0).size(d)) == pytest.approx(200_000 * float(d[0, 0]), rel=1e-7)
    assert float(L2(0.0).size(d)) == pytest.approx(math.sqrt(200_000) * float(d[0, 0]), rel=1e-7)


# --- the nearest member ----------------------------------------------------------------------------------------------


@norms
@boxes
def test_the_projection_is_the_one_found_by_bisection(norm, box):
    for x, z, share in problems(box):
        threat = ball(norm, share, x[0].numel(), box)
        got, want = threat.around(x).project(z), slow_projection(threat, x, z)
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-9 * max(1.0, float(z.abs().max()) * 1e-6))


@boxes
def test_the_bare_boxs_projection_clips(box):
    for x, z, _ in problems(box, count=10):
        torch.testing.assert_close(Unbounded(*box).around(x).project(z), z.clamp(*box), rtol=0, atol=0)


@norms
@boxes
@precisions
def test_a_projection_is_a_member_in_float64(norm, box, dtype):
    for x, z, share in problems(box, dtype):
        threat = ball(norm, share, x[0].numel(), box)
        p = threat.around(x).project(z)
        assert p.dtype == dtype and p.shape == x.shape
        assert (p >= box[0]).all() and (p <= box[1]).all()
        # No slack but that of float64 itself, at the size of the numbers that were subtracted.
        slack = 1e-15 * float(z.double().abs().max()) if dtype == torch.float64 else 1e-14 * threat.eps
        assert (slow_size(threat, p.double() - x.double()) <= threat.eps + slack).all()


@norms
@precisions
def test_a_projection_spends_the_whole_radius_when_it_must(norm, dtype):
    for x, z, share in problems(dtype=dtype):
        threat = ball(norm, share, x[0].numel(), (0.0, 1.0))
        boxed = z.double().clamp(0, 1)
        outside = slow_size(threat, boxed - x.double()) > threat.eps
        size = slow_size(threat, threat.around(x).project(z).double() - x.double())
        slack = {torch.float32: 1e-6, torch.float64: 1e-13 + 1e-15 * float(z.abs().max())}[dtype] * x[0].numel()
        assert (size[outside] >= threat.eps - slack).all()


@norms
@boxes
def test_no_member_is_nearer(norm, box):
    """p is nearest in a convex set exactly if no member w makes an acute angle with z at p: <z - p, w - p> <= 0."""
    draw = seeded(3)
    for x, z, share in problems(box, count=15):
        threat = ball(norm, share, x[0].numel(), box)
        allowed = threat.around(x)
        p = allowed.project(z)
        members = [x, allowed.project(p + 1e-3 * torch.randn(p.shape, generator=draw, dtype=torch.float64))]
        for spread in (0.01, 1.0, 100.0):
            w = slow_projection(threat, x, x + spread * torch.randn(x.shape, generator=draw, dtype=torch.float64))
            members += [w, 0.5 * (w + p)]
        for w in members:
            angle = ((z - p) * (w - p)).flatten(1).sum(1)
            assert (angle <= 1e-9 * (1 + (z - p).flatten(1).norm(dim=1))).all()


@norms
@boxes
@precisions
def test_projecting_twice_changes_nothing_and_members_stay(norm, box, dtype):
    for x, z, share in problems(box, dtype, count=30):
        allowed = ball(norm, share, x[0].numel(), box).around(x)
        once = allowed.project(z)
        torch.testing.assert_close(allowed.project(once), once, rtol=0, atol=0 if dtype == torch.float32 else 1e-15)
        assert torch.equal(allowed.project(x), x)
        inner = x + 0.5 * (once - x)
        torch.testing.assert_close(allowed.project(inner), inner, rtol=0, atol=0)


@norms
@precisions
def test_a_pixel_at_the_box_rests_exactly_at_its_end(norm, dtype):
    for x, z, share in problems(dtype=dtype):
        threat = ball(norm, share, x[0].numel(), (0.0, 1.0))
        p, want = threat.around(x).project(z), slow_projection(threat, x, z)
        # Where the optimum presses against the box, not where it only just touches it.
        pressed = (want == slow_projection(threat, x, x + (z.double() - x.double()) * (1 - 1e-6))) & (want % 1 == 0)
        assert torch.equal(p[pressed], want[pressed].to(dtype))


@norms
def test_a_projection_never_drives_two_points_apart(norm):
    draw = seeded(5)
    for x, z, share in problems():
        allowed = ball(norm, share, x[0].numel(), (0.0, 1.0)).around(x)
        other = z + torch.randn(z.shape, generator=draw, dtype=torch.float64)
        apart = (allowed.project(z) - allowed.project(other)).flatten(1).norm(dim=1)
        assert (apart <= (z - other).flatten(1).norm(dim=1) * (1 + 1e-12) + 1e-9).all()


@norms
def test_ball_first_box_second_would_not_be_nearest(norm):
    x, z = torch.tensor([[0.9, 0.5]], dtype=torch.float64), torch.tensor([[1.9, 1.0]], dtype=torch.float64)
    threat = norm(0.4)
    p = threat.around(x).project(z)
    # By hand: the first pixel has room for 0.1, the second takes what the radius leaves.
    left = {Linf: 0.4, L2: math.sqrt(0.16 - 0.01), L1: 0.3}[norm]
    torch.testing.assert_close(p, torch.tensor([[1.0, 0.5 + left]], dtype=torch.float64))


@norms
def test_a_projection_does_not_depend_on_the_rest_of_the_batch(norm):
    for x, z, share in problems():
        threat = ball(norm, share, x[0].numel(), (0.0, 1.0))
        whole = threat.around(x).project(z)
        ones = torch.cat([threat.around(x[i : i + 1]).project(z[i : i + 1]) for i in range(len(x))])
        torch.testing.assert_close(whole, ones, rtol=1e-14, atol=1e-14)


@norms
def test_a_projection_returns_new_memory_and_leaves_its_arguments(norm):
    x, z = uniform(seeded(0), 3, 4), uniform(seeded(1), 3, 4, lo=-1, hi=2)
    x_before, z_before = x.clone(), z.clone()
    allowed = norm(0.1).around(x)
    for point in (x, z):
        p = allowed.project(point)
        p += 5
    assert torch.equal(x, x_before) and torch.equal(z, z_before)


def test_ties_between_the_ball_and_the_box_end():
    """A pixel that meets the box exactly when the radius is spent: rounding may not toss it to and fro for ever."""
    draw, failed = seeded(0), []

    def project_all():
        for _ in range(300):
            n = int(torch.randint(2, 6, (), generator=draw))
            x = torch.randint(0, 11, (1, n), generator=draw).double() / 10
            d = torch.randint(-10, 11, (1, n), generator=draw).double() / 5
            room = torch.where(d > 0, 1 - x, x)
            for m in (room / d.abs().clamp(min=1e-9))[(room < d.abs()) & (room > 0)].tolist():
                p = L2(float(torch.minimum(m * d.abs(), room).norm())).around(x).project(x + d)
                if not torch.allclose(p, (x + m * d).clamp(0, 1), rtol=0, atol=1e-7):
                    failed.append((x, d, m))

    # Beside the test, so that an endless iteration is a failure and not an endless test.
    worker = threading.Thread(target=project_all, daemon=True)
    worker.start()
    worker.join(timeout=300)
    assert not worker.is_alive(), "the projection does not end"
    assert not failed


@pytest.mark.parametrize("share", [1e-30, 1e-12, 1 - 1e-12])
@norms
def test_radii_next_to_nothing_and_next_to_everything(norm, share):
    for x, z, _ in problems(count=15):
        threat = ball(norm, share, x[0].numel(), (0.0, 1.0))
        p = threat.around(x).project(z)
        assert p.isfinite().all()
        assert (slow_size(threat, p - x) <= threat.eps * (1 + 1e-6)).all()
        torch.testing.assert_close(p, slow_projection(threat, x, z), rtol=0, atol=1e-9)


def test_a_ball_as_wide_as_the_box_is_the_box():
    for norm in (Linf, L2, L1):
        x = torch.zeros(2, 3, 2)
        allowed = ball(norm, 1.0, 6, (0.0, 1.0)).around(x)
        assert torch.equal(allowed.project(torch.full_like(x, 9.0)), torch.ones_like(x))


def test_the_box_ends_where_the_tensors_precision_puts_it():
    """float32(0.3) is above 0.3: an input there is inside [0, 0.3] all the same, and every set can reach it."""
    x = torch.full((1, 2), 0.3)
    for threat in (Linf(0.1, hi=0.3), L2(0.1, hi=0.3), L1(0.1, hi=0.3), Unbounded(hi=0.3)):
        allowed = threat.around(x)
        assert torch.equal(allowed.project(x), x)
        assert torch.equal(allowed.project(x + 1), x)


def test_a_set_carries_no_history_of_its_centre():
    x = torch.rand(2, 3, requires_grad=True)
    for threat in (Linf(0.1), L2(0.1), L1(0.1), Unbounded()):
        assert not threat.around(x).project(torch.zeros(2, 3)).requires_grad


@norms
def test_a_projection_of_no_samples_is_no_samples(norm):
    allowed = norm(0.1).around(torch.zeros(0, 3, 2))
    assert allowed.project(torch.zeros(0, 3, 2)).shape == (0, 3, 2)
    assert allowed.sample(seeded(0)).shape == (0, 3, 2)
    assert allowed.steepest(torch.zeros(0, 3, 2)).shape == (0, 3, 2)


# --- the steepest step -----------------------------------------------------------------------------------------------

DUAL = {Linf: lambda g: g.abs().sum(1), L2: lambda g: g.norm(dim=1), L1: lambda g: g.abs().amax(1)}


@norms
@precisions
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e15], ids="{:g}".format)
def test_the_steepest_step_has_length_one_and_gains_the_dual_norm(norm, dtype, scale):
    for shape in [(6, 1), (6, 5), (6, 2, 3, 4)]:
        g = (scale * torch.randn(*shape, generator=seeded(2), dtype=torch.float64)).to(dtype)
        d = norm(0.1).around(torch.full(shape, 0.5, dtype=dtype)).steepest(g)
        assert d.shape == g.shape and d.dtype == dtype
        torch.testing.assert_close(slow_size(norm(0.1), d), torch.ones(6, dtype=torch.float64), rtol=1e-6, atol=0)
        gain = (d.double() * g.double()).flatten(1).sum(1)
        torch.testing.assert_close(gain, DUAL[norm](g.double().flatten(1)), rtol=1e-6, atol=0)


@norms
def test_no_direction_of_length_one_is_steeper(norm):
    draw = seeded(4)
    g = torch.randn(1, 4, generator=draw, dtype=torch.float64)
    best = float((norm(0.1).around(torch.full((1, 4), 0.5).double()).steepest(g) * g).sum())
    for _ in range(500):
        d = torch.randn(1, 4, generator=draw, dtype=torch.float64)
        assert float((d / slow_size(norm(0.1), d) * g).sum()) <= best + 1e-12


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.1), L1(0.1), Unbounded()], ids=repr)
def test_no_gradient_no_step(threat):
    g = torch.zeros(3, 2, 2)
    g[1] = torch.randn(2, 2, generator=seeded(0))
    d = threat.around(torch.full((3, 2, 2), 0.5)).steepest(g)
    assert not d[0].any() and not d[2].any() and d[1].any()


def test_in_l1_a_pixel_that_rests_against_the_box_is_passed_over():
    x = torch.full((4, 3), 0.5)
    allowed = L1(1.0).around(x)
    g = torch.tensor([[3.0, 2.0, -1.0]] * 4)
    at = torch.tensor([[0.5, 0.5, 0.5], [1.0, 0.5, 0.5], [1.0, 1.0, 0.5], [1.0, 1.0, 0.0]])
    assert allowed.steepest(g, at).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 0, 0]]
    # Resting against the other end blocks nothing.
    assert allowed.steepest(-g, at).tolist() == [[-1, 0, 0]] * 4


# --- a random member -------------------------------------------------------------------------------------------------

THREATS = [Linf(0.2), L2(0.5), L1(0.8), Unbounded()]


@pytest.mark.parametrize("threat", THREATS, ids=repr)
@precisions
def test_samples_are_members(threat, dtype):
    for x, _, _ in problems(dtype=dtype, count=20):
        z = threat.around(x).sample(seeded(1))
        assert z.shape == x.shape and z.dtype == dtype
        assert (z >= 0).all() and (z <= 1).all()
        assert (slow_size(threat, z.double() - x.double()) <= threat.eps * (1 + 1e-14)).all()


@pytest.mark.parametrize("threat", THREATS, ids=repr)
def test_a_seed_gives_one_sample_and_the_next_call_another(threat):
    allowed = threat.around(torch.full((4, 3), 0.5))
    draw = seeded(3)
    first, second = allowed.sample(draw), allowed.sample(draw)
    assert torch.equal(first, allowed.sample(seeded(3)))
    assert (first != second).flatten(1).any(1).all()
    assert len({tuple(row) for row in first.tolist()}) == 4, "samples of a batch differ"


@pytest.mark.parametrize("threat", THREATS, ids=repr)
def test_without_a_generator_the_global_seed_decides_with_one_it_does_not_move(threat):
    allowed = threat.around(torch.full((4, 3), 0.5))
    torch.manual_seed(11)
    first = allowed.sample()
    torch.manual_seed(11)
    assert torch.equal(allowed.sample(), first)
    state = torch.get_rng_state()
    allowed.sample(seeded(0))
    assert torch.equal(torch.get_rng_state(), state)


def test_samples_of_l_inf_and_of_the_box_are_uniform():
    """Mean and variance of a uniform law on [a, b]: (a + b)/2 and (b - a)^2/12, also where the box cuts the ball."""
    for threat, centre, (a, b) in (
        (Linf(0.2), 0.5, (0.3, 0.7)),
        (Linf(0.2), 0.9, (0.7, 1.0)),
        (Linf(0.2), 0.0, (0.0, 0.2)),
        (Unbounded(), 0.9, (0.0, 1.0)),
        (Unbounded(-1.0, 3.0), 0.9, (-1.0, 3.0)),
    ):
        z = threat.around(torch.full((40_000, 1), centre, dtype=torch.float64)).sample(seeded(0))
        assert float(z.mean()) == pytest.approx((a + b) / 2, abs=0.01 * (b - a))
        assert float(z.var()) == pytest.approx((b - a) ** 2 / 12, rel=0.03)
        # A quarter of the mass in every quarter of the interval.
        share = z.flatten().sub(a).div((b - a) / 4).long().clamp(0, 3).bincount() / len(z)
        assert (share - 0.25).abs().max() < 0.01


@pytest.mark.parametrize(("norm", "n"), [(L2, 1), (L2, 2), (L2, 3), (L1, 1), (L1, 2), (L1, 3)])
def test_samples_of_l2_and_l1_balls_are_uniform(norm, n):
    """Away from the box the share within s * eps of the centre is s^n, and no direction is preferred.

    Pixels are uncorrelated; integrating shell by shell, E d_i^2 is eps^2/(n + 2) in L2, 2 eps^2/((n + 1)(n + 2)) in L1.
    """
    eps, count = 0.4, 40_000
    threat = norm(eps)
    d = threat.around(torch.full((count, n), 0.5, dtype=torch.float64)).sample(seeded(0)) - 0.5
    r = threat.size(d) / eps
    for s in (0.25, 0.5, 0.75):
        assert float((r < s).double().mean()) == pytest.approx(s**n, abs=0.01)
    second = eps**2 / (n + 2) if norm is L2 else 2 * eps**2 / ((n + 1) * (n + 2))
    assert d.mean(0).abs().max() < 0.01 * eps
    torch.testing.assert_close(d.T @ d / count, second * torch.eye(n, dtype=torch.float64), rtol=0.04, atol=0.004 * eps)


def test_an_infinite_set_has_no_uniform_law_but_a_ball_in_an_infinite_box_has():
    with pytest.raises(ValueError, match=r"unbounded.*finite box or a radius"):
        Unbounded(-INF, INF).around(torch.zeros(1, 2)).sample(seeded(0))
    for threat in (Linf(0.5, -INF, INF), L2(0.5, -INF, INF), L1(0.5, -INF, INF)):
        z = threat.around(torch.full((9, 2), 40.0)).sample(seeded(0))
        assert z.isfinite().all() and (threat.size(z - 40) <= 0.5).all() and (z != 40).any()
