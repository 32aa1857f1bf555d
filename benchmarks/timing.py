"""Interleaved timing: A B C A B C ..., because a busy machine slows a whole round, not one contestant."""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Clock = Callable[[], float]


def cpu_clock() -> float:
    """Seconds of this process on the processor, so that waiting for other programs does not count; else wall time."""
    fine = time.get_clock_info("process_time").resolution < 1e-5  # Windows counts in 1/64 s
    return time.process_time() if fine else time.perf_counter()


def gpu_clock() -> float:
    """Wall time once the GPU has done all it was asked for."""
    torch.cuda.synchronize()
    return time.perf_counter()


@dataclass(frozen=True)
class Rounds:
    """What one contestant needed and returned in every round: seconds [R], results [R]."""

    seconds: list[float]
    results: list[Any]


@dataclass(frozen=True)
class Ratio:
    """The median of per-round ratios, and the quartiles, between which the middle half of them lies."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:5.3f}  [{self.low:.3f}, {self.high:.3f}]"


def interleave(
    contestants: dict[str, Callable | None], cases: Sequence[tuple], *, warm_up: int = 1, clock: Clock = cpu_clock
) -> dict[str, Rounds]:
    """Every contestant once on every case, case by case; None is a contestant that is not here and gets no rounds.

    The first `warm_up` cases are run once more before anything is timed. The garbage collector is off while the clock
    runs, as in timeit.
    """
    here = {name: run for name, run in contestants.items() if run is not None}
    rounds = {name: Rounds([], []) for name in here}
    for number, case in enumerate([*cases[:warm_up], *cases]):
        for name, run in here.items():
            seconds, result = _timed(run, case, clock)
            if number >= warm_up:
                rounds[name].seconds.append(seconds)
                rounds[name].results.append(result)
        gc.collect()
    return rounds


def ratio(seconds: Sequence[float], floor: Sequence[float]) -> Ratio:
    """seconds [R] against the floor's [R], round by round."""
    shares = [mine / bare for mine, bare in zip(seconds, floor, strict=True)]
    low, median, high = statistics.quantiles(shares, n=4, method="inclusive") if len(shares) > 1 else shares * 3
    return Ratio(median, low, high)


def table(title: str, columns: Sequence[str], rows: dict[str, Sequence[str] | None]) -> str:
    """Rows of cells under their columns; a row that is None is a contestant that is not installed."""
    absent = ["not installed", *[""] * (len(columns) - 1)]
    lines = [[title, *columns], *([name, *(absent if cells is None else cells)] for name, cells in rows.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def machine() -> str:
    """What the numbers depend on, in one line."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, "
        f"torch {torch.__version__}, {torch.get_num_threads()} thread"
    )


def _timed(run: Callable, case: tuple, clock: Clock) -> tuple[float, Any]:
    gc.disable()
    try:
        start = clock()
        result = run(*case)
        return clock() - start, result
    finally:
        gc.enable()
