"""The rest of the library on a device without float64: every room says there what it says on the CPU, bit for bit."""

from functools import partial

import pytest
import torch
from matplotlib.figure import Figure
from pretend import NAME
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Unbounded,
    Untargeted,
    convex,
    density,
    draw,
    fgsm,
    fit,
    histogram_distance,
    madry_loss,
    measure,
    mismatch,
    pgd,
    toys,
)
from advcourse.conflict import cues, protocol
from advcourse.draw import kinks
from advcourse.retrieval import Index, average_precision, gem_pool, mean_interval, whitening
from advcourse.training import Free

THREATS = [Linf(0.1), L2(0.7), L1(2.0), Unbounded()]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(device, n=6) -> Tensor:
    return (torch.rand(n, 1, 6, 6, generator=seeded()) * 1.4 - 0.2).clamp(0, 1).to(device)


def labels(device, n=6) -> Tensor:
    return (torch.arange(n) % 3).to(device)


def network(device) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.Tanh(), nn.Linear(12, 3)).to(device)


def pooled(device) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).to(device)


def cloud(device) -> Tensor:
    return torch.randn(40, 3, generator=seeded(1)).to(device)


def home(value):
    """What was computed, with its tensors on the CPU."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    return tuple(map(home, value)) if isinstance(value, tuple | list) else value


def same_as_on_the_cpu(compute) -> None:
    want, got = home(compute("cpu")), home(compute(NAME))
    torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("threat", THREATS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("stretch", [0.3, 3.0, 1e6])
def test_the_nearest_member_is_the_same(threat, stretch):
    far = stretch * torch.randn(6, 1, 6, 6, generator=seeded(2))
    same_as_on_the_cpu(lambda d: threat.around(images(d)).project(images(d) + far.to(d)))


@pytest.mark.parametrize("threat", THREATS, ids=lambda t: type(t).__name__)
def test_random_members_steepest_steps_and_sizes_are_the_same(threat):
    g = torch.randn(6, 1, 6, 6, generator=seeded(3)) * torch.tensor([1, 1e-20, 1e20, 0, 1, 1]).view(6, 1, 1, 1)

    def asked(device):
        allowed = threat.around(images(device))
        z = allowed.sample(seeded(4))
        found = z, allowed.steepest(g.to(device)), allowed.steepest(g.to(device), z), threat.size(g.to(device))
        assert {t.device.type for t in found} == {device}
        return found

    same_as_on_the_cpu(asked)


ATTACKS = [partial(fgsm, threat=Linf(0.1)), partial(fgsm, threat=L2(0.5))]
MEASURED = {
    "accuracy": lambda model, x, y: measure.accuracy(model, x, y),
    "curve": lambda model, x, y: measure.robustness_curve(model, x, y, fgsm, [Linf(0.05), Linf(0.2)]).right,
    "worst case": lambda model, x, y: measure.worst_case(model, x, y, ATTACKS),
    "readings": lambda model, x, y: tuple(vars(measure.readings(model, x, y, Linf(0.1), steps=4)).values()),
    "distances": lambda model, x, y: measure.distances(model, x, 1 - x, Untargeted(y), L2),
    "along": lambda model, x, y: tuple(vars(measure.along(model, [x, 0.9 * x], Untargeted(y), L1(1))).values()),
}


@pytest.mark.parametrize("measured", MEASURED.values(), ids=MEASURED)
def test_measurements_are_the_same(measured):
    same_as_on_the_cpu(lambda d: measured(network(d), images(d), labels(d)))


def bowls(device) -> convex.MaxOf:
    slopes = torch.tensor([[1.0, 2.0], [-2.0, 0.5], [0.3, -1.0]]).to(device)
    return convex.MaxOf([lambda w, a=a: a @ w for a in slopes])


COMPUTED = {
    "the usual density": lambda d: density.fit(cloud(d), ridge=1e-3).log_density(cloud(d)),
    "a mixture's posterior": lambda d: density.fit_classes(cloud(d), labels(d, 40)).posterior(cloud(d)),
    "a logistic classifier": lambda d: toys.logistic(cloud(d), labels(d, 40) % 2).margin(cloud(d)),
    "steepest descent": lambda d: bowls(d).steepest_descent(torch.zeros(2).to(d)),
    "the nearest point of a hull": lambda d: tuple(convex.min_norm_point(cloud(d) + 2)),
    "the plane of two paths": lambda d: draw.plane(images(d)[:1], images(d)[1:2], images(d)[2:3]),
    "the directions of descent": lambda d: kinks.descent_sector(cloud(d)[:2, :2]),
    "Otsu's threshold": lambda d: cues.otsu(images(d)),
    "sixteen categories": lambda d: protocol.to_sixteen(cloud(d).new_full((2, 1000), 1e-3)),
    "a mismatch": lambda d: mismatch(network(d), images(d), images(d).flip(0), Linf(0.1), steps=3, step_size=0.05),
    "a mismatch at two sizes": lambda d: mismatch(
        pooled(d), images(d), images(d).flip(0), L2(0.5), steps=3, step_size=0.05, weight=1.0, sizes=(4, 5)
    ),
    "the distance of histograms": lambda d: histogram_distance(images(d), images(d).flip(0)),
    "a generalised mean": lambda d: gem_pool(images(d)),
    "neighbours": lambda d: Index(cloud(d)).nearest(cloud(d)[:5], 4),
    "average precision": lambda d: average_precision(cloud(d).T > 0),
    "the interval of a mean": lambda d: torch.tensor(mean_interval(images(d)[:, 0, 0, 0])),
    "whitened descriptors": lambda d: whitening(cloud(d), 2)(cloud(d)),
    "susceptibility": lambda d: toys.susceptibility(cloud(d)[:, 0], 0.3),
}


@pytest.mark.parametrize("computed", COMPUTED.values(), ids=COMPUTED)
def test_what_is_computed_is_the_same(computed):
    same_as_on_the_cpu(computed)


PGD = partial(pgd, threat=L2(0.5), steps=2, step_size=0.3)
LOSSES = {"Madry": partial(madry_loss, attack=PGD), "free": Free(L2(0.5), step_size=0.3)}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_robust_training_takes_the_same_steps(loss):
    def trained(device):
        model = network(device)
        batches = [(images(device), labels(device))] * 3
        torch.manual_seed(1)
        fit(model, batches, torch.optim.SGD(model.parameters(), lr=0.1), loss, epochs=2)
        return tuple(model.parameters())

    want, got = home(trained("cpu")), home(trained(NAME))
    torch.testing.assert_close(got, want)


def test_paths_of_attacks_are_drawn():
    x, y, model, walk = images(NAME)[:1], labels(NAME)[:1], network(NAME), []
    pgd(model, x, Untargeted(y), Linf(0.1), steps=4, step_size=0.05, generator=seeded(), trace=walk.append)
    assert draw.paths(Figure().subplots(), x, {"pgd": walk}, Linf(0.1)).lines
