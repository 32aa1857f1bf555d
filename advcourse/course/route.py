"""The way through the course, and how far somebody has come: `course_map()` in a notebook of lectures/."""

from __future__ import annotations

import re
from pathlib import Path

from advcourse import draw
from advcourse.checks import EXERCISES
from advcourse.checks.progress import passed
from advcourse.course.build import notebooks_in
from advcourse.course.notebook import NotebookError
from advcourse.course.rules import START
from advcourse.draw.route import ROW, Stop, route

TITLE = re.compile(r'"# \d+ · ([^"\\]+)')
MINUTES = re.compile(r"About (\d+) minutes")


def stops(root: Path, passed: frozenset[str]) -> list[Stop]:
    """A stop for each unit whose lecture lies in root/lectures, with the exercises that are among those passed.

    Titles and minutes are read off the notebooks, also where somebody works in them. Raises NotebookError where there
    are no lectures.
    """
    found = []
    for path in notebooks_in(root / "lectures"):
        if path.stem == START:
            continue
        digits, _, room = path.stem.partition("_")
        lecture, exercises = (text_of(root / folder / path.name) for folder in ("lectures", "exercises"))
        done = tuple(name in passed for name, one in EXERCISES.items() if one.check.words.file.parent.name == room)
        title = TITLE.search(lecture)
        left = 0 if any(done) else minutes(lecture)  # who has solved one has read
        if done:
            left += 5 * round(minutes(exercises) * done.count(False) / len(done) / 5)
        found.append(Stop(str(int(digits)), title[1].strip() if title else room.replace("_", " "), done, left))
    if not found:
        raise NotebookError(f"{root / 'lectures'}: no lectures; run this in a notebook of the course's lectures/")
    return found


def text_of(path: Path) -> str:
    """What the file holds; nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def minutes(text: str) -> int:
    """How long a notebook says that it takes."""
    found = MINUTES.search(text)
    return int(found[1]) if found else 0


def told(way: list[Stop]) -> str:
    """How far one has come, in a sentence or two."""
    all_of_them, solved = sum(len(stop.passed) for stop in way), sum(sum(stop.passed) for stop in way)
    following = next((stop for stop in way if not stop.done), None)
    if following is None:
        return f"All {all_of_them} exercises have passed."
    hours = round(sum(stop.minutes for stop in way) / 60)
    left = f"about {hours} hours" if hours > 1 else "an hour or less"
    return f"{solved} of {all_of_them} exercises have passed, {left} left. Next: unit {following.number}."


def course_map(root: str | Path = "..") -> draw.picture:
    """The way through the course as a picture, with what has passed on this computer; its text says the same."""
    way = stops(Path(root), passed())
    fig, (ax,) = draw.board(width=8.4, height=0.6 + 2.3 * -(-len(way) // ROW))
    route(ax, way)
    fig.suptitle(told(way), fontsize=11)
    rows = [f"{s.number} {s.title}: {sum(s.passed)} of {len(s.passed)}, {s.minutes} minutes left" for s in way]
    return draw.picture(fig, alt=f"The way through the course. {told(way)} {'; '.join(rows)}.")
