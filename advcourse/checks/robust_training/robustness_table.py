"""The check for `robustness_table(networks, x, y, attack, radii)`: who is left of the samples, network by network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..spec import Case, Formula, Spec, like
from ..words import words
from .scouts import Labels, Scout

SAY = words(__file__, "scouts")

RADII = (0.0, 0.05, 0.1, 0.2)
MENDS = 0.09  # at this radius the attack does the opposite: every mistake is repaired
CARELESS = (3, 4, 8, 9, 19)


class Threshold(nn.Module):
    """Says class 1 above a threshold: x [B, 1] -> logits [B, 2]."""

    def __init__(self, at: float):
        super().__init__()
        self.at = nn.Parameter(torch.tensor(at))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.at - x, x - self.at], 1)


class Linf(NamedTuple):
    """All that the attack looks for in a threat, its name included."""

    eps: float


def asked(*radii: float, cuts: tuple[float, ...] = (0.5, 0.62, 0.3)) -> tuple:
    """Points on a line, classes 0 and 1, and networks that cut it at different places.

    No point's distance from a cut is a radius, up to rounding.
    """
    x = (torch.arange(20)[:, None] / 20 + 0.013).float()
    y = (x[:, 0] > 0.5).long()
    y[[2, 11]] = 1 - y[[2, 11]]  # who is wrong from the start
    return [Threshold(at).eval() for at in cuts], x, y, Scout(x, y, _toward), list(radii)


def _toward(model: Threshold, x: Tensor, labels: Tensor, threat) -> Tensor:
    """Each point across the cut and no farther, by at most eps; beyond eps 0.15 the attack is careless with some."""
    eps = getattr(threat, "eps", None)
    if eps is None:
        SAY.fail("radius-is-no-threat", kind=type(threat).__name__)
    if 0 < eps < 0.01:
        SAY.fail("grey-levels", eps=float(eps), least=min(RADII[1:]))
    if type(threat).__name__ != "Linf":
        SAY.fail("other-norm", kind=type(threat).__name__)
    at = model.at.detach()
    if eps == MENDS:
        return torch.where(labels == 1, torch.maximum(x[:, 0], at + 0.01), torch.minimum(x[:, 0], at - 0.01))[:, None]
    across = torch.where(
        labels == 1,
        torch.maximum(x[:, 0] - eps, torch.minimum(x[:, 0], at - 0.01)),
        torch.minimum(x[:, 0] + eps, torch.maximum(x[:, 0], at + 0.01)),
    )
    careless = torch.isin((20 * x[:, 0]).long(), torch.tensor(CARELESS)) if eps > 0.15 else labels > 1
    return torch.where(careless, x[:, 0], across)[:, None]


# Flags [radii, N], who is right at each radius -> a number for each radius.
Row = Callable[[Tensor], Tensor]


def _flags(model: nn.Module, x, y, attack, radii, victim: nn.Module | None = None) -> Tensor:
    attacked = (attack(victim or model, x, Labels(y), Linf(eps)) for eps in radii)
    return torch.stack([model(z).argmax(1) == y for z in attacked])


def rows(row: Row) -> Formula:
    """A row for each network, attacked by itself."""
    return lambda networks, *rest: torch.stack([row(_flags(model, *rest)) for model in networks])


def kept(flags: Tensor) -> Tensor:
    """A sample that has fallen at one radius stays fallen at all larger ones."""
    return flags.long().cumprod(0).bool()


def _shares(flags: Tensor) -> Tensor:
    return flags.double().mean(1)


def left(flags: Tensor) -> Tensor:
    """The right row."""
    return _shares(kept(flags))


def _transferred(networks, *rest) -> Tensor:
    return torch.stack([left(_flags(model, *rest, victim=networks[0])) for model in networks])


def _never_attacked(networks, x, y, attack, radii) -> Tensor:
    return torch.stack([(model(x).argmax(1) == y).double().mean().expand(len(radii)) for model in networks])


def _first_row_alone(networks, *rest) -> Tensor:
    """The other rows stay zero."""
    table = rows(left)(networks[:1], *rest)
    return torch.cat([table, torch.zeros(len(networks) - 1, table.shape[1])])


def _never_starts_anew(networks, *rest) -> Tensor:
    """Who fell with one network is missing with all that follow."""
    return left(torch.cat([_flags(model, *rest) for model in networks])).view(len(networks), -1)


def _unchanged(networks, x, y, attack, radii) -> Tensor:
    """Whose answer is that at the clean sample, right or wrong."""
    attacked = [[model(attack(model, x, Labels(y), Linf(eps))).argmax(1) for eps in radii] for model in networks]
    return torch.stack([left(torch.stack(said) == model(x).argmax(1)) for model, said in zip(networks, attacked)])


def _and_the_one_before(flags: Tensor) -> Tensor:
    return _shares(flags & torch.cat([flags[:1], flags[:-1]]))


def _of_those_before(flags: Tensor) -> Tensor:
    shares = left(flags)
    return torch.cat([shares[:1], shares[1:] / shares[:-1]])


MISTAKES = {
    "forgets-the-fallen": like(rows(_shares)),
    "keeps-the-survivors": like(rows(lambda flags: _shares(flags).flip(0).cummax(0).values.flip(0))),
    "falls-beforehand": like(rows(lambda flags: _shares(kept(flags.flip(0)).flip(0)))),
    "smallest-share-so-far": like(rows(lambda flags: _shares(flags).cummin(0).values)),
    "counts-the-fooled": like(rows(lambda flags: 1 - left(flags)), rows(lambda flags: left(~flags))),
    "unchanged-answers": like(_unchanged),
    "transfers": like(_transferred),
    "first-network-only": like(lambda networks, *rest: rows(left)([networks[0]] * len(networks), *rest)),
    "last-network-only": like(lambda networks, *rest: rows(left)([networks[-1]] * len(networks), *rest)),
    "never-starts-anew": like(_never_starts_anew),
    "rows-in-reverse": like(lambda networks, *rest: rows(left)(networks[::-1], *rest)),
    "columns-in-reverse": like(rows(lambda flags: left(flags).flip(0))),
    "only-of-the-right": like(rows(lambda flags: left(flags) / left(flags)[:1])),
    "only-of-those-before": like(rows(_of_those_before)),
    "falls-just-here": like(rows(lambda flags: left(torch.cat([torch.ones_like(flags[:1]), flags])).diff().neg())),
    "remembers-one-radius": like(rows(_and_the_one_before)),
    "rises-again": like(rows(lambda flags: _shares(flags.long().cummax(0).values.bool()))),
    "first-row-alone": like(_first_row_alone),
    "nobody-falls": like(rows(lambda flags: torch.ones(len(flags)))),
    "clean-everywhere": like(_never_attacked, rows(lambda flags: left(flags)[:1].expand(len(flags)))),
    "one-radius": like(rows(lambda flags: _shares(flags)[-1:].expand(len(flags)))),
    "one-radius-late": like(
        rows(lambda flags: left(torch.cat([torch.ones_like(flags[:1]), flags[:-1]]))),
        rows(lambda flags: left(torch.cat([flags[:1], flags[:-1]]))),
    ),
    "counts": like(rows(lambda flags: kept(flags).sum(1))),
    "in-per-cent": like(rows(lambda flags: 100 * left(flags))),
    "rounded": like(rows(lambda flags: left(flags).round(decimals=1))),
}


def _clean_first(networks, x, y, attack, radii) -> Tensor:
    """Whoever is wrong without any attack never stands."""
    flags = [torch.cat([(m(x).argmax(1) == y)[None], _flags(m, x, y, attack, radii)]) for m in networks]
    return torch.stack([left(one)[1:] for one in flags])


CLEAN_FIRST = {"asks-about-clean": like(_clean_first)}


def cases() -> Iterator[Case]:
    # At two of the other radii the attack is careless: who fell at 0.1 has time to be forgotten. And none is zero.
    also = (asked(0.05, 0.1, 0.2, 0.27),)
    yield Case(asked(*RADII), "wrong-value", also=also, mistakes=MISTAKES)
    yield Case(asked(*RADII, cuts=(0.44,)), "wrong-elsewhere", "a single network")
    yield Case(asked(0.1), "wrong-elsewhere", "a single radius")
    yield Case(asked(MENDS, 0.1), "wrong-elsewhere", "an attack that mends mistakes", mistakes=CLEAN_FIRST)
    yield Case(asked(0.03, 0.6), "wrong-elsewhere", "radii 0.03 and 0.6")


check_robustness_table = Spec(SAY, rows(left), cases, tolerance=1e-6)
