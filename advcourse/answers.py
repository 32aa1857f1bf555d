"""What a model answers, and whether it fits the inputs and the labels: asked alike by attacks, measurements and losses.

A message says what was given, what is needed and the likely fix.
"""

from collections.abc import Mapping

import torch
from torch import Tensor


def check_kept(out: Tensor, z: Tensor) -> None:
    """Raise a ValueError unless out is one tensor with an answer for each of the inputs z [B, ...]."""
    check_tensor(out)
    if not out.ndim or len(out) != len(z):
        raise ValueError(
            f"the model returned {len(out) if out.ndim else 1} answers, shape {list(out.shape)}, for {len(z)} inputs, "
            f"shape {list(z.shape)}: it must keep the batch dimension"
        )


def check_tensor(out: object) -> None:
    """Raise a ValueError that says where the logits are unless out is one tensor."""
    if not isinstance(out, Tensor):
        raise ValueError(
            f"the model must return one tensor of logits [B, K]; got {type(out).__name__}: return the logits alone"
            + _tensor_in(out)
        )


def check_logits(out: Tensor) -> None:
    """Raise a ValueError unless out holds logits [B, K] of at least two classes."""
    check_tensor(out)
    if out.ndim == 2 and out.shape[1] > 1:
        return
    single = out[:, None] if out.ndim == 1 else out
    z = "z" if out.ndim == 2 else "z[:, None]"
    fix = (
        f": with one logit z a sample, two classes are the logits 0 and z, torch.cat([torch.zeros_like({z}), {z}], 1); "
        "a number that is no logit needs measure.absolute_error, or a goal of its own, see goals.Goal"
    )
    raise ValueError(
        f"the model must return logits [B, K] with at least two classes; got {list(out.shape)}"
        + (fix if single.shape[1:] == (1,) else "")
    )


def check_classes(out: Tensor, labels: Tensor, name: str = "y") -> None:
    """Raise a ValueError unless out holds logits [B, K], and the labels [B] classes in 0..K-1 on the same device."""
    check_logits(out)
    check_labels(labels, len(out), name)
    check_device(labels, out, name, "the logits are")
    if not len(out):
        return
    low, high = (int(v) for v in labels.aminmax())
    if low < 0 or high >= out.shape[1]:
        raise ValueError(f"{name} must lie in 0..{out.shape[1] - 1}, the classes of the model; found {low}..{high}")


def check_numbers(out: Tensor, y: Tensor) -> None:
    """Raise a ValueError unless out and y hold one number a sample, both [B]: otherwise each meets every other."""
    if not isinstance(y, Tensor) or out.ndim != 1 or out.shape != y.shape:
        found = list(y.shape) if isinstance(y, Tensor) else type(y).__name__
        column = [name for name, v in (("model", out), ("y", y)) if isinstance(v, Tensor) and v.shape[1:] == (1,)]
        cures = {"model": "let the model end in .squeeze(1), or in nn.Flatten(0)", "y": "use y.squeeze(1)"}
        raise ValueError(
            f"the model and y must hold one number a sample, both [B]; got {list(out.shape)} and {found}: "
            + (" and ".join(cures[name] for name in column) or "give one number for each input")
        )


def check_no_nan(out: Tensor) -> None:
    """Raise a ValueError where a sample's answer holds NaN, which is neither right nor wrong."""
    if len(out) and bool(out.isnan().any()):
        lost = int(out.isnan().flatten(1).any(1).sum()) if out.ndim > 1 else int(out.isnan().sum())
        raise ValueError(f"the model answered NaN for {lost} of {len(out)} samples: look at its weights and at x")


def check_labels(labels: Tensor, samples: int, name: str = "y") -> None:
    """Raise a ValueError unless labels is an integer tensor with one label a sample."""
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        found = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"{name} must be an int64 tensor of class indices; got {found}: {_as_classes(labels, name)}")
    if labels.ndim != 1 or len(labels) != samples:
        fix = (
            "A single image needs a batch dimension: x[None] with y of shape [1]"
            if labels.ndim != 2
            else f"Use {name}.squeeze(1)"
            if labels.shape[1] == 1
            else f"One-hot rows become classes by {name}.argmax(1)"
        )
        raise ValueError(
            f"{name} must hold one label for each of the {samples} samples, shape [{samples}]; "
            f"got {list(labels.shape)}. {fix}"
        )


def check_device(labels: Tensor, other: Tensor, name: str, what: str) -> None:
    """Raise a ValueError unless both tensors are on one device."""
    if labels.device != other.device:
        raise ValueError(
            f"{name} is on {labels.device}, {what} on {other.device}: use {name}.to({str(other.device)!r})"
        )


def _as_classes(labels: object, name: str) -> str:
    """How what is no int64 tensor becomes one."""
    if labels is None:
        return "give the class of every sample"
    if isinstance(labels, Tensor) and labels.is_floating_point():
        if labels.ndim == 2 and labels.shape[1] > 1:
            return f"one-hot or soft labels become classes by {name}.argmax(1), the likeliest of each row"
        if bool((labels != labels.round()).any()):
            return "fractions are no classes; a number that is to be changed needs a goal of its own, see goals.Goal"
    return f"use torch.as_tensor({name}).long()"


def _tensor_in(out: object) -> str:
    """How to get the logits out of a dictionary, a tuple or a record: what is called so, else the first tensor."""
    parts = {f"[{i}]": v for i, v in enumerate(out)} if isinstance(out, tuple | list) else {}
    parts |= {f".{k}": v for k, v in getattr(out, "__dict__", {}).items()}
    parts |= {f"[{k!r}]": v for k, v in out.items()} if isinstance(out, Mapping) else {}
    tensors = [how for how, v in parts.items() if isinstance(v, Tensor)]
    how = next((how for how in tensors if "logits" in how), next(iter(tensors), ""))
    return how and f", as lambda z: model(z){how} does"
