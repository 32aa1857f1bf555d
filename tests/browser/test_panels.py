"""The two panels in a browser: keyboard, pictures, themes, a slow model, and no network."""

import lab
import looks
import pytest

SUBJECTS = """
from advcourse import checkpoints, data, models, widgets

test, coffee, network = data.digits()[1], data.photos()[0], checkpoints.load("digits_cnn")
subjects = [widgets.Subject(f"digit {k}", test.x[i : i + 1], k, network, test.names) for k, i in ((7, 36), (5, 8))]
subjects.append(widgets.Subject("coffee", coffee.x, coffee.y, models.pretrained(), coffee.names))
"""
SLOW = """
import pathlib, time

def slow(x):
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return network(x)

widgets.PerturbationExplorer([widgets.Subject("slow", test.x[36:37], test.y[36], slow, test.names)], steps=1)
"""


@pytest.fixture(scope="module")
def book(folder, jupyter):
    """One notebook with all panels for all tests here: each test chooses the settings it is about."""
    (folder / "go").touch()
    shown = ["explorer = widgets.PerturbationExplorer(subjects)\nexplorer", "widgets.PathExplorer(subjects)"]
    with jupyter.running("panels", SUBJECTS, *shown, SLOW) as book:
        yield book


def setup(panel, **settings):
    """The panel with these settings, shown."""
    for name, value in settings.items():
        control = panel.locator(f"[name={name}]")
        control.fill(str(value)) if name in ("eps", "alpha", "steps") else control.select_option(value)
        lab.settled(panel)
    return panel


def pixels(panel) -> list[str]:
    """The canvases as data, equal where they show the same."""
    return panel.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")


COUNT_SCENES = """panel => {
  window.scenes = 0;
  new MutationObserver(() => window.scenes++).observe(panel.querySelector('.figures'), { childList: true });
}"""


def test_the_perturbation_explorer(book, shoot):
    panel = setup(book.panel(), chosen="digit 7", eps=24)
    line, (clean, change, attacked) = lab.settled(panel), pixels(panel)
    shoot(panel, "perturbation-digit")

    lab.quick(lab.latencies(panel, panel.locator("[name=eps]"), "ArrowRight", 6), 400)
    assert "= 30/255" in lab.settled(panel) != line
    assert pixels(panel)[0] == clean and pixels(panel)[2] != attacked

    panel.locator("[name=target]").select_option("least likely")
    assert "target" in lab.settled(panel)
    assert pixels(panel)[1] != change
    panel.locator("[name=chosen]").select_option("coffee")
    assert "espresso →" in lab.settled(panel)
    assert panel.locator("[name=eps]").input_value() == "0.25"
    assert panel.locator("canvas").first.evaluate("one => one.width") == 224
    shoot(panel, "perturbation-coffee")
    assert book.complaints == []


def test_the_path_explorer(book, shoot):
    panel = setup(book.panel(1), chosen="digit 7", eps=16, alpha=4)
    line = lab.settled(panel)
    paths = panel.locator(".chart > svg").evaluate_all("all => all.map(one => one.innerHTML)")
    panel.locator("[name=alpha]").press("ArrowRight")
    assert lab.settled(panel) != line
    after = panel.locator(".chart > svg").evaluate_all("all => all.map(one => one.innerHTML)")
    assert after[0] != paths[0] and after[1] != paths[1]
    shoot(panel, "paths")


HASTE = """(panel, settings) => {
  for (const [name, value] of settings) {
    const control = panel.querySelector(`[name=${name}]`);
    control.value = value;
    control.dispatchEvent(new Event('input'));
  }
}"""


@pytest.mark.parametrize(
    "settings",
    [
        [("eps", "30"), ("target", "3"), ("chosen", "coffee")],
        [("chosen", "coffee"), ("eps", "30"), ("target", "3")],
    ],
    ids=["before", "after"],
)
def test_what_is_set_in_haste_around_another_choice_does_not_stay_where_it_does_not_fit(book, settings):
    """Python cannot answer in between: the first setting is on its way, and those behind it become one message."""
    panel = setup(book.panel(), chosen="digit 7", eps=24)
    panel.evaluate(HASTE, settings)
    assert "espresso →" in lab.settled(panel)
    values = [panel.locator(f"[name={name}]").input_value() for name in ("chosen", "eps", "target")]
    assert values == ["coffee", "0.25", "none (untargeted)"]


@pytest.mark.parametrize("index", [0, 1])
def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, index):
    panel = setup(book.panel(index), chosen="digit 7")
    looks.stops(panel)


def test_keys_go_to_the_control_and_not_to_the_notebook(book):
    panel, cells = setup(book.panel(), chosen="digit 7"), len(book.cells)
    panel.locator("[name=chosen]").focus()
    for key in "ddxcoffee":
        book.page.keyboard.press(key)
    panel.locator("[name=steps]").focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "d", "d", "x", "Home"):
        book.page.keyboard.press(key)
    assert "/255" in lab.settled(panel)
    assert len(book.cells) == cells and panel.locator("[name=steps]").input_value() == "1"


def test_python_moves_the_controls(book):
    panel = setup(book.panel(), chosen="digit 7", eps=24)
    book.python("before, explorer.eps, explorer.attack = explorer.attack, 3, 'FGSM'")
    panel.locator("[name=steps]:disabled").wait_for()
    assert "= 3/255" in lab.settled(panel) and panel.locator("[name=eps]").input_value() == "3"
    book.python("explorer.attack = before")
    panel.locator("[name=steps]:enabled").wait_for()


def test_a_slow_model_skips_values_instead_of_falling_behind(folder, book):
    """It answers when the test says so, by a file: the kernel hears nothing while it computes."""
    go, panel = folder / "go", book.panel(2)
    panel.evaluate(COUNT_SCENES)
    go.unlink()
    try:
        panel.locator("[name=eps]").focus()
        for _ in range(20):
            book.page.keyboard.press("ArrowRight")
        panel.get_by_text("computing…").wait_for(state="visible")
        faint = "p => [...p.querySelectorAll('.figures, .line')].every(one => getComputedStyle(one).opacity === '0.5')"
        panel.page.wait_for_function(faint, arg=panel.element_handle())
    finally:
        go.touch()
    assert "= 44/255" in lab.settled(panel)
    assert 1 <= panel.evaluate("() => window.scenes") < 4
