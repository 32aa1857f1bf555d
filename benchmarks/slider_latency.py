"""How long a press or a drag takes until the new picture: python benchmarks/slider_latency.py [TIMES]

The eps slider of the perturbation explorer on a digit, iterative FGSM with 10 steps; and a point of the playground that
is dragged, while the wide net stays as it is and while it goes on learning. In JupyterLab and headless Chromium.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
import lab

EXPLORER = """
from advcourse import checkpoints, data, widgets

test = data.digits()[1]
digit = widgets.Subject("digit", test.x[36:37], test.y[36], checkpoints.load("digits_cnn"), test.names)
widgets.PerturbationExplorer([digit], attack="iterative FGSM", steps=10)
"""


PLAYGROUND = """
from advcourse.widgets import Playground

playground = Playground(classifier="wide net")
playground.hold(0, (0.0, 0.0), done=True)
playground
"""
WARM = 5


@contextmanager
def panel_of(source: str) -> Iterator:
    """The panel of a notebook of this one cell."""
    with tempfile.TemporaryDirectory() as folder:
        lab.write_notebook(Path(folder) / "panel.ipynb", source)
        with lab.jupyterlab(Path(folder)) as address, lab.chromium() as browser:
            book = lab.Book(browser, address, "panel.ipynb")
            book.run_all()
            yield book.panel()
            book.close()


def presses(times: int) -> list[float]:
    """Milliseconds of each press on the slider, after a few that warm everything up."""
    with panel_of(EXPLORER) as panel:
        slider = panel.locator("[name=eps]")
        lab.latencies(panel, slider, "ArrowLeft", WARM)
        return lab.latencies(panel, slider, "ArrowRight", times)


def drags(times: int, learning: bool) -> list[float]:
    """Milliseconds of each move of a point in the middle of the playground, after a few that warm everything up."""
    with panel_of(PLAYGROUND) as panel:
        panel.locator("[name=learning]").set_checked(learning)
        return lab.drag_latencies(panel, (0.5, 0.5), WARM + times)[WARM:]


def report(what: str, waits: list[float]) -> None:
    load = f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    print(f"{len(waits)} {what}: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms{load}")


if __name__ == "__main__":
    if why := lab.missing():
        sys.exit(f"slider_latency: {why}")
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    report("presses on the slider", presses(times))
    report("moves of a point", drags(times, learning=False))
    report("moves of a point while the net learns", drags(times, learning=True))
