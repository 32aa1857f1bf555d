"""The check for `top_three(logits)`: the three largest probabilities of every row and their classes, largest first."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..forms import tensor
from ..interview import Interview
from ..mistakes import WrongFormula, same
from ..verdict import NOT_ATTEMPTED, Finding, Verdict, fail, number

K = 3


def pair(value: object, args: tuple) -> Tensor:
    """Two tensors [B, 3], probabilities and classes, read as one [2, B, 3]."""
    if value is None:
        fail("returns-none", "It returned None.", "Is there a return line, and has what it returns been computed?")
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        fail(
            "no-pair",
            f"It returned a thing of type {type(value).__name__}.",
            "Two tensors are wanted, the probabilities and the classes, in this order.",
        )
    if any(part is ... for part in value):
        raise Finding(
            Verdict(NOT_ATTEMPTED, "not-attempted", "A gap is still open. Fill it in and run the cell again.")
        )
    one = tensor(lambda args: (len(args[0]), K), "three numbers for each row")
    return torch.stack([one(part, args) for part in value])


def check_top_three(ask: Interview) -> str:
    logits = rows()
    found = ask(logits)
    if not _agree(found, right(logits)):
        _explain(found, logits)
    for other, where in (
        (logits[:1], "a single row"),
        (logits[:, :K], "three classes"),
        (logits + 200, "logits that are all 200 higher"),
        (logits.double(), "float64"),
        (-3 * logits - 1, "negative logits"),
    ):
        if not _agree(ask(other), right(other)):
            fail("wrong-elsewhere", f"Right for ordinary logits, not for {where}.", "What changes in that case?")
    return "The three most probable classes of every row, with their probabilities, the largest first."


def rows() -> Tensor:
    """Six rows of seven classes, every number another one; no class's largest is a row's largest throughout."""
    draw = torch.Generator().manual_seed(3)
    return (torch.randperm(42, generator=draw).view(6, 7) - 20) / 8


def right(logits: Tensor) -> Tensor:
    return _largest(logits, _softmax)


def _softmax(logits: Tensor, dim: int = 1) -> Tensor:
    e = (logits.double() - logits.double().amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def _largest(logits: Tensor, score: Callable[[Tensor], Tensor]) -> Tensor:
    p = score(logits)
    order = p.argsort(1, descending=True)[:, :K]
    return torch.stack([p.gather(1, order), order.double()])


def _agree(a: Tensor, b: Tensor) -> bool:
    return same(a, b)


def _shared(logits: Tensor) -> Tensor:
    top = right(logits)
    return torch.stack([top[0] / top[0].sum(1, keepdim=True), top[1]])


def _ascending(logits: Tensor) -> Tensor:
    return right(logits).flip(2)


def _smallest(logits: Tensor) -> Tensor:
    p = _softmax(logits)
    order = p.argsort(1)[:, :K]
    return torch.stack([p.gather(1, order), order.double()])


def _by_class(logits: Tensor) -> Tensor:
    p, classes = _softmax(logits), right(logits)[1].long().sort(1).values
    return torch.stack([p.gather(1, classes), classes.double()])


_ROWS = "Every row is one image, every column a class: over which of the two do probabilities add up to 1?"

WRONG_TOPS = (
    WrongFormula(
        "no-softmax",
        "The classes are right, but the numbers run up to {largest} and are the logits themselves.",
        "What turns logits into probabilities?",
        lambda a: _largest(a, torch.Tensor.double),
    ),
    WrongFormula(
        "log-probabilities",
        "The classes are right, but the numbers are negative, down to {smallest}.",
        "Are these probabilities, or their logarithms?",
        lambda a: _largest(a, lambda b: _softmax(b).log()),
    ),
    WrongFormula(
        "sigmoid",
        "The numbers of the first row add up to {total}, more than 1.",
        "A sigmoid asks every class by itself: what makes classes compete?",
        lambda a: _largest(a, lambda b: torch.sigmoid(b.double())),
    ),
    WrongFormula(
        "softmax-over-the-batch",
        "The probabilities of an image change with the other images of the batch.",
        _ROWS,
        lambda a: _largest(a, lambda b: _softmax(b, 0)),
    ),
    WrongFormula(
        "softmax-over-everything",
        "The probabilities of all rows together add up to 1, not those of each.",
        _ROWS,
        lambda a: _largest(a, lambda b: _softmax(b.reshape(1, -1)).view(b.shape)),
    ),
    WrongFormula(
        "softmax-twice",
        "The classes are right, but the first row's three probabilities are {first}, nearly even.",
        "How often do your logits go through a softmax?",
        lambda a: _largest(a, lambda b: _softmax(_softmax(b))),
    ),
    WrongFormula(
        "exponentials",
        "The numbers of the first row add up to {total}, more than 1.",
        "The exponentials are positive, as probabilities are: what is missing for them to add up to 1?",
        lambda a: _largest(a, lambda b: b.double().exp()),
    ),
    WrongFormula(
        "shared-among-three",
        "The three probabilities of each row add up to 1, as if there were no other class.",
        "The classes that are not shown are probable too: over how many does your softmax run?",
        _shared,
    ),
    WrongFormula(
        "smallest",
        "The classes of the first row are {classes}, its least probable ones.",
        "Which end of the order is the top?",
        _smallest,
    ),
    WrongFormula(
        "ascending",
        "The right three classes, but the least probable of them comes first.",
        "In which direction does your sorting run?",
        _ascending,
    ),
    WrongFormula(
        "in-class-order",
        "The right three classes, in the order of their numbers.",
        "The most probable one is to come first: what is sorted by what?",
        _by_class,
    ),
)


def _explain(found: Tensor, logits: Tensor) -> None:
    wanted = right(logits)
    if same(found.flip(0), wanted):
        fail("classes-first", "The classes come first and their probabilities second.", "Which order was asked for?")
    if same(found[1], wanted[1] + 1):
        fail("counts-from-one", "Every class number is one too large.", "What number does the first class have?")
    numbers = {
        "largest": number(found[0].max()),
        "smallest": number(found[0].min()),
        "total": number(found[0, 0].sum()),
        "first": ", ".join(map(number, found[0, 0])),
        "classes": ", ".join(str(int(c)) for c in found[1, 0]),
    }
    for wrong in WRONG_TOPS:
        if same(found, wrong.formula(logits)):
            fail(wrong.diagnosis, wrong.seen.format(**numbers), wrong.look.format(**numbers))
    if same(found[1], wanted[1]):
        fail(
            "wrong-probabilities",
            f"The classes are right, the first probability is {number(found[0, 0, 0])} where "
            f"{number(wanted[0, 0, 0])} is right.",
            "Are the probabilities taken from the places you found?",
        )
    if same(found[0], wanted[0]):
        fail(
            "wrong-classes",
            f"The probabilities are right, the classes of the first row are {numbers['classes']}.",
            "Each probability belongs to a column of the logits: which one?",
        )
    fail(
        "wrong-value",
        f"The first row's best is class {int(found[1, 0, 0])} with {number(found[0, 0, 0])}; "
        f"class {int(wanted[1, 0, 0])} with {number(wanted[0, 0, 0])} is right.",
        "Compute one row of the small case by hand.",
    )
