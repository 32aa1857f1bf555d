"""The rules one notebook has to keep. Each is a function that yields what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from nbformat import NotebookNode

from advcourse.course.build import markers
from advcourse.course.folding import CELL, CLAIM, spoilers, told_beside
from advcourse.course.normalise import normalise
from advcourse.course.notebook import KERNELSPEC, NotebookError, code_error

START = "00_start_here"
CODE_LINES, CODE_MEDIAN, SETUP_LINES, PROSE_WORDS, LECTURE_CELLS = 20, 8, 6, 120, 45

FILE_NAME = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*\.ipynb")
REMOTE_IMAGE = re.compile(
    r"!\[[^\]]*\]\(\s*<?https?:|<img[^>]+src\s*=\s*[\"']?https?:|\bImage\([^)]*[\"']https?:", re.I
)
INSTALLS = re.compile(r"^\s*[!%]\s*(pip|conda|uv)\b", re.M)
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|tmp|Users)/[\w.]|[A-Z]:\\Users\\")
# Formulas, code, links and comments are no prose; minutes, years, confidence levels, the numbers of units and small
# whole numbers are not measured.
NO_PROSE = re.compile(
    r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|`[^`]*`|\[[^\]]*\]\([^)]*\)|<!--.*?-->|<[^>]+>"
    r"|\d+ (?:min\b|minutes)|\b(?:19|20)\d\d\b|95 ?%|(?:\*\*|# )\d+ ·",
    re.S,
)
NUMBERS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
WRITTEN_NUMBER = re.compile(r"\d*\.\d+|\d+(?:,\d{3})*")
MEASURED_NUMBER = re.compile(
    r"(?<![\w.^/\\-])(?P<value>\d+\.\d+|\.\d+|\d{2,}(?:,\d{3})*)(?P<per_cent>\s?%)?(?![\w/]|\.\d)"
)
ALT = re.compile(r"""\balt=(?:"([^"]*)"|'([^']*)')""")  # an alt text that is typed; one with f before it is computed
SECONDS = re.compile(rf"\b(?:\d+|{NUMBERS})(?: to \w+)?[ -]seconds?\b", re.I)
TAG = re.compile(r"<!--.*?-->|<[^>]+>", re.S)
WORD = re.compile(r"\S*\w\S*")  # the bars of a table are none

Found = Iterator[tuple[int | None, str]]  # the index of a cell, or None for the whole notebook, and the message


@dataclass(frozen=True)
class Sheet:
    """One notebook and where it lies."""

    path: Path
    notebook: NotebookNode

    @property
    def folder(self) -> str:
        return self.path.parent.name

    @property
    def cells(self) -> list[tuple[int, NotebookNode]]:
        return list(enumerate(self.notebook.cells))

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        return [(i, cell) for i, cell in self.cells if cell.cell_type == "code"]

    @property
    def outputs(self) -> list[tuple[int, NotebookNode]]:
        return [(i, output) for i, cell in self.code for output in cell.outputs]


def code_lines(source: str) -> int:
    """Lines a reader sees; the markers around a solution are not counted."""
    return sum(not markers(line) for line in source.splitlines())


# Cells ----------------------------------------------------------------------------------------------------------------


def short_code(sheet: Sheet) -> Found:
    lengths = [code_lines(cell.source) for _, cell in sheet.code]
    for (i, _), n in zip(sheet.code, lengths):
        if n > CODE_LINES:
            yield i, f"has {n} lines of code, at most {CODE_LINES}; split it where a new idea starts"
    if lengths and median(lengths) > CODE_MEDIAN:
        yield None, f"its code cells have a median of {median(lengths):g} lines, at most {CODE_MEDIAN}; split some"


def short_setup(sheet: Sheet) -> Found:
    for i, cell in sheet.code[:1]:
        if (n := code_lines(cell.source)) > SETUP_LINES:
            yield i, f"is the first code cell and has {n} lines, at most {SETUP_LINES}; move work further down"


def short_prose(sheet: Sheet) -> Found:
    for i, cell in sheet.cells:
        words = len(WORD.findall(TAG.sub(" ", cell.source)))
        if cell.cell_type == "markdown" and words >= PROSE_WORDS:
            yield i, f"has {words} words, under {PROSE_WORDS} are allowed; split it or cut it"


def short_lecture(sheet: Sheet) -> Found:
    if sheet.folder == "lectures" and len(sheet.cells) > LECTURE_CELLS:
        yield None, f"has {len(sheet.cells)} cells, a lecture at most {LECTURE_CELLS}; cut what is not needed"


def sound_ids(sheet: Sheet) -> Found:
    seen: dict[str, int] = {}
    for i, cell in sheet.cells:
        identity = cell.get("id", "")
        if not identity:
            yield i, "has no id; run python -m advcourse.course normalise, which gives it one"
        elif identity in seen:
            yield i, f"has the id of cell {seen[identity] + 1}; give it another one"
        seen.setdefault(identity, i)


def python_code(sheet: Sheet) -> Found:
    for i, cell in sheet.code:
        if error := code_error(cell.source):
            yield i, f"is not Python: {error}"


def no_semicolon(sheet: Sheet) -> Found:
    for i, cell in sheet.code:
        if any(line.rstrip().endswith(";") for line in cell.source.splitlines()):
            yield i, "has a line that ends in `;`; assign the value to _ instead"


def no_installs(sheet: Sheet) -> Found:
    for i, cell in sheet.code:
        if INSTALLS.search(cell.source):
            yield i, "installs packages; what a notebook needs belongs into pyproject.toml"


def no_remote_images(sheet: Sheet) -> Found:
    for i, cell in sheet.cells:
        if REMOTE_IMAGE.search(cell.source):
            yield i, "shows an image from the network; draw it in a cell"


def solutions_hidden(sheet: Sheet) -> Found:
    for i, cell in sheet.cells:
        if sheet.folder != "solutions" and markers(cell.source):
            yield i, "holds a solution marker; these belong into solutions/ only"


def computed_numbers(sheet: Sheet) -> Found:
    """What was measured once and typed drifts: a number in prose or in an alt text stands in code or outputs too.

    Solutions pose questions with numbers of their own: of them only the alt texts are asked.
    """
    if sheet.folder == "exercises":  # generated: what was computed is gone
        return
    typed = {i: [text for said in ALT.findall(cell.source) for text in said if text] for i, cell in sheet.code}
    texts = [ALT.sub("", cell.source) for _, cell in sheet.code]
    shown = {alt for alts in typed.values() for alt in alts}
    texts += [text for _, output in sheet.outputs for text in printed(output) if text.strip() not in shown]
    known = {float(found.replace(",", "")) for text in texts for found in WRITTEN_NUMBER.findall(text)}
    prose = [(i, c.source) for i, c in sheet.cells if c.cell_type == "markdown" and sheet.folder == "lectures"]
    for i, text in prose + [(i, alt) for i, alts in typed.items() for alt in alts]:
        for found in MEASURED_NUMBER.finditer(NO_PROSE.sub(" ", text)):
            value = float(found["value"].replace(",", ""))
            if not {value, round(value / 100, 6) if found["per_cent"] else value} & known:
                yield i, f"says {found[0].strip()}, which no cell computes; claim it, compute it or say it in words"


def no_stopwatch(sheet: Sheet) -> Found:
    """How long a cell takes is for the machine to say."""
    for i, cell in sheet.cells if sheet.folder == "lectures" else []:
        if found := SECONDS.search(cell.source):
            yield i, f"says {found[0]}, which is true of one machine; some seconds are some on every one"


def printed(output: NotebookNode) -> list[str]:
    """What an output says as text."""
    data = output.get("data", {})
    return [output.get("text", ""), *(text for kind, text in data.items() if kind.startswith("text/"))]


def predictions_kept(sheet: Sheet) -> Found:
    """Of an exercise no picture's alt text tells: whoever runs the cell is to see it. The first page is read before any
    unit has asked."""
    yield from spoilers(sheet.notebook.cells)
    for i, cell in sheet.code:
        if sheet.folder != "lectures":
            yield from ((i, message) for message in told_beside(cell))
        elif sheet.path.stem == START and CLAIM.search(cell.source) and CELL not in cell.metadata.get("tags", ()):
            yield i, f"tells what a unit asks later; give it the tag {CELL}"


# Outputs --------------------------------------------------------------------------------------------------------------


def clean_exercise(sheet: Sheet) -> Found:
    for i, cell in sheet.code:
        if sheet.folder == "exercises" and (cell.outputs or cell.execution_count is not None):
            yield i, "has outputs or a count, an exercise has none; run make exercises"


def executed(sheet: Sheet) -> Found:
    missed = [i for i, cell in sheet.code if cell.execution_count is None] if sheet.folder != "exercises" else []
    for i in missed[:1]:
        others = f" (and {len(missed) - 1} more)" if missed[1:] else ""
        yield i, f"was not run before it was saved{others}, so nothing can be compared; run make notebooks"


def no_errors(sheet: Sheet) -> Found:
    for i, output in sheet.outputs:
        if output.output_type == "error":
            yield i, f"ends in {output.get('ename', 'an error')}; repair it, then run make notebooks"


def alt_text(sheet: Sheet) -> Found:
    for i, output in sheet.outputs:
        if "image/png" in output.get("data", {}):
            described = output.get("metadata", {}).get("image/png", {})
            if not str(described.get("alt", "")).strip():
                yield i, 'has a picture without alt text; it belongs into the output\'s metadata["image/png"]["alt"]'


def no_machine_paths(sheet: Sheet) -> Found:
    for i, output in sheet.outputs:
        texts = [output.get("text", ""), *output.get("data", {}).values(), *output.get("traceback", [])]
        texts = [text for text in texts if isinstance(text, str) and not looks_encoded(text)]
        if match := next(filter(None, map(MACHINE_PATH.search, texts)), None):
            yield i, f"prints a path of one machine ({match[0]}...); print the name only"


def looks_encoded(text: str) -> bool:
    """A picture as base64: one long word in which any letters may follow a slash."""
    return len(text) > 200 and " " not in text[:200]


# Notebooks ------------------------------------------------------------------------------------------------------------


def right_kernel(sheet: Sheet) -> Found:
    if dict(sheet.notebook.metadata.get("kernelspec", {})) != KERNELSPEC:
        yield None, f"its kernelspec is not {KERNELSPEC['display_name']!r}; run make notebooks"


def normal_form(sheet: Sheet) -> Found:
    try:
        if normalise(sheet.notebook) != sheet.notebook:
            yield None, "is not saved in the normal form; run python -m advcourse.course normalise"
    except NotebookError:
        return  # its ids: sound_ids says which


def good_name(sheet: Sheet) -> Found:
    if not FILE_NAME.fullmatch(sheet.path.name):
        yield None, "its name is not NN_name.ipynb in small letters; rename it in all three folders"


def makes_claims(sheet: Sheet) -> Found:
    silent = not any(re.search(r"\bclaim\(", cell.source) for _, cell in sheet.code)
    if silent and sheet.folder == "lectures" and sheet.path.stem != START:
        yield None, "claims nothing; turn what the lecture says into claim(...) lines"


RULES = (
    short_code,
    short_setup,
    short_prose,
    short_lecture,
    sound_ids,
    python_code,
    no_semicolon,
    no_installs,
    no_remote_images,
    solutions_hidden,
    computed_numbers,
    no_stopwatch,
    predictions_kept,
    clean_exercise,
    executed,
    no_errors,
    alt_text,
    no_machine_paths,
    right_kernel,
    normal_form,
    good_name,
    makes_claims,
)
