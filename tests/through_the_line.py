"""Answers of the banks as cells of a notebook, asked in a process of their own."""

from __future__ import annotations

import re
from pathlib import Path

from advcourse.course.grading.extract import Cell, lines_of, program
from advcourse.course.grading.judging import Graded, asked
from advcourse.course.grading.processes import Zygote

BANKS = Path(__file__).parent / "banks"
OTHERS = re.compile(r"^from (?:\.|banks\.)(\w+) import (.*)$", re.MULTILINE)


def sources(bank: str) -> list[str]:
    """The bank, after those it imports from: a notebook has no modules of its own."""
    text, before = (BANKS / f"{bank}.py").read_text(encoding="utf-8"), []

    def named(found: re.Match) -> str:
        before.extend(sources(found[1]))
        pairs = [name.split(" as ") for name in found[2].split(", ") if " as " in name]
        return "\n".join(f"{new} = {old}" for old, new in pairs)

    text = OTHERS.sub(named, text)
    return [*before, text]


def through_the_line(zygote: Zygote, name: str, title: str) -> Graded:
    """The verdict on this row of the bank of the exercise."""
    texts = [*sources(name), f"the_answer = BANK[{title!r}][1]"]
    cells = [Cell(number, text) for number, text in enumerate(texts, 1)]
    found = program("the_answer", lines_of(cells))
    assert found is not None
    return asked(zygote, name, found, cells)
