"""The check for `top_three(logits)`: the three largest probabilities of every row and their classes, largest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..forms import tensor
from ..interview import Interview
from ..spec import Case, Formula, Questions, Spec, like, same, seen
from ..verdict import NOT_ATTEMPTED, Finding, Verdict, number
from ..words import words

SAY = words(__file__)
K = 3

Tops = tuple[Tensor, Tensor]  # probabilities and classes, [B, 3] each


def pair(value: object, args: tuple) -> Tensor:
    """Two tensors [B, 3], probabilities and classes, read as one [2, B, 3]."""
    if value is None:
        SAY.fail("returns-none")
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        SAY.fail("no-pair", kind=type(value).__name__)
    if any(part is ... for part in value):
        raise Finding(
            Verdict(NOT_ATTEMPTED, "not-attempted", "A gap is still open. Fill it in and run the cell again.")
        )
    one = tensor(lambda args: (len(args[0]), K), "three numbers for each row")
    return torch.stack([one(part, args) for part in value])


def _softmax(logits: Tensor, dim: int = 1) -> Tensor:
    e = (logits.double() - logits.double().amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def largest(score: Callable[[Tensor], Tensor], descending: bool = True) -> Formula:
    """The three classes of the largest scores, or of the smallest, and these scores."""

    def formula(logits: Tensor) -> Tops:
        p = score(logits.double())
        order = p.argsort(1, descending=descending)[:, :K]
        return p.gather(1, order), order

    return formula


def right(logits: Tensor) -> Tensor:
    return torch.stack(largest(_softmax)(logits))


def _shared(logits: Tensor) -> Tops:
    p, classes = right(logits)
    return p / p.sum(1, keepdim=True), classes


def _in_class_order(logits: Tensor) -> Tops:
    classes = right(logits)[1].long().sort(1).values
    return _softmax(logits).gather(1, classes), classes


def _from_one(logits: Tensor) -> Tops:
    p, classes = right(logits)
    return p, classes + 1


def _from_the_second(logits: Tensor) -> Tops:
    p = _softmax(logits)
    order = p.argsort(1, descending=True)[:, 1 : K + 1]
    return p.gather(1, order), order


def _at_another_temperature(found: Tensor, logits: Tensor) -> bool:
    """The right classes, and the probabilities of the logits times one number."""
    top = logits.double().gather(1, right(logits)[1].long())
    if found[0].min() <= 0 or not same(found[1], right(logits)[1]):
        return False
    scale = float((found[0, 0, 0] / found[0, 0, 1]).log() / (top[0, 0] - top[0, 1]))
    return same(found[0], largest(_softmax)(scale * logits)[0])


MISTAKES = {
    "classes-first": like(lambda logits: (*right(logits).flip(0),)),
    "counts-from-one": like(_from_one),
    "no-softmax": like(largest(lambda a: a)),
    "log-probabilities": like(largest(lambda a: _softmax(a).log())),
    "sigmoid": like(largest(torch.sigmoid)),
    "softmax-over-the-batch": like(largest(lambda a: _softmax(a, 0))),
    "softmax-over-everything": like(largest(lambda a: _softmax(a.reshape(1, -1)).view(a.shape))),
    "softmax-twice": like(largest(lambda a: _softmax(_softmax(a)))),
    "no-exponential": like(largest(lambda a: a / a.sum(1, keepdim=True))),
    "first-columns": like(lambda logits: (_softmax(logits)[:, :K], torch.arange(K).expand(len(logits), K))),
    "exponentials": like(largest(torch.exp)),
    "shared-among-three": like(_shared),
    "per-cent": like(lambda logits: (100 * right(logits)[0], right(logits)[1])),
    "rounded": like(*(lambda logits, n=n: (right(logits)[0].round(decimals=n), right(logits)[1]) for n in (1, 2, 3))),
    "first-row-for-all": like(lambda logits: (*right(logits)[:, :1].expand(-1, len(logits), -1),)),
    "another-base": like(largest(lambda a: _softmax(a * math.log(2))), largest(lambda a: _softmax(a / 2))),
    "skips-the-best": like(_from_the_second),
    "of-absolute-values": like(largest(lambda a: _softmax(a.abs()))),
    "of-minus-the-logits": like(largest(lambda a: _softmax(-a))),
    "smallest": like(largest(_softmax, descending=False)),
    "ascending": like(lambda logits: (*right(logits).flip(2),)),
    "in-class-order": like(_in_class_order),
    "adds-up": like(lambda logits: (right(logits)[0].cumsum(1), right(logits)[1])),
    "one-minus": like(lambda logits: (1 - right(logits)[0], right(logits)[1])),
    "other-temperature": seen(_at_another_temperature),
    "wrong-probabilities": seen(lambda found, logits: same(found[1], right(logits)[1])),
    "wrong-classes": seen(lambda found, logits: same(found[0], right(logits)[0])),
}


def cases() -> Iterator[Case]:
    logits = rows()
    yield Case((logits,), "wrong-value", mistakes=MISTAKES)
    yield Case((logits[:1],), "wrong-elsewhere", "a single row")
    yield Case((logits[:, :K],), "wrong-elsewhere", "three classes")
    yield Case((logits + 200,), "wrong-elsewhere", "logits that are all 200 higher", told={"nan": "overflows"})
    yield Case((logits.double(),), "wrong-elsewhere", "float64")
    yield Case((-3 * logits - 1,), "wrong-elsewhere", "negative logits")


def rows() -> Tensor:
    """Six rows of seven classes, every number another one; no class's largest is a row's largest throughout."""
    draw = torch.Generator().manual_seed(3)
    return (torch.randperm(42, generator=draw).view(6, 7) - 20) / 8


def _numbers(found: Tensor, logits: Tensor) -> dict:
    wanted = right(logits)
    return {
        "largest": found[0].max(),
        "smallest": found[0].min(),
        "total": found[0, 0].sum(),
        "first": ", ".join(map(number, found[0, 0])),
        "classes": ", ".join(str(int(c)) for c in found[1, 0]),
        "best": int(found[1, 0, 0]),
        "right_best": int(wanted[1, 0, 0]),
        "p": found[0, 0, 0],
        "right_p": wanted[0, 0, 0],
    }


def names_three_classes(ask: Interview) -> None:
    """Also where all probabilities but one are 0 in float32; which of those come next is nobody's business."""
    try:
        p, classes = ask(200 * rows())
    except Finding as found:
        if found.verdict.diagnosis == "nan":
            SAY.fail("infinite-mark")
        raise
    for row in classes.int().tolist():
        if len({*row}) < K:
            twice = "one-class-twice" if p.min() >= 0 else "strikes-out-equals"
            SAY.fail(twice, classes=", ".join(map(str, row)), least=p.min())
    if not same(p, right(200 * rows())[0]):
        SAY.fail("wrong-elsewhere", where="logits that are far apart")


check_top_three = Questions(SAY, (Spec(SAY, right, cases, _numbers), names_three_classes))
