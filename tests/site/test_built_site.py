"""The site that is built is whole: every link leads somewhere, nothing comes from the network, no solution is in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from advcourse.course.build import notebooks_in
from advcourse.course.site.links import problems

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/browser"))
import lab  # noqa: E402


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


def test_the_playground_is_alive_on_its_page(site):
    if why := lab.missing():
        pytest.skip(why)
    with lab.chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto((site / "playground.html").as_uri())
        page.locator(".ranking li").nth(5).wait_for(timeout=120_000)
        page.locator("[name=data]").select_option("spirals")
        page.locator(".playground .line").get_by_text("wide net on spirals").wait_for(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390 and failed == []
