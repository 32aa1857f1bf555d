"""How a model is asked: in evaluation mode, with frozen weights, and its answers compared with the goal.

Whoever asks puts every module back as it was, also when the model raises midway.
"""

import math
import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from advcourse.answers import check_kept, check_logits, check_no_nan
from advcourse.behind import networks
from advcourse.goals import Goal
from advcourse.threats import Threat

# Inputs [B, ...] -> answers [B, ...]; most often an nn.Module. Of a function, `lambda z: net(z).logits`, the network is
# found and put into evaluation mode, see `behind`; where nothing shows that there is one, call net.eval() yourself.
Model = Callable[[Tensor], Tensor]
Trace = Callable[[Tensor], object]  # is fed with every iterate
Attack = Callable[[Model, Tensor, Goal, Threat], Tensor]
Adversary = Callable[[Model, Tensor, Goal], Tensor]  # its threat is settled: partial(fgsm, threat=Linf(0.1))


def ignore(*_: object) -> None:
    """The trace that keeps nothing."""


@contextmanager
def evaluating(model: Model) -> Generator[None]:
    """The model in evaluation mode with frozen weights; every module's mode and every weight's flag put back after."""
    learning = [p for network in networks(model) for p in network.parameters() if p.requires_grad]
    with in_evaluation_mode(model):
        try:
            for p in learning:
                p.requires_grad_(False)
            yield
        finally:
            for p in learning:
                p.requires_grad_(True)


@contextmanager
def in_evaluation_mode(model: Model) -> Generator[None]:
    """Every module's mode put back after: enough for an answer without a graph, at half the time of `evaluating`."""
    training = [m for network in networks(model) for m in network.modules() if m.training]
    try:
        for m in training:
            m.training = False
        yield
    finally:
        for m in training:
            m.training = True


def as_written() -> AbstractContextManager:
    """While networks are asked for several gradients of one answer: compiled ones run as they were written.

    `torch.compile` gives the memory of a graph back after its first gradient.
    """
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


def answer(model: Model, z: Tensor) -> Tensor:
    """What the model says to z [B, ...], one answer a sample: [B, ...]. Raises a ValueError that teaches."""
    try:
        out = model(z)
    except RuntimeError as error:
        weight = next((p for network in networks(model) for p in network.parameters()), z)
        if weight.device != z.device:
            raise _elsewhere(weight, z) from error
        if weight.dtype == z.dtype:
            raise
        raise ValueError(
            f"x is {z.dtype}, the model's weights are {weight.dtype}, and they do not go together ({error}): "
            f"use x.to({weight.dtype}) or model.to({z.dtype})"
        ) from error
    check_kept(out, z)
    return out


def predicted(model: Model, x: Tensor) -> Tensor:
    """The class the model thinks most likely, argmax_y p(y|x): [B, ...] -> [B]."""
    return _classes(model, x).argmax(1)


def least_likely(model: Model, x: Tensor) -> Tensor:
    """The class the model thinks least likely, argmin_y p(y|x), the lecture's target: [B, ...] -> [B]."""
    return _classes(model, x).argmin(1)


def _classes(model: Model, x: Tensor) -> Tensor:
    with evaluating(model), torch.no_grad():
        out = torch.cat([answer(model, part) for part in x.split(500)])
    check_logits(out)
    check_no_nan(out)
    return out


@contextmanager
def attacking(model: Model, x: Tensor, goal: Goal) -> Generator[Model]:
    """The model as an attack sees it: evaluating, and its first answer compared with the goal, before any loss is."""
    check_goal(goal)
    check_place(model, x)
    checked = False

    def forward(z: Tensor) -> Tensor:
        nonlocal checked
        if checked:
            return model(z)
        out = answer(model, z)
        if z.requires_grad and not out.requires_grad:
            raise ValueError(
                "the model's answer has no gradient with respect to its input: no_grad, detach or argmax inside the "
                "model cut it, or it is an oracle; attacks by score or decision need no gradient"
            )
        goal.check(out)
        check_no_nan(out)
        checked = True
        return out

    with evaluating(model), torch.enable_grad():
        yield forward


def check_place(model: Model, x: Tensor) -> None:
    """Raise a ValueError that says what to move where the model, a network, and x are not on one device."""
    weight = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    if weight is not None and weight.device != x.device:
        raise _elsewhere(weight, x)


def _elsewhere(weight: Tensor, x: Tensor) -> ValueError:
    return ValueError(
        f"x is on {x.device}, the model is on {weight.device}: use x.to({str(weight.device)!r}) or model.to(x.device)"
    )


def check_goal(goal: Goal) -> None:
    """Raise a TypeError that says what was meant where the goal is none: labels, say, or a class without brackets."""
    _check_role("goal", goal, "score", "Untargeted(y), or Targeted(t) for a class of the attacker's choice")


def check_roles(goal: Goal, threat: Threat) -> None:
    """Raise a TypeError that says what was meant where goal and threat are not what their places are for."""
    if hasattr(goal, "around") and hasattr(threat, "score"):
        raise TypeError(f"goal has no score; got {goal!r}: the goal comes before the threat, they are swapped")
    check_goal(goal)
    _check_role("threat", threat, "around", "Linf(eps), L2(eps), L1(eps) or Unbounded()")


def _check_role(place: str, given: object, method: str, wanted: str) -> None:
    if isinstance(given, type):
        raise TypeError(f"{place} is the class {given.__name__} itself: it needs its brackets, as in {wanted}")
    if not hasattr(given, method):
        found = "a tensor" if isinstance(given, Tensor) else repr(given)
        raise TypeError(f"{place} has no {method}; got {found}: use {wanted}")


def check_steps(threat: Threat, steps: int, step_size: float) -> None:
    """Raise for steps that are no steps; warn where the far end of the ball is out of reach."""
    if steps < 0 or not 0 <= step_size < math.inf:
        raise ValueError(
            f"steps and step_size must be >= 0 and finite; got steps={steps}, step_size={step_size}: "
            "the goal decides the direction"
        )
    if steps * step_size < threat.eps * (1 - 1e-6) and math.isfinite(threat.eps):
        warnings.warn(
            f"steps * step_size = {steps * step_size:g} < eps = {threat.eps:g}: the far end of the ball cannot be "
            f"reached; use step_size >= {threat.eps / max(steps, 1):g} or more steps",
            stacklevel=4,  # check_steps, the attack, its inference_mode wrapper, the caller
        )
