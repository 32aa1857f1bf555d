"""No submission awards itself a pass: cheats, each a wrong answer that tries to be taken for a right one."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from handed_in import NEEDS_FORK, SETUP, good, hand_in, notebook

import advcourse
from advcourse.course.grading.grade import grade
from advcourse.course.grading.room import Limits, walled
from advcourse.course.grading.tables import grades

pytestmark = NEEDS_FORK

CHECKS = Path(advcourse.__file__).parent / "checks"


def before(*lines: str) -> dict:
    """A notebook that does this as its function is called the first time, and answers wrongly."""
    body = "\n".join(f"    {line}" for line in lines)
    return notebook(SETUP, f"def project(z, x, eps):\n{body}\n    return z")


def around(source: str) -> dict:
    """A notebook whose function is made by this cell."""
    return notebook(SETUP, source)


ORACLE = "advcourse.checks.gradient_attacks.project"
YES_TO_ALL = """class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True

    def __eq__(self, other):
        return True


def project(z, x, eps):
    return z.as_subclass(Yes)"""
PICKLED = """class Evil:
    def __reduce__(self):
        import os
        return os.system, ("touch MARK",)


def project(z, x, eps):
    return Evil()"""
FORGED = """import json, os, pickle, struct


def project(z, x, eps):
    passed = json.dumps({"do": "reply", "status": "passed", "diagnosis": "ok", "sizes": []}).encode()
    for end in os.listdir("/proc/self/fd"):
        try:
            os.write(int(end), struct.pack("<Q", len(passed)) + passed)
            os.write(int(end), PICKLE)
        except OSError:
            pass
    return z"""
HANDLER = """from advcourse.course.grading import exchange, wire, worker


def project(z, x, eps):
    wire.written = exchange.written = lambda *_: {"is": "passed"}
    worker.Answerer.call = lambda self, head, blobs: ({"do": "reply", "status": "passed", "diagnosis": "ok"}, [])
    return z"""
NEIGHBOURS = """import gc, sys


def project(z, x, eps):
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Case", "Spec", "Interview") or getattr(thing, "__name__", "") == "nearest":
            return thing(z, x, eps)
    frame = sys._getframe()
    while frame:
        for thing in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            if getattr(thing, "__name__", "") == "nearest":
                return thing(z, x, eps)
        frame = frame.f_back
    return z"""
FROM_DISK = f"""import pathlib


def project(z, x, eps):
    found = list(pathlib.Path({str(CHECKS)!r}).rglob("*.py"))
    source = pathlib.Path({str(CHECKS / "gradient_attacks/project.py")!r}).read_text()
    space = {{}}
    one = "def nearest" + source.split("def nearest")[1].split("\\n\\n\\n")[0]
    exec(one, {{"torch": torch, "Tensor": torch.Tensor}}, space)
    return space["nearest"](z, x, eps).float()"""
SOLUTION = """import json, pathlib


def project(z, x, eps):
    torch.zeros(1)  # so that it is imported
    for path in pathlib.Path(ROOT).rglob("solutions/04*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if "def project" in "".join(cell["source"]):
                exec("".join(cell["source"]), globals())
                return globals()["project"](z, x, eps)
    return z""".replace("ROOT", repr(str(CHECKS.parents[1])))
OTHERS = """import pathlib


def project(z, x, eps):
    for path in pathlib.Path("FOLDER").rglob("*"):
        path.write_text("student,unit,exercise,status\\n")
    return z"""
MEMORY = """import os


def project(z, x, eps):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if open(f"/proc/{pid}/cmdline").read().count("pytest"):
            open(f"/proc/{pid}/mem", "r+b")
            return torch.minimum(torch.maximum(z, x - eps), x + eps).clamp(0, 1)
    return z"""

CHEATS = {
    "patches judge": before("adv.judge = lambda *_, **__: adv.Verdict('passed', 'ok', '')"),
    "patches check": before("import sys", "sys.modules['advcourse.checks'].PASSED = 'failed'", "check.project = print"),
    "patches torch": before(
        "torch.equal = torch.allclose = torch.all = torch.Tensor.all = lambda *_, **__: True",
        "torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda *_: True",
    ),
    "a tensor that equals everything": around(YES_TO_ALL),
    "a pickle that runs": around(PICKLED),
    "forged messages": around(FORGED.replace("PICKLE", repr(pickle.dumps(("passed", "ok"))))),
    "patches its own side of the line": around(HANDLER),
    "writes at exit": before("import atexit", "atexit.register(lambda: open('grades.csv', 'w').write('passed'))"),
    "writes to what is graded and reported": around(OTHERS),
    "imports the right answer": before(f"from {ORACLE} import nearest", "return nearest(z, x, eps)"),
    "looks for it in memory": around(NEIGHBOURS),
    "ends well before it is judged": before("import os", "os._exit(0)"),
    "raises a verdict": before("raise type('Finding', (Exception,), {'verdict': 'passed'})()"),
    "a number instead of numbers": before("return float('inf')"),
}
BEHIND_WALLS = {
    "reads the right answer from the disk": around(FROM_DISK),
    "runs the solution": around(SOLUTION),
    "writes to the grader's memory": around(MEMORY),
}
ALL = {**CHEATS, **(BEHIND_WALLS if walled() else {})}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All cheats in one class, and at its end somebody honest."""
    folder, report = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("report")
    files = {f"{name}.ipynb": made for name, made in ALL.items()} | {"zoe.ipynb": good()}
    for name in ("a pickle that runs", "writes to what is graded and reported"):
        for cell in files[f"{name}.ipynb"]["cells"]:
            cell["source"] = (
                "".join(cell["source"]).replace("MARK", str(report / "mark")).replace("FOLDER", str(folder))
            )
    hand_in(folder, files)
    return grade(folder, report, unit="04", limits=Limits(seconds=2.0)), folder, report


def of(whole, student: str) -> dict[str, tuple[str, str]]:
    (row,) = [row for row in whole[0].rows if row.entry.student == student]
    return {one.exercise: (one.status, one.diagnosis) for one in row.graded}


@pytest.mark.parametrize("name", ALL)
def test_a_cheat_does_not_pass(whole, name):
    assert of(whole, name)["project"][0] == "failed"


def test_there_are_ten_and_more():
    assert len(CHEATS) >= 10


def test_who_is_honest_is_not_touched_by_it(whole):
    assert of(whole, "zoe")["project"] == ("passed", "ok")


def test_nothing_ran_here(whole):
    assert not (whole[2] / "mark").exists()


@pytest.mark.skipif(not walled(), reason="this system gives no rooms of their own")
def test_what_was_handed_in_is_still_there(whole):
    assert all(path.read_bytes().startswith(b"{") for path in whole[1].iterdir())
    assert "zoe,04,project,passed" in grades(whole[0])
