"""Whether a gradient flows through an answer: an attack or a training goes on with what has a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .forms import Form, stripped
from .spec import Case, Formula, Spec
from .words import general_words

SAY = general_words("flow")


def with_slopes(form: Form, to: str) -> Form:
    """As `form`; but where arguments want a gradient, that of the answer's weighed sum, one after the other.

    `to` says in words what these arguments are.
    """

    def read(value: object, args: tuple) -> Tensor:
        answer, wanting = form(value, args), _wanting(args)
        if not wanting:
            return answer
        assert isinstance(value, Tensor)
        return _slopes(stripped(value), wanting, to)

    return read


def it_flows(right: Formula, args: Callable[[], Sequence[object]], *wanting: int, to: str) -> Spec:
    """The question, after those about values, whether the arguments at these places get the gradient they should.

    `to` says in words what they are.
    """

    def slopes(*args: object) -> Tensor:
        return _slopes(right(*args), _wanting(args), "")

    def cases() -> list[Case]:
        told = [
            a.detach().clone().requires_grad_() if i in wanting and isinstance(a, Tensor) else a
            for i, a in enumerate(args())
        ]
        return [Case(tuple(told), "other-gradient", to, told={"raises": "raises-with-a-gradient"})]

    return Spec(SAY, slopes, cases, meant=("attached",))


def _wanting(args: Sequence[object]) -> list[Tensor]:
    return [a for a in args if isinstance(a, Tensor) and a.requires_grad]


def _slopes(value: Tensor, wanting: list[Tensor], to: str) -> Tensor:
    """Of the entries' sum, weighed by 1, 2, 3 and so on so that no two of them count alike."""
    found: Sequence[Tensor | None] = [None]
    if value.requires_grad:
        weights = torch.arange(1, value.numel() + 1).view(value.shape).double()
        found = torch.autograd.grad((value.double() * weights).sum(), wanting, allow_unused=True)
    if all(slope is None for slope in found):
        SAY.fail("no-gradient", to=to)
    rows = [torch.zeros_like(a) if slope is None else slope for slope, a in zip(found, wanting)]
    return torch.cat([row.double().flatten() for row in rows])
