"""The leak explorer in a browser: eps, attack and network change curves, mark and the repaired examples."""

import lab
import looks
import pytest

PANEL = """
from advcourse import checkpoints, data, widgets

few, faint = data.digits()[1][:60], data.faint_digits()[1][:60]
networks = [
    widgets.Trained("pencil, mixed", checkpoints.load("faint_mixed_2"), faint),
    widgets.Trained("digits, mixed", checkpoints.load("digits_mixed_0"), few),
]
"""


@pytest.fixture(scope="module")
def book(jupyter):
    with jupyter.running("mixed_batches", PANEL, "widgets.LeakExplorer(networks, eps=104)") as book:
        yield book


def choose(panel, name: str, option: str) -> str:
    """The line once the choice shows."""
    before = lab.settled(panel)
    panel.locator(f"[name={name}]").select_option(option)
    line = lab.settled(panel)
    assert line != before
    return line


def shares(line: str) -> tuple[float, float]:
    """Accuracy clean and under attack, in per cent."""
    clean, attacked = (part.split()[-1].rstrip("%") for part in line.split(" · ")[1:3])
    return float(clean), float(attacked)


def test_the_leak_shows_and_goes_with_the_labels(book, shoot):
    panel = book.panel()
    line = lab.settled(panel)
    clean, attacked = shares(line)
    assert attacked > clean and "leaked examples" in panel.locator("figcaption").first.inner_text()
    shoot(panel, "leak")
    clean, guessed = shares(choose(panel, "attack", "FGSM, predicted labels"))
    assert guessed < attacked
    shoot(panel, "leak-predicted-labels")
    assert shares(choose(panel, "attack", "ten steps, true labels"))[1] < 5
    choose(panel, "attack", "FGSM, true labels")


def test_the_mark_and_the_accuracy_follow_the_slider(book):
    panel = book.panel()
    eps, mark = panel.locator("[name=eps]"), panel.locator(".mark")
    far = mark.bounding_box()["x"]
    before = shares(lab.settled(panel))
    eps.fill("16")
    after = shares(lab.settled(panel))
    assert after != before and after[1] < 50 and mark.bounding_box()["x"] < far
    lab.quick(lab.latencies(panel, eps, "ArrowRight", 6), 400)


HOLD_PICTURES = """() => {
  const { decode } = HTMLImageElement.prototype, held = new Promise((go) => { window.release = go; });
  HTMLImageElement.prototype.decode = async function () {
    window.drawing = true;
    await held;
    await decode.call(this);
  };
}"""
THERE_AND_BACK = """panel => {
  const eps = panel.querySelector('[name=eps]');
  for (const step of ['stepUp', 'stepDown']) {
    eps[step]();
    eps.dispatchEvent(new Event('input'));
  }
  return panel.matches('.waiting');
}"""


def test_a_scene_is_not_shown_before_its_pictures_are(book):
    """Another network's curves are held back here, while the settings go away from that scene and return."""
    panel = book.panel()
    panel.locator("[name=eps]").fill("48")
    before = lab.settled(panel)
    panel.evaluate(HOLD_PICTURES)
    panel.locator("[name=chosen]").select_option("digits, mixed")
    book.page.wait_for_function("window.drawing")
    assert panel.evaluate(THERE_AND_BACK)
    panel.evaluate("() => window.release()")
    assert lab.settled(panel) != before
    choose(panel, "chosen", "pencil, mixed")


def test_a_picture_that_stays_is_drawn_once(book):
    panel = book.panel()
    drawn = panel.locator(".plot img").element_handle()
    before = lab.settled(panel)
    panel.locator("[name=eps]").press("ArrowRight")
    assert lab.settled(panel) != before
    assert panel.evaluate("(panel, drawn) => panel.querySelector('.plot img') === drawn", drawn)


def test_another_network_brings_its_own_curves(book, shoot):
    panel = book.panel()
    before = panel.locator(".plot img").get_attribute("alt")
    choose(panel, "chosen", "digits, mixed")
    assert panel.locator(".plot img").get_attribute("alt") != before
    assert "digits, mixed" in panel.locator(".plot img").get_attribute("alt")
    shoot(panel, "leak-digits")
    choose(panel, "chosen", "pencil, mixed")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel()
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
