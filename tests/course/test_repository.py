"""What the repository says about itself is true: commands, requirements, links, and what must not be in it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from statements import REQUIRED

from advcourse.course.build import notebooks_in
from advcourse.course.rules import START

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
import make  # noqa: E402  the bootstrap is a script beside the package, not a part of it

PAGES = ["README.md", "CONTRIBUTING.md"]
MADE = re.compile(r"(^|/)(\.venv|build|__pycache__|\.\w+_cache|\.ipynb_checkpoints|[\w.]+\.egg-info)/|\.backup-")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def makefile_targets() -> set[str]:
    return set(re.search(r"^TARGETS := (.*)$", text("Makefile").replace("\\\n", " "), re.M)[1].split())


def tracked() -> list[Path]:
    """The files of the repository; in a download without git, those that no tool has made."""
    if not (ROOT / ".git").exists():
        return [p for p in ROOT.rglob("*") if p.is_file() and not MADE.search(p.relative_to(ROOT).as_posix())]
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


# Requirements ---------------------------------------------------------------------------------------------------------


def test_environment_yml_installs_this_project_and_nothing_else():
    environment = yaml.safe_load(text("environment.yml"))
    python, pip, section = environment["dependencies"]
    assert environment["name"] == PROJECT["project"]["name"]
    assert python == "python" + PROJECT["project"]["requires-python"] and pip == "pip"
    assert section == {"pip": ["-e ."]}


def test_one_oldest_python_everywhere():
    oldest = ".".join(map(str, make.OLDEST))
    assert PROJECT["project"]["requires-python"] == f">={oldest}"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert f"Python {oldest} or newer" in text("README.md")
    assert f"every system and Python >= {oldest}" in text("pins.txt")


def requirements() -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    return [*PROJECT["project"]["dependencies"], *(name for extra in extras for name in extra)]


@pytest.mark.parametrize("requirement", requirements())
def test_every_requirement_has_a_lower_bound_and_a_pin_that_keeps_it(requirement):
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    pins = [Requirement(line) for line in text("pins.txt").splitlines() if "==" in line and not line.startswith("#")]
    versions = [next(iter(pin.specifier)).version for pin in pins if same_name(pin.name, wanted.name)]
    assert any(s.operator in (">=", "==") for s in wanted.specifier)
    assert versions and all(version in wanted.specifier for version in versions)


def same_name(a: str, b: str) -> bool:
    return re.sub(r"[-_.]+", "-", a).lower() == re.sub(r"[-_.]+", "-", b).lower()


def test_the_licence_is_the_one_that_is_declared():
    assert text("LICENSE").startswith("MIT License") and PROJECT["project"]["license"] == "MIT"


# Commands -------------------------------------------------------------------------------------------------------------


def test_makefile_and_make_py_have_the_same_targets():
    assert makefile_targets() == set(make.TARGETS)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_on_a_page_exists(page):
    named = set(re.findall(r"\bmake(?:\.py)? ([a-z][a-z-]+)", "\n".join(code_in(text(page)))))
    assert named and named <= set(make.TARGETS)


def code_in(markdown: str) -> list[str]:
    blocks = re.findall(r"```.*?\n(.*?)```", markdown, re.S)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", markdown, flags=re.S))


def test_readme_names_every_target_and_starts_with_the_two_that_matter():
    readme = text("README.md")
    assert all(f"`make {target}`" in readme for target in make.TARGETS)
    first_screen = "\n".join(readme.splitlines()[:20])
    assert all(
        f"`{command} {target}`" in first_screen for command in ("make", "python make.py") for target in ("lab", "test")
    )


def test_ci_runs_readmes_test_command():
    script = text(".ci/run")
    assert re.search(r"^make test\b", script, re.M) and "set -euo pipefail" in script
    assert all(package in script for package in ("chromium", "dataset-fashion-mnist"))
    if os.name == "posix":  # on Windows `bash` may be a door to a Linux that is not installed
        assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT).returncode == 0


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_there_is_here(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    lines = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    targets = {target for line in lines for target in re.findall(r"make\.py ([a-z-]+)", line)}
    targets |= {t for job in jobs.values() for t in job.get("strategy", {}).get("matrix", {}).get("target", [])}
    assert targets <= set(make.TARGETS) and (targets or ".ci/run" in lines)
    assert all("timeout-minutes" in job for job in jobs.values())


def test_workflows_try_the_oldest_python_and_run_the_same_as_ci():
    jobs = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"]
    assert jobs["everything"]["strategy"]["matrix"]["python"][0] == ".".join(map(str, make.OLDEST))
    assert [step["run"] for step in jobs["everything"]["steps"] if "run" in step][-1] == ".ci/run"


def test_other_systems_may_skip_what_they_cannot_have():
    """Under CI=true, which GitHub sets, a skip fails the step: there the job has to say otherwise."""
    elsewhere = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"]["elsewhere"]
    assert elsewhere["env"]["CI"] != "true"
    lines = [step.get("run", "") for step in elsewhere["steps"]]
    assert "python make.py unit" in lines and not any("grading" in line for line in lines)


def test_without_fork_grading_is_skipped_and_nothing_fails():
    """As on Windows: every file that grades says what is missing."""
    files = [f"tests/course/test_grading{part}.py" for part in ("", "_cheats", "_sabotage", "_exercises")]
    source = """import os, sys, types, pytest
from advcourse.course.grading import room
room.sys = types.SimpleNamespace(platform="win32")
del os.fork
sys.exit(pytest.main(sys.argv[1:]))"""
    command = [sys.executable, "-c", source, "-q", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert ran.returncode == 0 and "grading needs os.fork" in ran.stdout, ran.stdout
    assert not re.search(r"\d+ (passed|failed|error)", ran.stdout)


def test_make_py_without_a_target_lists_them():
    listing = subprocess.run([sys.executable, "make.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(re.search(rf"^  {target}\s+\w", listing, re.M) for target in make.TARGETS)


# Pages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_resolve(page):
    links = re.findall(r"\]\(([^)#\s]+)", text(page))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_paths_in_code_exist(page):
    named = {name for code in code_in(text(page)) for name in re.findall(r"\b((?:[\w.-]+/)+[\w.-]*)", code)}
    own = {
        n
        for n in named
        if n.split("/")[0] in ("advcourse", "tests", "lectures", "solutions", "exercises", "benchmarks")
    }
    assert own and [name for name in own if "NN_name" not in name and not (ROOT / name).exists()] == []


LECTURES = {path.stem for path in notebooks_in(ROOT / "lectures")}


def test_readme_lists_the_units_that_exist():
    assert set(re.findall(r"\(lectures/(\w+)\.ipynb\)", text("README.md"))) == LECTURES


def test_the_map_lists_the_units_that_exist():
    rows = re.findall(r"- \*\*\d+ · .*?\((\w+)\.ipynb\).*?exercises/(\w+)\.ipynb", text(f"lectures/{START}.ipynb"))
    assert {unit for unit, _ in rows} == {unit for _, unit in rows} == LECTURES - {START}


def test_every_unit_has_statements_to_claim():
    assert LECTURES - {START} <= REQUIRED.keys()


def test_readmes_ten_lines_run():
    (example,) = re.findall(r"```python\n(.*?)```", text("README.md"), re.S)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    ran = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    clean, attacked = map(float, ran.stdout.split())
    assert clean > 0.9 > 0.6 > attacked


# What must not be in it -----------------------------------------------------------------------------------------------

REGISTRIES = "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.", r"deb\.deb" + "ian"])
FOREIGN = re.compile(
    rf"{REGISTRIES}|(?<![\w.])/(home|root|work|Users)/(?!jovyan)\w"
)  # who is at home in Jupyter's images


def test_no_registry_and_no_path_of_one_machine():
    kinds = {".md", ".py", ".toml", ".txt", ".yml", ".js", ".css", ".json", ".ipynb", ""}
    texts = {path.name: path.read_text(encoding="utf-8") for path in tracked() if path.suffix in kinds}
    found = {name: FOREIGN.search(without_pictures(content)) for name, content in texts.items()}
    assert {name: match[0] for name, match in found.items() if match} == {}


def without_pictures(content: str) -> str:
    """Base64, in which any letters may follow a slash."""
    return re.sub(r'"image/png": "[^"]*"', "", content)


@pytest.mark.parametrize("bad", ["/home" + "/somebody", "https://py" + "pi.org/simple", "see /root" + "/x"])
def test_the_pattern_sees_what_it_looks_for(bad):
    assert FOREIGN.search(bad) and not FOREIGN.search("a/home/b, ../work/x, (home|root)")


def test_nothing_generated_is_tracked():
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [name for name in names if MADE.search(name)] == []


def test_a_checkout_has_the_same_bytes_on_every_system():
    if not (ROOT / ".git").exists():
        pytest.skip("no git here: this is a download")
    files = ["make.py", "solutions/04_gradient_attacks.ipynb", "advcourse/checkpoints/digits_cnn.safetensors"]
    ask = ["git", "check-attr", "eol", "text", "--", *files]
    said = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.count("eol: lf") >= 2 and "digits_cnn.safetensors: text: unset" in said
