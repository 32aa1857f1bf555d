"""What every attack keeps: one function a property, for every row of the table of attacks, on every device there is."""

import copy
import itertools
import math
import warnings

import attack_table
import pytest
import torch
from attack_table import DEVICES, Attack, dice, every_attack, having, seeded
from torch import Tensor, nn

from advcourse import L1, L2, Decisions, Linf, Targeted, Unbounded, Untargeted, margin
from advcourse.attacks import gradient

deterministic_attacks = having(lambda a, t: not a.random)
random_attacks = having(lambda a, t: a.random)
best_keeping_attacks = having(lambda a, t: a.keeps_best)
iterating_attacks = having(lambda a, t: a.iterates)
# Whoever sees decisions alone gains nothing where nothing in the box reaches the goal.
climbing_attacks = having(lambda a, t: a.oracle is not Decisions)
attacks_that_go_on = having(lambda a, t: a.keeps_best and not a.stops)
restarting_attacks = having(lambda a, t: a.restarts > 1)
attacks_with_a_zero_budget = having(lambda a, t: math.isfinite(t.eps) or (a.iterates and not a.random))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_the_contract_is_also_checked_on_cuda():
    assert DEVICES == ["cpu", "cuda"]


def network(shape, classes=3, *, dtype=torch.float64, device="cpu", seed=0) -> nn.Module:
    """A smooth random network of one hidden layer, in evaluation mode."""
    draw = seeded(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 12), nn.Tanh(), nn.Linear(12, classes))
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(1.5 * torch.randn(p.shape, generator=draw) / max(1, p.shape[-1]) ** 0.5)
    return net.to(device, dtype).eval()


def inputs(batch, shape, *, dtype=torch.float64, device="cpu", seed=1) -> Tensor:
    """Points of the box, a third of their pixels exactly at its ends."""
    x = torch.rand(batch, *shape, generator=seeded(seed), dtype=torch.float64) * 1.6 - 0.3
    return x.clamp(0, 1).to(device, dtype)


def labels(batch, classes=3, device="cpu") -> Tensor:
    return (torch.arange(batch) % classes).to(device)


def with_work_left(attack: Attack, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The labels y; for an attack that leaves misclassified samples alone, the model's answers, so that none is."""
    if not (attack.smallest or attack.stops):
        return y
    with torch.no_grad():
        return copy.deepcopy(model).eval()(x).argmax(1)


def world(shape=(1, 3, 4), batch=4, classes=3, **where):
    """Model, inputs and true labels that fit together."""
    device = where.get("device", "cpu")
    return network(shape, classes, **where), inputs(batch, shape, **where), labels(batch, classes, device)


def assert_member(z: Tensor, x: Tensor, threat) -> None:
    """Measured in float64, whatever the attack computed in."""
    z, x = z.double().flatten(1), x.double().flatten(1)
    assert z.isfinite().all()
    assert (z >= threat.lo).all() and (z <= threat.hi).all(), "outside the box"
    d = (z - x).abs()
    size = {Linf: d.amax(1), L2: d.square().sum(1).sqrt(), L1: d.sum(1), Unbounded: d.amax(1)}[type(threat)]
    assert (size <= threat.eps * (1 + 1e-6)).all(), f"{size.max():.9g} > {threat.eps:.9g}"


# --- where the result lies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2,), (7,), (1, 4, 4), (3, 5, 7)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@every_attack
def test_the_result_is_a_detached_member_of_the_set_like_the_input(attack, threat, device, shape, dtype):
    model, x, y = world(shape, 3, dtype=dtype, device=device)
    z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert (z.shape, z.dtype, z.device) == (x.shape, x.dtype, x.device)
    assert not z.requires_grad and z.grad_fn is None
    assert_member(z, x, threat)
    assert attack.oracle is Decisions or not torch.equal(z, x)


@pytest.mark.parametrize("corner", [0.0, 1.0])
@every_attack
def test_a_black_or_white_image_can_be_attacked(attack, threat, device, corner):
    model, x, y = world(dtype=torch.float32, device=device)
    x = torch.full_like(x, corner)
    y = with_work_left(attack, model, x, y)
    z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert_member(z, x, threat)
    assert (z != x).flatten(1).any(1).all()


@every_attack
def test_memory_layout_does_not_matter(attack, threat, device):
    model, x, y = world((3, 4, 5), device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    strided = torch.empty(*x.shape[:-1], 2 * x.shape[-1], dtype=x.dtype, device=device)[..., ::2].copy_(x)
    for same in (strided, x.contiguous(memory_format=torch.channels_last), x.mT.contiguous().mT):
        assert not same.is_contiguous()
        torch.testing.assert_close(attack.run(model, same, Untargeted(y), threat, **dice(attack)), want)


@pytest.mark.parametrize("box", [(-2.0, 3.0), (0.0, 0.3), (-1.1, 0.7)], ids=str)
@every_attack
def test_the_box_is_the_threats_own(attack, threat, device, box):
    lo, hi = box
    model, x, y = world(dtype=torch.float32, device=device)
    x = (lo + x * (hi - lo)).clamp(lo, hi)
    threat = type(threat)(lo=lo, hi=hi) if isinstance(threat, Unbounded) else type(threat)(threat.eps, lo=lo, hi=hi)
    z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    # The ends as float32 writes them: x may lie there.
    lo, hi = torch.tensor(box, device=device).tolist()
    assert z.min() >= lo and z.max() <= hi
    assert (threat.size(z.double() - x.double()) <= threat.eps * (1 + 1e-6)).all()


@every_attack
def test_an_empty_batch_returns_an_empty_batch(attack, threat, device):
    model, x, y = world(batch=0, device=device)
    z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert z.shape == x.shape and z.dtype == x.dtype and not z.requires_grad


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", [None, margin], ids=["cross_entropy", "margin"])
@climbing_attacks
def test_two_classes_are_enough(attack, threat, device, classes, loss):
    model, x, y = world(classes=classes, device=device)
    y = with_work_left(attack, model, x, y)
    goal = Untargeted(y) if loss is None else Untargeted(y, loss)
    z = attack.run(model, x, goal, threat, **dice(attack))
    assert_member(z, x, threat)
    assert (goal.score(model(z)) > goal.score(model(x))).all()


@attacks_with_a_zero_budget
def test_a_zero_budget_returns_x_bit_for_bit_and_never_x_itself(attack, threat, device):
    model, x, y = world(dtype=torch.float32, device=device)
    if math.isfinite(threat.eps):
        z = attack.run(model, x, Untargeted(y), type(threat)(0.0), **dice(attack))
    else:
        z = attack.run(model, x, Untargeted(y), threat, reach=0.0)
    assert torch.equal(z, x)
    before = x.clone()
    z.add_(1.0)
    assert torch.equal(x, before)


@iterating_attacks
def test_no_steps_return_the_start_and_never_x_itself(attack, threat, device):
    model, x, y = world(device=device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = attack.run(model, x, Untargeted(y), threat, steps=0, **dice(attack))
    assert_member(z, x, threat)
    assert attack.random or torch.equal(z, x)
    assert z.data_ptr() != x.data_ptr()


# --- what stays as it was --------------------------------------------------------------------------------------------


class Watched(nn.Module):
    """A training network with a deliberately frozen batch norm, dropout, a frozen weight, and old gradients."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.BatchNorm2d(4))
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4 * 12, 3)
        self.head.bias.requires_grad_(False)
        self.train()
        self.features[1].eval()
        for p in self.parameters():
            p.grad = torch.full_like(p, 0.25) if p.requires_grad else None

    def forward(self, x):
        return self.head(self.drop(self.features(x).flatten(1)))


class Breaks(Exception):
    """What a model may raise in the middle of an attack."""


class BreaksAt(Watched):
    """The same network; it raises at its n-th forward."""

    def __init__(self, call: int):
        super().__init__()
        self.left = call

    def forward(self, x):
        self.left -= 1
        if not self.left:
            raise Breaks
        return super().forward(x)


def everything(model: nn.Module) -> dict:
    """All that an attack could leave changed in a model."""
    return {
        "weights": {k: v.clone() for k, v in model.state_dict().items()},
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "learning": [p.requires_grad for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
    }


def assert_untouched(model, before):
    after = everything(model)
    assert after["modes"] == before["modes"] and after["learning"] == before["learning"]
    torch.testing.assert_close(after["weights"], before["weights"], rtol=0, atol=0)
    for now, then in zip(after["gradients"], before["gradients"]):
        assert (now is None) == (then is None)
        assert now is None or torch.equal(now, then)


@every_attack
def test_model_and_arguments_are_the_same_after_as_before(attack, threat, device):
    model, x, y = Watched().to(device), inputs(3, (2, 3, 4), dtype=torch.float32, device=device), labels(3, 3, device)
    for p in model.parameters():
        p.grad = None if p.grad is None else p.grad.to(device)
    before, x_before, y_before = everything(model), x.clone(), y.clone()
    first = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert_untouched(model, before)
    assert torch.equal(x, x_before) and torch.equal(y, y_before) and x.grad is None and not x.requires_grad
    assert torch.equal(first, attack.run(model, x, Untargeted(y), threat, **dice(attack))), "dropout was on"


@every_attack
def test_the_model_is_asked_in_evaluation_mode(attack, threat, device):
    model, x, y = Watched().to(device), inputs(3, (2, 3, 4), dtype=torch.float32, device=device), labels(3, 3, device)
    calm = copy.deepcopy(model).eval().requires_grad_(False)
    want = attack.run(calm, x, Untargeted(y), threat, **dice(attack))
    assert torch.equal(attack.run(model, x, Untargeted(y), threat, **dice(attack)), want)


@every_attack
def test_the_model_is_put_back_also_when_it_raises_midway(attack, threat, device):
    for call in {1, attack.steps // 2 + 1, attack.steps}:
        model, x = BreaksAt(call + 1), inputs(3, (2, 3, 4), dtype=torch.float32)
        y = with_work_left(attack, model, x, labels(3))
        model.left = call
        before = everything(model)
        with pytest.raises(Breaks):
            attack.run(model, x, Untargeted(y), threat, **dice(attack))
        assert_untouched(model, before)


@every_attack
def test_the_model_is_put_back_also_when_the_trace_raises(attack, threat, device):
    def trace(_):
        raise Breaks

    model, x, y = Watched(), inputs(3, (2, 3, 4), dtype=torch.float32), labels(3)
    before = everything(model)
    with pytest.raises(Breaks):
        attack.run(model, x, Untargeted(y), threat, trace=trace, **dice(attack))
    assert_untouched(model, before)


@every_attack
def test_an_input_that_asks_for_gradients_keeps_asking_and_gets_none(attack, threat, device):
    model, x, y = world(device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    x.requires_grad_()
    path = []
    z = attack.run(model, x, Untargeted(y), threat, trace=path.append, **dice(attack))
    assert x.requires_grad and x.grad is None
    assert not z.requires_grad and not any(p.requires_grad for p in path)
    assert torch.equal(z, want)


@every_attack
def test_the_global_random_state_is_the_callers(attack, threat, device):
    model, x, y = world(device=device)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert torch.equal(torch.get_rng_state(), before)


# --- repeatable, sample by sample ------------------------------------------------------------------------------------


@every_attack
def test_the_same_generator_gives_the_same_result(attack, threat, device):
    model, x, y = world(device=device)
    first, again = (attack.run(model, x, Untargeted(y), threat, **dice(attack)) for _ in range(2))
    assert torch.equal(first, again)


@random_attacks
def test_another_seed_starts_elsewhere_and_so_does_another_restart(attack, threat, device):
    model, x, y = world(device=device)
    goal, starts = Untargeted(with_work_left(attack, model, x, y)), []
    for seed in (0, 1):
        path = []
        attack.run(model, x, goal, threat, trace=path.append, **dice(attack, seed))
        starts += path[-1 if attack.oracle else 0].split(len(x))  # who asks an oracle may start at x
    for i, a in enumerate(starts):
        other = [(a != b).flatten(1).any(1) for b in starts[:i]]
        assert all(o.any() if attack.oracle else o.all() for o in other)


@random_attacks
def test_without_a_generator_the_global_seed_decides(attack, threat, device):
    model, x, y = world(device=device)
    goal, results = Untargeted(with_work_left(attack, model, x, y)), []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        path = []
        attack.run(model, x, goal, threat, trace=path.append)
        results.append(path[-1 if attack.oracle else 0])
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


@deterministic_attacks
def test_a_batch_is_as_many_batches_of_one(attack, threat, device):
    model, x, y = world((2, 3, 3), batch=6, device=device)
    # Gradients of very different sizes: whatever is normalised over the batch shows.
    model = nn.Sequential(Amplify(torch.tensor([1.0, 1e-3, 50.0]).double().to(device)), model)
    whole = attack.run(model, x, Untargeted(y), threat)
    ones = torch.cat([attack.run(model, x[i : i + 1], Untargeted(y[i : i + 1]), threat) for i in range(6)])
    torch.testing.assert_close(whole, ones, rtol=0, atol=1e-12)


class Amplify(nn.Module):
    """Stretches the colour range of samples by factors that depend on the sample's own first pixel."""

    def __init__(self, factors):
        super().__init__()
        self.factors = factors

    def forward(self, x):
        which = (x.flatten(1).sum(1).detach() * 10).long() % len(self.factors)
        return x * self.factors[which].view(-1, *[1] * (x.ndim - 1))


@every_attack
def test_a_samples_neighbours_do_not_matter(attack, threat, device):
    model, x, y = world((2, 3, 3), batch=3, device=device)
    alone = attack.run(model, x, Untargeted(y), threat, **dice(attack))[0]
    others, z = x.clone(), y.clone()
    others[1:], z[1:] = 1 - x[1:], (y[1:] + 1) % 3
    torch.testing.assert_close(
        attack.run(model, others, Untargeted(z), threat, **dice(attack))[0], alone, rtol=0, atol=1e-12
    )


# --- where it runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad], ids=lambda c: c.__name__)
@every_attack
def test_the_callers_gradient_mode_does_not_matter(attack, threat, device, around):
    model, x, y = world(device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    with around():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        z = attack.run(model, x, Untargeted(y), threat, **dice(attack))
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before
    assert torch.equal(z, want) and not z.requires_grad


@every_attack
def test_an_input_made_in_inference_mode_can_be_attacked(attack, threat, device):
    model, x, y = world(device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    with torch.inference_mode():
        z = attack.run(model, x.clone(), Untargeted(y), threat, **dice(attack))
    assert torch.equal(z, want)


@every_attack
def test_a_plain_function_is_a_model(attack, threat, device):
    model, x, y = world(device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    z = attack.run(lambda pixels: model(pixels), x, Untargeted(y), threat, **dice(attack))
    assert torch.equal(z, want)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


# --- gradients of every size -----------------------------------------------------------------------------------------


class Scaled(nn.Module):
    """factor * logits + shift."""

    def __init__(self, model, factor=1.0, shift=0.0):
        super().__init__()
        self.model, self.factor, self.shift = model, factor, shift

    def forward(self, x):
        return self.factor * self.model(x) + self.shift


@every_attack
def test_a_constant_model_leaves_a_member_without_nan(attack, threat, device):
    model, x, y = world(device=device)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    for loss in (margin, Untargeted(y).loss):
        z = attack.run(model, x, Untargeted(y, loss), threat, **dice(attack))
        assert_member(z, x, threat)
        assert attack.random or torch.equal(z, x)


class Blinks(nn.Module):
    """At its n-th forward some samples do not depend on their pixels: their gradient is exactly zero, once."""

    def __init__(self, model, call: int, every: int):
        super().__init__()
        self.model, self.left, self.every = model, call, every

    def forward(self, x):
        self.left -= 1
        blind = (torch.arange(len(x), device=x.device) % self.every == 0).view(-1, *[1] * (x.ndim - 1))
        return self.model(torch.where(blind, x.detach() + 0 * x, x) if self.left == 0 else x)


@pytest.mark.parametrize("every", [1, 2], ids=["all samples", "every second one"])
@every_attack
def test_a_gradient_that_is_exactly_zero_midway_does_not_stop_what_follows(attack, threat, device, every):
    model, x, y = world(device=device)
    y, call, path = with_work_left(attack, model, x, y), attack.steps // 2, []
    blinking, more = Blinks(model, call + 1, every), {"reach": 1.0} if attack.iterates else {}
    z = attack.run(blinking, x, Untargeted(y), threat, trace=path.append, **more, **dice(attack))
    assert blinking.left < 0 or attack.steps == 1, "asked again after that"
    for p in (z, *path):
        assert_member(p, x.repeat(len(p) // len(x), *[1] * (x.ndim - 1)), threat)
    if attack.iterates and not attack.stops:
        assert all((a != b).flatten(1).any(1).all() for a, b in itertools.pairwise(path[call + 1 :])), "it froze"
    if attack.smallest:
        assert Untargeted(y).reached(model(z)).all()


@pytest.mark.parametrize("factor", [1e-20, 1e-30, 1e4], ids="{:g}".format)
@every_attack
def test_the_size_of_the_logits_does_not_change_an_attack_on_the_margin(attack, threat, device, factor):
    model, x, y = world(dtype=torch.float32, device=device)
    goal = Untargeted(y, margin)
    want = goal.score(model(attack.run(model, x, goal, threat, **dice(attack))))
    z = attack.run(Scaled(model, factor), x, goal, threat, **dice(attack))
    torch.testing.assert_close(goal.score(model(z)), want, rtol=0, atol=1e-3)


@pytest.mark.parametrize("shift", [7.0, -100.0])
@pytest.mark.parametrize("goal_of", [Untargeted, Targeted])
@every_attack
def test_the_margin_ignores_a_constant_added_to_all_logits(attack, threat, device, shift, goal_of):
    model, x, y = world(device=device)
    want = attack.run(model, x, goal_of(y, margin), threat, **dice(attack))
    z = attack.run(Scaled(model, shift=shift), x, goal_of(y, margin), threat, **dice(attack))
    torch.testing.assert_close(z, want, rtol=0, atol=1e-9)


# --- what is climbed, and what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [None, margin], ids=["cross_entropy", "margin"])
@climbing_attacks
def test_untargeted_leaves_the_true_class_and_targeted_nears_the_target(attack, threat, device, loss):
    # A linear model: no attack can be lost on the way.
    _, x, y = world(batch=6, device=device)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).to(device, torch.float64)
    y = with_work_left(attack, model, x, y % 2)
    t = 1 - y if attack.smallest or attack.stops else y
    more = () if loss is None else (loss,)
    away = attack.run(model, x, Untargeted(y, *more), threat, **dice(attack))
    near = attack.run(model, x, Targeted(t, *more), threat, **dice(attack))

    def loss_of(labels, z):
        return nn.functional.cross_entropy(model(z), labels, reduction="none")

    assert (loss_of(y, away) > loss_of(y, x)).all() and (loss_of(t, near) < loss_of(t, x)).all()


@best_keeping_attacks
def test_what_is_returned_is_the_best_of_all_it_saw(attack, threat, device):
    model, x, y = world(batch=8, device=device)
    goal = Untargeted(y)
    path = []
    z = attack.run(model, x, goal, threat, trace=path.append, **dice(attack))
    seen = torch.cat(path).view(-1, *x.shape)  # every iterate of every restart
    with torch.no_grad():
        score = torch.stack([goal.score(model(p)) for p in seen])
        reached = torch.stack([goal.reached(model(p)) for p in seen])
        assert torch.equal(goal.reached(model(z)), reached.any(0)), "success seen is success returned"
        eligible = score.where(reached | ~reached.any(0), -torch.inf)
        torch.testing.assert_close(goal.score(model(z)), eligible.amax(0), rtol=0, atol=1e-12)


@best_keeping_attacks
def test_how_many_iterates_are_compared_at_once_does_not_matter(attack, threat, device, monkeypatch):
    model, x, y = world(batch=8, device=device)
    want = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    for room in (0, 3 * x.numel()):
        monkeypatch.setattr(gradient, "ROOM", room)
        assert torch.equal(attack.run(model, x, Untargeted(y), threat, **dice(attack)), want)


def ridge(x):
    """Two logits, (0, s): s < 0 is highest where the mean pixel is 0.51, so that every long step jumps over it."""
    s = -5.0 - 100 * (x.flatten(1).mean(1) - 0.51) ** 2
    return torch.stack([0 * s, s], 1)


@best_keeping_attacks
def test_the_best_iterate_is_kept_where_the_last_is_worse(attack, threat, device):
    x = torch.linspace(0.48, 0.54, 16, dtype=torch.float64, device=device)[:, None].repeat(1, 4)
    goal, path = Untargeted(torch.zeros(16, dtype=torch.int64, device=device), margin), []
    z = attack.run(ridge, x, goal, threat, reach=7.0, trace=path.append, **dice(attack))
    scores = torch.stack([goal.score(ridge(p)) for p in torch.cat(path).view(-1, *x.shape)])
    last = scores[-attack.restarts :].amax(0)
    assert (last < scores.amax(0)).sum() >= 4, "this model was built to overshoot"
    torch.testing.assert_close(goal.score(ridge(z)), scores.amax(0))


@attacks_that_go_on
def test_a_reached_goal_outranks_a_higher_score(attack, threat, device):
    class Prefers(nn.Module):
        """The brighter, the higher the score; but the goal below is reached at the dark end."""

        def forward(self, x):
            s = x.flatten(1).sum(1)
            return torch.stack([0 * s, s], 1)

    class Odd(Untargeted):
        def reached(self, out):
            return out[:, 1] < middle

    x, y = torch.full((3, 4), 0.4, dtype=torch.float64, device=device), torch.zeros(3, dtype=torch.int64, device=device)
    model, path = Prefers(), []
    middle = 1.7
    z = attack.run(model, x, Odd(y, margin), threat, trace=path.append, **dice(attack))
    sums = torch.cat(path).view(-1, *x.shape).flatten(2).sum(2)
    low = sums.where(sums < middle, -torch.inf).amax(0)
    want = low.where((sums < middle).any(0), sums.amax(0))
    assert (sums.amax(0) > want).any(), "some sample must have had a higher score elsewhere"
    torch.testing.assert_close(z.flatten(1).sum(1), want)


@attacks_that_go_on
def test_the_final_iterate_is_scored_too(attack, threat, device):
    _, x, y = world(device=device)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).to(device, torch.float64)
    path = []
    z = attack.run(model, x, Untargeted(y % 2), threat, steps=1, trace=path.append, **dice(attack))
    assert len(path) == 2
    ends = path[-1].view(attack.restarts, *x.shape)
    assert all(any(torch.equal(z[i], end[i]) for end in ends) for i in range(len(x)))


@restarting_attacks
def test_more_restarts_are_never_worse_for_any_sample(attack, threat, device):
    model, x, y = world((6,), batch=16, device=device)
    goal, before = Untargeted(y), None
    for restarts in (1, 2, 4):
        out = model(attack.run(model, x, goal, threat, restarts=restarts, steps=3, generator=seeded(4)))
        now = goal.reached(out), goal.score(out).detach()
        if before is not None:
            assert (now[0] >= before[0]).all()
            # Where both are fooled or neither is, the score must not have fallen.
            assert (now[1] >= before[1] - 1e-9)[now[0] == before[0]].all()
        before = now


@best_keeping_attacks
def test_already_misclassified_samples_stay_misclassified(attack, threat, device):
    model, x, _ = world(batch=8, device=device)
    y = model(x).argmin(1)
    small = type(threat)(1e-3) if math.isfinite(threat.eps) else threat
    z = attack.run(model, x, Untargeted(y), small, **dice(attack))
    assert (model(z).argmax(1) != y).all()


# --- what the trace sees, and what is said ---------------------------------------------------------------------------


@every_attack
def test_the_trace_gets_every_iterate_from_the_start_to_the_end(attack, threat, device):
    model, x, y = world(device=device)
    y = with_work_left(attack, model, x, y)
    path, copies = [], []

    def trace(z):
        path.append(z)
        copies.append(z.clone())

    z = attack.run(model, x, Untargeted(y), threat, trace=trace, **dice(attack))
    assert len(path) == attack.steps + 1 or ((attack.smallest or attack.stops) and len(path) >= 2)
    assert all(torch.equal(a, b) for a, b in zip(path, copies)), "an iterate was changed after it was shown"
    assert len({p.data_ptr() for p in (x, *path)}) == len(path) + 1, "iterates share memory"
    for p in path:
        assert p.shape == (attack.restarts * len(x), *x.shape[1:]) and not p.requires_grad
        assert_member(p, x.repeat(attack.restarts, *[1] * (x.ndim - 1)), threat)
    if not attack.random:
        assert torch.equal(path[0], x)
    if not attack.keeps_best:
        assert torch.equal(path[-1], z)


@every_attack
def test_a_trace_changes_nothing(attack, threat, device):
    model, x, y = world(device=device)
    plain = attack.run(model, x, Untargeted(y), threat, **dice(attack))
    assert torch.equal(plain, attack.run(model, x, Untargeted(y), threat, trace=[].append, **dice(attack)))


@iterating_attacks
def test_an_unreachable_boundary_is_said_at_the_callers_line(attack, threat, device):
    model, x, y = world(device=device)
    if math.isinf(threat.eps):
        attack.run(model, x, Untargeted(y), threat, reach=0.5, **dice(attack))  # no ball: nothing to reach
        return
    with pytest.warns(
        UserWarning, match=r"steps \* step_size = .* < eps = .* cannot be reached; use step_size >="
    ) as said:
        attack.run(model, x, Untargeted(y), threat, reach=0.9, **dice(attack))
    assert [w.filename for w in said] == [attack_table.__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attack.run(model, x, Untargeted(y), threat, reach=1.0, **dice(attack))


@every_attack
def test_inputs_that_are_no_pixels_are_refused(attack, threat, device):
    model, x, y = world(dtype=torch.float32, device=device)
    for bad, words in {
        "integers": ((255 * x).to(torch.uint8), "float.*uint8.*/ 255"),
        "bytes as floats": (255 * x, "max 255.*divide by 255"),
        "normalised": (x - 0.5, r"min -0\.5.*normalisation"),
        "not a number": (x.where(x > 0.2, torch.nan), "NaN in 4 of 4 samples"),
        "unbatched": (x.flatten(), "batch dimension"),
    }.values():
        with pytest.raises(ValueError, match=words):
            attack.run(model, bad, Untargeted(y), threat, **dice(attack))
