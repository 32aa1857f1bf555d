"""The check for `to_sixteen(probabilities, members)`: a category's probability is the mean of its members'."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like, seen
from ..words import words

Members = dict[str, list[int]]


def _each(value: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Members], Tensor]:
    def formula(p: Tensor, members: Members) -> Tensor:
        return torch.stack([value(p.double()[:, list(ks)]) for ks in members.values()], 1)

    return formula


right = _each(lambda part: part.mean(1))
_SUM = _each(lambda part: part.sum(1))


def _one_category_each(p: Tensor, members: Members) -> Tensor:
    """Of the categories that a class is in, the last one counts."""
    last = {k: name for name, ks in members.items() for k in ks}
    return right(p, {name: [k for k in ks if last[k] == name] for name, ks in members.items()})


def _one_category_each_of_all(p: Tensor, members: Members) -> Tensor:
    """The same, divided by all members all the same."""
    last = {k: name for name, ks in members.items() for k in ks}
    return _SUM(p, {name: [k for k in ks if last[k] == name] for name, ks in members.items()}) / _sizes(members)


def _first_decides(p: Tensor, members: Members) -> Tensor:
    return _SUM(torch.nn.functional.one_hot(p.argmax(1), p.shape[1]), members)


def _by_name(p: Tensor, members: Members) -> Tensor:
    return right(p, dict(sorted(members.items())))


def _sizes(members: Members) -> Tensor:
    return torch.tensor([len(ks) for ks in members.values()]).double()


def _adds_up(p: Tensor, members: Members) -> Tensor:
    return _SUM(p, members).cumsum(1) / _sizes(members).cumsum(0)


MISTAKES = {
    "sum": like(_SUM),
    "max": like(_each(lambda part: part.amax(1))),
    "median": like(_each(lambda part: part.quantile(0.5, dim=1)), _each(lambda part: part.median(1).values)),
    "geometric-mean": like(_each(lambda part: part.log().mean(1).exp())),
    "mean-of-logarithms": like(
        _each(lambda part: part.log().mean(1)),
        _each(lambda part: part.mean(1).log()),
        _each(lambda part: part.sum(1).log()),
    ),
    "first-member": like(_each(lambda part: part[:, 0])),
    "best-class-first": like(
        _first_decides, lambda p, members: right(torch.nn.functional.one_hot(p.argmax(1), p.shape[1]), members)
    ),
    "divides-by-all": like(lambda p, members: _SUM(p, members) / p.shape[1]),
    "divides-by-categories": like(lambda p, members: _SUM(p, members) / len(members)),
    "off-by-one": like(
        _each(lambda part: part.sum(1) / (part.shape[1] + 1)),
        _each(lambda part: part.sum(1) / max(1, part.shape[1] - 1)),
    ),
    "leaves-one-out": like(
        _each(lambda part: part[:, 1:].mean(1) if part.shape[1] > 1 else part[:, 0]),
        _each(lambda part: part[:, :-1].mean(1) if part.shape[1] > 1 else part[:, 0]),
    ),
    "from-first-to-last": like(
        lambda p, members: right(p, {name: [*range(min(ks), max(ks) + 1)] for name, ks in members.items()})
    ),
    "min": like(_each(lambda part: part.amin(1))),
    "divides-by-root": like(_each(lambda part: part.sum(1) / part.shape[1] ** 0.5)),
    "mean-over-the-batch": like(lambda p, members: right(p, members).mean(0, keepdim=True).expand(len(p), -1)),
    "first-for-all": like(lambda p, members: right(p, members)[:1].expand(len(p), -1)),
    "per-cent": like(lambda p, members: 100 * right(p, members)),
    "rounded": like(*(lambda p, members, n=n: right(p, members).round(decimals=n) for n in (1, 2, 3))),
    "renormalised": like(
        lambda p, members: right(p, members) / right(p, members).sum(1, keepdim=True),
        lambda p, members: _SUM(p, members) / _SUM(p, members).sum(1, keepdim=True),
    ),
    "multiplies": like(_each(lambda part: part.prod(1)), _each(lambda part: 1 - (1 - part).prod(1))),
    "softmax-again": like(
        lambda p, members: right(p, members).softmax(1), lambda p, members: right(p.softmax(1), members)
    ),
    "rows-for-columns": like(lambda p, members: right(p, members).T.reshape(len(p), -1)),
    "adds-up": like(_adds_up, lambda p, members: _SUM(p, members).cumsum(1) / _sizes(members)),
    "one-divisor-for-all": like(
        *(lambda p, members, of=of: _SUM(p, members) / of(_sizes(members)) for of in (torch.mean, torch.max, torch.sum))
    ),
    "counts-from-one": like(lambda p, members: right(p.roll(1, 1), members)),
    "sorted-by-name": like(_by_name),
    "one-row-for-all": seen(lambda found, p, members: torch.equal(found, found[:1].expand_as(found))),
}


def cases() -> Iterator[Case]:
    p, members = answers(), groups()
    yield Case((p, members), "wrong-value", mistakes=MISTAKES)
    yield Case((p, dict(reversed(members.items()))), "wrong-elsewhere", "the categories in another order")
    yield Case((p[:1], members), "wrong-elsewhere", "a single image")
    two = {"all": list(range(12)), "last": [11]}
    one = {"one-category-each": like(_one_category_each, _one_category_each_of_all)}
    yield Case((p, two), "wrong-elsewhere", "two other categories, one of them with every class", mistakes=one)
    yield Case((p.double(), members), "wrong-elsewhere", "float64")


def groups() -> Members:
    """Four categories of 1, 2, 3 and 5 of twelve classes; one class is nobody's."""
    return {"knife": [7], "elephant": [2, 9], "cat": [0, 4, 11], "dog": [1, 3, 5, 8, 10]}


def answers() -> Tensor:
    """Five distributions over twelve classes; class 6, nobody's, is the most probable of the first."""
    raw = 2 * torch.randn(5, 12, generator=torch.Generator().manual_seed(8))
    raw[0, 6] = 4
    return raw.softmax(1)


def _numbers(found: Tensor, p: Tensor, members: Members) -> dict:
    wanted = right(p, members)
    return {
        "five": found[0, -1],
        "right": wanted[0, -1],
        "one": found[0, 0],
        "total": found[0].sum(),
        "row": found[0],
    }


check_to_sixteen = Spec(words(__file__), right, cases, _numbers)
