"""Thirty broken notebooks and more: each is reported for what it is, and loses only what is broken."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import select
import sys
from pathlib import Path

import pytest
from handed_in import FGSM, NEEDS_FORK, PROJECT, SETUP, cell, good, hand_in, notebook, text

from advcourse.course.grading.grade import grade
from advcourse.course.grading.room import LONGEST, Limits
from advcourse.course.grading.tables import grades

pytestmark = NEEDS_FORK

LEFT = b"sleep\x001000\x00"  # the process that one of them leaves behind
BOTH = {"fgsm": ("passed", "ok"), "project": ("passed", "ok")}
NEITHER = {"fgsm": ("missing", "missing"), "project": ("missing", "missing")}


def fgsm_is(status: str, diagnosis: str) -> dict:
    """What comes of the two where only the first is broken."""
    return BOTH | {"fgsm": (status, diagnosis)}


def nobody_reads(diagnosis: str) -> dict:
    return dict.fromkeys(BOTH, ("unreadable", diagnosis))


def inside(*lines: str) -> str:
    """The right answer that does something else first."""
    head, *rest = FGSM.splitlines()
    return "\n".join([head, *(f"    {line}" for line in lines), *rest])


def format_3() -> str:
    cells = [{"cell_type": "code", "input": s, "language": "python", "outputs": []} for s in (SETUP, FGSM, PROJECT)]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})


def same_ids() -> dict:
    made = good()
    for one in made["cells"]:
        one["id"] = "twin"
    return made


def conflict_in_the_file() -> str:
    """Two branches changed a line of fgsm, and the merge was handed in as it stood."""
    mine = '    "    return (x + eps * g.sign()).clamp(0, 1)"\n'
    merged = text(good()).replace("\r", "")
    start = merged.index('    "    return (x + eps * g.sign()).clamp(0, 1)"'.lstrip()) - 4
    end = merged.index("\n", start) + 1
    theirs = mine.replace("+ eps", "- eps")
    return f"{merged[:start].rstrip(' ')}<<<<<<< HEAD\n{mine}=======\n{theirs}>>>>>>> work\n{merged[end:]}"


CONFLICT = f"<<<<<<< HEAD\n{FGSM}\n=======\ndef fgsm(model, x, y, eps):\n    return x\n>>>>>>> work"
LIBRARYS = "def fgsm(model, x, y, eps):\n    return adv.fgsm(model, x, adv.Untargeted(y), adv.Linf(eps))"
WIDGET = (
    "import ipywidgets\nslider = ipywidgets.IntSlider()\nipywidgets.interact(lambda n: n, n=slider)\ndisplay(slider)"
)

BROKEN = FGSM.replace("def fgsm(", "def fgsm((")
FAILING_IMPORTS = "import no_such_thing as torch\nfrom torch import no_such_thing as F"

SABOTAGE: dict[str, tuple[dict | str | bytes, dict]] = {
    # The file
    "an empty file": (b"", nobody_reads("empty-file")),
    "blanks": (b" \n\n", nobody_reads("empty-file")),
    "a PDF by another name": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", nobody_reads("pdf")),
    "cut off halfway": (text(good())[:900], nobody_reads("not-a-notebook")),
    "other JSON": ("[1, 2]", nobody_reads("not-a-notebook")),
    "JSON without end": ("[" * 100_000, nobody_reads("not-a-notebook")),
    "bytes": (bytes(range(256)) * 9, nobody_reads("not-a-notebook")),
    "a byte order mark": (codecs.BOM_UTF8 + text(good()).encode(), BOTH),
    "UTF-16": (text(good()).encode("utf-16"), BOTH),
    "CRLF": (text(good()).replace("\n", "\r\n").replace("\\n", "\\r\\n"), BOTH),
    "nbformat 3": (format_3(), BOTH),
    "an unfinished merge of the file": (conflict_in_the_file(), BOTH),
    # The cells
    "a syntax error in one cell": (
        good(fgsm=BROKEN),
        fgsm_is("unreadable", "syntax-error"),
    ),
    "tabs and blanks": (good(fgsm=FGSM.replace("    z =", "\tz =")), fgsm_is("unreadable", "syntax-error")),
    "duplicated ids": (same_ids(), BOTH),
    "an unfinished merge in a cell": (good(fgsm=CONFLICT), BOTH),
    "an older version above": (notebook(SETUP, "def fgsm(model, x, y, eps):\n    return x", FGSM, PROJECT), BOTH),
    "the untouched cell below": (good("def fgsm(model, x, y, eps):\n    z = ...\n    return z"), BOTH),
    "no check cells": (notebook(SETUP, FGSM, PROJECT), BOTH),
    "the cell deleted": (notebook(SETUP, PROJECT), fgsm_is("missing", "missing")),
    "renamed": (good(fgsm=FGSM.replace("def fgsm", "def my_fgsm")), fgsm_is("missing", "missing")),
    "Colab's metadata": (
        notebook(*(cell(s, metadata={"id": "aB3", "colab": {}}) for s in (SETUP, FGSM, PROJECT)), colab={"name": "x"}),
        BOTH,
    ),
    "VS Code's metadata": (notebook(SETUP, FGSM, PROJECT, vscode={"interpreter": {"hash": "1"}}), BOTH),
    "cells that are none": ({**good(), "cells": [None, 3, {"cell_type": "code"}, *good()["cells"]]}, BOTH),
    # What IPython alone understands
    "magics": (good("%matplotlib inline\n%timeit fgsm", setup=f"%load_ext autoreload\n{SETUP}"), BOTH),
    "shell": (good("!pip install torch\nfiles = !ls\n?fgsm", fgsm=f"!ls\n{FGSM}"), BOTH),
    "cell magics": (good("%%bash\nrm -rf ~", fgsm=f"%%time\n{FGSM}"), BOTH),
    "a widget at top level": (good(WIDGET, setup=f"{SETUP}\n{WIDGET}"), BOTH),
    # What a whole run would not survive
    "an endless loop at top level": (good(setup=f"{SETUP}\nwhile True:\n    pass"), BOTH),
    "input() at top level": (good(setup=f"{SETUP}\nname = input()"), BOTH),
    "the process ended at top level": (good(setup=f"import os\nos._exit(0)\n{SETUP}"), BOTH),
    "a name shadowed below": (good("torch = 3", "check = None", "F = project = fgsm = None"), BOTH),
    "a name deleted below": (good("del torch, fgsm"), BOTH),
    "an import that fails": (
        good(setup=f"{SETUP}\n{FAILING_IMPORTS}"),
        BOTH,
    ),
    "a name shadowed above": (good(fgsm=f"F = 3\n{FGSM}"), fgsm_is("failed", "raises")),
    "a helper below": (good("def up(g):\n    return g.sign()", fgsm=FGSM.replace("g.sign()", "up(g)")), BOTH),
    # What a function does to its process
    "an endless loop": (good(fgsm=inside("while True:", "    pass")), fgsm_is("failed", "hangs")),
    "asleep": (good(fgsm=inside("import time", "time.sleep(1e6)")), fgsm_is("failed", "hangs")),
    "input()": (good(fgsm=inside("input()")), fgsm_is("failed", "raises")),
    "os._exit": (good(fgsm=inside("import os", "os._exit(0)")), fgsm_is("failed", "ended-its-process")),
    "sys.exit": (good(fgsm=inside("raise SystemExit(0)")), fgsm_is("failed", "raises")),
    "killed from within": (
        good(fgsm=inside("import os, signal", "os.kill(os.getpid(), signal.SIGKILL)")),
        fgsm_is("failed", "ended-its-process"),
    ),
    "a crash": (good(fgsm=inside("import ctypes", "ctypes.string_at(0)")), fgsm_is("failed", "ended-its-process")),
    "a fork bomb's first fork": (good(fgsm=inside("import os", "if not os.fork():", "    while True: pass")), BOTH),
    "30 GB": (good(fgsm=inside("torch.ones(30_000, 250_000)")), fgsm_is("failed", "out-of-memory")),
    "30 GB of Python": (good(fgsm=inside("[0] * 4_000_000_000")), fgsm_is("failed", "out-of-memory")),
    "a file of 100 MB": (good(fgsm=inside("open('big', 'wb').write(bytes(100 << 20))")), fgsm_is("failed", "raises")),
    "100 MB printed": (good(fgsm=inside("print('x' * (100 << 20))")), BOTH),
    "a process left behind": (good(fgsm=inside("import subprocess", "subprocess.Popen(['sleep', '1000'])")), BOTH),
    "a thread left behind": (
        good(fgsm=inside("import threading, time", "threading.Thread(target=time.sleep, args=(1e6,)).start()")),
        BOTH,
    ),
    # Others
    "another student's": (good(), BOTH),
    "the library's": (good(fgsm=LIBRARYS), BOTH),
    "another unit's": (notebook("def gram(f):\n    return f"), dict.fromkeys(BOTH, ("missing", "another-unit"))),
    "nothing": (notebook(SETUP), NEITHER),
}

# What gets all it asks for where the system keeps no limit of memory.
GREEDY = () if sys.platform == "linux" else ("30 GB", "30 GB of Python")
NO_LIMIT = pytest.mark.skip("memory is limited on Linux alone")
ROWS = [pytest.param(name, marks=NO_LIMIT) if name in GREEDY else name for name in SABOTAGE]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All of them in one class, between two who did well."""
    files = {f"{name}.ipynb": made for name, (made, _) in SABOTAGE.items() if name not in GREEDY}
    files |= {"aaron.ipynb": good(), "zoe.ipynb": good()}
    folder = hand_in(tmp_path_factory.mktemp("class"), files)
    return grade(folder, tmp_path_factory.mktemp("report"), unit="04", limits=Limits(seconds=2.0))


def table(whole) -> dict[str, dict[str, tuple[str, str]]]:
    found: dict[str, dict] = {}
    for row in csv.DictReader(io.StringIO(grades(whole))):
        found.setdefault(row["student"], {})[row["exercise"]] = (row["status"], row["diagnosis"])
    return found


@pytest.mark.parametrize("name", ROWS)
def test_it_is_reported_for_what_it_is(whole, name):
    found = table(whole)[name]
    assert {exercise: found[exercise] for exercise in BOTH} == SABOTAGE[name][1]
    assert len(found) == 6


def test_there_are_thirty_and_more():
    assert len(SABOTAGE) >= 30


@pytest.mark.parametrize("name", ["aaron", "zoe"])
def test_nobody_else_is_harmed(whole, name):
    assert {exercise: table(whole)[name][exercise] for exercise in BOTH} == BOTH


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("100 MB printed", "prints something"),
        ("a process left behind", "left a process"),
        ("a fork bomb's first fork", "left a process"),
        ("a thread left behind", "left a thread"),
        ("the library's", "library's own function"),
        ("a name shadowed above", "Line 4 of fgsm: g, = torch.autograd.grad("),
    ],
)
def test_what_is_to_be_said_is_said(whole, name, said):
    (row,) = [row for row in whole.rows if row.entry.student == name]
    assert said in next(one.message for one in row.graded if one.exercise == "fgsm")


def orphans() -> list[int]:
    """What the functions left, and the first processes of the rooms they were in that have lost their parent."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told, status = (process / "cmdline").read_bytes(), (process / "status").read_text()
        except OSError:  # it has ended in between
            continue
        if told == LEFT or (told == b"sleep\x00%d\x00" % LONGEST and "PPid:\t1\n" in status):
            found.append(int(process.name))
    return found


def ends(process: int) -> bool:
    """Whether it ends, be it minutes from now: what is asked is that it does, not how busy the machine is."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 300)[0])
    finally:
        os.close(handle)


def test_what_was_left_is_ended(whole):
    assert [process for process in orphans() if not ends(process)] == []
