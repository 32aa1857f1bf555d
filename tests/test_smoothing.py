"""A vote over noise and its radius: on a linear model both are known, and no attack of ours moves it within."""

import math
from functools import partial

import pytest
import torch
from torch import Generator, Tensor, nn

from advcourse import L2, Unbounded, Untargeted, apgd, certify, ddn, deepfool, fgsm, iterative_fgsm, margin, pgd
from advcourse.certify.smoothing import ABSTAINED, lower_bound
from advcourse.models.expectation import Common, expected
from advcourse.models.stochastic import GaussianNoise

PLANE = Unbounded(-1, 1)
SIGMA = 0.25


def seeded(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


class Half(nn.Module):
    """Class 1 on one side of the line w . x = b; the distance from it is known."""

    def __init__(self, w: Tensor, b: float):
        super().__init__()
        self.w, self.b = w, b

    def forward(self, x: Tensor) -> Tensor:
        s = x.flatten(1) @ self.w - self.b
        return torch.stack([-s, s], 1)

    def distance(self, x: Tensor) -> Tensor:
        return (x.flatten(1) @ self.w - self.b).abs() / self.w.norm()


def half() -> tuple[Half, Tensor]:
    x = torch.rand(6, 2, generator=seeded()) - 0.5
    return Half(torch.tensor([1.0, -2.0]), 0.1), x


# The bound ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("won", "draws"), [(1, 5), (4, 5), (5, 5), (17, 20), (60, 100)])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3])
def test_at_the_bound_so_many_wins_have_probability_alpha(won, draws, alpha):
    """The binomial sum, by brute force."""
    p = lower_bound(won, draws, alpha)
    tail = sum(math.comb(draws, k) * p**k * (1 - p) ** (draws - k) for k in range(won, draws + 1))
    assert tail == pytest.approx(alpha, rel=1e-9)


def test_without_a_win_nothing_is_known_and_all_wins_are_never_certainty():
    assert lower_bound(0, 10, 0.05) == 0
    assert lower_bound(1000, 1000, 0.001) == pytest.approx(0.001 ** (1 / 1000))


# A linear model -------------------------------------------------------------------------------------------------------


def test_on_a_linear_model_the_radius_comes_up_to_the_distance_from_below():
    """The smoothed line is the line itself: p = Phi(distance / sigma), so the radius is the distance, less what the
    count leaves open. With more draws less is left."""
    model, x = half()
    true, gaps = model.distance(x), []
    for draws in (100, 1000, 20_000):
        votes = certify.smoothed(model, x, sigma=SIGMA, draws=draws, alpha=0.01, generator=seeded(3), box=PLANE)
        assert (votes.radius <= true).all()
        gaps.append(float((true - votes.radius).max()))
    assert torch.equal(votes.label, model(x).argmax(1))
    assert gaps[2] < 0.02 < gaps[1] < gaps[0]


def test_the_radius_is_too_large_as_rarely_as_it_says():
    """2,000 experiments on one point at level 0.1: too large in about one of ten, and never much more often."""
    model = Half(torch.tensor([1.0, 0.0]), 0.0)
    x = torch.tensor([[0.2, 0.3]]).expand(2000, 2)
    votes = certify.smoothed(model, x, sigma=SIGMA, draws=200, first=10, alpha=0.1, generator=seeded(1), box=PLANE)
    too_large = float((votes.radius > 0.2).double().mean())
    assert 0.05 < too_large < 0.1 + 3 * (0.09 / 2000) ** 0.5


def test_on_the_line_itself_it_abstains():
    model = Half(torch.tensor([1.0, 0.0]), 0.0)
    votes = certify.smoothed(
        model, torch.zeros(50, 2), sigma=SIGMA, draws=300, alpha=0.001, generator=seeded(), box=PLANE
    )
    assert (votes.label == ABSTAINED).sum() >= 48 and (votes.radius[votes.label == ABSTAINED] == 0).all()
    assert (votes.share <= 0.55).all()


def test_the_draws_that_count_do_not_choose():
    """Where class 1 wins seven noisy copies of ten, one copy that guesses is wrong three times of ten: it abstains."""
    model, x = Half(torch.tensor([1.0, 0.0]), 0.0), torch.tensor([[0.1311, 0.0]]).expand(300, 2)
    votes = certify.smoothed(model, x, sigma=SIGMA, draws=1000, first=1, generator=seeded(), box=PLANE)
    assert 0.2 < (votes.label == ABSTAINED).double().mean() < 0.4 and (votes.label != 0).all()


def test_a_constant_model_has_the_largest_radius_that_so_many_draws_allow():
    model = Half(torch.zeros(2), -1.0)
    votes = certify.smoothed(
        model, torch.zeros(1, 2), sigma=SIGMA, draws=500, alpha=0.01, generator=seeded(), box=PLANE
    )
    most = SIGMA * torch.special.ndtri(torch.tensor(0.01 ** (1 / 500), dtype=torch.float64)).item()
    assert votes.radius.item() == pytest.approx(most, rel=1e-6) and votes.label.item() == 1


# Repeatable, sample by sample -----------------------------------------------------------------------------------------


def test_a_batch_is_as_many_batches_of_one_and_a_seed_decides():
    model, x = half()
    ask = partial(certify.smoothed, model, sigma=SIGMA, draws=60, first=9, alpha=0.05, box=PLANE)
    whole, again, other = ask(x, generator=seeded(2)), ask(x, generator=seeded(2)), ask(x, generator=seeded(5))
    assert torch.equal(whole.radius, again.radius) and not torch.equal(whole.radius, other.radius)
    generator = seeded(2)
    ones = [ask(one[None], generator=generator).radius for one in x]
    assert torch.equal(torch.cat(ones), whole.radius)
    assert ask(x[:0]).radius.shape == (0,)


def test_the_model_and_the_global_dice_stay_as_they_were():
    torch.manual_seed(3)
    model, x = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)), half()[1]
    state, before = torch.get_rng_state(), [v.clone() for v in model.state_dict().values()]
    votes = certify.smoothed(model, x, sigma=SIGMA, draws=20, generator=seeded(), box=PLANE)
    assert model.training and all(m.training for m in model.modules()) and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values()))
    model.eval()
    again = certify.smoothed(model, x, sigma=SIGMA, draws=20, generator=seeded(), box=PLANE)
    assert torch.equal(votes.share, again.share)


# Attacked -------------------------------------------------------------------------------------------------------------

ATTACKS = {
    "fgsm": fgsm,
    "iterative_fgsm": partial(iterative_fgsm, steps=6),
    "pgd": partial(pgd, steps=6, generator=seeded()),
    "apgd": partial(apgd, steps=6, generator=seeded()),
}


def paced(name: str, reach: float) -> dict:
    return {} if name in ("fgsm", "apgd") else {"step_size": reach / 4}


def test_no_attack_moves_the_vote_within_its_radius():
    """Each goes to the very end of every sample's own certified ball, through the mean over the same noise; beyond
    it they do move some."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3)).eval()
    with torch.no_grad():
        model[0].weight.mul_(5)
        model[2].weight.mul_(5)
    x = torch.rand(12, 2, generator=seeded(4)) - 0.5
    count = partial(certify.smoothed, model, sigma=SIGMA, draws=800, generator=seeded(6), box=PLANE)
    votes, moved = count(x), 0
    kept = (votes.radius > 0.02).nonzero().flatten()
    assert len(kept) >= 6
    mean = expected(nn.Sequential(GaussianNoise((2,), std=SIGMA), model), draws=Common(4, seed=0))
    for row in kept[:4].tolist():
        one, label, radius = x[row][None], votes.label[row][None], votes.radius[row].item()
        for reach in (radius, 3 * radius + 0.3):
            threat = L2(reach, lo=-1, hi=1)
            goal = Untargeted(label, margin)
            z = [attack(mean, one, goal, threat, **paced(name, reach)) for name, attack in ATTACKS.items()]
            for smallest in (ddn, deepfool):
                d = smallest(mean, one, Untargeted(label), box=PLANE, steps=8) - one
                z.append(one + d * min(1.0, reach / max(d.norm().item(), 1e-9)))
            now = count(torch.cat(z)).label
            changed = ((now != label) & (now != ABSTAINED)).sum().item()
            if reach == radius:
                assert changed == 0, "the vote was moved inside of its ball"
            moved += changed
    assert moved >= 3


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"sigma": 0.0}, "sigma is the noise's deviation.*got 0"),
        ({"sigma": 0.1, "draws": 0}, "one or more; got 0 and 100"),
        ({"sigma": 0.1, "alpha": 1.0}, "alpha is the probability.*got 1"),
    ],
)
def test_what_is_no_noise_and_no_count_is_refused(told, says):
    model, x = half()
    with pytest.raises(ValueError, match=says):
        certify.smoothed(model, x, **{"draws": 10, "box": PLANE, **told})


def test_pixels_are_the_default_box_and_logits_are_needed():
    model, x = half()
    with pytest.raises(ValueError, match="must lie in"):
        certify.smoothed(model, x, sigma=0.1, draws=10)
    with pytest.raises(ValueError, match="logits"):
        certify.smoothed(lambda z: z[:, 0], x, sigma=0.1, draws=10, box=PLANE)
