"""The playground in a browser: train, drag, draw, all of it by keyboard too, and how long a drag takes."""

import lab
import looks
import pytest

# One place of the square, in shares of its width and height from the top left, where a point of the moons lies.
START = """
from advcourse.widgets import Playground

playground = Playground(classifier="wide net")
x, y = playground.world.points[3].tolist()
print((1 + x) / 2, (1 - y) / 2)
playground
"""


@pytest.fixture(scope="module")
def book(jupyter):
    with jupyter.running("playground", START) as book:
        yield book


@pytest.fixture
def panel(book):
    """The panel on the moons as they were, with one net that has learnt them."""
    panel = book.panel()
    for name, value in {"data": "moons", "classifier": "wide net", "norm": "ℓ₂"}.items():
        panel.locator(f"[name={name}]").select_option(value)
        lab.settled(panel)
    panel.locator("[name=start_anew]").click()
    panel.get_by_text("has not learnt moons yet").wait_for()
    panel.locator("[name=train]").click()
    learnt(panel, 1)
    return panel


def learnt(panel, classifiers: int) -> None:
    """Wait until so many have learnt the points that are shown, nobody learns, and the first one is chosen again."""
    panel.page.wait_for_function(LEARNT, arg=[panel.element_handle(), classifiers], timeout=120_000)


LEARNT = """([panel, n]) => panel.querySelectorAll('.ranking li').length === n
  && panel.querySelector('[name=classifier]').value === 'wide net'
  && !panel.matches('.waiting') && !panel.querySelector('.running')"""


def about(panel) -> str:
    return panel.locator(".about").inner_text()


def test_training_is_seen_and_the_ranking_grows(book, panel, shoot):
    panel.locator("[name=train_all]").click()
    # One look at bar and line: between two nets neither is there.
    seen = "p => p.querySelector('progress.running') && p.querySelector('.line').innerText.includes(' learns moons · ')"
    panel.page.wait_for_function(seen, arg=panel.element_handle(), timeout=30_000)
    shoot(panel, "playground-training")
    learnt(panel, 6)
    assert panel.locator(".ranking li").last.inner_text().startswith("wide net")
    shoot(panel, "playground-all")
    panel.locator("[name=classifier]").select_option("adversarially trained")
    panel.locator("[name=norm]").select_option("ℓ∞")
    assert "(ℓ∞)" in lab.settled(panel)
    shoot(panel, "playground-robust")
    assert book.complaints == []


@pytest.mark.parametrize("learning", [False, True])
def test_a_point_is_dragged_and_its_adversarial_example_follows(book, panel, learning, shoot):
    panel.locator("[name=learning]").set_checked(learning)
    before = panel.locator("canvas").evaluate("one => one.toDataURL()")
    printed = book.cells[0]["outputs"][0]["text"]
    waits = lab.drag_latencies(panel, [float(v) for v in "".join(printed).split()], steps=12)
    lab.quick(waits, 300)  # a hand would be ahead of it by a third of a second
    assert panel.locator("canvas").evaluate("one => one.toDataURL()") != before
    assert about(panel).startswith("Point 4 of 200") and "the classifier says" in about(panel)
    shoot(panel, f"playground-dragged{'-learning' * learning}")
    panel.locator("[name=learning]").set_checked(False)
    assert book.complaints == []


def test_everything_by_keyboard(book, panel):
    looks.stops(panel)

    assert "Shift + arrow move it" in panel.locator(".keys").inner_text()
    canvas, cells = panel.locator("canvas"), len(book.cells)
    canvas.press("ArrowRight")
    first = about(panel)
    canvas.press("ArrowRight")
    assert first.startswith("Point ") and about(panel) != first
    here = about(panel)
    canvas.press("Shift+ArrowUp")
    panel.page.wait_for_function(
        "([p, old]) => p.querySelector('.about').innerText !== old", arg=[panel.element_handle(), here]
    )
    for key in "ddx":
        canvas.press(key)
    assert len(book.cells) == cells


def test_drawing_data_of_ones_own(book, panel, shoot):
    panel.locator("[name=data]").select_option("draw your own")
    panel.get_by_text("No points yet").wait_for()
    canvas, mouse = panel.locator("canvas"), book.page.mouse
    box = canvas.bounding_box()
    for side, height in (("blue", 0.3), ("orange", 0.6)):
        panel.locator("[name=side]").select_option(side)
        mouse.move(box["x"] + 0.2 * box["width"], box["y"] + height * box["height"])
        mouse.down()
        mouse.move(box["x"] + 0.7 * box["width"], box["y"] + (height + 0.1) * box["height"], steps=12)
        mouse.up()
    assert "Enter add one" in panel.locator(".keys").inner_text()
    assert "Delete take it away" in panel.locator(".keys").inner_text()
    canvas.press("Enter")
    panel.locator("[name=train]").click()
    learnt(panel, 1)
    many = int(about(panel).split(" of ")[1].split(",")[0])
    assert many > 15
    canvas.press("Delete")
    panel.get_by_text(f"of {many - 1} points right").wait_for()
    shoot(panel, "playground-own")
    assert book.complaints == []


def test_the_picture_takes_the_theme(book, panel):
    panel.locator("canvas").press("ArrowRight")
    light = panel.locator("canvas").evaluate("one => one.toDataURL()")
    book.theme("JupyterLab Dark")
    panel.page.wait_for_function("old => document.querySelector('.playground canvas').toDataURL() !== old", arg=light)
    book.theme("JupyterLab Light")
