"""The site that is built is whole: every link leads somewhere, nothing comes from the network, no solution is in it."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from advcourse.course.build import exercise_of, markers, notebooks_in
from advcourse.course.notebook import read
from advcourse.course.site.links import problems
from advcourse.course.site.reference import INNER, ROOMS, full, public

ROOT = Path(__file__).resolve().parents[2]
TAG = re.compile(r"<[^>]+>")


def built(out: Path, *options: str, seed: str = "0") -> Path:
    """What `make site` does, without a warning."""
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "advcourse.course", "site", "--out", str(out), *options]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("students") / "site")


@pytest.fixture(scope="session")
def instructors(tmp_path_factory) -> Path:
    """The other site, built in a process that orders its sets otherwise."""
    return built(tmp_path_factory.mktemp("instructors") / "site", "--instructors", seed="1")


def texts(site: Path) -> dict[str, str]:
    """What one can read on every page, its code as it was written, and in the notebooks that can be had."""
    pages = {str(p.relative_to(site)): html.unescape(TAG.sub("", p.read_text("utf-8"))) for p in site.rglob("*.html")}
    return pages | {str(p.relative_to(site)): p.read_text("utf-8") for p in (site / "_sources").rglob("*.ipynb")}


def listing() -> str:
    """Every file of the source tree that git knows or would offer to add, with its state."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--ignored=traditional"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return "\n".join(line for line in said.splitlines() if "__pycache__" not in line and "build/" not in line)


# The whole ------------------------------------------------------------------------------------------------------------


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site, instructors):
    assert problems(site) == [] and problems(instructors) == []


def test_two_builds_are_the_same_bytes_and_leave_the_sources_alone(site, tmp_path):
    before = listing()
    again = built(tmp_path / "site", seed="2")
    names = sorted(p.relative_to(site) for p in site.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert [str(name) for name in names if (site / name).read_bytes() != (again / name).read_bytes()] == []
    assert listing() == before


def test_every_lecture_and_every_exercise_is_a_page_and_can_be_had_as_it_is(site):
    for kind in ("lectures", "exercises"):
        made = {path.stem for path in (site / kind).glob("*.html")}
        assert made == {path.stem for path in notebooks_in(ROOT / kind)}
        for path in notebooks_in(ROOT / kind):
            assert (site / "_sources" / kind / path.name).read_bytes() == path.read_bytes()


def test_every_public_name_has_its_place_in_the_reference(site):
    pages = "".join(path.read_text("utf-8") for path in (site / "reference").glob("*.html"))
    wanted = {full(room, name) for room in (*ROOMS, *INNER) for name in public(room)}
    assert {name for name in wanted if f'id="{name}"' not in pages} == set()


# What students may not see --------------------------------------------------------------------------------------------


def solved(path: Path) -> set[str]:
    """The lines that stand between the markers of a solution, and are long enough to be told from chance."""
    solution = read(path)
    kept = {line.strip() for cell in exercise_of(solution).cells for line in cell.source.splitlines()}
    cut = {line.strip() for cell in solution.cells for line in cell.source.splitlines() if not markers(line)} - kept
    return {line for line in cut if len(line) > 30}


def given_away(answers: set[str], pages: dict[str, str], known: str) -> dict[str, str]:
    """Answers that a page shows, though neither the lectures nor the library's own text do."""
    return {line: page for line in answers if line not in known for page, text in pages.items() if line in text}


@pytest.fixture(scope="module")
def known() -> str:
    """What everybody may read anyway."""
    lectures = (cell.source for path in notebooks_in(ROOT / "lectures") for cell in read(path).cells)
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs/site").glob("*.md"), *(ROOT / "docs/examples").glob("*.txt")]
    return "\n".join((*lectures, *(path.read_text("utf-8") for path in paths)))


def test_no_line_of_a_solution_is_in_the_students_site(site, known):
    answers = {line for path in notebooks_in(ROOT / "solutions") for line in solved(path)}
    assert len(answers) > 100
    pages = texts(site)
    assert given_away(answers, pages, known) == {}
    some = next(line for line in sorted(answers) if line not in known)
    assert given_away(answers, {**pages, "leak.html": f"<p>{some}</p>"}, known) == {some: "leak.html"}


def test_notes_for_instructors_are_in_their_site_only(site, instructors, known):
    notes = {path.stem for path in notebooks_in(ROOT / "lectures")}
    assert {path.stem for path in (instructors / "instructors").glob("*.html")} == notes
    assert not (site / "instructors").exists()
    assert [
        page.name for page in site.rglob("*.html") if re.search(r'href="[^"]*instructors/', page.read_text("utf-8"))
    ] == []
    said = {
        line for path in (ROOT / "docs/site/instructors").glob("*.md") for line in path.read_text("utf-8").splitlines()
    }
    said = {line for line in said if len(line) > 60 and not re.search(r"[*_`$]", line)}  # marked up, it reads otherwise
    pages = texts(site)
    assert len(said) > 50 and given_away(said, pages, known) == {}
    some = min(said)
    assert given_away(said, {"leak.html": f"<p>{some}</p>"}, known) == {some: "leak.html"}


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    sys.path.insert(0, str(ROOT / "tests/browser"))
    import lab

    if why := lab.missing():
        pytest.skip(why)
    with lab.chromium() as started:
        yield started


@pytest.fixture
def window(browser):
    """Opens a page from the disk; whatever it asks of a network is kept."""
    opened = []

    def opens(path: Path, query: str = "", *, width: int = 1280, scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda r: page.asked.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        page.goto(path.as_uri() + query)
        page.wait_for_load_state("load")
        opened.append(context)
        return page

    yield opens
    for context in opened:
        context.close()


PAGES = ["index", "open", "teach", "lectures/04_gradient_attacks", "exercises/04_gradient_attacks", "reference/index"]
PAGES += ["reference/attacks", "reference/goals", "reference/toys"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_telephone_and_asks_nothing_of_a_network(site, window, page, scheme):
    shown = window(site / f"{page}.html", width=390, scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    dark = (
        sum(map(int, re.findall(r"\d+", shown.evaluate("getComputedStyle(document.body).backgroundColor"))[:3])) < 200
    )
    assert dark == (scheme == "dark") and shown.asked == []


def test_formulas_are_set_without_a_network(site, window):
    shown = window(site / "lectures/04_gradient_attacks.html")
    shown.wait_for_selector("mjx-container[display=true] mjx-mo", timeout=20_000)
    assert shown.locator("mjx-merror").count() == 0 and shown.asked == []


def test_every_picture_says_what_it_shows(site, window):
    for path in sorted((site / "lectures").glob("*.html")):
        shown = window(path)
        silent = shown.evaluate(
            "[...document.querySelectorAll('main img')].filter(i => i.alt.split(' ').length < 4).length"
        )
        assert silent == 0, path.name


def test_the_search_finds_lecture_exercise_and_reference(site, window):
    shown = window(site / "search.html", "?q=deepfool")
    shown.wait_for_selector("ul.search li a", timeout=20_000)
    shown.wait_for_function("document.querySelectorAll('ul.search li').length > 3", timeout=20_000)
    found = shown.evaluate("[...document.querySelectorAll('ul.search li a')].map(a => a.getAttribute('href'))")
    for place in (
        "reference/attacks.html",
        "lectures/02_adversarial_examples.html",
        "exercises/02_adversarial_examples.html",
    ):
        assert any(link.startswith(place) for link in found), (place, found)


def test_the_playground_is_alive_on_its_page(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((site / "playground.html").as_uri())
    page.locator(".ranking li").nth(5).wait_for(timeout=120_000)
    page.locator("[name=data]").select_option("spirals")
    page.locator(".playground .line").get_by_text("wide net on spirals").wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 and failed == []
    page.close()
