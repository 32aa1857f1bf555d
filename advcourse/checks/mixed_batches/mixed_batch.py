"""The check for `mixed_batch(model, x, y, attack, share)`: the first k of m images replaced by attacked ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..closed_forms import logits
from ..forms import like_first_tensor
from ..spec import Case, Sign, Spec, like, seen
from ..words import words
from .rehearsal import SHARE, attack, attacked_with, batch, resting

SAY = words(__file__, "rehearsal")


def as_many_as_before(value: object, args: tuple) -> Tensor:
    """Images like the ones given; a batch that has grown by the attacked ones has a finding of its own."""
    _, x, _, _, share = args
    grown = len(x) + round(share * len(x))
    if isinstance(value, Tensor) and value.shape[1:] == x.shape[1:] and share == 1 and len(value) > len(x):
        SAY.fail("rest-of-none", m=len(x), grown=len(value))
    if isinstance(value, Tensor) and value.shape[1:] == x.shape[1:] and len(value) == grown > len(x):
        SAY.fail("appended", m=len(x), share=share, grown=grown)
    return like_first_tensor(value, args)


def mixed(model: nn.Module, x: Tensor, y: Tensor, attack: Callable[..., Tensor], share: float) -> Tensor:
    k = round(share * len(x))
    return torch.cat([attacked_with(x[:k], y[:k]), x[k:]])


def _first(k: int, x: Tensor, z: Tensor) -> Tensor:
    return torch.cat([z[:k], x[k:]])


def _guessed(model, x: Tensor, y: Tensor, attack, share: float) -> Tensor:
    return mixed(model, x, logits(model, x).argmax(1), attack, share)


def _labels_of_the_last(model, x: Tensor, y: Tensor, attack, share: float) -> Tensor:
    k = round(share * len(x))
    return _first(k, x, attacked_with(x[:k], y[len(y) - k :]))


def _behind(model, x: Tensor, y: Tensor, attack, share: float) -> Tensor:
    k = round(share * len(x))
    return torch.cat([x[k:], attacked_with(x[:k], y[:k])])


def _last_in_front(model, x: Tensor, y: Tensor, attack, share: float) -> Tensor:
    k = len(x) - round(share * len(x))
    return torch.cat([attacked_with(x[k:], y[k:]), x[:k]])


def _change_alone(model, x: Tensor, y: Tensor, attack, share: float) -> Tensor:
    return _first(round(share * len(x)), x, attacked_with(x, y) - x)


def _counts(fits: Callable[[int, int, int, float], bool]) -> Sign:
    """Every image is clean or attacked with its own label, and n of them are attacked: fits(n, k, m, share)."""

    def sign(z: Tensor, model, x: Tensor, y: Tensor, attack, share: float) -> bool:
        attacked, clean = ~_off(z, attacked_with(x, y)), ~_off(z, x)
        return bool((attacked | clean).all()) and fits(int(attacked.sum()), round(share * len(x)), len(x), share)

    return seen(sign)


MISTAKES = {
    "unchanged": like(lambda model, x, y, attack, share: x.clone()),
    "attacks-all": like(lambda model, x, y, attack, share: attacked_with(x, y)),
    "attacks-the-rest": _counts(lambda n, k, m, share: n == m - k != k),
    "rounds-down": _counts(lambda n, k, m, share: n in (math.floor(share * m), math.ceil(share * m)) and n != k),
    "wrong-number": _counts(lambda n, k, m, share: n != k),
    "other-rows": _counts(lambda n, k, m, share: True),
    "predicted-labels": like(_guessed),
    "labels-of-others": like(_labels_of_the_last),
    "changes-the-order": like(_behind, _last_in_front),
    "change-alone": like(_change_alone),
}


UP = {"rounds-up": _counts(lambda n, k, m, share: n == math.ceil(share * m))}


EIGHT = {"batch-of-eight": _counts(lambda n, k, m, share: n == round(8 * share))}


def cases() -> Iterator[Case]:
    yield Case((*batch(), attack, SHARE), "wrong-value", mistakes=MISTAKES)
    yield Case((*batch(), attack, 0.4), "wrong-elsewhere", "a share of 0.4, 3.2 images,", mistakes=UP)
    yield Case((*batch(), attack, 0.0), "wrong-elsewhere", "a share of 0")
    yield Case((*batch(), attack, 1.0), "wrong-elsewhere", "a share of 1")
    yield Case((*resting(7), attack, 0.2), "wrong-elsewhere", "a batch of 7", mistakes=EIGHT)
    yield Case((*batch(dtype=torch.float64), attack, SHARE), "wrong-elsewhere", "float64")


def _numbers(z: Tensor, model, x: Tensor, y: Tensor, attack, share: float) -> dict:
    attacked = ~_off(z, attacked_with(x, y))
    k, places = round(share * len(x)), attacked.nonzero().flatten().tolist()
    return {
        "m": len(x),
        "k": k,
        "share_of_m": share * len(x),
        "share_asked": share,
        "attacked": len(places),
        "off": int(_off(z, mixed(model, x, y, attack, share)).sum()),
        "which": "the last ones" if places == [*range(len(x) - k, len(x))] else "others",
    }


def _off(z: Tensor, wanted: Tensor) -> Tensor:
    """Which images differ, [m]."""
    return ((z - wanted).abs() > 1e-4).flatten(1).any(1)


check_mixed_batch = Spec(SAY, mixed, cases, _numbers)
