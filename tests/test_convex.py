"""Maxima of convex functions against closed forms, finite differences and brute force over all faces of a hull."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from advcourse import convex
from advcourse.convex import Constant, Diminishing, MaxOf, Polyak, averages, min_norm_point, subgradient_method

DTYPES = [torch.float32, torch.float64]


def vector(*entries: float, dtype=torch.float64) -> torch.Tensor:
    return torch.tensor(entries, dtype=dtype)


def slide() -> MaxOf:
    """The counterexample to the slide."""
    return MaxOf([lambda w: 2 * w[0] + w[1], lambda w: -2 * w[0] + w[1]])


def bowls() -> MaxOf:
    """Two bowls and a cone; the smallest value is where the two bowls meet."""
    return MaxOf(
        [
            lambda w: (w[0] - 1) ** 2 + w[1] ** 2,
            lambda w: (w[0] + 1) ** 2 + w[1] ** 2,
            lambda w: 0.5 * (w * w + 1e-3).sum().sqrt(),
        ]
    )


@pytest.fixture
def draw() -> torch.Generator:
    return torch.Generator().manual_seed(0)


# Value and active set -------------------------------------------------------------------------------------------------


def test_the_slides_example_by_hand():
    f, w = slide(), vector(0, 0)
    assert f.value(w) == 0 and f.active_set(w).tolist() == [0, 1]
    assert f.subgradients(w).tolist() == [[2, 1], [-2, 1]]
    assert f.min_norm(w).tolist() == pytest.approx([0, 1], abs=1e-15)
    assert f.steepest_descent(w).tolist() == pytest.approx([0, -1], abs=1e-15)
    for d, slope in (((-2, -1), 3), ((2, -1), 3), ((0, -1), -1), ((0, 1), 1)):
        assert f.directional_derivative(w, vector(*d)) == slope
    assert not f.is_minimiser(w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ties_up_to_rounding_count_and_no_others(dtype):
    tie = MaxOf([lambda w: w[0] + w[1] + w[2], lambda w: w[2] + w[1] + w[0], lambda w: w[0] - 1])
    w = vector(0.1, 0.7, 1.1, dtype=dtype)  # added in another order, another last digit
    assert tie.values(w).unique().numel() == 3
    assert tie.active_set(w).tolist() == [0, 1]
    other = MaxOf([tie.functions[0], lambda w: tie.functions[1](w) + 1e-4])
    assert other.active_set(w).tolist() == [1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_active_set_does_not_depend_on_units(dtype, unit, scale, draw):
    f = MaxOf([lambda w: scale * (w.square().sum() / unit**2 - 1), lambda w: 0 * w.sum()])
    angle = torch.rand(50, generator=draw, dtype=torch.float64) * 2 * math.pi
    circle = (unit * torch.stack([angle.cos(), angle.sin()], 1)).to(dtype)
    assert {tuple(f.active_set(w).tolist()) for w in circle} == {(0, 1)}, "f is 0 there, so a share of f finds no tie"
    assert {tuple(f.active_set(1.001 * w).tolist()) for w in circle} == {(0,)}
    assert {tuple(f.active_set(0.999 * w).tolist()) for w in circle} == {(1,)}


def test_values_of_many_points_at_once(draw):
    f, w = bowls(), torch.randn(20, 2, generator=draw)
    assert torch.allclose(torch.vmap(f.value)(w), torch.stack([f.value(one) for one in w]))


def test_autograd_through_the_value_takes_the_mean_at_a_tie():
    w = vector(0, 0).requires_grad_()
    (g,) = torch.autograd.grad(slide().value(w), w)
    assert g.tolist() == [0, 1] == slide().subgradients(w).mean(0).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_subgradients_are_finite_differences_of_the_active_functions(dtype, draw):
    f, h = bowls(), 1e-5
    for w in torch.randn(20, 2, generator=draw, dtype=torch.float64):
        rows = f.subgradients(w.to(dtype))
        assert rows.dtype == dtype and not rows.requires_grad
        steps = h * torch.eye(2, dtype=torch.float64)
        for i, row in zip(f.active_set(w).tolist(), rows):
            slopes = [(f.functions[i](w + s) - f.functions[i](w - s)) / (2 * h) for s in steps]
            assert torch.allclose(torch.stack(slopes), row.double(), atol=1e-4)


def test_subgradients_lie_below_the_function(draw):
    """The definition: f(z) >= f(w) + <v, z - w>, for every mixture v of the rows, at a kink too."""
    f = bowls()
    for w in [vector(0, 0.7), *torch.randn(10, 2, generator=draw, dtype=torch.float64)]:
        rows = f.subgradients(w)
        mixture = torch.rand(len(rows), generator=draw, dtype=torch.float64)
        v = (mixture / mixture.sum()) @ rows
        for z in 3 * torch.randn(50, 2, generator=draw, dtype=torch.float64):
            assert f.value(z) >= f.value(w) + v @ (z - w) - 1e-12


def test_the_directional_derivative_is_the_one_sided_limit(draw):
    f, h = bowls(), 1e-7
    for w in [vector(0, 0.7), vector(0, 0), *torch.randn(5, 2, generator=draw, dtype=torch.float64)]:
        for d in torch.randn(10, 2, generator=draw, dtype=torch.float64):
            slope = (f.value(w + h * d) - f.value(w)) / h
            assert f.directional_derivative(w, d).item() == pytest.approx(slope.item(), abs=1e-5)


def test_no_direction_is_steeper_than_the_negative_minimum_norm_element(draw):
    for k in (1, 2, 3, 5):
        rows = torch.randn(k, 3, generator=draw, dtype=torch.float64)
        f = MaxOf([lambda w, g=g: g @ w + 0.5 * w @ w for g in rows])
        w = torch.zeros(3, dtype=torch.float64)
        v = f.min_norm(w)
        assert f.directional_derivative(w, -v).item() == pytest.approx(-(v @ v).item(), abs=1e-12)
        others = torch.nn.functional.normalize(torch.randn(500, 3, generator=draw, dtype=torch.float64), dim=1)
        slopes = torch.stack([f.directional_derivative(w, d) for d in others])
        assert slopes.min() >= -v.norm() - 1e-9
        assert f.is_minimiser(w) == bool(v.norm() < 1e-12) == bool(slopes.min() >= 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_minimiser_is_known_by_its_certificate(dtype):
    f = bowls()
    assert f.is_minimiser(vector(0, 0, dtype=dtype))
    assert not f.is_minimiser(vector(0, 0.01, dtype=dtype)) and not f.is_minimiser(vector(0.01, 0, dtype=dtype))
    turned = MaxOf([lambda w, a=a: math.cos(a) * w[0] + math.sin(a) * w[1] for a in (0.1, 0.1 + 2.1, 0.1 + 4.2)])
    assert turned.is_minimiser(vector(0, 0, dtype=dtype))
    assert MaxOf([lambda w: 0 * w.sum()]).is_minimiser(vector(3, dtype=dtype))


def test_a_constant_is_a_function():
    f = MaxOf([lambda w: w[0], lambda w: 0.0, lambda w: torch.tensor(0.0)])
    assert f.active_set(vector(0)).tolist() == [0, 1, 2]
    assert f.subgradients(vector(0)).tolist() == [[1], [0], [0]] and f.is_minimiser(vector(0))


def test_an_inactive_function_may_have_no_gradient():
    f = MaxOf([lambda w: w.norm() - 1, lambda w: (w**0.5).sum() - 2, lambda w: w.sum() + 1])
    assert f.subgradients(vector(0, 0)).tolist() == [[1, 1]]


def test_inside_no_grad_and_inference_mode():
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert slide().min_norm(torch.zeros(2)).tolist() == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("functions", "w", "says"),
    [
        ([], vector(0), "at least one function"),
        ([lambda w: w.sum()], torch.tensor([1, 2]), "float32 or float64"),
        ([lambda w: w.sum()], torch.zeros(1, 2), r"a vector \[n\]"),
        ([lambda w: w.sum()], [1.0, 2.0], "got list"),
        ([lambda w: w.sum(), lambda w: w], vector(1, 2), r"function 1 must return one number.*\[2\]"),
        ([lambda w: w.log().sum()], vector(-1), "not finite"),
        ([lambda w: w.sqrt().sum()], vector(0), "not finite"),
    ],
)
def test_what_cannot_be_a_maximum_is_refused(functions, w, says):
    with pytest.raises(ValueError, match=says):
        MaxOf(functions).active_set(w)


# The nearest point of a hull ------------------------------------------------------------------------------------------


def nearest_over_faces(points: np.ndarray) -> float:
    """The smallest norm over all faces: of every subset, the nearest point of its plane where that lies inside."""
    best = np.inf
    for size in range(1, min(len(points), points.shape[1] + 1) + 1):
        for face in itertools.combinations(points, size):
            system = np.block([[np.array(face) @ np.array(face).T, np.ones((size, 1))], [np.ones((1, size)), 0.0]])
            weights = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0][:-1]
            if (weights >= -1e-12).all():
                best = min(best, np.linalg.norm(weights @ np.array(face)))
    return best


def assert_nearest(points: torch.Tensor, atol: float = 1e-12) -> None:
    """On the simplex, and no corner lies nearer along x: this is necessary and sufficient."""
    x, weights = min_norm_point(points)
    scale = points.abs().max().item()
    assert (weights >= 0).all() and weights.sum().item() == pytest.approx(1, abs=1e-6)
    assert torch.allclose(weights @ points, x, atol=10 * atol * scale)
    assert x.norm() < atol * scale or (points @ x).min() >= x @ x - 100 * atol * scale * x.norm()


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_the_nearest_point_is_that_of_brute_force_over_faces(n, k, draw):
    for shift in (0.0, 0.5, 3.0):
        for _ in range(5):
            points = torch.randn(k, n, generator=draw, dtype=torch.float64) + shift
            assert_nearest(points)
            assert min_norm_point(points).point.norm().item() == pytest.approx(
                nearest_over_faces(points.numpy()), abs=1e-9
            )


@pytest.mark.parametrize("k", [2, 3])
def test_the_nearest_point_is_that_of_a_grid_on_the_simplex(k, draw):
    ticks = torch.linspace(0, 1, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(*[ticks] * (k - 1)).reshape(-1, k - 1)
    grid = grid[grid.sum(1) <= 1 + 1e-12]
    grid = torch.cat([grid, 1 - grid.sum(1, keepdim=True)], 1)
    for _ in range(20):
        points = torch.randn(k, 2, generator=draw, dtype=torch.float64) + 0.7
        found = min_norm_point(points).point.norm()
        nearest = (grid @ points).norm(dim=1).min()
        assert found <= nearest + 1e-12 and nearest - found < 0.03


def test_the_nearest_point_is_that_of_nonnegative_least_squares(draw):
    """An independent exact method: min over u >= 0 of |P^T u|^2 + (sum u - 1)^2 is the nearest point, scaled."""
    for _ in range(40):
        k, n = torch.randint(1, 30, (2,), generator=draw).tolist()
        points = torch.randn(k, n, generator=draw, dtype=torch.float64) + torch.rand(1, generator=draw).item()
        u = nnls(np.vstack([points.T.numpy(), np.ones((1, k))]), np.append(np.zeros(n), 1.0))[0]
        assert np.allclose(min_norm_point(points).point, (u / u.sum()) @ points.numpy(), atol=1e-8)


DEGENERATE = {
    "one point": ([[3, 4]], [3, 4]),
    "twice the same": ([[3, 4], [3, 4]], [3, 4]),
    "duplicates of both ends": ([[2, 1], [-2, 1], [2, 1], [-2, 1]], [0, 1]),
    "in line": ([[-1, 1], [0, 1], [1, 1], [3, 1]], [0, 1]),
    "in line, zero beyond the end": ([[1, 0], [2, 0], [3, 0]], [1, 0]),
    "in line through zero": ([[-1, 0], [2, 0], [5, 0]], [0, 0]),
    "zero is a corner": ([[0, 0], [1, 2]], [0, 0]),
    "all zero": ([[0, 0], [0, 0]], [0, 0]),
    "zero inside": ([[1, 0], [-1, 1], [-1, -1], [5, 5]], [0, 0]),
    "zero on an edge": ([[1, 1], [-1, -1], [3, 0]], [0, 0]),
    "the corner is nearest": ([[1, 1], [3, 0], [0, 4]], [1, 1]),
    "more points than dimensions": ([[1], [2], [0.5], [9]], [0.5]),
    "an obtuse pair": ([[1, 0], [10, 1]], [1, 0]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_hulls(case, dtype):
    points, nearest = (torch.tensor(a, dtype=dtype) for a in DEGENERATE[case])
    for order in itertools.permutations(range(len(points))):
        x, weights = min_norm_point(points[list(order)])
        assert x.dtype == weights.dtype == dtype
        assert torch.allclose(x, nearest, atol=8 * torch.finfo(dtype).eps)
        assert (weights >= 0).all() and weights.sum().item() == pytest.approx(1)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_near_duplicates_do_not_confuse_it(gap, draw):
    for _ in range(10):
        points = torch.randn(4, 3, generator=draw, dtype=torch.float64) + 1
        points = torch.cat([points, points + gap * torch.randn(4, 3, generator=draw, dtype=torch.float64)])
        assert_nearest(points)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_the_nearest_point_has_the_units_of_the_points(scale, draw):
    points = torch.randn(5, 4, generator=draw) + 0.5
    small, as_is = min_norm_point(scale * points), min_norm_point(points)
    assert torch.allclose(small.weights, as_is.weights, atol=1e-5)
    assert torch.allclose(small.point / scale, as_is.point, atol=1e-5)


def test_long_vectors_cost_little_and_lose_nothing(draw):
    points = torch.randn(8, 200_000, generator=draw)
    x, weights = min_norm_point(points)
    assert torch.allclose(points @ x, (x @ x).expand(8), rtol=1e-3), "nearly orthogonal rows: all are in use"
    assert (weights > 0).all()


@pytest.mark.parametrize(
    "points", [torch.zeros(3), torch.zeros(0, 2), torch.ones(2, 2).long(), torch.tensor([[1.0, torch.nan]])]
)
def test_what_spans_no_hull_is_refused(points):
    with pytest.raises(ValueError, match="points must be"):
        min_norm_point(points)


# The subgradient method -----------------------------------------------------------------------------------------------


def walk(f, w, step, steps):
    path = []
    best = subgradient_method(f, w, step, steps=steps, trace=path.append)
    return best, torch.stack(path)


def test_a_step_may_lead_up_and_still_come_nearer():
    f = MaxOf([lambda w, a=a, b=b: a * w[0] + 4 * b * w[1] for a in (-1, 1) for b in (-1, 1)])
    w = vector(2, 0)
    for i, g in enumerate(f.subgradients(w)):
        z = w - 0.1 * g
        assert f.value(z) > f.value(w) and z.norm() < w.norm(), i


@pytest.mark.parametrize("step", [Constant(0.01), Diminishing(0.3), Polyak(1.0)])
def test_every_rule_finds_the_minimum(step):
    f, w = bowls(), vector(2.0, 1.5)
    best, path = walk(f, w, step, 2000)
    assert len(path) == 2001 and torch.equal(path[0], w)
    assert f.value(best) == min(f.value(z) for z in path)
    assert f.value(best).item() == pytest.approx(1, abs=0.03)
    assert f.value(averages(path)[-1]).item() == pytest.approx(1, abs=0.05)


def test_the_guarantee_of_a_constant_step(draw):
    """min f and f(mean) <= f* + R^2 / (2 size T) + size G^2 / 2, whatever the start."""
    f = MaxOf([lambda w, g=g: g @ w for g in vector(3, 1, -1, 2, -2, -3, 0.5, -0.5).view(4, 2)])
    f = MaxOf([*f.functions, lambda w: w.abs().sum() - 10])
    assert f.is_minimiser(vector(0, 0))
    longest = max(g(vector(1, 0)) ** 2 + g(vector(0, 1)) ** 2 for g in f.functions[:4])
    for w in 2 * torch.randn(5, 2, generator=draw, dtype=torch.float64):
        _, path = walk(f, w, Constant(0.05), 300)
        bound = (w @ w) / (2 * 0.05 * 300) + 0.05 * longest / 2
        assert f.value(path[:-1].mean(0)) <= bound + 1e-12
        assert torch.allclose(averages(path)[-2], path[:-1].mean(0))


def test_the_distance_falls_at_every_polyak_step_though_the_value_does_not():
    f = MaxOf([lambda w, a=a, b=b: a * w[0] + 4 * b * w[1] for a in (-1, 1) for b in (-1, 1)])
    _, path = walk(f, vector(3, 0.5), Polyak(0.0), 30)
    values, distances = torch.stack([f.value(w) for w in path]), path.norm(dim=1)
    assert (distances.diff() <= 1e-12).all()
    assert (values.diff() > 1e-9).any()


def test_the_steps_are_their_formulas():
    g = vector(3, 4)
    assert [Constant(0.5)(t, 7.0, g) for t in (0, 8)] == [0.5, 0.5]
    assert [Diminishing(0.5)(t, 7.0, g) for t in (0, 3, 99)] == [0.5, 0.25, pytest.approx(0.05)]
    assert Polyak(2.0)(0, 7.0, g) == 5 / 25 and Polyak(8.0)(0, 7.0, g) == 0 and Polyak(0.0)(0, 7.0, 0 * g) == 0


def test_what_is_given_stays_as_it_was_and_zero_steps_are_none():
    w = vector(1.0, 2.0)
    best = subgradient_method(slide(), w, Constant(0.1), steps=0)
    assert torch.equal(best, w) and best.data_ptr() != w.data_ptr()
    subgradient_method(slide(), w, lambda t, value, g: 1 / (t + 1), steps=5)
    assert w.tolist() == [1, 2]
    with pytest.raises(ValueError, match="steps must be 0 or more"):
        subgradient_method(slide(), w, Constant(0.1), steps=-1)


def test_a_function_is_asked_for_what_it_is():
    assert repr(slide()) == "MaxOf(2 functions)" and convex.Constant(0.1) == Constant(0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_the_gpu(draw):
    points = torch.randn(5, 3, generator=draw)
    there, here = min_norm_point(points.cuda()), min_norm_point(points)
    assert there.point.is_cuda and torch.allclose(there.point.cpu(), here.point, atol=1e-6)
    assert slide().steepest_descent(torch.zeros(2, device="cuda")).is_cuda
