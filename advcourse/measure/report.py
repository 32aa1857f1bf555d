"""What an evaluation found out, sample by sample: a value that prints itself as a short table."""

import html
import textwrap
from dataclasses import dataclass

from torch import Tensor

from advcourse.measure.shares import wilson
from advcourse.threats import Threat

BAR = (("certified", "#009E73"), ("not known", "#FFFFFF"), ("fooled", "#D55E00"), ("wrong when clean", "#767676"))


@dataclass(frozen=True)
class Stage:
    """One attack of an evaluation: how many samples it was shown and fooled, and what that cost.

    A forward is one sample answered, a backward one gradient of one sample's answer; seconds are by the clock.
    """

    name: str
    shown: int
    fooled: int
    forwards: int
    backwards: int
    seconds: float


@dataclass(frozen=True)
class Finding:
    """A line of the sanity report: what was looked at, whether that is as it should be, the number, and what to do.

    `sound` is None where the question could not be put.
    """

    name: str
    sound: bool | None
    found: str
    cure: str

    def __str__(self) -> str:
        verdict = {True: "ok", False: "ALARM", None: "-"}[self.sound]
        return f"{verdict:<6}{self.name:<16}{self.found}" + (f": {self.cure}" if self.sound is False else "")


@dataclass(frozen=True, eq=False)
class Report:
    """Robustness between two bounds, for N samples: certified <= robust <= attacked.

    right [N]: answered with the true class when clean. survived [N]: right, and fooled by no attack. bound [N]: proven
    to be fooled by nothing in the set, or None where no bound is known, and `why`. taken_by [N]: the number of the
    stage that fooled the sample, -1 where none did. z [N, ...]: the point that fooled it, elsewhere x.
    """

    threat: Threat
    right: Tensor
    survived: Tensor
    taken_by: Tensor
    z: Tensor
    bound: Tensor | None
    why: str
    stages: tuple[Stage, ...]
    sanity: tuple[Finding, ...]
    seconds: float

    @property
    def n(self) -> int:
        """How many samples."""
        return len(self.right)

    @property
    def clean(self) -> float:
        """Share of samples answered rightly without any attack."""
        return _share(self.right)

    @property
    def robust(self) -> float:
        """Share of samples that are right and that no attack fooled: robust accuracy is at most this."""
        return _share(self.survived)

    @property
    def certified(self) -> float | None:
        """Share of samples that nothing in the set fools: robust accuracy is at least this; None if unknown."""
        return None if self.bound is None else _share(self.bound)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of `robust`, for samples drawn as these were."""
        return _interval(self.survived)

    @property
    def clean_interval(self) -> tuple[float, float]:
        """95 % Wilson interval of `clean`."""
        return _interval(self.right)

    @property
    def certified_interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval of `certified`, None if that is unknown."""
        return None if self.bound is None else _interval(self.bound)

    @property
    def forwards(self) -> int:
        """Samples answered by the model, all attacks together."""
        return sum(stage.forwards for stage in self.stages)

    @property
    def backwards(self) -> int:
        """Gradients of one sample's answer, all attacks together."""
        return sum(stage.backwards for stage in self.stages)

    @property
    def alarms(self) -> tuple[str, ...]:
        """The names of the sanity lines that say the number is not to be trusted."""
        return tuple(finding.name for finding in self.sanity if finding.sound is False)

    def __str__(self) -> str:
        certified = f"no bound known ({self.why})"
        if self.bound is not None:
            certified = _row(self.bound)
        lines = [
            f"{self.threat}, {self.n} samples",
            f"  clean             {_row(self.right)}",
            f"  robust, at most   {_row(self.survived)}",
            f"  robust, at least  {certified}",
            "  attack            shown  fooled  forwards  backwards  seconds",
            *(
                f"  {s.name:<17}{s.shown:>6}{s.fooled:>8}{s.forwards:>10}{s.backwards:>11}{s.seconds:>9.2f}"
                for s in self.stages
            ),
            f"  {'all':<17}{self.n:>6}{self._fooled():>8}{self.forwards:>10}{self.backwards:>11}{self.seconds:>9.2f}",
            *(f"  {finding}" for finding in self.sanity if finding.sound is False),
        ]
        for title, sound in (("as it should be", True), ("not asked", None)):
            names = ", ".join(finding.name for finding in self.sanity if finding.sound is sound)
            if names:
                lines += textwrap.wrap(f"{title}: {names}", 88, initial_indent="  ", subsequent_indent="    ")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """What a notebook shows: one bar of all samples, and the table."""
        proven = min(self.certified or 0.0, self.robust)
        widths = (proven, self.robust - proven, self.clean - self.robust, 1 - self.clean)
        told = ", ".join(f"{name} {width:.1%}" for (name, _), width in zip(BAR, widths))
        inside = "".join(f'<div style="width:{w:.2%};background:{paint}"></div>' for (_, paint), w in zip(BAR, widths))
        frame = "display:flex;height:1em;max-width:40em;border:1px solid #767676"
        bar = f'<div role="img" aria-label="{told}" style="{frame}">{inside}</div>'
        return f"{bar}<div>{told}</div><pre>{html.escape(str(self))}</pre>"

    def _fooled(self) -> int:
        return int((self.taken_by >= 0).sum())


def _share(those: Tensor) -> float:
    return int(those.sum()) / len(those) if len(those) else 0.0


def _interval(those: Tensor) -> tuple[float, float]:
    return wilson(int(those.sum()), len(those))


def _row(those: Tensor) -> str:
    low, high = _interval(those)
    return f"{_share(those):.3f}  [{low:.3f}, {high:.3f}]"
