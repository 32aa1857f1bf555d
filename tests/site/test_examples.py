"""Every example of the reference does what it shows, by itself, after the lines its page begins with."""

import doctest
from pathlib import Path

import pytest
import torch

from advcourse.course.site.examples import read_sheet

FOLDER = Path(__file__).resolve().parents[2] / "docs/examples"
FASHION = Path("/usr/share/datasets/fashion-mnist")
EXAMPLES = [(path.stem, example) for path in sorted(FOLDER.glob("*.txt")) for example in read_sheet(path).examples]


def failures(session: str, known: dict) -> str:
    """What doctest says of a session, nothing where all of it is as shown; what it defines is left in `known`."""
    said: list[str] = []
    parsed = doctest.DocTestParser().get_doctest(session + "\n", {}, "example", None, 0)
    parsed.globs = known
    doctest.DocTestRunner(verbose=False).run(parsed, out=said.append, clear_globs=False)
    return "".join(said)


@pytest.fixture(scope="module")
def begun() -> dict[str, dict]:
    """What the pages' first lines define, by room."""
    return {}


@pytest.mark.parametrize(("room", "example"), EXAMPLES, ids=lambda value: getattr(value, "names", [value])[0])
@pytest.mark.filterwarnings("default")
def test_an_example_does_what_it_shows(room, example, begun):
    if example.names == ("fashion",) and not FASHION.exists():
        pytest.skip("fashion-mnist is not installed")
    torch.manual_seed(0)
    if room not in begun:
        begun[room] = {}
        assert failures(read_sheet(FOLDER / f"{room}.txt").begins, begun[room]) == ""
    assert failures(example.session, dict(begun[room])) == ""


def test_a_wrong_example_is_seen():
    assert "Expected:" in failures(">>> 1 + 1\n3", {}) and "NameError" in failures(">>> z", {})
    assert failures(">>> 1 + 1\n2", {}) == ""


def test_only_what_takes_half_a_minute_or_more_is_shown_and_not_run():
    assert [example.names for _, example in EXAMPLES if "+SKIP" in example.session] == [
        ("make",),
        ("faces",),
        ("streets",),
    ]
