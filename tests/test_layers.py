"""The rooms of the library import upwards only, and `import advcourse` loads little more than torch."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "advcourse"

# The order of the course. A room may import from its own line and from the lines above.
LAYERS = [
    {"device"},
    {"answers", "behind", "inputs", "descriptors"},
    {"goals"},
    {"threats"},
    {"asking"},
    {"oracles"},
    {"attacks"},
    {"convex"},
    {"models"},
    {"detection"},
    {"defences"},
    {"certify"},
    {"training"},
    {"density"},
    {"toys"},
    {"data"},
    {"measure"},
    {"conflict"},
    {"checkpoints"},
    {"retrieval"},
    {"draw"},
    {"widgets"},
    {"claims"},
    {"checks"},
    {"course"},
    {"__init__", "__main__"},
]
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}
TORCH_ONLY = {"device", "answers", "behind", "inputs", "descriptors", "goals", "threats"}
TORCH_ONLY |= {"oracles", "asking", "attacks"}
TORCH_ONLY |= {"convex", "defences", "certify", "training", "density"}
ALSO = {
    "attacks/minimal.py": {"scipy"},
    "certify/smoothing.py": {"scipy"},
    "training/loop.py": {"tqdm"},
    "attacks/patch.py": {"tqdm"},
}
WITHOUT_ATTACKS = {"asking", "convex", "certify", "training", "conflict", "models", "defences"}
HOME = {"matplotlib": {"draw"}, "ipywidgets": {"widgets"}, "anywidget": {"widgets"}}
LAZY = {"torchvision", "timm", "skimage", "sklearn", "mlxtend", "pandas", "mtcnn"}
HEAVY = LAZY | {"matplotlib", "scipy", "ipywidgets", "anywidget", "IPython"}

SCREEN = 40  # lines of a function in checks/

Import = tuple[str, bool]  # the full name of what is imported, and whether that happens at the top of the module


def imports(source: str, file: str) -> Iterator[Import]:
    tree = ast.parse(source)
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.Lambda) for n in ast.walk(f)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, file)
            yield from ((f"{base}.{alias.name}", id(node) not in inside) for alias in node.names)


def absolute(node: ast.ImportFrom, file: str) -> str:
    """The name a relative import stands for."""
    if not node.level:
        return node.module
    folders = ["advcourse", *file.split("/")[:-1]]
    parts = folders[: len(folders) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def violations(source: str, file: str) -> list[str]:
    """What this source breaks as the file advcourse/<file>."""
    room = file.split("/")[0].removesuffix(".py")
    found = []
    for name, at_top in imports(source, file):
        top, *rest = name.split(".")
        if top == "advcourse":
            other = rest[0] if rest and rest[0] in RANK else "__init__"
            later_is_fine = other == "__init__" and RANK[room] >= RANK["checks"]
            if RANK[other] > RANK[room] and not later_is_fine:
                found.append(f"{room} imports {name}, which comes later")
        elif room in TORCH_ONLY and top not in sys.stdlib_module_names | {"torch"} | ALSO.get(file, set()):
            found.append(f"{room} imports {top}; it may use torch only")
        elif room not in HOME.get(top, {room}):
            found.append(f"{room} imports {top}, which belongs to {HOME[top]}")
        elif at_top and top in LAZY:
            found.append(f"{room} imports {top} at its top; import it in the function that needs it")
    return found


FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_imports_point_up(file):
    assert violations((PACKAGE / file).read_text(encoding="utf-8"), file) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("goals.py", "from advcourse.threats import Linf"),
        ("goals.py", "from .threats import Linf"),
        ("goals.py", "from . import threats"),
        ("attacks/gradient.py", "from ..models import Normalize"),
        ("attacks/gradient.py", "def f():\n    from advcourse import data"),
        ("measure/shares.py", "import advcourse"),
        ("threats.py", "import numpy as np"),
        ("attacks/gradient.py", "from scipy.optimize import minimize"),
        ("measure/shares.py", "import matplotlib.pyplot as plt"),
        ("draw.py", "def f():\n    import ipywidgets"),
        ("models.py", "import timm"),
        ("data.py", "class A:\n    from torchvision import datasets"),
    ],
)
def test_a_wrong_import_is_seen(file, source):
    assert len(violations(source, file)) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("threats.py", "import math\nfrom torch import Tensor\nfrom .goals import margin"),
        ("attacks/minimal.py", "from scipy.optimize import minimize\nfrom .gradient import fgsm"),
        ("training/loop.py", "def fit():\n    from tqdm.auto import tqdm"),
        ("models.py", "def pretrained():\n    import timm"),
        ("checks/unit.py", "from advcourse import fgsm"),
    ],
)
def test_a_right_import_is_left_alone(file, source):
    assert violations(source, file) == []


@pytest.mark.parametrize("file", [f for f in FILES if f.split("/")[0].removesuffix(".py") in WITHOUT_ATTACKS])
def test_who_only_asks_a_model_needs_no_attack(file):
    source = (PACKAGE / file).read_text(encoding="utf-8")
    assert not [name for name, _ in imports(source, file) if name.startswith("advcourse.attacks")]


def test_no_room_without_a_subject():
    assert not {"utils", "util", "helpers", "base", "common", "misc"} & {Path(file).stem for file in FILES}


def test_every_room_has_its_place():
    assert {file.split("/")[0].removesuffix(".py") for file in FILES} <= set(RANK)


def test_no_module_outgrows_its_subject():
    lengths = {file: len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: n for file, n in lengths.items() if n > 350} == {}


def test_importing_the_library_loads_little_more_than_torch():
    report = (
        "import json, sys, torch; a = set(sys.modules); import advcourse; print(json.dumps(list(set(sys.modules) - a)))"
    )
    ran = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    loaded = {name.split(".")[0] for name in json.loads(ran.stdout)}
    assert "advcourse" in loaded and not HEAVY & loaded


@pytest.mark.parametrize("file", sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.glob("checks/**/*.py")))
def test_no_function_of_a_check_is_longer_than_a_screen(file):
    """A mistake is found in a table that is seen at once; what grows longer is two functions, or two tables."""
    functions = [f for f in ast.walk(ast.parse((PACKAGE / file).read_text())) if isinstance(f, ast.FunctionDef)]
    assert [(f.name, f.end_lineno - f.lineno + 1) for f in functions if f.end_lineno - f.lineno >= SCREEN] == []
