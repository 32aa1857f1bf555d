"""Everything one does with this repository, on any system with Python >= 3.11 and nothing else: `python make.py lab`.

The Makefile only calls this file. Syntax stays readable for old Pythons, so that they get the message below instead of
a SyntaxError.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "advcourse-installed.json"
ARTEFACTS = ROOT / "build"
OLDEST = (3, 11)

TWO_WORKERS = ("-n", "2", "--max-worker-restart=4")
SLOWEST = 10  # so many of the tests and cells that took longest are named, over all steps
NOTEBOOK_STEPS = ("nbval", "pretend", "cuda")
A_WAIT = 20.0  # seconds: a reader who waits longer for a cell's result has gone elsewhere
INSTALL = {  # what a skip reason may mention -> the line that makes the skip go away
    "chromium": "sudo apt-get install chromium",
    "fashion-mnist": "sudo apt-get install dataset-fashion-mnist",
    "gpu": "make gpu-test, on a machine with a CUDA device",
}


class Stop(Exception):
    """Ends the run with one line for the reader instead of a traceback."""


# The environment ------------------------------------------------------------------------------------------------------


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def usable(python: Path) -> bool:
    """Is this a whole virtual environment? One whose creation was interrupted may well have a python, of the system."""
    probe = f"import sys, pip; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < {OLDEST})"
    try:
        return subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def fingerprint() -> str:
    """Changes with whatever should make us install again: the requirements, or a checkout that was moved."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "pins.txt")]
    return hashlib.sha256(b"\0".join([*parts, str(ROOT).encode()])).hexdigest()


def installed_extras() -> set[str] | None:
    """The extras in .venv, None where it has to be installed anew."""
    try:
        stamp = json.loads(STAMP.read_text())
        return set(stamp["extras"]) if stamp["fingerprint"] == fingerprint() and venv_python().exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def environment(extras: set[str]) -> Path:
    """The Python of .venv with this project and these extras installed; the second time it only reads the stamp."""
    have = installed_extras()
    if have is not None and extras <= have:
        return venv_python()
    more = " and ".join(sorted(extras - (have or set())))
    extras = extras | (have or set())
    STAMP.unlink(missing_ok=True)
    if not usable(venv_python()):
        create_venv()
    say(f"installing {EVERYTHING if have is None else f'what is needed besides for: {more}'}")
    install(extras)
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(), "extras": sorted(extras)}))
    return venv_python()


EVERYTHING = "the tested versions of everything (the first time: minutes, and about 6 GB with PyTorch)"


def create_venv() -> None:
    say(f"creating {VENV.name}")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)]).returncode:
        raise Stop(
            f"{sys.executable} cannot create {VENV.name}. On Debian and Ubuntu: sudo apt-get install python3-venv"
        )


def install(extras: set[str]) -> None:
    target = f".[{','.join(sorted(extras))}]" if extras else "."
    pip_install("-c", "pins.txt", "-e", target)
    import tomllib  # not at the top: an old Python has to reach its message first

    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["advcourse"]
    if "bench" in extras:
        pip_install("--no-deps", *own["bench-without-dependencies"])
    if "hub" in extras:
        npm_install(own["hub-proxy"])


def npm_install(package: str) -> None:
    npm = shutil.which("npm")
    if not npm or subprocess.run([npm, "install", "--prefix", str(VENV), package]).returncode:
        raise Stop(f"npm is needed to install {package}, and Node.js 20 to run it. Then run the same again.")


def pip_install(*what: str) -> None:
    uv = shutil.which("uv")
    installers = [[uv, "pip", "install", "--python", str(venv_python())]] if uv else []
    installers += [[str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]]
    for installer in installers:
        if subprocess.run([*installer, *what], cwd=ROOT).returncode == 0:
            return
    raise Stop("the installation failed, see above. Is there a network, and room on the disk? Then run the same again.")


# Test steps -----------------------------------------------------------------------------------------------------------


def pytest(name: str, *arguments: str) -> list[str]:
    """Without what costs time and gives nothing here: the plugin for notebooks where there are none, which takes every
    process two seconds to load, and that for logs, which nobody writes and each of thousands of tests wait for."""
    spared = ("-p", "no:logging", *(() if "--nbval" in arguments else ("-p", "no:nbval")))
    return ["-m", "pytest", "-rs", f"--junitxml={report_of(name)}", *spared, *arguments]


def report_of(name: str) -> Path:
    return ARTEFACTS / f"pytest-{name}.xml"


def lint_commands(python: Path) -> list[list[str]]:
    code = ["advcourse", "tests", "benchmarks", "deploy", "make.py", ".jupyter"]
    return [
        ["-m", "ruff", "check", *code],
        ["-m", "ruff", "format", "--check", *code],
        # Told whose packages to read: by itself it prefers an active environment, or .venv, to the one that runs it.
        ["-m", "ty", "check", "--python", str(python)],
        ["-m", "advcourse.course", "lint"],
        ["-m", "advcourse.course", "build", "--check"],
    ]


def nbval_command(name: str, *arguments: str) -> list[str]:
    return pytest(name, "--nbval", "--nbval-cell-timeout=300", "--ignore-glob=*.backup-*", *arguments)


OWN_KERNEL = "--nbval-current-env"  # of the Python that runs pytest, started as a student's is
WARM = "tests/warm_kernels.py"  # runs what follows with kernels that start in a moment


NOTEBOOKS = ("lectures", "solutions", "exercises")
# One file, one worker: the cells of a notebook share a kernel and run in order, the tests of a module what was set up
# for them: a class that was graded, a network that was trained.
BY_FILE = (*TWO_WORKERS, "--dist=loadfile")


APART = (  # folders of tests/ that are steps of their own
    "course",
    "on_pretend",
    "after",
    "browser",
    "every_bank",
    "every_bug",
    "site",
    "hub",
)
# Of the browser's tests those that take minutes: every lecture, and the page of the site that lives without Python. The
# other files there are about one panel each.
LONG_IN_THE_BROWSER = ("tests/browser/test_lectures.py", "tests/browser/test_the_living_playground.py")
STEPS = {  # name: the commands, for the Python that runs them
    "lint": lint_commands,
    "unit": lambda _: [pytest("unit", "tests", *(f"--ignore=tests/{apart}" for apart in APART), *BY_FILE)],
    "course": lambda _: [pytest("course", "tests/course", *BY_FILE)],
    # Processes of their own: a device has to be registered before the first backward pass.
    "device": lambda _: [pytest("device", "tests/on_pretend", *TWO_WORKERS)],
    "nbval": lambda _: [[WARM, *nbval_command("nbval", *BY_FILE, *NOTEBOOKS)]],
    "after": lambda _: [pytest("after", "tests/after")],
    # Each of the two workers has a JupyterLab and a browser of its own.
    "browser": lambda _: [
        [WARM, *pytest("browser", "tests/browser", *(f"--ignore={long}" for long in LONG_IN_THE_BROWSER), *BY_FILE)]
    ],
    "lectures": lambda _: [pytest("lectures", *LONG_IN_THE_BROWSER, *TWO_WORKERS)],
    "bugs": lambda _: [pytest("bugs", "tests/every_bug", *TWO_WORKERS)],
    "grading": lambda _: [pytest("grading", "tests/every_bank", *TWO_WORKERS)],
    "site": lambda _: [pytest("site", "tests/site")],
    "hub": lambda _: [pytest("hub", "tests/hub")],
}
LONGER = {  # steps that `make test` leaves out, and the targets that run them
    "lectures": "lectures-test",
    "bugs": "bugs-test",
    "grading": "grading-test",
    "site": "site-test",
    "hub": "hub-test",
}


def step_environment(**more: str) -> dict[str, str]:
    """One thread: two workers with two threads each on a small machine are several times slower. Compiled modules are
    kept, also where, as in many containers, they are not by default: hundreds of processes load them."""
    ledger = str(ARTEFACTS / "ledger.jsonl")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1", "ADVCOURSE_LEDGER": ledger, **more}


def run_step(python: Path, name: str, commands: list[list[str]], **env: str) -> dict:
    """Runs every command of the step, whatever happens to the one before; its verdict, seconds, skips and items."""
    say(f"step {name}")
    ARTEFACTS.mkdir(exist_ok=True)
    report_of(name).unlink(missing_ok=True)
    if name in NOTEBOOK_STEPS:
        (ARTEFACTS / "ledger.jsonl").unlink(missing_ok=True)
    start = time.monotonic()
    codes = [subprocess.run([str(python), *c], cwd=ROOT, env=step_environment(**env)).returncode for c in commands]
    seconds, report = time.monotonic() - start, report_of(name)
    return verdict(name, codes, seconds, skips_in(report), items_in(report))


def skips_in(report: Path) -> list[str]:
    """Why tests were skipped, from pytest's own report (an expected failure is listed there too, and is not a skip)."""
    if not report.exists():
        return []
    skips = xml.parse(report).iter("skipped")
    return [s.get("message") or s.text or "no reason given" for s in skips if s.get("type") != "pytest.xfail"]


def items_in(report: Path) -> list[tuple[float, str]]:
    """Seconds and name of every test, or notebook cell, that ran."""
    if not report.exists():
        return []
    cases = xml.parse(report).iter("testcase")
    return [(float(c.get("time", 0)), f"{c.get('classname')}::{c.get('name')}") for c in cases]


def verdict(
    name: str, codes: list[int], seconds: float, skips: list[str], items: Iterable[tuple[float, str]] = ()
) -> dict:
    """In CI only the GPU may be missing. pytest's exit code 5, nothing ran, is a skip where something was skipped."""
    nothing_ran = codes == [5] and bool(skips)
    forbidden = [s for s in skips if "GPU" not in s] if os.environ.get("CI") == "true" else []
    failed = bool(forbidden) or (any(codes) and not nothing_ran)
    outcome = "FAIL" if failed else "skip" if nothing_ran else "pass"
    return {
        "name": name,
        "outcome": outcome,
        "seconds": seconds,
        "skips": skips,
        "forbidden": forbidden,
        "items": items,
    }


def summary(results: list[dict]) -> str:
    lines = ["", "summary"]
    for result in results:
        note = f"   {len(result['skips'])} skipped" if result["skips"] else ""
        lines.append(f"  {result['name']:<10}{result['outcome']}  {result['seconds']:7.1f} s{note}")
    for reason in sorted({s for r in results for s in r["skips"]}):
        remedy = next((line for word, line in INSTALL.items() if word in reason.lower()), "")
        lines.append(f"  skipped: {reason}" + (f"  ->  {remedy}" if remedy and remedy not in reason else ""))
    if any(r["forbidden"] for r in results):
        lines.append("  under CI=true nothing but the GPU may be skipped")
    items = sorted(((*item, r["name"]) for r in results for item in r["items"]), reverse=True)
    cells = [(seconds, item) for seconds, item, step in items if step in NOTEBOOK_STEPS and seconds > A_WAIT]
    lines += [f"cells over {A_WAIT:.0f} s: cut what they compute, or split them"] * bool(cells)
    lines += [f"  {seconds:7.1f} s  {cell}" for seconds, cell in cells]
    lines += ["slowest"] * bool(items)
    lines += [f"  {seconds:7.1f} s  {step:<10}{item}" for seconds, item, step in items[:SLOWEST]]
    return "\n".join(lines)


# Targets --------------------------------------------------------------------------------------------------------------


def lab(python: Path, arguments: list[str]) -> int:
    if python == venv_python():  # another environment is its owner's to configure
        write_lab_overrides(VENV / "share/jupyter/lab/settings/overrides.json")
    command = [str(python), "-m", "jupyterlab", "--ip=127.0.0.1", f"--ServerApp.root_dir={ROOT}"]
    command += ["--LabApp.default_url=/lab/tree/lectures/00_start_here.ipynb"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    env = lab_environment()
    if os.name == "posix":  # become JupyterLab: Ctrl-C and a closed terminal reach it directly
        sys.stdout.flush()
        os.chdir(ROOT)
        os.execve(command[0], command + arguments, env)
    return subprocess.run(command + arguments, cwd=ROOT, env=env).returncode


def lab_environment() -> dict[str, str]:
    """With the course's settings of the server beside those of the user."""
    folders = filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(ROOT / ".jupyter")])
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(folders)}


def write_lab_overrides(path: Path) -> None:
    """No question about news and no look for updates: the first thing a student sees is the first page."""
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": quiet}, indent=2))


def hub(python: Path, arguments: list[str]) -> int:
    """JupyterHub as deploy/jupyterhub_config.py has it, or as the file after -f has it."""
    if python == venv_python():
        write_lab_overrides(VENV / "share/jupyter/lab/settings/overrides.json")
    config = [] if "-f" in arguments else ["-f", "deploy/jupyterhub_config.py"]
    return module("-m", "jupyterhub", *config)(python, arguments)


def gpu_test(python: Path, arguments: list[str]) -> int:
    """The lectures on a device without float64, which needs no hardware, and all notebooks on a GPU if there is one."""
    lectures = nbval_command("pretend", OWN_KERNEL, *BY_FILE, *arguments, "lectures")
    results = [run_step(python, "pretend", [lectures], **pretend_environment())]
    probe = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    if subprocess.run([str(python), "-c", probe]).returncode:
        results.append(verdict("cuda", [5], 0.0, ["the notebooks on CUDA: no GPU here that PyTorch sees"]))
    else:
        notebooks = nbval_command("cuda", OWN_KERNEL, *arguments, *NOTEBOOKS)
        results.append(run_step(python, "cuda", [notebooks], ADVCOURSE_DEVICE="cuda"))
    print(summary(results), flush=True)
    return int(any(r["outcome"] == "FAIL" for r in results))


def pretend_environment() -> dict[str, str]:
    """With these every kernel registers the tests' own device first, of which the library knows nothing."""
    path = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    startup = str(ROOT / "tests/on_pretend/startup.py")
    return {"ADVCOURSE_DEVICE": "pretend", "PYTHONSTARTUP": startup, "PYTHONPATH": path}


def module(*command: str) -> Callable[[Path, list[str]], int]:
    """A target that runs one Python command in the environment."""
    env = {**os.environ, "PYTHONUTF8": "1"}
    return lambda python, arguments: subprocess.run([str(python), *command, *arguments], cwd=ROOT, env=env).returncode


def steps(*names: str) -> Callable[[Path, list[str]], int]:
    """A target that runs these steps of the test, all of them, and sums up."""

    def run(python: Path, arguments: list[str]) -> int:
        if arguments:
            raise Stop("the test steps take no arguments; those for pytest go into the variable PYTEST_ADDOPTS")
        results = [run_step(python, name, STEPS[name](python)) for name in names]
        print(summary(results), flush=True)
        for target in LONGER.values() if "unit" in names else ():
            print(f"  left out, with a target of its own: make {target}", flush=True)
        return int(any(r["outcome"] == "FAIL" for r in results))

    return run


COURSE = ("-m", "advcourse.course")
TARGETS = {  # name: (what to do, extras to install, what it is for)
    "lab": (lab, set(), "open the course in JupyterLab"),
    "test": (
        steps(*(name for name in STEPS if name not in LONGER)),
        {"dev", "site"},
        "run everything: lint, unit, course, device, nbval, after, browser",
    ),
    "lint": (steps("lint"), {"dev", "site"}, "check code, types and notebooks without running them"),
    "unit": (steps("unit", "device"), {"dev"}, "run the tests of the library and its checks"),
    "course": (steps("course"), {"dev"}, "run the tests of the tools: notebooks, grading, hand-out, make.py"),
    "nbval": (steps("nbval", "after"), {"dev"}, "run and compare every notebook, then look at what was claimed"),
    "lectures-test": (
        steps("lectures"),
        {"dev"},
        "open every lecture in a real browser, move its panels in any window, minutes; no part of test",
    ),
    "bugs-test": (steps("bugs"), {"dev"}, "plant a bug for every claim and see it break, minutes; no part of test"),
    "grading-test": (steps("grading"), {"dev"}, "grade every answer that the tests know, minutes; no part of test"),
    "browser": (steps("browser"), {"dev"}, "drive the widgets in a real browser"),
    "gpu-test": (gpu_test, {"dev"}, "run the lectures on a device without float64, and all on a GPU"),
    "exercises": (module(*COURSE, "build"), {"dev"}, "generate exercises/ from solutions/"),
    "notebooks": (module(*COURSE, "normalise", "--execute"), {"dev"}, "run and tidy lectures/ and solutions/"),
    "grade": (module(*COURSE, "grade"), set(), "grade what a class handed in: a folder, or the zip of a platform"),
    "handout": (module(*COURSE, "handout"), set(), "make what students get: no solutions, no tests"),
    # Without an environment: what it replaces is what one would be made of.
    "update": (module("-P", "advcourse/course/update.py"), None, "in a hand-out: bring it up to a newer one's zip"),
    "site": (
        module(*COURSE, "site"),
        {"site"},
        "build the course as web pages; --instructors adds the notes for teachers",
    ),
    "site-test": (
        steps("site"),
        {"dev", "site"},
        "build the site, follow its links, run its examples; no part of test",
    ),
    "hub": (hub, {"hub"}, "host the course for a class on this machine: see docs/site/host.md"),
    "hub-test": (
        steps("hub"),
        {"dev", "hub"},
        "log two students in to a hub on this machine; no part of test",
    ),
    # Run as a file, because whatever is ill may be what `import advcourse` imports.
    "doctor": (
        module("-P", "advcourse/course/doctor.py"),
        set(),
        "say what is here, what is missing, and how to get it",
    ),
    "bench": (module("benchmarks/run.py"), {"dev", "bench"}, "time the attacks against a bare loop and peers"),
}


STUDENTS = ("lab", "update", "doctor")  # all that a hand-out has what it takes for


def targets() -> list[str]:
    return [name for name in TARGETS if name in STUDENTS or not (ROOT / ".handout.json").exists()]


def usage() -> str:
    lines = ["usage: python make.py TARGET [--here] [arguments for the target]", ""]
    lines += [f"  {name:<15}{TARGETS[name][2]}" for name in targets()]
    return "\n".join([*lines, "", "  --here       use the Python that runs this, as it is, instead of .venv"])


def say(line: str) -> None:
    print(f"== {line}", flush=True)


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        raise Stop("Python >= 3.11 is needed, this is {}.{}: {}".format(*sys.version_info[:2], sys.executable))
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, *rest = arguments
    if name not in targets():
        raise Stop(f"there is no target {name!r}\n{usage()}")
    run, extras, _ = TARGETS[name]
    here = "--here" in rest
    python = Path(sys.executable) if here or extras is None else environment(extras)
    return run(python, [a for a in rest if a != "--here"])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as reason:
        sys.exit(f"make: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
