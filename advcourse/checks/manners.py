"""Did a call leave the model and its arguments as they were?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Breach = tuple[str, dict]  # a diagnosis and the numbers of its sentence


@dataclass(frozen=True)
class ModelBefore:
    """What a model looked like before a call."""

    weights: dict[str, Tensor]
    buffers: dict[str, Tensor]
    grads: dict[str, Tensor | None]
    trainable: dict[str, bool]
    modes: dict[str, bool]


def network(argument: object) -> nn.Module | None:
    """What of an argument can be remembered: a network, or all of a list of them as one."""
    several = isinstance(argument, list) and bool(argument) and all(isinstance(one, nn.Module) for one in argument)
    one = nn.ModuleList(argument) if several else argument
    return one if isinstance(one, nn.Module) else None


def remember(model: nn.Module) -> ModelBefore:
    parameters = dict(model.named_parameters())
    return ModelBefore(
        weights={name: p.detach().clone() for name, p in parameters.items()},
        buffers={name: b.clone() for name, b in model.named_buffers()},
        grads={name: None if p.grad is None else p.grad.clone() for name, p in parameters.items()},
        trainable={name: p.requires_grad for name, p in parameters.items()},
        modes={name: module.training for name, module in model.named_modules()},
    )


def breaches_of_model(before: ModelBefore, model: nn.Module) -> Iterator[Breach]:
    """Everything a call changed about a model, the most harmful first."""
    after = remember(model)
    flipped = [name for name, training in after.modes.items() if training != before.modes.get(name)]
    if flipped:
        went, came = ("training", "evaluation") if after.modes[flipped[0]] else ("evaluation", "training")
        yield "flips-mode", {"came": came, "went": went, "flipped": len(flipped), "n": len(after.modes)}
    if changed := _changed(before.weights, after.weights):
        yield "changes-weights", {"changed": changed, "n": len(after.weights)}
    if changed := _changed(before.buffers, after.buffers):
        yield "changes-buffers", {"changed": changed}
    if changed := sum(flag != before.trainable.get(name) for name, flag in after.trainable.items()):
        yield "freezes-weights", {"changed": changed, "n": len(after.trainable)}
    changed = [grad for name, grad in after.grads.items() if not _same_gradient(before.grads.get(name), grad)]
    if any(grad is not None and grad.any() for grad in changed):
        yield "fills-model-grads", {"changed": len(changed), "n": len(after.grads)}
    elif changed:
        yield "erases-grads", {}


def breaches_of_input(before: Tensor, after: Tensor) -> Iterator[Breach]:
    """Everything a call left behind on a tensor argument, apart from its values."""
    if after.requires_grad != before.requires_grad:
        yield "leaves-requires-grad", {"shape": [*after.shape], "flag": after.requires_grad}
    if after.is_leaf and not _same_gradient(before.grad, after.grad):
        yield "fills-input-grad", {"shape": [*after.shape]}


def same(a: Tensor | list, b: Tensor | list) -> bool:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        return type(a) is type(b) and bool(a == b)
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)


def _changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> int:
    return sum(name not in before or not same(before[name], value) for name, value in after.items())


def _same_gradient(before: Tensor | None, after: Tensor | None) -> bool:
    # A gradient of zeros adds nothing to anybody's step: as good as none.
    if before is None or after is None:
        return all(grad is None or not grad.any() for grad in (before, after))
    return same(before, after)
