"""What an attack achieved: counts by hand, intervals by the book, and the curve of a linear model in closed form."""

import math
from functools import partial

import pytest
import torch
from scipy.stats import binomtest
from torch import nn

from advcourse import L2, Linf, Targeted, Unbounded, Untargeted, fgsm, iterative_fgsm, models
from advcourse.measure import (
    Curve,
    Readings,
    accuracy,
    along,
    in_turn,
    logits,
    probabilities,
    readings,
    robustness_curve,
    wilson,
    worst_case,
)

# Wilson ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hits, n", [(0, 10), (10, 10), (5, 10), (1, 3), (964, 1000), (0, 1), (1, 1), (499, 500)])
def test_the_interval_is_wilsons(hits, n):
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=2e-5)


def test_the_interval_at_none_and_at_all_is_the_closed_form():
    """0 of n: [0, z^2 / (n + z^2)], not the empty interval of the textbook's normal approximation."""
    z = 1.96
    assert wilson(0, 10) == pytest.approx((0, z**2 / (10 + z**2)))
    assert wilson(10, 10) == pytest.approx((10 / (10 + z**2), 1))


def test_the_interval_stays_in_01_holds_the_share_and_shrinks():
    for n in (1, 7, 50):
        for hits in range(n + 1):
            low, high = wilson(hits, n)
            assert 0 <= low <= hits / n <= high <= 1
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


def test_nothing_counted_says_nothing():
    assert wilson(0, 0) == (0, 1)


# Accuracy -------------------------------------------------------------------------------------------------------------


class Threshold(nn.Module):
    """Says class 1 where the pixel is above one half, and notes how it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, x):
        self.asked.append((len(x), self.training, torch.is_grad_enabled()))
        a = x.flatten(1)[:, :1] - 0.5
        return torch.cat([-a, a], 1)


def test_accuracy_is_the_count_by_hand():
    x = torch.tensor([0.1, 0.9, 0.8, 0.2, 0.6]).view(5, 1, 1, 1)
    assert accuracy(Threshold(), x, torch.tensor([0, 1, 0, 0, 0])) == 3 / 5
    assert accuracy(Threshold(), x, torch.tensor([0, 1, 1, 0, 1])) == 1
    assert accuracy(Threshold(), x, torch.tensor([1, 0, 0, 1, 0])) == 0


def test_large_sets_are_asked_in_batches_without_a_graph_in_evaluation_mode():
    model = Threshold().train()
    x = torch.rand(1203, 1, 1, 1)
    out = logits(model, x)
    assert [n for n, _, _ in model.asked] == [500, 500, 203]
    assert not any(training or graph for _, training, graph in model.asked)
    assert torch.equal(out, model(x)) and not out.requires_grad


def test_probabilities_are_the_softmax():
    model = models.linear((1, 3, 3), 4)
    x = torch.rand(6, 1, 3, 3)
    a = model(x).detach()
    p = probabilities(model, x)
    assert torch.allclose(p, a.exp() / a.exp().sum(1, keepdim=True), atol=1e-6)
    assert torch.allclose(p.sum(1), torch.ones(6))


def test_an_empty_set_gets_empty_answers():
    assert logits(models.linear(), torch.rand(0, 1, 28, 28)).shape == (0, 10)


@pytest.mark.parametrize("y", [torch.tensor([0, 1]), torch.tensor([0.0, 1, 0]), [0, 1, 0], torch.zeros(3, 1).long()])
def test_labels_that_do_not_fit_are_refused(y):
    x = torch.rand(3, 1, 1, 1)
    for ask in (
        accuracy,
        lambda m, x, y: robustness_curve(m, x, y, fgsm, [Linf(0.1)]),
        partial(worst_case, attacks=[]),
    ):
        with pytest.raises(ValueError, match="y must"):
            ask(Threshold(), x, y)


# Robustness over the radius -------------------------------------------------------------------------------------------

RADII = [Linf(k / 40) for k in range(9)]


def plane(n=200, seed=0):
    """A linear two-class model far from the box's edges, points around its boundary, and how far each is from it."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).double()
    x = 0.5 + 0.2 * (torch.rand(n, 3, 2, 2, dtype=torch.float64) - 0.5)
    with torch.no_grad():
        model[1].bias.copy_(-(model[1].weight.sum(1) * 0.5))
        w, b = model[1].weight[1] - model[1].weight[0], model[1].bias[1] - model[1].bias[0]
        signed = x.flatten(1) @ w + b
    y = (signed > 0).long()
    y[:20] = 1 - y[:20]  # some are wrong from the start
    margin = torch.where(y == 1, signed, -signed) / w.abs().sum()
    return model, x, y, margin


def test_the_curve_of_a_linear_model_is_the_closed_form():
    """FGSM is exact there: a sample withstands eps exactly while its margin / |w|_1 is larger."""
    model, x, y, margin = plane()
    curve = robustness_curve(model, x, y, fgsm, RADII)
    assert curve.right == tuple(int((margin > threat.eps).sum()) for threat in RADII)
    assert curve.right[0] == 180 and 0 < curve.right[2] < curve.right[1] < 180, "the radii tell the samples apart"


def test_dropping_the_fooled_gives_the_same_as_attacking_everyone_everywhere():
    model, x, y, _ = plane()
    everyone = []
    for threat in RADII:
        z = fgsm(model, x, Untargeted(y), threat)
        everyone.append(int((model(z).argmax(1) == y).sum()))
    assert robustness_curve(model, x, y, fgsm, RADII).right == tuple(everyone)


def test_only_survivors_are_attacked_with_their_own_labels():
    model, x, y, _ = plane()
    attacked = []

    def counting(model, x, goal, threat):
        assert not goal.reached(model(x)).any(), "whoever is attacked is still right, under its own label"
        attacked.append(len(x))
        return fgsm(model, x, goal, threat)

    curve = robustness_curve(model, x, y, counting, RADII, batch=500)
    alive = [180, *curve.right]  # right without any attack, then after each radius
    assert attacked == [n for n, radius in zip(alive, RADII) if n and radius.eps], "within radius 0 nobody is"


def test_an_attack_sees_a_hundred_samples_at_a_time_with_the_same_result():
    """A whole test set at once would need all of its activations at once."""
    model, x, y, _ = plane()
    sizes = []

    def noted(model, x, goal, threat=RADII[1]):
        sizes.append(len(x))
        return fgsm(model, x, goal, threat)

    whole = robustness_curve(model, x, y, fgsm, RADII, batch=10_000)
    assert robustness_curve(model, x, y, noted, RADII) == whole and sizes[:2] == [100, 80]
    alive = worst_case(model, x, y, [noted])
    assert torch.equal(alive, worst_case(model, x, y, [partial(fgsm, threat=RADII[1])], batch=10_000))


def test_readings_attack_a_hundred_samples_at_a_time():
    sizes = []

    def wall(x):
        sizes.append((len(x), x.requires_grad))
        return Wall()(x)

    readings(wall, AT.repeat(40, 1), torch.tensor([0, 0, 1, 1]).repeat(40), Linf(0.22), steps=8)
    assert max(n for n, attacked in sizes if attacked) == 100


def test_a_curve_never_rises_even_if_the_attack_gets_worse():
    model, x, y, _ = plane()

    def lazy(model, x, goal, threat):
        return fgsm(model, x, goal, threat) if threat.eps < 0.06 else x

    right = robustness_curve(model, x, y, lazy, RADII).right
    assert list(right) == sorted(right, reverse=True)


def test_a_curve_knows_its_shares_and_intervals():
    curve = Curve((0.1, 0.2), (5, 0), 10)
    assert curve.accuracy == [0.5, 0.0]
    assert curve.interval == [wilson(5, 10), wilson(0, 10)]


@pytest.mark.parametrize(
    "threats",
    [
        [Linf(0.2), Linf(0.1)],
        [Linf(0.1), L2(0.2)],
        [Linf(0.1), Linf(0.2, hi=0.9)],
        [Linf(0.1), Unbounded()],
        [],
    ],
    ids=["falling", "two norms", "two boxes", "box alone", "none"],
)
def test_threats_that_are_not_nested_are_refused(threats):
    model, x, y, _ = plane(8)
    with pytest.raises(ValueError, match="of one norm and box, with growing eps"):
        robustness_curve(model, x, y, fgsm, threats)


# The worst case over several attacks ----------------------------------------------------------------------------------


def pixel_attack(i, eps):
    """Moves pixel i alone, by up to eps in the direction that helps, but only pixels that were bright."""

    def attack(model, x, goal, threat=None):
        step = torch.zeros_like(x)
        step.view(len(x), -1)[:, i] = (x.flatten(1)[:, i] > 0.5) * (eps if threat is None else threat.eps)
        tries = torch.stack([x + step, x - step])
        score = torch.stack([goal.score(model(z).detach()) for z in tries])
        return tries[score.argmax(0), torch.arange(len(x))]

    return attack


PIXELS = [pixel_attack(i, 0.3) for i in (0, 4, 7)]


def test_the_worst_case_is_that_of_every_sample_by_itself():
    """Right, and right under each attack: counted sample by sample, on everybody."""
    model, x, y, _ = plane()
    answers = [model(z).argmax(1) == y for z in (x, *(attack(model, x, Untargeted(y)) for attack in PIXELS))]
    by_hand = torch.stack(answers).all(0)
    assert torch.equal(worst_case(model, x, y, PIXELS), by_hand)
    alone = [worst_case(model, x, y, [attack]) for attack in PIXELS]
    assert all((by_hand <= one).all() for one in alone), "never better than any single attack"
    assert by_hand.sum() < min(one.sum() for one in alone), "and here worse than each: they fool different samples"


def test_the_order_of_deterministic_attacks_does_not_matter():
    model, x, y, _ = plane()
    assert torch.equal(worst_case(model, x, y, PIXELS), worst_case(model, x, y, PIXELS[::-1]))


def test_whom_one_attack_has_fooled_the_next_does_not_see():
    model, x, y, _ = plane()
    attacked = []

    def noted(attack):
        def inner(model, x, goal):
            assert not goal.reached(model(x)).any(), "whoever is attacked is right, under its own label"
            attacked.append(len(x))
            return attack(model, x, goal)

        return inner

    left = [int(worst_case(model, x, y, PIXELS[:k]).sum()) for k in range(4)]
    assert int(worst_case(model, x, y, [noted(attack) for attack in PIXELS], batch=500).sum()) == left[-1]
    assert attacked == left[:-1] and left[0] == 180, "wrong from the start is lost without an attack"


def test_without_attacks_and_without_samples():
    model, x, y, _ = plane(30)
    assert worst_case(model, x, y, []).double().mean().item() == accuracy(model, x, y)
    assert worst_case(model, x[:0], y[:0], [PIXELS[0]]).shape == (0,)
    nobody = worst_case(model, x[:4], 1 - model(x[:4]).argmax(1), PIXELS)
    assert not nobody.any(), "who is wrong from the start is not attacked, and not robust"


def test_attacks_in_turn_are_one_attack_whose_survivors_are_the_worst_case():
    model, x, y, _ = plane()
    turns = partial(in_turn, attacks=PIXELS)
    z = turns(model, x, Untargeted(y), Linf(0.3))
    assert torch.equal(model(z).argmax(1) == y, worst_case(model, x, y, PIXELS))
    radii = [Linf(k / 10) for k in range(4)]
    survivors = [
        int(worst_case(model, x, y, [partial(attack, threat=threat) for attack in PIXELS]).sum()) for threat in radii
    ]
    assert robustness_curve(model, x, y, turns, radii).right == tuple(survivors)
    assert z.data_ptr() != x.data_ptr() and torch.equal(in_turn(model, x, Untargeted(y), Linf(0.3), attacks=[]), x)


# Along a path ---------------------------------------------------------------------------------------------------------


def test_what_happened_along_a_path_is_recomputed_exactly():
    model, x, y, _ = plane(5)
    path, threat = [], Linf(0.3)
    iterative_fgsm(model, x, Untargeted(y), threat, steps=4, step_size=0.1, trace=path.append)
    seen = along(model, path, Untargeted(y), threat)
    assert seen.score.shape == seen.reached.shape == seen.distance.shape == (5, 5)
    for t, z in enumerate(path):
        a = model(z).detach()
        for i in range(5):
            assert seen.score[t, i].item() == pytest.approx((a[i].exp().sum().log() - a[i, y[i]]).item())
            assert bool(seen.reached[t, i]) == (int(a[i].argmax()) != int(y[i]))
            assert seen.distance[t, i].item() == pytest.approx((z[i] - x[i]).abs().max().item())
    assert (seen.distance[0] == 0).all() and (seen.score.diff(dim=0) >= 0).all(), "on a linear model every step climbs"


def test_distances_along_a_path_are_in_the_threats_norm_and_scores_in_the_goals_sign():
    model, x, y, _ = plane(3)
    path = [x, x + 0.01]
    seen = along(model, path, Targeted(y), L2(1.0))
    assert seen.distance[1].tolist() == pytest.approx([0.01 * math.sqrt(12)] * 3)
    assert torch.equal(seen.score, -along(model, path, Untargeted(y), L2(1.0)).score)


def test_an_empty_path_says_how_to_collect_one():
    model, _, y, _ = plane(3)
    with pytest.raises(ValueError, match=r"path is empty.*trace=path\.append"):
        along(model, [], Untargeted(y), Linf(0.1))


# Measuring changes nothing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda m, x, y: logits(m, x),
        lambda m, x, y: probabilities(m, x),
        lambda m, x, y: accuracy(m, x, y),
        lambda m, x, y: robustness_curve(m, x, y, fgsm, RADII[:3]),
        lambda m, x, y: worst_case(m, x, y, [partial(fgsm, threat=Linf(0.1))]),
        lambda m, x, y: in_turn(m, x, Untargeted(y), Linf(0.1), attacks=[fgsm, fgsm]),
        lambda m, x, y: along(m, [x, x.clone()], Untargeted(y), Linf(0.1)),
    ],
    ids=["logits", "probabilities", "accuracy", "robustness_curve", "worst_case", "in_turn", "along"],
)
def test_measuring_changes_nothing(ask):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, 2))
    model.train()
    model[1].eval()  # frozen on purpose
    model[0].weight.requires_grad_(False)
    x, y = torch.rand(9, 3, 2, 2), torch.randint(0, 2, (9,))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    inputs, state = (x.clone(), y.clone()), torch.get_rng_state()
    first = ask(model, x, y)
    assert [m.training for m in model] == [True, False, True, True, True]
    assert [p.requires_grad for p in model.parameters()] == [False, True, True, True, True, True]
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(x, inputs[0]) and torch.equal(y, inputs[1]) and not x.requires_grad
    assert torch.equal(torch.get_rng_state(), state), "no dropout was drawn"
    again = ask(model, x, y)
    assert repr(again) == repr(first) or vars(again).keys() == {"score", "reached", "distance"}


# Readings -------------------------------------------------------------------------------------------------------------


class Wall(nn.Module):
    """Class 1 right of one half; slope 0 turns it into stairs that no gradient sees."""

    def __init__(self, slope=1.0):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        side = x[:, :1] - 0.5
        a = self.slope * side + (1 - self.slope) * side.sign()
        return torch.cat([-a, a], 1)


AT = torch.tensor([[0.05], [0.3], [0.55], [0.9]])


def test_the_readings_of_a_wall_are_counted_by_hand():
    """At 0.2 the two points nearest to the wall are fooled; the third one is wrong and told its own answer it moves."""
    y = torch.tensor([0, 0, 1, 1])
    assert readings(Wall(), AT, y, Linf(0.22), steps=8) == Readings(1.0, 0.5, 0.5, 0.5, 0.0)
    wrong = torch.tensor([0, 0, 0, 1])
    seen = readings(Wall(), AT, wrong, Linf(0.22), steps=8)
    assert (seen.clean, seen.one_step, seen.one_step_predicted) == (0.75, 0.5, 0.75), "its own answer pushes it home"


def test_stairs_have_no_gradient():
    assert readings(Wall(slope=0.0), AT, torch.tensor([0, 0, 1, 1]), Linf(0.02), steps=8) == Readings(1, 1, 1, 1, 1)


def test_readings_are_repeatable_and_leave_the_global_randomness_alone():
    model, x, y = models.linear(), torch.rand(20, 1, 28, 28), torch.arange(20) % 10
    state = torch.get_rng_state()
    assert readings(model, x, y, Linf(0.1), steps=5) == readings(model, x, y, Linf(0.1), steps=5)
    assert torch.equal(torch.get_rng_state(), state)
