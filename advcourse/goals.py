"""What the attacker wants. A goal scores the model's outputs and attacks *climb* it: the sign lives here, once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """l(x, y) = -a_y + log sum_k exp a_k for every sample: logits [B, K], y [B] -> [B].

    The sum over exponentials is shifted by its largest term, so that no logit overflows.
    """
    return F.cross_entropy(logits, y, reduction="none")


def margin(logits: Tensor, y: Tensor) -> Tensor:
    """max_{k != y} a_k - a_y for every sample: positive exactly where class y loses. logits [B, K], y [B] -> [B].

    It never saturates: scaling the logits scales its gradient, where the cross entropy of a confident model has none.
    """
    others = logits.scatter(1, y[:, None], -torch.inf).amax(1)
    return others - logits.gather(1, y[:, None]).squeeze(1)


Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Untargeted:
    """Any class but y [B], the true one: climb the loss of y."""

    y: Tensor
    loss: Loss = cross_entropy

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, K] -> [B]."""
        return self.loss(out, self.y)

    def reached(self, out: Tensor) -> Tensor:
        """Where the model no longer answers y: out [B, K] -> [B] bool."""
        return out.argmax(1) != self.y

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless every sample of x has one label, on its device: to be asked before indexing."""
        check_labels(self.y, len(x), "y")
        _check_device(self.y, x, "y", "x is")

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out and y do not fit together."""
        _check_outputs(out, self.y, "y")

    def __getitem__(self, index: Tensor) -> "Untargeted":
        """The same goal for some of the samples, also repeated."""
        return replace(self, y=self.y[index])


@dataclass(frozen=True, eq=False)
class Targeted:
    """The class t [B], chosen by the attacker: descend its loss, that is climb its negative."""

    t: Tensor
    loss: Loss = cross_entropy

    def score(self, out: Tensor) -> Tensor:
        """What the attack climbs: out [B, K] -> [B]."""
        return -self.loss(out, self.t)

    def reached(self, out: Tensor) -> Tensor:
        """Where the model answers t: out [B, K] -> [B] bool."""
        return out.argmax(1) == self.t

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless every sample of x has one label, on its device: to be asked before indexing."""
        check_labels(self.t, len(x), "t")
        _check_device(self.t, x, "t", "x is")

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out and t do not fit together."""
        _check_outputs(out, self.t, "t")

    def __getitem__(self, index: Tensor) -> "Targeted":
        """The same goal for some of the samples, also repeated."""
        return replace(self, t=self.t[index])


Goal = Untargeted | Targeted


def check_labels(labels: Tensor, samples: int, name: str = "y") -> None:
    """Raise a ValueError unless labels is an integer tensor with one label a sample."""
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        found = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        fix = "give the class of every sample" if labels is None else f"use torch.as_tensor({name}).long()"
        raise ValueError(f"{name} must be an int64 tensor of class indices; got {found}: {fix}")
    if labels.ndim != 1 or len(labels) != samples:
        raise ValueError(
            f"{name} must hold one label for each of the {samples} samples, shape [{samples}]; "
            f"got {list(labels.shape)}. A single image needs a batch dimension: x[None] with y of shape [1]"
        )


def _check_device(labels: Tensor, other: Tensor, name: str, what: str) -> None:
    if labels.device != other.device:
        raise ValueError(
            f"{name} is on {labels.device}, {what} on {other.device}: use {name}.to({str(other.device)!r})"
        )


def _check_outputs(out: Tensor, labels: Tensor, name: str) -> None:
    if not isinstance(out, Tensor):
        raise ValueError(
            f"the model must return one tensor of logits [B, K]; got {type(out).__name__}: return the logits alone"
        )
    if out.ndim != 2 or out.shape[1] < 2:
        raise ValueError(f"the model must return logits [B, K] with at least two classes; got {list(out.shape)}")
    check_labels(labels, len(out), name)
    _check_device(labels, out, name, "the logits are")
    if not len(out):
        return
    low, high = (int(v) for v in labels.aminmax())
    if low < 0 or high >= out.shape[1]:
        raise ValueError(f"{name} must lie in 0..{out.shape[1] - 1}, the classes of the model; found {low}..{high}")
    if out.detach().min() >= 0 and bool(((out.detach().sum(1) - 1).abs() < 1e-4).all()):
        raise ValueError(
            "the model returned probabilities (every row is >= 0 and sums to 1); attacks need logits, because the "
            "gradient of a confident softmax is zero: drop the model's last softmax"
        )
