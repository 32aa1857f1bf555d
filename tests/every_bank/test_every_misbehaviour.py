"""Every answer that fails as a function is told so, in every exercise: of `make test` a quarter of these is a part."""

import pytest
from banks.rules import assert_judged, misbehaviour

from advcourse.checks import EXERCISES

ROWS = [(name, title) for name in EXERCISES for title in misbehaviour(name)]


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_it_is_told_so(name, title):
    assert_judged(name, misbehaviour(name)[title])
