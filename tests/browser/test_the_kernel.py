"""A panel whose kernel is gone says what to do and rests; a slow kernel is not taken for one that is gone."""

import lab
import pytest

PANELS = """
import time
from advcourse import checkpoints, data, widgets

test, network, pauses = data.digits()[1], checkpoints.load("digits_cnn"), []

def model(x):
    time.sleep(pauses.pop() if pauses else 0)
    return network(x)

digit = widgets.Subject("digit", test.x[36:37], 7, model, test.names)
"""
EXPLORER = "widgets.PerturbationExplorer([digit], attack='FGSM')"
PLAYGROUND = "widgets.Playground(data='draw your own')"
AGAIN = "run this cell again"
NOTE = """panel => {
  window.wasGone = false;
  const note = () => { window.wasGone ||= panel.matches('.alone'); };
  new MutationObserver(note).observe(panel, { attributeFilter: ['class'] });
}"""


@pytest.fixture(scope="module")
def notebook(jupyter):
    """An explorer and a playground, and a kernel that one may kill."""
    with jupyter.running("kernel", PANELS, EXPLORER, PLAYGROUND, alone=True) as book:
        yield book


@pytest.fixture
def book(notebook):
    """Both alive."""
    if gone(notebook):
        notebook.run_all()
    assert notebook.errors == [] and gone(notebook) == 0
    return notebook


def gone(book) -> int:
    """How many panels say that their kernel is gone."""
    return book.page.get_by_text(AGAIN).count()


def rests(panel) -> bool:
    """Whether the panel says what to do, and has nothing left that one could press."""
    panel.get_by_text(AGAIN).wait_for(timeout=30_000)
    return panel.evaluate("one => one.querySelectorAll(':scope > :not([inert])').length === 1")


def test_a_kernel_that_is_busy_is_not_gone(book):
    """Nor for a moment, in seconds in which a panel asks more than twice."""
    panel = book.panel()
    panel.evaluate(NOTE)
    book.python("pauses.append(5)")
    for _ in range(3):
        panel.locator("[name=eps]").press("ArrowRight")
    panel.get_by_text("computing…").wait_for()
    assert "= 27/255" in lab.settled(panel) and not book.page.evaluate("window.wasGone")


def test_where_nobody_tells_of_the_end_the_kernels_silence_does(book):
    """Not every notebook program tells a panel of a restart: here the kernel forgets its panels without a word."""
    panel = book.panel()
    book.python("import comm; comm.get_comm_manager().comms.clear()")
    panel.locator("[name=eps]").press("ArrowRight")
    assert rests(panel)


def test_after_a_restart_every_panel_says_so_and_lives_again_when_its_cell_is_run(book, shoot):
    book.page.evaluate(f"{lab.KERNEL}.restart()")
    for i, name in enumerate(("panel", "playground")):
        assert rests(book.panel(i))
        shoot(book.panel(i), f"{name}-without-its-kernel")
    book.run_all()
    panel = book.panel()
    line = lab.settled(panel)
    panel.locator("[name=eps]").press("ArrowRight")
    assert lab.settled(panel) != line and gone(book) == 0


@pytest.mark.parametrize("end", ["import os; os._exit(1)", "shutdown"], ids=["crash", "shutdown"])
def test_after_a_crash_and_a_shutdown_too(book, end):
    """The shutdown last: after it there is no kernel to run a cell again."""
    does = "shutdown()" if end == "shutdown" else f"requestExecute({{ code: '{end}' }})"
    book.page.evaluate(f"() => void {lab.KERNEL}.{does}")
    assert rests(book.panel(0)) and rests(book.panel(1))
