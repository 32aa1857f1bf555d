"""Every answer of every bank gets in a process of its own, through the line, the verdict that it gets here."""

from __future__ import annotations

import importlib

import pytest
from through_the_line import through_the_line

from advcourse.checks import EXERCISES
from advcourse.course.grading.processes import Zygote
from advcourse.course.grading.room import Limits

ROWS = [(name, title) for name in EXERCISES for title in importlib.import_module(f"banks.{name}").BANK]


@pytest.fixture(scope="module")
def zygote():
    one = Zygote(Limits(seconds=3.0), [], ["torch._dynamo"])
    yield one
    one.close()


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_the_verdict_is_the_same(zygote, name, title):
    expected, _ = importlib.import_module(f"banks.{name}").BANK[title]
    assert through_the_line(zygote, name, title).diagnosis == expected
