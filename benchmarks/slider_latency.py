"""How long a key press on the eps slider takes until the new picture: python benchmarks/slider_latency.py [PRESSES]

The perturbation explorer on a digit, iterative FGSM with 10 steps, in JupyterLab and headless Chromium.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
import lab

EXPLORER = """
from advcourse import checkpoints, data, widgets

test = data.digits()[1]
digit = widgets.Subject("digit", test.x[36:37], test.y[36], checkpoints.load("digits_cnn"), test.names)
widgets.PerturbationExplorer([digit], attack="iterative FGSM", steps=10)
"""


def measure(presses: int) -> list[float]:
    """Milliseconds of each press, after a few that warm everything up."""
    with tempfile.TemporaryDirectory() as folder:
        lab.write_notebook(Path(folder) / "explorer.ipynb", EXPLORER)
        with lab.jupyterlab(Path(folder)) as address, lab.chromium() as browser:
            book = lab.Book(browser, address, "explorer.ipynb")
            book.run_all()
            panel = book.panel()
            slider = panel.locator("[name=eps]")
            lab.latencies(panel, slider, "ArrowLeft", 5)
            waits = lab.latencies(panel, slider, "ArrowRight", presses)
            book.close()
    return waits


if __name__ == "__main__":
    if why := lab.missing():
        sys.exit(f"slider_latency: {why}")
    waits = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    load = f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    print(f"{len(waits)} presses: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms{load}")
