"""The check for `robustness_table(networks, x, y, attack, radii)`: who is left of the samples, network by network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..interview import Interview
from ..verdict import fail, number
from .scouts import Scout

RADII = [0.0, 0.05, 0.1, 0.2]
CARELESS = (3, 4, 8, 9, 19)


class Threshold(nn.Module):
    """Says class 1 above a threshold: x [B, 1] -> logits [B, 2]."""

    def __init__(self, at: float):
        super().__init__()
        self.at = nn.Parameter(torch.tensor(at))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.at - x, x - self.at], 1)


@dataclass(frozen=True, eq=False)
class Trial:
    """Points on a line, classes 0 and 1, and networks that cut it at different places."""

    cuts: tuple[float, ...] = (0.5, 0.62, 0.3)
    radii: tuple[float, ...] = tuple(RADII)

    @property
    def x(self) -> Tensor:
        """No point's distance from a cut is a radius, up to rounding."""
        return (torch.arange(20)[:, None] / 20 + 0.013).float()

    @property
    def y(self) -> Tensor:
        y = (self.x[:, 0] > 0.5).long()
        y[[2, 11]] = 1 - y[[2, 11]]  # who is wrong from the start
        return y

    @property
    def networks(self) -> list[nn.Module]:
        return [Threshold(at).eval() for at in self.cuts]

    @property
    def attack(self) -> Scout:
        return Scout(self.x, self.y, (self.x[:, 0] > self.cuts[0]).long(), _toward)

    def right(self, cut: float, eps: float, victim: float | None = None) -> Tensor:
        """Who is right at this radius; attacked is what the victim, this network if none is named, is afraid of."""
        z = _moved(self.x, self.y, cut if victim is None else victim, eps)
        return ((z[:, 0] > cut).long() == self.y) & (eps >= 0)

    def table(self, row: Callable[[Tensor], Tensor]) -> Tensor:
        """A number for each network and radius; row turns flags [radii, N] into them."""
        return torch.stack([row(torch.stack([self.right(c, e) for e in self.radii])) for c in self.cuts])


def _moved(x: Tensor, y: Tensor, cut: float, eps: float) -> Tensor:
    """Each point across the cut and no farther, by at most eps; beyond eps 0.15 the attack is careless with some."""
    across = torch.where(
        y == 1,
        torch.maximum(x[:, 0] - eps, torch.minimum(x[:, 0], torch.tensor(cut - 0.01))),
        torch.minimum(x[:, 0] + eps, torch.maximum(x[:, 0], torch.tensor(cut + 0.01))),
    )
    careless = (eps > 0.15) & torch.isin((20 * x[:, 0]).long(), torch.tensor(CARELESS))
    return torch.where(careless, x[:, 0], across)[:, None]


def _toward(model: nn.Module, x: Tensor, labels: Tensor, threat) -> Tensor:
    eps = getattr(threat, "eps", None)
    if eps is None:
        fail(
            "radius-is-no-threat",
            f"The attack was handed a {type(threat).__name__} as its threat.",
            "It wants a set with that radius: which object of the library is the l_inf ball?",
        )
    if 0 < eps < 0.01:
        fail(
            "grey-levels",
            f"The attack was handed the radius {number(eps)}; those asked for are {min(RADII[1:])} and more.",
            "In which unit are the radii given?",
        )
    if type(threat).__name__ != "Linf":
        fail("other-norm", f"The attack was handed {type(threat).__name__}.", "Which norm was asked for?")
    return _moved(x, labels, float(model.at.detach()), float(eps))


def kept(flags: Tensor) -> Tensor:
    """A sample that has fallen at one radius stays fallen at all larger ones."""
    return flags.long().cumprod(0).bool()


def of(trial: Trial) -> Tensor:
    return trial.table(lambda flags: kept(flags).double().mean(1))


_NESTED = "A point of the smaller ball lies in the larger one: what does a success at 0.1 say about 0.2?"


@dataclass(frozen=True)
class WrongTable:
    diagnosis: str
    table: Callable[[Trial], Tensor]
    seen: str
    look: str


WRONG_TABLES = (
    WrongTable(
        "forgets-the-fallen",
        lambda t: t.table(lambda f: f.double().mean(1)),
        "At the largest radius more samples are left than at the one before.",
        _NESTED,
    ),
    WrongTable(
        "keeps-the-survivors",
        lambda t: t.table(lambda f: f.double().mean(1).flip(0).cummax(0).values.flip(0)),
        "At a small radius no fewer samples are left than at the largest one, where the attack is careless.",
        _NESTED,
    ),
    WrongTable(
        "smallest-share-so-far",
        lambda t: t.table(lambda f: f.double().mean(1).cummin(0).values),
        "Shares never rise, but samples that fell at a smaller radius are counted again where others fell.",
        "Is it the share or the single sample that cannot recover?",
    ),
    WrongTable(
        "counts-the-fooled",
        lambda t: 1 - of(t),
        "The shares grow with the radius.",
        "Whose share is wanted: of those that stand, or of those that fell?",
    ),
    WrongTable(
        "transfers",
        lambda t: torch.stack(
            [kept(torch.stack([t.right(c, e, t.cuts[0]) for e in t.radii])).double().mean(1) for c in t.cuts]
        ),
        "The first row is right; the others look as if they had been attacked with the first network's examples.",
        "Against which network is each attack made?",
    ),
    WrongTable(
        "first-network-only",
        lambda t: of(t)[:1].expand(len(t.cuts), -1),
        "All rows are that of the first network.",
        "Which network is asked in the inner loop?",
    ),
    WrongTable(
        "last-network-only",
        lambda t: of(t)[-1:].expand(len(t.cuts), -1),
        "All rows are that of the last network.",
        "Which network is asked in the inner loop?",
    ),
    WrongTable(
        "rows-in-reverse",
        lambda t: of(t).flip(0),
        "The rows are in reverse order.",
        "Which row belongs to which network?",
    ),
    WrongTable(
        "columns-in-reverse",
        lambda t: of(t).flip(1),
        "The columns are in reverse order.",
        "Which column belongs to which radius?",
    ),
    WrongTable(
        "only-of-the-right",
        lambda t: of(t) / of(t)[:, :1],
        "Every row starts with 1, although each network is wrong about clean samples.",
        "Of how many samples is the share wanted?",
    ),
    WrongTable(
        "clean-everywhere",
        lambda t: of(t)[:, :1].expand(-1, len(t.radii)),
        "All columns are the clean accuracy.",
        "Is the answer asked for at the attacked samples, and does the radius reach the attack?",
    ),
    WrongTable(
        "one-radius",
        lambda t: t.table(lambda f: f[-1].double().mean().expand(len(f))),
        "All columns are that of the largest radius.",
        "Which radius does the attack get in the inner loop?",
    ),
    WrongTable(
        "counts", lambda t: len(t.y) * of(t), "These are numbers of samples.", "Of how many: a share is wanted."
    ),
    WrongTable(
        "in-per-cent",
        lambda t: 100 * of(t),
        "The entries run up to a hundred.",
        "A share is wanted: what multiplies it?",
    ),
)


def check_robustness_table(ask: Interview) -> str:
    _compare(_ask(ask, Trial()), Trial())
    for trial, where in (
        (Trial(cuts=(0.44,)), "a single network"),
        (Trial(radii=(0.1,)), "a single radius"),
        (Trial(radii=(0.03, 0.6)), "radii 0.03 and 0.6"),
    ):
        answer = _ask(ask, trial)
        if not _same(answer, of(trial)):
            off = number((answer - of(trial)).abs().max())
            fail("wrong-elsewhere", f"Off by up to {off} with {where}.", "What is special about that case?")
    return "Each network is attacked by itself at each radius, and whoever has fallen stays down."


def _ask(ask: Interview, trial: Trial) -> Tensor:
    return ask(trial.networks, trial.x, trial.y, trial.attack, list(trial.radii))


def _compare(answer: Tensor, trial: Trial) -> None:
    if _same(answer, of(trial)):
        return
    for wrong in WRONG_TABLES:
        if _same(answer, wrong.table(trial)):
            fail(wrong.diagnosis, wrong.seen, wrong.look)
    off = (answer - of(trial)).abs()
    fail(
        "wrong-value",
        f"{int((off > 1e-6).sum())} of {off.numel()} entries differ, by up to {number(off.max())}.",
        "Take one network and one radius, and count by hand who is left.",
    )


def _same(a: Tensor, b: Tensor) -> bool:
    return bool(((a - b).abs() <= 1e-6 * (1 + b.abs())).all())
