"""The site that is built is whole: every link leads somewhere, nothing comes from the network, no solution is in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from advcourse.course.build import notebooks_in
from advcourse.course.site.links import problems

ROOT = Path(__file__).resolve().parents[2]


def built(out: Path, *options: str, seed: str = "0") -> Path:
    """What `make site` does, without a warning."""
    env = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "advcourse.course", "site", "--out", str(out), *options]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("students") / "site")


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    assert problems(site) == []


def test_every_lecture_and_every_exercise_is_a_page(site):
    for kind in ("lectures", "exercises"):
        made = {path.stem for path in (site / kind).glob("*.html")}
        assert made == {path.stem for path in notebooks_in(ROOT / kind)}
