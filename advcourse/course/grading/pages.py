"""Pages to read: one for each student and unit, and one for the class."""

from __future__ import annotations

import ast
import base64
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from html import escape
from statistics import mean

from .extract import program
from .grade import Class, Row
from .judging import Graded

NO_NAME = re.compile(r"[^\w-]+")
MARKS = {"passed": "✓", "failed": "✗", "not attempted": "○", "missing": "–", "unreadable": "?"}
NOTES = "what to say about it stands in <code>docs/site/instructors</code>"
LEGEND = ", ".join(f"{mark} {status}" for status, mark in MARKS.items()) + "; a mark's tooltip is the diagnosis."
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; }
td.mark { text-align: center; } td:first-child { white-space: nowrap; }
.wide { overflow-x: auto; } img { max-width: 100%; background: white; }
section { border-left: .25rem solid #767676; padding-left: 1rem; margin: 1.2rem 0; }
section.passed { border-color: #009E73; } section.failed { border-color: #D55E00; }
h2 { font-size: 1.1rem; margin: 0; } p { margin: .3rem 0; } .quiet { opacity: .75; }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole page that needs nothing else."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(title)}</title>'
    inside = "\n".join([f"<h1>{_text(title)}</h1>", *body])
    top = f'<!doctype html>\n<html lang="en">\n<head>{head}<style>{STYLE}</style></head>'
    return f"{top}\n<body>\n{inside}\n</body>\n</html>\n"


def names_of_pages(whole: Class) -> list[str]:
    """A file name for each row, no two alike also where capitals do not count."""
    taken, found = Counter(), []
    for row in whole.rows:
        name = NO_NAME.sub("-", row.entry.student).strip("-")[:80] or "nameless"
        stem = f"{row.entry.unit.digits}_{name}"
        taken[stem.lower()] += 1
        again = taken[stem.lower()]
        found.append(f"students/{stem}{f'-{again}' if again > 1 else ''}.html")
    return found


def student_page(row: Row) -> str:
    """What was verified, what looks wrong, and where to look."""
    entry = row.entry
    count = f"{row.passed} of {len(row.graded)} exercises passed."
    file = f"Graded was {entry.sheet.submission.file.path}."
    body = [f"<p>{count} <span class=quiet>{_text(file)}</span></p>", *(f"<p>{_text(r)}</p>" for r in entry.remarks)]
    if entry.diagnosis is not None:
        return page(_title(row), [*body, f"<p>{_text(row.graded[0].message)}</p>"])
    return page(_title(row), [*body, *(_section(one, leans_on(row, one)) for one in row.graded)])


def leans_on(row: Row, one: Graded) -> list[str]:
    """The exercises that did not pass and that this answer calls: its own mistake may be theirs."""
    found = program(one.exercise, row.entry.sheet.lines) if one.status in ("failed", "not attempted") else None
    if found is None:
        return []
    imported = {
        name for line in found.lines if isinstance(line.node, ast.Import | ast.ImportFrom) for name in line.binds
    }
    called = {name for line in found.lines for name in line.needs} - imported - {one.exercise}
    return [other.exercise for other in row.graded if other.status != "passed" and other.exercise in called]


def _section(one: Graded, below: list[str]) -> str:
    told = one.status if one.status != "failed" else f"failed: {one.diagnosis}"
    hint = f"<p>It calls {_text(' and '.join(below))}, which did not pass: look there first.</p>" if below else ""
    head = f"<h2>{MARKS[one.status]} {_text(one.exercise)} <span class=quiet>{_text(told)}</span></h2>"
    return f'<section class="{one.status.replace(" ", "-")}">{head}<p>{_text(one.message)}</p>{hint}</section>'


def class_page(whole: Class) -> str:
    """By unit: who passed what, what was most often wrong, who handed in the same. Then what was left out."""
    names = dict(zip(map(id, whole.rows), names_of_pages(whole)))
    units = {row.entry.unit.digits: row.entry.unit for row in whole.rows}
    body: list[str] = []
    for digits, unit in sorted(units.items()):
        rows = [row for row in whole.rows if row.entry.unit == unit]
        body += [f"<h2>Unit {digits}, {_text(unit.name.replace('_', ' '))}</h2>", *_unit(rows, names)]
    kept = "in a room of its own: nothing of the machine to write to, no network" if whole.walls else NO_WALLS
    body.append(f"<p class=quiet>Each function was asked in a process with limits, {kept}.</p>")
    if whole.notes:
        body += ["<h2>Left out</h2>", f"<ul>{''.join(f'<li>{_text(note)}</li>' for note in whole.notes)}</ul>"]
    return page("What the class handed in", body)


NO_WALLS = "but not behind walls, which this system does not give: the network and your own files were within its reach"


def _unit(rows: list[Row], names: dict[int, str]) -> Iterable[str]:
    exercises = rows[0].entry.unit.exercises
    read = [row for row in rows if row.entry.diagnosis is None]
    share = mean(row.passed / len(row.graded) for row in read) if read else 0
    yield f"<p>{len(rows)} handed in; {len(read)} graded, with {share:.0%} of the exercises passed.</p>"
    unread = [f"{_link(row, names[id(row)])} ({_text(row.entry.diagnosis)})" for row in rows if row.entry.diagnosis]
    if unread:
        yield f"<p>Nothing to grade from {', '.join(unread)}.</p>"
    wrong = wrong_counts(read)
    if any(wrong.values()):
        count = sum(sum(row.values()) for row in wrong.values())
        alt = f"Exercises against diagnoses: how the {count} answers that did not pass are spread."
        yield f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(_figure(wrong)).decode()}">'
    yield _most_wrong(read)
    head = "".join(f"<th>{_text(name)}</th>" for name in ("student", *exercises, "passed"))
    lines = [f"<tr>{_cells(row, names[id(row)])}</tr>" for row in rows]
    yield f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    yield f"<p class=quiet>{LEGEND}</p>"
    yield from (f"<p>The same code in every cell: {_text(', '.join(group))}.</p>" for group in copies(rows))


def _cells(row: Row, link: str) -> str:
    name = f"<td>{_link(row, link)}</td>"
    marks = (f'<td class=mark title="{escape(one.diagnosis)}">{MARKS[one.status]}</td>' for one in row.graded)
    return f"{name}{''.join(marks)}<td>{row.passed} of {len(row.graded)}</td>"


def _link(row: Row, link: str) -> str:
    return f'<a href="{escape(link)}">{_text(row.entry.student)}</a>'


def wrong_counts(rows: list[Row]) -> dict[str, dict[str, int]]:
    """How many answers to each exercise have each diagnosis, those that passed left out."""
    counts: dict[str, Counter[str]] = {name: Counter() for row in rows[:1] for name in row.entry.unit.exercises}
    for one in (one for row in rows for one in row.graded if one.status != "passed"):
        counts[one.exercise][one.diagnosis] += 1
    return {name: dict(sorted(found.items())) for name, found in counts.items()}


def _most_wrong(rows: list[Row]) -> str:
    """The most frequent diagnosis of each exercise among what was tried, in the words of one who has it. Left out
    is who calls another exercise's function that did not pass: that mistake is counted there."""
    lines, tried = [], [(row, one) for row in rows for one in row.graded if one.status == "failed"]
    own = [one for row, one in tried if not leans_on(row, one)]
    for name in rows[0].entry.unit.exercises if rows else ():
        failed = [one for one in own if one.exercise == name]
        if failed:
            diagnosis, n = min(Counter(one.diagnosis for one in failed).items(), key=lambda item: (-item[1], item[0]))
            message = min(one.message for one in failed if one.diagnosis == diagnosis)
            lines.append(f"<li><b>{_text(name)}: {_text(diagnosis)}</b>, {n} of {len(rows)}. {_text(message)}</li>")
    return f"<p>Most often wrong ({NOTES}):</p><ul>{''.join(lines)}</ul>" if lines else ""


def copies(rows: list[Row]) -> list[list[str]]:
    """Who handed in the same cells as somebody else, where anything in them was tried."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows:
        if any(one.status in ("passed", "failed") for one in row.graded):
            groups[tuple(cell.source for cell in row.entry.sheet.cells)].append(row.entry.student)
    return [group for group in groups.values() if len(group) > 1]


def _figure(wrong: dict[str, dict[str, int]]) -> bytes:
    from advcourse.draw import board, png
    from advcourse.draw.diagnoses import diagnoses

    columns = min(len({diagnosis for row in wrong.values() for diagnosis in row}), 13)
    fig, (ax,) = board(1, 1, width=max(2.6 + 0.55 * columns, 5), height=1.6 + 0.3 * len(wrong))
    diagnoses(ax, wrong)
    return png(fig)


def _title(row: Row) -> str:
    return f"{row.entry.student}: unit {row.entry.unit.digits}"


def _text(text: str) -> str:
    return escape("".join(c if c.isprintable() else "?" for c in text))
