"""How a model is asked: in evaluation mode, with frozen weights, and its answers compared with the goal.

Whoever asks puts every module back as it was, also when the model raises midway.
"""

import math
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from advcourse.goals import Goal
from advcourse.threats import Threat

Model = Callable[[Tensor], Tensor]  # inputs [B, ...] -> answers [B, ...]; most often an nn.Module
Trace = Callable[[Tensor], object]  # is fed with every iterate
Attack = Callable[[Model, Tensor, Goal, Threat], Tensor]
Adversary = Callable[[Model, Tensor, Goal], Tensor]  # its threat is settled: partial(fgsm, threat=Linf(0.1))


def ignore(*_: object) -> None:
    """The trace that keeps nothing."""


@contextmanager
def evaluating(model: Model) -> Generator[None]:
    """The model in evaluation mode with frozen weights; every module's mode and every weight's flag put back after."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    training = [m for m in modules if m.training]
    learning = [p for p in model.parameters() if p.requires_grad] if isinstance(model, nn.Module) else []
    try:
        for m in training:
            m.training = False
        for p in learning:
            p.requires_grad_(False)
        yield
    finally:
        for m in training:
            m.training = True
        for p in learning:
            p.requires_grad_(True)


def predicted(model: Model, x: Tensor) -> Tensor:
    """The class the model thinks most likely, argmax_y p(y|x): [B, ...] -> [B]."""
    with evaluating(model), torch.no_grad():
        return model(x).argmax(1)


def least_likely(model: Model, x: Tensor) -> Tensor:
    """The class the model thinks least likely, argmin_y p(y|x), the lecture's target: [B, ...] -> [B]."""
    with evaluating(model), torch.no_grad():
        return model(x).argmin(1)


@contextmanager
def attacking(model: Model, x: Tensor, goal: Goal) -> Generator[Model]:
    """The model as an attack sees it: evaluating, and its first answer compared with the goal, before any loss is."""
    weight = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    if weight is not None and weight.device != x.device:
        raise ValueError(
            f"x is on {x.device}, the model is on {weight.device}: "
            f"use x.to({str(weight.device)!r}) or model.to(x.device)"
        )
    checked = False

    def forward(z: Tensor) -> Tensor:
        nonlocal checked
        out = model(z)
        if not checked:
            _check_answer(z, out)
            goal.check(out)
            checked = True
        return out

    with evaluating(model), torch.enable_grad():
        yield forward


def _check_answer(z: Tensor, out: Tensor) -> None:
    if not isinstance(out, Tensor):
        return  # the goal knows what it needs
    if out.ndim and len(out) != len(z):
        raise ValueError(
            f"the model returned {len(out)} answers, shape {list(out.shape)}, for {len(z)} inputs, "
            f"shape {list(z.shape)}: it must keep the batch dimension"
        )
    if z.requires_grad and not out.requires_grad:
        raise ValueError(
            "the model's answer has no gradient with respect to its input: no_grad, detach or argmax inside the model "
            "cut it, or it is an oracle; attacks by score or decision need no gradient"
        )


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
