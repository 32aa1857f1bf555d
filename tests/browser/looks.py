"""What every panel promises: one stop of the tab key for each control, names for all, and no window that cuts it."""

import contextlib

import lab
from playwright.sync_api import TimeoutError

# Beside the list of files: a laptop's half, a low screen, a page at 150 %, and a wide one.
WINDOWS = {"narrow": (600, 900), "low": (900, 700), "zoomed": (853, 600), "wide": (1600, 1000)}
# What sticks out of its box: the panel, a name, a caption, or in a panel that is wide enough a select's longest option.
CUT = """panel => {
  const out = [panel, panel.parentElement, ...panel.querySelectorAll('label span, figcaption, .text span, .chart')]
    .filter(one => getComputedStyle(one).display !== 'inline' && one.scrollWidth > one.clientWidth + 1);
  const pen = document.createElement('canvas').getContext('2d');
  const short = [...panel.querySelectorAll('select')].filter(one => {
    pen.font = getComputedStyle(one).font;
    const longest = Math.max(...[...one.options].map(option => pen.measureText(option.text).width));
    return panel.clientWidth > 300 && longest + 12 > one.clientWidth;
  });
  return [...out, ...short].map(one => one.textContent.slice(0, 60));
}"""
LONELY = """panel => [...panel.querySelectorAll(".line > span")]
  .some((fact, i, all) => i + 1 < all.length && !fact.textContent.endsWith(" ·"))"""
EDGES = """() => {
  const { right, bottom } = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
  return [innerWidth - right, innerHeight - bottom];
}"""


def stops(panel, count: int | None = None) -> None:
    """Assert that every control is one stop of the tab key with a name and a ring, and every picture has a name."""
    every = panel.locator("select, input, button, canvas[tabindex]").locator("visible=true").all()
    controls = [control for control in every if control.is_enabled()]
    assert count is None or len(controls) == count
    controls[0].focus()
    for control in controls:
        assert control.evaluate("one => one === document.activeElement")
        name = control.evaluate("one => one.ariaLabel || (one.labels?.[0] ?? one).innerText")
        assert len(name.strip()) > 1 and control.evaluate("one => getComputedStyle(one).outlineWidth") == "2px"
        panel.page.keyboard.press("Tab")
    assert not panel.evaluate("one => one.contains(document.activeElement)")
    controls[-1].focus()
    panel.page.keyboard.press("Shift+Tab")
    assert len(controls) == 1 or controls[-2].evaluate("one => one === document.activeElement")
    assert all(panel.locator("canvas").evaluate_all("all => all.map(one => one.ariaLabel)"))
    told = panel.locator("canvas.map, img, svg[role]").evaluate_all("all => all.map(one => one.ariaLabel ?? one.alt)")
    assert all(len(name.split()) > 3 for name in told)


MOVED = ".figures :is(canvas, img, svg)"  # what a panel's controls move
# From a panel's first control to the lower edge of its last picture; what is below is read after a move.
REACH = """(panel, which) => {
  const pictures = [...panel.querySelectorAll(which)];
  const lowest = Math.max(...pictures.map(one => one.getBoundingClientRect().bottom));
  return lowest - panel.querySelector('select, input, button').getBoundingClientRect().top;
}"""


def fits(book: lab.Book, panel, shoot, name: str, moved: str = MOVED) -> None:
    """Assert that a panel is cut in none of `WINDOWS`, and that a low one holds controls and what they move at once.

    A screenshot of each and of the dark theme stays behind.
    """
    book.theme("JupyterLab Dark")
    shoot(panel, f"{name}-dark")
    book.theme("JupyterLab Light")
    for window, (width, height) in WINDOWS.items():
        resize(book, width, height)
        lab.settled(panel)
        panel.scroll_into_view_if_needed()
        shoot(panel, f"{name}-{window}")
        with contextlib.suppress(TimeoutError):  # it is laid out anew, a chart after its width is known
            book.page.wait_for_function(f"panel => ({CUT})(panel).length === 0", arg=panel.element_handle())
        cut = panel.evaluate(CUT)
        assert cut == [], f"{window}: {cut}"
        assert not panel.evaluate(LONELY), f"{window}: a dot between two facts has a line to itself"
        if window == "low":
            assert panel.evaluate(REACH, moved) <= room(book)
    resize(book, *lab.WINDOW)


def resize(book: lab.Book, width: int, height: int) -> None:
    """Another window, and the notebook laid out for it: as far from its right and its lower edge as before."""
    edges = book.page.evaluate(EDGES)
    book.page.set_viewport_size({"width": width, "height": height})
    book.page.wait_for_function(f"edges => String(({EDGES})()) === String(edges)", arg=edges)


def fits_in_height(book: lab.Book, panel) -> None:
    """Assert that a low window holds the whole panel: what a slider moves is in sight while it moves."""
    resize(book, *WINDOWS["low"])
    lab.settled(panel)
    assert panel.bounding_box()["height"] <= room(book)
    resize(book, *lab.WINDOW)


def room(book: lab.Book) -> float:
    """How much of the notebook the window shows, in pixels from top to bottom."""
    return book.page.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]
