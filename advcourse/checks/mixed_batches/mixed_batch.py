"""The check for `mixed_batch(model, x, y, attack, share)`: the first k of m images replaced by attacked ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..forms import like_first_tensor
from ..interview import Interview
from ..models import Case
from ..verdict import fail
from .rehearsal import SHARE, attack, batch, told


def as_many_as_before(value: object, args: tuple) -> Tensor:
    """Images like the ones given; a batch that has grown by the attacked ones has a finding of its own."""
    _, x, _, _, share = args
    grown = len(x) + round(share * len(x))
    if isinstance(value, Tensor) and value.shape[1:] == x.shape[1:] and len(value) == grown > len(x):
        fail(
            "appended",
            f"Of {len(x)} images and a share of {share} it makes a batch of {grown}.",
            "On the slide the attacked ones come on top, in the paper they take the place of clean ones: which here?",
        )
    return like_first_tensor(value, args)


def check_mixed_batch(ask: Interview) -> str:
    _compare(ask, batch(), SHARE)
    for case, share, where in (
        (batch(), 0.4, "a share of 0.4 (3.2 images)"),
        (batch(), 0.0, "a share of 0"),
        (batch(), 1.0, "a share of 1"),
        (batch(7), 0.3, "a batch of 7"),
        (batch(dtype=torch.float64), SHARE, "float64"),
    ):
        wrong = _off(_ask(ask, case, share), mixed(case, share))
        if wrong.any():
            fail(
                "wrong-elsewhere",
                f"Right for 8 images and a share of {SHARE}, but for {where} {int(wrong.sum())} images are off.",
                "How many images should be attacked there, and what does your code make of that number?",
            )
    return "As many as the share says are replaced, the first ones, attacked with their own labels; the others stay."


def mixed(case: Case, share: float) -> Tensor:
    k = round(share * len(case.x))
    return torch.cat([told(case.x[:k], case.y[:k]), case.x[k:]])


def _ask(ask: Interview, case: Case, share: float) -> Tensor:
    return ask(case.model, case.x, case.y, attack, share)


def _compare(ask: Interview, case: Case, share: float) -> None:
    z, wanted = _ask(ask, case, share), mixed(case, share)
    if not _off(z, wanted).any():
        return
    x, y, m = case.x, case.y, len(case.x)
    guess, k = case.logits(x).argmax(1), round(share * m)
    everybody = told(x, y)
    attacked, clean = ~_off(z, everybody), ~_off(z, x)
    if clean.all():
        fail("unchanged", "All images came back clean.", "What happens to what the attack returns?")
    if attacked.all():
        fail(
            "attacks-all",
            f"All {m} images were attacked.",
            "That is the batch of another training method: what does the share say?",
        )
    if (attacked | clean).all():
        _refuse_rows(attacked, k, share, m)
    if not _off(z, torch.cat([told(x[:k], guess[:k]), x[k:]])).any():
        fail(
            "predicted-labels",
            f"The first {k} images were attacked with the predictions of the network as labels.",
            "A good idea that comes later in this unit: whose labels are asked for here?",
        )
    if not _off(z, torch.cat([told(x[:k], y[-k:]), x[k:]])).any():
        fail(
            "labels-of-others",
            f"The first {k} images were attacked with the labels of the last {k}.",
            "Images and labels have to be cut at the same place.",
        )
    if not _off(z, torch.cat([x[k:], everybody[:k]])).any() or not _off(z, torch.cat([everybody[-k:], x[:-k]])).any():
        fail(
            "changes-the-order",
            "The right number of images is attacked, but they stand at other places than their labels.",
            "The labels y are not handed back: which image does the first label belong to now?",
        )
    if not _off(z, torch.cat([everybody[:k] - x[:k], x[k:]])).any():
        fail(
            "change-alone",
            f"The first {k} rows hold the change that the attack made, not the attacked images.",
            "What does an attack return?",
        )
    fail(
        "wrong-value",
        f"{int(_off(z, wanted).sum())} of {m} images are neither clean nor attacked with their own label as asked.",
        "Print for each image how far it moved, and by what.",
    )


def _refuse_rows(attacked: Tensor, k: int, share: float, m: int) -> None:
    """Every image is clean or attacked with its own label, but not the right ones are."""
    n, places = int(attacked.sum()), attacked.nonzero().flatten().tolist()
    if n == m - k and n != k:
        fail(
            "attacks-the-rest",
            f"{n} of {m} images were attacked, {k} stayed clean.",
            "The share is that of the attacked ones.",
        )
    if n == math.floor(share * m) or n == math.ceil(share * m) != k:
        fail(
            "rounds-down",
            f"{n} of {m} images were attacked at a share of {share}, which are {share * m:.2g} images.",
            "What does turning a float into an integer do, and which whole number is nearest?",
        )
    if n != k:
        fail(
            "wrong-number",
            f"{n} of {m} images were attacked at a share of {share}.",
            "How many images are that share of the batch?",
        )
    where = "the last ones" if places == list(range(m - k, m)) else "others"
    fail(
        "other-rows",
        f"The right number of images was attacked, {where} instead of the first.",
        "Any would do for training; here the first are asked for, so that a check can know them.",
    )


def _off(z: Tensor, wanted: Tensor) -> Tensor:
    """Which images differ, [m]."""
    return ((z - wanted).abs() > 1e-4).flatten(1).any(1)
