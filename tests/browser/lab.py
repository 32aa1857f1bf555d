"""JupyterLab on loopback and a headless Chromium: enough to open a notebook, run it, and use it as a student does.

with jupyterlab(folder) as address, chromium() as browser:
    book = Lab(browser, address, folder).open("lectures/04_gradient_attacks.ipynb")
    book.run_all()
    book.panel().locator('[name=steps]').press("ArrowRight")
"""

import json
import math
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import nbformat

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nothing leaves the machine, so the sandbox, which containers and root often do not allow, guards nothing.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "lsp-extension/plugin": {"activate": "off"},
}
WIDGET = ".advcourse-panel"
WINDOW = 1280, 1000


def missing() -> str:
    """Why no browser test can run here, or nothing."""
    if not any(map(shutil.which, BROWSERS)):
        return "chromium was not found: sudo apt-get install chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed: pip install -e '.[dev]'"
    return ""


@contextmanager
def chromium() -> Iterator:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = play.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def jupyterlab(root: Path) -> Iterator[str]:
    """JupyterLab serving this folder, with settings of its own: its address, with {workspace} for a name."""
    with tempfile.TemporaryDirectory(prefix="lab", ignore_cleanup_errors=True) as own, open(f"{own}/log", "w+") as log:
        token = secrets.token_hex(16)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
        command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"]
        command += ["--LabApp.expose_app_in_browser=True", "--ServerApp.terminals_enabled=False"]
        command += ["--KernelRestarter.time_to_dead=0.3"]  # seconds until a crash is seen
        server, port = started(command, token, environment(Path(own)), log)
        try:
            yield f"http://127.0.0.1:{port}/lab/workspaces/{{workspace}}?token={token}"
        finally:
            server.terminate()
            server.wait(30)


def started(command: list[str], token: str, env: dict[str, str], log: TextIO) -> tuple[subprocess.Popen, int]:
    """The server, answering, and its port. Between our look for a free one and its own somebody may take it."""
    for _ in range(5):
        port = free_port()
        server = subprocess.Popen([*command, f"--port={port}"], env=env, stdout=log, stderr=log)
        # A page that asks for the token: whoever else may listen there does not know ours.
        if answers(f"http://127.0.0.1:{port}/api/status?token={token}", server):
            return server, port
    log.seek(0)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read()[-2000:]}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def environment(own: Path) -> dict[str, str]:
    """Settings, caches and the ledger of claims of this server only."""
    for name, values in SETTINGS.items():
        file = own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    places = {f"JUPYTER_{key}": str(own / folder) for key, folder in folders.items()}
    places |= {f"JUPYTERLAB_{key}S_DIR": str(own / f"{key.lower()}s") for key in ("SETTING", "WORKSPACE")}
    library = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        **os.environ,
        **places,
        "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter"),
        "PYTHONPATH": library,
        "OMP_NUM_THREADS": "1",
        "ADVCOURSE_LEDGER": str(own / "ledger"),
    }


def answers(address: str, server: subprocess.Popen) -> bool:
    """Wait until the address can be read, or the server has ended."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


class Lab:
    """JupyterLab in one tab, where notebooks are opened one after the other: it takes longer to load than they do.

    They may share a kernel, which imports the library once, and forgets everything else when a notebook is closed.
    """

    def __init__(self, browser, address: str, folder: Path):
        self.browser, self.address, self.folder = browser, address, folder
        self.complaints: list[str] = []
        self.page, self.kernel = None, None

    def open(self, path: str, *, alone: bool = True) -> "Book":
        """This notebook of the folder, with a kernel of its own or, where not `alone`, the one that is shared."""
        self.page = self.page or self._load()
        with self.or_anew():
            return Book(self, path, alone)

    @contextmanager
    def or_anew(self) -> Iterator[None]:
        """Where something hangs here, the next notebook gets a tab and a kernel of its own."""
        try:
            yield
        except Exception:
            self.page.close()
            self.page, self.kernel = None, None
            self.complaints.clear()
            raise

    @contextmanager
    def running(self, name: str, *cells: str, alone: bool = False) -> Iterator["Book"]:
        """A notebook of these code cells that was run, and raised nothing."""
        book = self.open(write_notebook(self.folder / f"{name}.ipynb", *cells).name, alone=alone)
        try:
            book.run_all()
            assert book.errors == []
            yield book
        finally:
            book.close()

    def _load(self):
        """The tab."""
        page = self.browser.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.route(lambda url: url.startswith("http") and "//127.0.0.1:" not in url, self._refuse)
        page.goto(self.address.format(workspace=secrets.token_hex(4)))
        page.wait_for_function("window.jupyterapp", timeout=90_000)
        page.evaluate("jupyterapp.restored.then(() => true)")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        return page

    def _refuse(self, route) -> None:
        self.complaints.append(f"asked for {route.request.url}")
        route.abort()


class Book:
    """One notebook. `complaints` collects console errors and requests that would have left the machine."""

    def __init__(self, lab: Lab, path: str, alone: bool):
        self.lab, self.page, self.complaints, self.alone = lab, lab.page, lab.complaints, alone
        self.page.set_viewport_size(dict(zip(("width", "height"), WINDOW)))
        self.page.evaluate(OPEN, [path, None if alone else lab.kernel])
        self.page.wait_for_function(OPENED, arg=path, timeout=120_000)
        if not alone:
            lab.kernel = self.page.evaluate(f"{KERNEL}.id")

    def run_all(self, seconds: float = 300) -> None:
        """Run every cell, as soon as the kernel is ready, and wait for the end, and for every panel to show."""
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        self._do("jupyterapp.commands.execute('notebook:run-all-cells')", seconds)
        self.page.wait_for_function(KERNEL_IDLE, timeout=30_000)
        self.page.wait_for_function(SHOWN, arg=self.page.evaluate(PANELS), timeout=60_000)

    def python(self, code: str, seconds: float = 60) -> None:
        """Have the kernel run this, past the notebook, and wait for the end."""
        self._do(f"{KERNEL}.requestExecute({json.dumps({'code': code, 'silent': True})}).done", seconds)

    def _do(self, promise: str, seconds: float) -> None:
        self.page.evaluate(f"() => {{ window.done = false; {promise}.finally(() => {{ window.done = true; }}); }}")
        self.page.wait_for_function("window.done", timeout=1000 * seconds)

    @property
    def cells(self) -> list[dict]:
        """The notebook as it stands in the browser."""
        return self.page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON()")["cells"]

    @property
    def modified(self) -> bool:
        """Whether it would be saved, once the kernel has said its language and JupyterLab has noted it."""
        return self.page.evaluate(MODIFIED)

    @property
    def errors(self) -> list[str]:
        """What cells raised."""
        outputs = [output for cell in self.cells for output in cell.get("outputs", [])]
        return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

    def panel(self, index: int = 0):
        """The panel of that index, scrolled into view, as soon as it shows what its controls say."""
        panel = self.page.locator(WIDGET).nth(index)
        panel.wait_for(timeout=30_000)
        panel.scroll_into_view_if_needed()
        settled(panel)
        return panel

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
        self.page.wait_for_function("n => document.body.dataset.jpThemeName === n", arg=name)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def close(self) -> None:
        """Close it without saving."""
        with self.lab.or_anew():
            if self.alone:
                self._do("jupyterapp.shell.currentWidget.sessionContext.shutdown()", 30)
            else:
                self.python(FORGET, 30)
            self.page.evaluate(CLOSE)
            self.page.wait_for_function(CLOSED, timeout=30_000)
        self.complaints.clear()


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of these code cells that was never run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, path)
    return path


def settled(panel) -> str:
    """Wait until the panel shows what its controls say; its line, in the same look: another may see what is next."""
    return panel.page.wait_for_function(SETTLED, arg=panel.element_handle(), timeout=60_000).json_value()


def drag(panel, which: int, *to: tuple[float, float]) -> str:
    """Press on a map and move over places given as shares of its width and height from the top left; the line then."""
    box, mouse = panel.locator("canvas.map").nth(which).bounding_box(), panel.page.mouse
    start, *rest = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in to]
    mouse.move(*start)
    mouse.down()
    for at in rest:
        mouse.move(*at, steps=3)
    mouse.up()
    return settled(panel)


def quick(waits: list[float], within: float) -> None:
    """Assert that a picture follows within these milliseconds, in the median; in more where other programs run."""
    median = statistics.median(waits)
    print(f"to the picture: median {median:.0f} ms, worst {max(waits):.0f} ms")
    assert median < within or median * share() < within, f"a picture took {median:.0f} ms, which should be {within}"


def share() -> float:
    """How much of its time a program gets here that does nothing but compute: 1 on a machine that is idle."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() < own + 0.1:
        pass
    return (time.process_time() - own) / (time.perf_counter() - wall)


def latencies(panel, control, key: str, presses: int) -> list[float]:
    """Milliseconds from each key press to the next new picture, one press at a time."""
    panel.evaluate(WATCH)
    control.focus()
    for _ in range(presses):
        seen = panel.evaluate("() => window.waits.length")
        control.press(key)
        panel.page.wait_for_function("n => window.waits.length > n", arg=seen, timeout=30_000)
        settled(panel)
    return panel.evaluate("() => window.waits")


def drag_latencies(panel, start: tuple[float, float], steps: int) -> list[float]:
    """Milliseconds from each mouse move, with a point of the canvas held, to the next new picture, one move at a time.

    start is a place on the canvas, in shares of its width and height from the top left; the point there goes round.
    """
    panel.evaluate(WATCH_MOVES)
    box, mouse = panel.locator("canvas").first.bounding_box(), panel.page.mouse
    x, y = box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"]
    mouse.move(x, y)
    mouse.down()
    for i in range(steps):
        angle = 2 * math.pi * i / steps
        mouse.move(x + 40 * math.sin(angle), y + 41 - 40 * math.cos(angle))
        panel.page.wait_for_function("n => window.waits.length > n", arg=i, timeout=30_000)
    seen = panel.get_attribute("data-scenes")
    mouse.up()
    panel.page.wait_for_function("([p, n]) => p.dataset.scenes > n", arg=[panel.element_handle(), int(seen)])
    settled(panel)
    return panel.evaluate("() => window.waits")


KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
OPEN = """([path, id]) => void jupyterapp.commands.execute(
  'docmanager:open', { path, factory: 'Notebook', ...(id && { kernel: { id } }) })"""
KERNEL_IDLE = "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
OPENED = f"""path => {KERNEL_IDLE} && jupyterapp.shell.currentWidget.context.path === path
  && document.querySelector('.jp-Notebook .jp-Cell')"""
# A dialog, as about a kernel that died, would keep the focus, and what has it not is not the current widget.
CLOSE = """() => {
  document.querySelectorAll('.jp-Dialog .jp-mod-accept').forEach(button => button.click());
  jupyterapp.shell.currentWidget.context.model.dirty = false;
  jupyterapp.shell.currentWidget.close();
}"""
CLOSED = (
    "!document.querySelector('.jp-Notebook, .jp-Dialog') && document.body.dataset.jpThemeName === 'JupyterLab Light'"
)
FORGET = "import ipywidgets; ipywidgets.Widget.close_all(); get_ipython().run_line_magic('reset', '-f')"
# Outputs that are panels, known by their line of text, and as many on the page, none of which has lost its kernel.
PANELS = """() => jupyterapp.shell.currentWidget.content.model.toJSON().cells.flatMap(cell => cell.outputs ?? [])
  .filter(({ data }) => String(data?.['text/plain']).includes('run this notebook to move')).length"""
SHOWN = f"""count => document.querySelectorAll('{WIDGET}:not(.alone) > .line:not(:empty)').length === count
  && !document.querySelector('{WIDGET}.alone')"""
# A chart is drawn a frame after its width is known.
SETTLED = """panel => {
  const drawn = (one) => one.querySelector(':scope > svg')?.width.baseVal.value === one.clientWidth;
  const settled = !panel.matches('.waiting, .rough') && [...panel.querySelectorAll('.chart')].every(drawn);
  return settled && panel.querySelector('.line').innerText;
}"""
MODIFIED = """async () => {
  const { context } = jupyterapp.shell.currentWidget;
  const kernel = context.sessionContext.session.kernel;
  await Promise.all([kernel.info, kernel.spec]);
  await new Promise(resolve => setTimeout(resolve, 200));
  return context.model.dirty;
}"""
# The panel replaces its figures when it has a new scene; the frame after that is the one the eye gets.
WATCH = """panel => {
  let pressed = null;
  window.watch?.disconnect();
  window.waits = [];
  panel.addEventListener('keydown', () => { pressed = performance.now(); }, true);
  window.watch = new MutationObserver(() => {
    const from = pressed;
    pressed = null;
    if (from !== null) requestAnimationFrame(() => window.waits.push(performance.now() - from));
  });
  window.watch.observe(panel.querySelector('.figures'), { childList: true });
}"""
# The playground counts the scenes it has painted. A move is timed from the page's own event, as a press is above.
WATCH_MOVES = """panel => {
  let moved = null;
  window.watch?.disconnect();
  window.waits = [];
  panel.addEventListener('pointermove', ({ buttons }) => { if (buttons) moved ??= performance.now(); }, true);
  window.watch = new MutationObserver(() => {
    const from = moved;
    moved = null;
    if (from !== null) requestAnimationFrame(() => window.waits.push(performance.now() - from));
  });
  window.watch.observe(panel, { attributeFilter: ['data-scenes'] });
}"""
