"""The check for `robust_step(model, x, y, attack, optimizer)`: inner maximum, then one step of the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..closed_forms import Planes
from ..forms import single_number
from ..interview import Interview
from ..spec import Case, Follows, Formula, Questions, Sign, Spec, like, same, seen
from ..verdict import Finding, apart
from ..words import words
from .scouts import Labels, Scout

SAY = words(__file__, "scouts")

RATE = 0.5
TOLERANCE = 1e-5


class Descent(torch.optim.SGD):
    """Gradient descent that notes how often it steps, and who was attacked when these weights were present."""

    def begin(self, model: nn.Module) -> None:
        """Take over the weights of this model, the gradients of an earlier step in them."""
        self.weights = self.param_groups[0]["params"] = list(model.parameters())
        for w in self.weights:
            w.grad = torch.linspace(0.2, 1.2, w.numel()).view_as(w)
        self.listen()

    def listen(self) -> None:
        """Forget all notes: an answer is about to be asked."""
        self.before, self.steps, self.met = flat(self.weights), 0, []

    def step(self, closure: Any = None) -> Any:
        self.steps += 1
        return super().step(closure)


class Trainee(Planes):
    """A linear classifier [B, 1, 2, 3] -> [B, 3]. Who is handed a copy of it trains that one: the optimizer goes along.

    A copy that an answer makes is a copy only: no optimizer knows of it.
    """

    optimizer: Descent | None = None

    def __deepcopy__(self, memo) -> Trainee:
        twin = Trainee(*(w.detach().clone() for w in self.parameters())).train(self.training)
        if self.optimizer is not None:
            self.optimizer.begin(twin)
        return twin


def flat(weights) -> Tensor:
    return torch.cat([w.detach().flatten() for w in weights])


def asked(seed: int, size: int = 7, training: bool = True, lr: float = RATE, careless: bool = False) -> tuple:
    """A model in this mode, a batch of this size, an attack that may leave gradients behind, and an optimizer."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(size, 1, 2, 3, generator=draw)
    # So large that a step moves every prediction, so small that none is certain.
    model = Trainee(2 * torch.randn(3, 6, generator=draw), torch.randn(3, generator=draw)).train(training)
    y = (model(x).argmax(1) + torch.arange(size) % 3) % 3
    model.optimizer = optimizer = Descent(model.parameters(), lr)

    def attack(victim: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        optimizer.met.append((flat(victim.parameters()), flat(optimizer.weights)))
        for w in victim.parameters() if careless else ():
            w.grad = torch.ones_like(w) if w.grad is None else w.grad + 1
        return attacked(victim.parameters(), x, labels)

    return model, x, y, Scout(x, y, attack), optimizer


def attacked(weights, x: Tensor, labels: Tensor) -> Tensor:
    """What the attack returns: it hangs on the weights, in its values and, as that of a careless one, in its graph."""
    signs = torch.randint(2, (3, *x.shape[1:]), generator=torch.Generator().manual_seed(2)) * 2.0 - 1
    return x + 0.3 * signs[labels] * (1.2 + torch.sin(sum(w[0].sum() for w in weights)))


def loss_steps_and_weights(value: object, args: tuple) -> Tensor:
    """What it reports, how often the optimizer stepped, and the weights then: [1 + 1 + 21]."""
    reported, optimizer = single_number(value, args), args[4]
    met, before, steps = optimizer.met, optimizer.before, optimizer.steps
    optimizer.listen()
    if not met:
        SAY.fail("never-attacks")
    if not torch.equal(met[0][1], before):
        SAY.fail("steps-before-the-attack")
    if not all(torch.equal(victim, present) for victim, present in met):
        SAY.fail("attacks-other-weights")
    return torch.cat([torch.tensor([reported, steps]), optimizer.before]).double()


def right(model: Trainee, x: Tensor, y: Tensor, attack: Scout, optimizer: Descent) -> Tensor:
    """Of the mean cross entropy of W z + b the gradient is (p - onehot) z^T and p - onehot, averaged."""
    weights, z = flat(model.parameters()), attacked(list(model.parameters()), x, y).detach().flatten(1)
    logits = F.linear(z, model.weight.detach(), model.bias.detach())
    off = (logits.softmax(1) - F.one_hot(y, 3)) / len(y)
    after = weights - optimizer.defaults["lr"] * torch.cat([(off.T @ z).flatten(), off.sum(0)])
    return torch.cat([F.cross_entropy(logits, y)[None], torch.ones(1), after]).double()


# Mistakes -----------------------------------------------------------------------------------------------------------

# (model, x, y, z) -> the loss that is lowered, z attacked.
Loss = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]


def mean_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x), y)


def on(loss: Loss, report: Callable = lambda model, x, y, z, loss: loss.item()) -> Formula:
    """A step that lowers this loss, and reports this number after it."""

    def answer(model, x, y, attack, optimizer) -> float:
        z = attack(model, x, Labels(y)).detach()
        value = loss(model, x, y, z)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return report(model, x, y, z, value)

    return answer


def _right_loss(model, x, y, z) -> Tensor:
    return mean_loss(model, z, y)


def _reports(*numbers: Callable) -> Sign:
    return like(*(on(_right_loss, number) for number in numbers))


def _moves(*formulas: Formula) -> Sign:
    """The weights end where they do after one of these steps, whatever is reported."""
    return Follows(formulas, lambda a, b, tolerance: same(a[2:], b[2:], tolerance))


def _in_order(*lines: str) -> Formula:
    """The right lines, in another order or some of them left out."""

    def answer(model, x, y, attack, optimizer) -> float:
        value = mean_loss(model, attack(model, x, Labels(y)).detach(), y)
        for line in lines:
            {"zero": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}[line]()
        return value.item()

    return answer


def _no_detach(model, x, y, attack, optimizer) -> float:
    value = mean_loss(model, attack(model, x, Labels(y)), y)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value.item()


def _both(model, x, y, z) -> Tensor:
    return mean_loss(model, x, y) + mean_loss(model, z, y)


def _where_right(answer: Tensor, *args) -> bool:
    """The weights are where they should be."""
    return same(answer[2:], right(*args)[2:], TOLERANCE)


def _unmoved(answer: Tensor, model: Trainee, *_) -> bool:
    return same(answer[2:], flat(model.parameters()), TOLERANCE)


MISTAKES = {
    "no-step": seen(lambda answer, *args: answer[1] == 0 and _unmoved(answer, *args)),
    "steps-by-hand": seen(lambda answer, *args: answer[1] == 0),
    "two-steps": seen(lambda answer, *args: answer[1] > 1),
    "no-gradient-at-the-step": seen(_unmoved),
    "loss-after-the-step": _reports(lambda model, x, y, z, loss: mean_loss(model, z, y)),
    "reports-the-clean-loss": like(
        lambda model, x, y, *rest: (mean_loss(model, x, y).item(), on(_right_loss)(model, x, y, *rest))[0]
    ),
    "reports-the-sum": _reports(lambda model, x, y, z, loss: len(x) * loss.item()),
    "reports-another-loss": seen(_where_right),
    "ascends": _moves(on(lambda model, x, y, z: -mean_loss(model, z, y))),
    "clean-batch": _moves(on(lambda model, x, y, z: mean_loss(model, x, y))),
    "adds-a-clean-term": _moves(on(_both), on(lambda *args: _both(*args) / 2)),
    "sums-over-the-batch": _moves(on(lambda model, x, y, z: len(x) * mean_loss(model, z, y))),
    "old-gradients": _moves(_in_order("backward", "step"), _in_order("backward", "step", "zero")),
    "no-backward": _moves(_in_order("step"), _in_order("step", "zero", "backward")),
    "through-the-attack": _moves(_no_detach),
    "trains-on-predictions": _moves(
        on(lambda model, x, y, z: mean_loss(model, z, model(x).argmax(1))),
        on(lambda model, x, y, z: mean_loss(model, z, model(z).argmax(1))),
    ),
    "adds-to-the-image": _moves(on(lambda model, x, y, z: mean_loss(model, x + z, y))),
    "uses-the-change-alone": _moves(on(lambda model, x, y, z: mean_loss(model, z - x, y))),
    "first-image-only": _moves(on(lambda model, x, y, z: mean_loss(model, torch.cat([z[:1], x[1:]]), y))),
    "softmax-twice": _moves(on(lambda model, x, y, z: F.cross_entropy(model(z).softmax(1), y))),
}


# Questions ----------------------------------------------------------------------------------------------------------


def first_case() -> Iterator[Case]:
    yield Case(asked(0), "wrong-step", mistakes=MISTAKES)


def other_cases() -> Iterator[Case]:
    yield Case(asked(1), "wrong-elsewhere", "another batch")
    yield Case(asked(2, size=1), "wrong-elsewhere", "a batch of one")
    yield Case(asked(3, lr=0.01), "wrong-elsewhere", "another optimizer")
    yield Case(asked(4, training=False), "wrong-elsewhere", "a model in evaluation mode")
    yield Case(asked(6, careless=True), "zeroes-too-early", blemish=True)


def attacks_anew(ask: Interview) -> None:
    """Two steps on the same batch: the second one needs images made against the weights as they are by then."""
    model, *rest = asked(5)
    try:
        first, second = ask.twice(model, *rest)
    except Finding as found:
        if found.verdict.diagnosis == "never-attacks":
            SAY.fail("stale")
        raise
    between = Trainee(first[2:20].view(3, 6).float(), first[20:].float())
    if not same(second, right(between, *rest), TOLERANCE):
        SAY.fail("wrong-elsewhere", where="a second step on the same batch", **_numbers(second, between, *rest))


def _numbers(answer: Tensor, *args) -> dict:
    wanted, before = right(*args), flat(args[0].parameters())
    reported, loss = apart(answer[0], wanted[0])
    return {
        "reported": reported,
        "loss": loss,
        "steps": int(answer[1]),
        "size": len(args[1]),
        "times": (answer - wanted)[2:].norm() / (wanted[2:] - before).norm(),
    }


# To change the weights, and to leave a gradient in them, is what a training step is for.
_step = partial(Spec, SAY, right, numbers=_numbers, tolerance=TOLERANCE, meant=("changes-weights", "fills-model-grads"))
check_robust_step = Questions(SAY, (_step(cases=first_case), attacks_anew, _step(cases=other_cases)))
