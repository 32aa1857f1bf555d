"""How long a student waits: python benchmarks/latency.py [LECTURE ...], in JupyterLab and headless Chromium.

For every lecture, or those whose names hold one of the words: seconds from "run all" in a fresh kernel to the first
figure; and for every slider of every panel the milliseconds from a press to the next picture, which may be a rough one,
and to the finished one. In the playground a point is moved, while the wide net stays and while it goes on learning.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
import lab
import nbformat
from test_lectures import PANEL, with_what_panels_need

LECTURES = sorted(path.stem for path in (lab.ROOT / "lectures").glob("*.ipynb"))
WARM, TIMES = 4, 20  # presses that warm everything up, and those that count
PLAYGROUND = """
from advcourse.widgets import Playground

playground = Playground(classifier="wide net")
playground.hold(0, (0.0, 0.0), done=True)
playground
"""
FIRST = """panel => new Promise(seen => {
  const begun = performance.now(), shown = ['image/png', 'image/svg+xml', panel];
  jupyterapp.shell.currentWidget.sessionContext.session.kernel.iopubMessage.connect((_, { content: { data = {} } }) => {
    if (shown.some(kind => kind in data)) requestAnimationFrame(() => seen(performance.now() - begun));
  });
  jupyterapp.commands.execute('notebook:run-all-cells');
})"""
# The frame in which the panel shows a new picture, and the one in which it shows what its controls say.
WATCH = """panel => {
  window.pressed = new Promise(over => panel.addEventListener('keydown', () => {
    const begun = performance.now(), figures = panel.querySelector('.figures'), old = figures.firstChild;
    let first = null;
    const look = () => {
      if (figures.firstChild !== old) first ??= performance.now() - begun;
      if (first !== null && !panel.matches('.waiting, .rough')) over([first, performance.now() - begun]);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true }));
}"""


def first_figure(jupyter: lab.Lab, lecture: str) -> float:
    """Seconds from "run all" to the first figure or panel."""
    book = jupyter.open(f"{lecture}.ipynb")
    book.page.wait_for_function(lab.KERNEL_IDLE, timeout=60_000)
    milliseconds = book.page.evaluate(FIRST, PANEL)
    book.close()
    return milliseconds / 1000


def presses(panel, slider) -> list[tuple[float, float]]:
    """Milliseconds from each press to the next picture and to the finished one, towards the end that is farther off."""
    low, now, high = (float(slider.evaluate(f"one => one.{name}")) for name in ("min", "value", "max"))
    keys = ("ArrowRight", "ArrowLeft") if high - now > now - low else ("ArrowLeft", "ArrowRight")
    slider.focus()
    waits = []
    for _ in range(WARM + TIMES):
        panel.evaluate(WATCH)
        at_the_end = slider.evaluate("(one, up) => one.value === (up ? one.max : one.min)", "Right" in keys[0])
        keys = keys[::-1] if at_the_end else keys
        slider.press(keys[0])
        waits.append(tuple(panel.page.evaluate("() => window.pressed")))
    return waits[WARM:]


def sliders(jupyter: lab.Lab, lecture: str) -> Iterator[str]:
    """A row for every slider of every panel of the lecture."""
    book = jupyter.open(f"{lecture}-panels.ipynb")
    book.run_all()
    for i in range(book.page.locator(lab.WIDGET).count()):
        panel = book.panel(i)
        if panel.evaluate("one => one.matches('.playground')"):
            continue  # it has moves of its own
        lab.settled(panel)
        for name in panel.locator("input[type=range]:enabled").evaluate_all("all => all.map(one => one.name)"):
            first, finished = zip(*presses(panel, panel.locator(f"[name={name}]")), strict=True)
            yield row(f"{lecture[:2]}, panel {i + 1}, {name}", first, finished)
    book.close()


def drags(jupyter: lab.Lab) -> Iterator[str]:
    """A row for a point of the playground that is dragged, and one for it while the net learns."""
    with jupyter.running("playground", PLAYGROUND, alone=True) as book:
        panel = book.panel()
        for learning in (False, True):
            panel.locator("[name=learning]").set_checked(learning)
            waits = lab.drag_latencies(panel, (0.5, 0.5), WARM + TIMES)[WARM:]
            yield row(f"playground, a point{' while the net learns' * learning}", waits, waits)


def row(what: str, *waits: list[float] | tuple[float, ...]) -> str:
    return f"{what:<42}" + "".join(f"{statistics.median(w):8.0f} /{max(w):6.0f}" for w in waits)


@contextmanager
def served(lectures: list[str]) -> Iterator[lab.Lab]:
    """JupyterLab in a tab of a browser, serving copies of these lectures, and what their panels need."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for lecture in lectures:
            nbformat.write(
                nbformat.read(lab.ROOT / f"lectures/{lecture}.ipynb", as_version=4), folder / f"{lecture}.ipynb"
            )
            nbformat.write(with_what_panels_need(f"lectures/{lecture}.ipynb"), folder / f"{lecture}-panels.ipynb")
        with lab.jupyterlab(folder) as address, lab.chromium() as browser:
            yield lab.Lab(browser, address, folder)


if __name__ == "__main__":
    if why := lab.missing():
        sys.exit(f"latency: {why}")
    chosen = [lecture for lecture in LECTURES if any(word in lecture for word in sys.argv[1:] or [""])]
    with served(chosen) as jupyter:
        if hasattr(os, "getloadavg"):
            print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for lecture in chosen:
            print(f"{lecture:<42}{first_figure(jupyter, lecture):8.1f} s from run all to the first figure", flush=True)
        print(f"{'ms from a press, median / worst':<42}{'picture':>16}{'finished':>16}")
        for lecture in chosen:
            for line in sliders(jupyter, lecture):
                print(line, flush=True)
        for line in drags(jupyter):
            print(line, flush=True)
