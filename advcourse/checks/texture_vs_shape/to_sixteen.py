"""The check for `to_sixteen(probabilities, members)`: a category's probability is the mean of its members'."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number

Members = dict[str, list[int]]


def check_to_sixteen(ask: Interview) -> str:
    p, members = answers(), groups()
    found = ask(p, members)
    if not same(found, right(p, members)):
        _explain(found, p, members)
    backwards = dict(reversed(members.items()))
    for other, table, where in (
        (p, backwards, "the categories in another order"),
        (p[:1], members, "a single image"),
        (p, {"all": list(range(12)), "last": [11]}, "two other categories, one of them with every class"),
        (p.double(), members, "float64"),
    ):
        if not same(ask(other, table), right(other, table)):
            fail("wrong-elsewhere", f"Right for four categories of twelve classes, not for {where}.", "What differs?")
    return "Each category gets the mean of its members, in the order of the dict, however many they are."


def right(p: Tensor, members: Members) -> Tensor:
    return _each(lambda part: part.mean(1))(p, members)


def groups() -> Members:
    """Four categories of 1, 2, 3 and 5 of twelve classes; one class is nobody's."""
    return {"knife": [7], "elephant": [2, 9], "cat": [0, 4, 11], "dog": [1, 3, 5, 8, 10]}


def answers() -> Tensor:
    """Five distributions over twelve classes; class 6, nobody's, is the most probable of the first."""
    raw = 2 * torch.randn(5, 12, generator=torch.Generator().manual_seed(8))
    raw[0, 6] = 4
    return raw.softmax(1)


def _each(value: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Members], Tensor]:
    def formula(p: Tensor, members: Members) -> Tensor:
        return torch.stack([value(p.double()[:, list(ks)]) for ks in members.values()], 1)

    return formula


_MEAN = _each(lambda part: part.mean(1))


def _first_decides(p: Tensor, members: Members) -> Tensor:
    best = torch.nn.functional.one_hot(p.argmax(1), p.shape[1])
    return _each(lambda part: part.sum(1))(best, members)


def _shifted(p: Tensor, members: Members) -> Tensor:
    return _MEAN(p.roll(1, 1), members)


def _by_name(p: Tensor, members: Members) -> Tensor:
    return _MEAN(p, dict(sorted(members.items())))


WRONG_MAPPINGS = (
    WrongFormula(
        "sum",
        "The category of five classes got {five} where its mean is {right}: five times as much.",
        "Dogs have 109 classes of the 1000, knives one: who wins a guess that knows nothing, if members add up?",
        _each(lambda part: part.sum(1)),
    ),
    WrongFormula(
        "max",
        "The category of five classes got {five}, its largest member; its mean is {right}.",
        "The more members, the larger the largest of them: what treats categories of all sizes alike?",
        _each(lambda part: part.amax(1)),
    ),
    WrongFormula(
        "median",
        "The category of five classes got {five} where {right} is right.",
        "The median forgets how sure the network is of the one right breed: what was asked for?",
        _each(lambda part: part.quantile(0.5, dim=1)),
    ),
    WrongFormula(
        "geometric-mean",
        "The category of five classes got {five} where {right} is right.",
        "A mean of logarithms is ruled by the least probable member: what is averaged here?",
        _each(lambda part: part.log().mean(1).exp()),
    ),
    WrongFormula(
        "mean-of-logarithms",
        "The answers are negative: {five} for the category of five classes.",
        "Are these probabilities, or their logarithms?",
        _each(lambda part: part.log().mean(1)),
    ),
    WrongFormula(
        "first-member",
        "The category of five classes got {five}, the probability of its first member.",
        "What about the other members?",
        _each(lambda part: part[:, 0]),
    ),
    WrongFormula(
        "best-class-first",
        "The answers are only zeros and ones: each image's most probable class was looked up in the categories.",
        "The best of all classes may be in no category at all, and a category may win by several: what comes first?",
        _first_decides,
    ),
    WrongFormula(
        "divides-by-all",
        "The category of five classes got {five} where {right} is right.",
        "How many members does the category have, and by how many do you divide?",
        lambda p, members: _each(lambda part: part.sum(1))(p, members) / p.shape[1],
    ),
    WrongFormula(
        "divides-by-categories",
        "The category of five classes got {five} where {right} is right.",
        "How many members does the category have, and by how many do you divide?",
        lambda p, members: _each(lambda part: part.sum(1))(p, members) / len(members),
    ),
    WrongFormula(
        "renormalised",
        "The first row adds up to {total}, though the means do not.",
        "Only the order of the categories matters for a decision: return the plain means.",
        lambda p, members: _MEAN(p, members) / _MEAN(p, members).sum(1, keepdim=True),
    ),
    WrongFormula(
        "softmax-again",
        "The first row is nearly even, from {low} to {high}.",
        "The probabilities have been through a softmax already: what does a second one do to them?",
        lambda p, members: _MEAN(p, members).softmax(1),
    ),
    WrongFormula(
        "counts-from-one",
        "The category of a single class got {one}, the probability of the class before.",
        "The members are places that count from 0: where does yours begin?",
        _shifted,
    ),
    WrongFormula(
        "sorted-by-name",
        "The columns are right, but in alphabetical order.",
        "Which order do the categories have in the dict?",
        _by_name,
    ),
)


def _explain(found: Tensor, p: Tensor, members: Members) -> None:
    wanted = right(p, members)
    numbers = {
        "five": number(found[0, 3]),
        "right": number(wanted[0, 3]),
        "one": number(found[0, 0]),
        "total": number(found[0].sum()),
        "low": number(found[0].min()),
        "high": number(found[0].max()),
    }
    refuse(found, WRONG_MAPPINGS, lambda formula: formula(p, members), **numbers)
    fail(
        "wrong-value",
        f"The first row's categories got {', '.join(map(number, found[0]))}; "
        f"{', '.join(map(number, wanted[0]))} is right.",
        "Take the small case and compute one column by hand.",
    )
