"""A panel whose kernel is gone says what to do and rests; a slow kernel is not taken for one that is gone."""

import lab
import pytest

PANELS = """
import time
from advcourse import checkpoints, data, widgets

test, network, pause = data.digits()[1], checkpoints.load("digits_cnn"), 0

def model(x):
    time.sleep(pause)
    return network(x)

digit = widgets.Subject("digit", test.x[36:37], 7, model, test.names)
"""
EXPLORER = "widgets.PerturbationExplorer([digit], attack='FGSM')"
PLAYGROUND = "widgets.Playground(data='draw your own')"
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
FORGET = "import comm; comm.get_comm_manager().comms.clear()"
AGAIN = "run this cell again"


@pytest.fixture
def book(folder, open_book):
    """A notebook with an explorer and a playground, alive."""
    lab.write_notebook(folder / "kernel.ipynb", PANELS, EXPLORER, PLAYGROUND)
    book = open_book("kernel.ipynb")
    book.run_all()
    assert book.errors == [] and book.page.get_by_text(AGAIN).count() == 0
    return book


def rests(panel) -> bool:
    """Whether the panel says what to do, and has nothing left that one could press."""
    panel.get_by_text(AGAIN).wait_for(timeout=30_000)
    return panel.evaluate("one => one.querySelectorAll(':scope > :not([inert])').length === 1")


def python(book, code: str) -> None:
    """Send code to the kernel, past the notebook."""
    book.page.evaluate(f"code => void {KERNEL}.requestExecute({{ code }})", code)


def test_after_a_restart_every_panel_says_so_and_lives_again_when_its_cell_is_run(book, shoot):
    book.page.evaluate(f"{KERNEL}.restart()")
    for i, name in enumerate(("panel", "playground")):
        assert rests(book.panel(i))
        shoot(book.panel(i), f"{name}-without-its-kernel")
    book.run_all()
    panel = book.panel()
    line = lab.settled(panel)
    panel.locator("[name=eps]").press("ArrowRight")
    assert lab.settled(panel) != line and book.page.get_by_text(AGAIN).count() == 0


@pytest.mark.parametrize("end", ["crash", "shutdown"])
def test_after_a_crash_and_a_shutdown_too(book, end):
    if end == "crash":
        python(book, "import os; os._exit(1)")
    else:
        book.page.evaluate(f"{KERNEL}.shutdown()")
    assert rests(book.panel(0)) and rests(book.panel(1))


def test_where_nobody_tells_of_the_end_the_kernels_silence_does(book):
    """Not every notebook program tells a panel of a restart: here the kernel forgets its panels without a word."""
    python(book, FORGET)
    panel = book.panel()
    panel.locator("[name=eps]").press("ArrowRight")
    assert rests(panel)


def test_a_kernel_that_is_busy_is_not_gone(book):
    python(book, "pause = 3")
    panel = book.panel()
    for _ in range(3):
        panel.locator("[name=eps]").press("ArrowRight")
    panel.get_by_text("computing…").wait_for()
    lab.settled(panel)
    assert "= 27/255" in lab.settled(panel) and book.page.get_by_text(AGAIN).count() == 0
