"""A lecture that cannot fail proves nothing: bugs planted in a copy of the library, and the claim that each one breaks.

The code cells of a lecture run as plain Python, without a kernel, against the mutated copy. Of them only those that the
claim depends on, and none that needs the ImageNet network or a widget. One bug goes through nbval as well.
"""

import ast
import contextlib
import importlib
import os
import re
import shutil
import subprocess
import symtable
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from advcourse.claims import read_ledger

ROOT = Path(__file__).resolve().parent.parent
LECTURE = ROOT / "lectures" / "04_gradient_attacks.ipynb"

# Names whose use makes a cell slow, and with it every cell that needs what that cell made.
SLOW = {"pretrained", "widgets"}


# Cells and what they need ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A cell's code, the names it takes from earlier cells, those it leaves to later ones, and the ids it claims."""

    source: str
    takes: frozenset[str]
    leaves: frozenset[str]
    claims: frozenset[str]

    @classmethod
    def of(cls, source: str) -> "Cell":
        takes, leaves = set(), set()
        for statement in ast.parse(source).body:
            used, bound = names(ast.unparse(statement))
            looped = names(ast.unparse(statement.target) + " = 0")[1] if isinstance(statement, ast.For) else set()
            takes |= used - leaves - looped
            leaves |= bound
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        claims = {c.args[0].value for c in calls if isinstance(c.func, ast.Name) and c.func.id == "claim"}
        return cls(source, frozenset(takes), frozenset(leaves), frozenset(claims))


def names(statement: str) -> tuple[set[str], set[str]]:
    """The global names a statement reads, also inside functions and comprehensions, and those it binds.

    An attribute counts as read where its name is slow, as in models.pretrained().
    """
    scopes = [symtable.symtable(statement, "cell", "exec")]
    for scope in scopes:
        scopes += scope.get_children()
    symbols = [(scope, symbol) for scope in scopes for symbol in scope.get_symbols()]
    outer = [(scope, s) for scope, s in symbols if scope is scopes[0] or s.is_global()]
    used = {s.get_name() for _, s in outer if s.is_referenced()}
    bound = {s.get_name() for scope, s in outer if scope is scopes[0] and (s.is_assigned() or s.is_imported())}
    attributes = {node.attr for node in ast.walk(ast.parse(statement)) if isinstance(node, ast.Attribute)}
    return used | attributes & SLOW, bound


def quick_cells(lecture: Path, slow: set[str] = SLOW) -> list[Cell]:
    """The code cells in order, without the slow ones and whatever hangs on a slow one."""
    notebook = nbformat.read(lecture, as_version=4)
    quick, tainted = [], set(slow)
    for cell in [Cell.of(cell.source) for cell in notebook.cells if cell.cell_type == "code"]:
        if cell.takes & tainted:
            tainted |= cell.leaves
        else:
            tainted -= cell.leaves - slow  # a name may be given anew
            quick.append(cell)
    return quick


def needed_for(claim: str | None, cells: list[Cell]) -> list[Cell]:
    """Of these cells, the ones that make this claim (None: any) and those that they depend on."""
    kept, wanted = [], set()
    for cell in reversed(cells):
        if claim in cell.claims or (claim is None and cell.claims) or cell.leaves & wanted:
            kept.append(cell)
            wanted |= cell.takes
    return kept[::-1]


# Bugs and where they are planted --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bug:
    """A slip someone could make: at this place of the library, old became new. The claim that finds it."""

    name: str
    claim: str
    place: str
    old: str
    new: str

    def plant(self, folder: Path) -> Path:
        """A copy of the package with the bug in it, to be put on the path."""
        file, _, head = self.place.partition(": ")
        path = copy_of_the_library(folder) / "advcourse" / file
        before, head, rest = path.read_text(encoding="utf-8").partition(head or "import ")
        block, gap, after = rest.partition("\n\n\n") if ": " in self.place else (rest, "", "")
        if block.count(self.old) != 1:
            raise LookupError(f"{self.place} has {block.count(self.old)} times, not once: {self.old}")
        path.write_text(before + head + block.replace(self.old, self.new) + gap + after, encoding="utf-8")
        return folder


def copy_of_the_library(folder: Path) -> Path:
    shutil.copytree(ROOT / "advcourse", folder / "advcourse", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextlib.contextmanager
def library(folder: Path):
    """`import advcourse` means the copy in this folder, loaded afresh. Then the usual one is back; torch stays."""

    def put_aside():
        return {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "advcourse"}

    usual = put_aside()
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        put_aside()
        sys.modules.update(usual)


def broken_claim(cells: list[Cell], folder: Path) -> str | None:
    """The id of the first claim that does not hold when the cells run with the library in folder, None if all do."""
    lecture = {"__name__": "lecture"}
    with library(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook only shows them
        for cell in cells:
            try:
                exec(compile(cell.source, "lecture", "exec"), lecture)
            except AssertionError as error:
                return re.match(r"✗ (\w+) does not hold", str(error))[1]
        assert Path(sys.modules["advcourse"].__file__).is_relative_to(folder), "another library was used"
    return None


# The bugs -------------------------------------------------------------------------------------------------------------

GOALS, GRADIENT, LOSS = "goals.py", "attacks/gradient.py", 'F.cross_entropy(logits, y, reduction="none")'
ITERATIVE, FGSM = f"{GRADIENT}: def iterative_fgsm", f"{GRADIENT}: def fgsm"
LINF, BOX, INTERVALS = (f"threats.py: class {name}" for name in ("Linf", "Unbounded", "Intervals"))
CENTRE, ENDS = "        x = check_inputs(x, self)\n", "return Intervals("
SURVIVE = "alive[~goal.reached("

BUGS = [
    Bug(
        "the loss as written, which overflows",
        "D1",
        GOALS,
        LOSS,
        "logits.exp().sum(1).log() - logits.gather(1, y[:, None])[:, 0]",
    ),
    Bug(
        "the logarithm of a rounded softmax", "D1", GOALS, LOSS, "-logits.softmax(1).gather(1, y[:, None])[:, 0].log()"
    ),
    Bug("the mean over the batch for every sample", "D1", GOALS, LOSS, "F.cross_entropy(logits, y).expand(len(y))"),
    Bug("softmax twice", "D1", GOALS, LOSS, LOSS.replace("logits", "logits.softmax(1)")),
    Bug("untargeted goes down", "D3", GOALS, "return self.loss(out, self.y)", "return -self.loss(out, self.y)"),
    Bug("targeted goes up", "D4", GOALS, "return -self.loss(out, self.t)", "return self.loss(out, self.t)"),
    Bug("the right are the fooled", "D3", GOALS, "return out.argmax(1) != self.y", "return out.argmax(1) == self.y"),
    Bug("no ball", "D3", LINF, CENTRE, "        return Unbounded(self.lo, self.hi).around(x)\n"),
    Bug("twice the radius", "D3", LINF, CENTRE, CENTRE + "        self = Linf(2 * self.eps)\n"),
    Bug("half the radius", "D5", LINF, CENTRE, CENTRE + "        self = Linf(self.eps / 2)\n"),
    Bug("the box alone is a ball", "D3", BOX, ENDS, "return Linf(24 / 255).around(x) or Intervals("),
    Bug("no projection", "D3", INTERVALS, "return z.clamp(self.lower, self.upper)", "return z"),
    Bug("no sign", "D3", LINF, "return g.sign()", "return g"),
    Bug("the gradient over its largest entry", "D4", LINF, "return g.sign()", "return g / g.abs().amax()"),
    Bug("downhill", "D4", LINF, "return g.sign()", "return -g.sign()"),
    Bug("the ball goes along with the iterate", "D3", ITERATIVE, "allowed.project(", "threat.around(z).project("),
    Bug(
        "the gradient stays that of the clean image",
        "D5",
        ITERATIVE,
        "score_gradient(forward, z,",
        "score_gradient(forward, x,",
    ),
    Bug(
        "the step size is ignored",
        "D5",
        ITERATIVE,
        "z = x.detach().clone()",
        "z, step_size = x.clone(), min(threat.eps, 1)",
    ),
    Bug("one step too few", "D4", ITERATIVE, "range(steps if", "range(steps - 1 if"),
    Bug("never more than one step", "D3", ITERATIVE, "range(steps if", "range(1 if"),
    Bug("the target is the likeliest class", "D5", "asking.py: def least_likely", "argmin(1)", "argmax(1)"),
    Bug("only the fooled are attacked again", "D3", "measure.py", SURVIVE, SURVIVE.replace("~", "")),
    Bug("the fooled are counted", "D3", "measure.py", "right.append(len(alive))", "right.append(len(x) - len(alive))"),
    Bug("accuracy is the error", "D5", "measure.py: def correct", "==", "!="),
    Bug("distances from the end of the path", "D3", "measure.py: def along", "size(z - path[0])", "size(z - path[-1])"),
    Bug("pixels are not normalised", "D3", "models.py", "return (x - self.mean) / self.std", "return x"),
    Bug("weights are not loaded", "D1", "checkpoints/__init__.py", "model.load_state_dict(weights)", "pass"),
    Bug("no box", "D2", LINF, CENTRE, CENTRE + "        return Intervals(x - self.eps, x + self.eps)\n"),
    Bug("only upwards", "D2", LINF, CENTRE, CENTRE + "        return Intervals(x, (x + self.eps).clamp(0, 1))\n"),
    Bug("half a step", "D2", FGSM, "step_size=threat.eps", "step_size=threat.eps / 2"),
    Bug("two half steps", "D2", FGSM, "steps=1, step_size=threat.eps", "steps=2, step_size=threat.eps / 2"),
    Bug("one step too many", "D2", ITERATIVE, "range(steps if", "range(steps + 1 if"),
    Bug("the box alone has no box", "D3", BOX, ENDS, "return Intervals(x - 9, x + 9) or Intervals("),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """What is claimed here says nothing about the course: a ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


CELLS = quick_cells(LECTURE)
EVERY = set().union(*(cell.claims for cell in CELLS))


def test_without_a_bug_every_claim_holds(tmp_path, ledger):
    assert broken_claim(needed_for(None, CELLS), copy_of_the_library(tmp_path)) is None
    made = read_ledger(ledger)
    assert all(claim.holds for claim in made) and {claim.id for claim in made} == EVERY
    assert {"D1", "D2", "D3", "D4", "D5"} <= EVERY, "none is so slow that it is left out here"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(needed_for(bug.claim, CELLS), bug.plant(tmp_path)) == bug.claim


def test_a_bug_that_cannot_be_planted_is_an_error(tmp_path):
    with pytest.raises(LookupError, match=r"goals\.py has 0 times, not once: no such line"):
        Bug("", "D1", GOALS, "no such line", "").plant(tmp_path)


def test_the_usual_library_is_back_after_a_bug(tmp_path):
    import advcourse.goals as usual

    broken_claim(needed_for("D1", CELLS), BUGS[0].plant(tmp_path))
    assert sys.modules["advcourse.goals"] is usual and str(tmp_path) not in sys.path


# Through nbval, as `make test` runs it --------------------------------------------------------------------------------


def nbval(cells: list[Cell], folder: Path, library: Path) -> subprocess.CompletedProcess:
    """What pytest --nbval says about a notebook of these cells in folder, with the library at the front of the path."""
    notebook = new_notebook(cells=[new_code_cell(cell.source) for cell in cells])
    nbformat.write(notebook, folder / "lecture.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        "lecture.ipynb",
    ]
    environment = {**os.environ, "PYTHONPATH": str(library), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("bug", [None, *(b for b in BUGS if b.name == "targeted goes up")], ids=["control", "bug"])
def test_a_notebook_run_finds_the_bug_as_well(bug, tmp_path, ledger):
    (tmp_path / "work").mkdir()
    copy = bug.plant(tmp_path / "copy") if bug else copy_of_the_library(tmp_path / "copy")
    run = nbval(needed_for("D4", CELLS), tmp_path / "work", copy)
    assert ledger.exists(), run.stdout + run.stderr
    verdicts = {claim.id: claim.holds for claim in read_ledger(ledger)}
    if bug:
        assert run.returncode == 1 and "✗ D4 does not hold" in run.stdout, run.stdout + run.stderr
        assert verdicts == {"D4": False}
    else:
        assert run.returncode == 0, run.stdout + run.stderr
        assert verdicts == {"D4": True, "D5": True}
