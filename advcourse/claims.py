"""Executable statements: a lecture says what is true, measures it, and fails when it stops being true."""

import json
import math
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Claim:
    """One line of the ledger: the statement's id and text, whether it held, and the measured numbers."""

    id: str
    text: str
    holds: bool
    evidence: dict[str, float]


def claim(id: str, text: str, *, holds: bool, **evidence: float) -> None:
    """State that something holds, with the numbers that show it.

    Prints one stable line when it does, the same on every device; raises AssertionError with the numbers when it does
    not. Either way a line goes to the ledger, the JSON-lines file named by ADVCOURSE_LEDGER, if there is one.
    """
    if not evidence:
        raise ValueError(
            f"claim {id!r} names no evidence: pass the measured numbers by name, "
            f"as in claim({id!r}, ..., holds=a <= b, a=a, b=b)"
        )
    numbers = {name: float(value) for name, value in evidence.items()}
    made = Claim(id, text, bool(holds) and not any(math.isnan(v) for v in numbers.values()), numbers)
    _write(made)
    if not made.holds:
        measured = ", ".join(f"{name} = {value:.6g}" for name, value in numbers.items())
        raise AssertionError(f"✗ {id} does not hold: {text} (measured: {measured})")
    say(f"✓ {id} {text}")


def say(line: str) -> None:
    """A line for the reader, with a word for the sign where the console, as those of Windows, does not know it."""
    try:
        print(line)
    except UnicodeEncodeError:
        for sign, word in (("✓", "ok"), ("✗", "NO"), ("○", "--")):
            line = line.replace(sign, word)
        print(line.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding))


def read_ledger(path: str | Path) -> list[Claim]:
    """All claims of a ledger, in the order they were made."""
    return [Claim(**json.loads(line)) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def _write(made: Claim) -> None:
    path = os.environ.get("ADVCOURSE_LEDGER")
    if path:
        # One short appended line is written whole, so notebooks that run side by side can share the file.
        with open(path, "a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(asdict(made), ensure_ascii=False) + "\n")
