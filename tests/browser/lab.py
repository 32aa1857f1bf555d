"""JupyterLab on loopback and a headless Chromium: enough to open a notebook, run it, and use it as a student does.

with jupyterlab(folder) as address, chromium() as browser:
    book = Book(browser, address, "lectures/04_gradient_attacks.ipynb")
    book.run_all()
    book.panel().locator('[name=steps]').press("ArrowRight")
"""

import json
import math
import os
import secrets
import shutil
import socket
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
    """JupyterLab serving this folder, with settings of its own: its address, with {path} for a notebook."""
    with tempfile.TemporaryDirectory(prefix="lab", ignore_cleanup_errors=True) as own, open(f"{own}/log", "w+") as log:
        token = secrets.token_hex(16)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
        command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"]
        command += ["--LabApp.expose_app_in_browser=True", "--ServerApp.terminals_enabled=False"]
        server, port = started(command, token, environment(Path(own)), log)
        try:
            yield f"http://127.0.0.1:{port}/lab/workspaces/{{workspace}}/tree/{{path}}?token={token}"
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


class Book:
    """One notebook in one tab. `complaints` collects console errors and requests that would have left the machine."""

    def __init__(self, browser, address: str, path: str, *, width: int = 1280, height: int = 1000):
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.route(lambda url: url.startswith("http") and "//127.0.0.1:" not in url, self._refuse)
        self.page.goto(address.format(workspace=secrets.token_hex(4), path=path))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.page.wait_for_function(KERNEL_IDLE, timeout=120_000)

    def _refuse(self, route) -> None:
        self.complaints.append(f"asked for {route.request.url}")
        route.abort()

    def run_all(self, seconds: float = 300) -> None:
        """Run every cell and wait for the end."""
        self.page.evaluate(
            "() => { jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ran = true; }); }"
        )
        self.page.wait_for_function("window.ran", timeout=1000 * seconds)
        self.page.wait_for_function(KERNEL_IDLE, timeout=30_000)

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
        """The panel of that index, scrolled into view."""
        panel = self.page.locator(WIDGET).nth(index)
        panel.wait_for(timeout=30_000)
        panel.scroll_into_view_if_needed()
        panel.locator("canvas, img, svg").first.wait_for()
        return panel

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
        self.page.wait_for_function("n => document.body.dataset.jpThemeName === n", arg=name)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def close(self) -> None:
        """Stop the kernel and close the tab without saving."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of these code cells that was never run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, path)
    return path


def settled(panel) -> str:
    """Wait until the panel shows what its controls say; its read-out line."""
    panel.page.wait_for_function("p => !p.matches('.waiting, .rough')", arg=panel.element_handle(), timeout=60_000)
    return panel.locator(".line").inner_text()


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


KERNEL_IDLE = """() => {
  const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  return kernel?.status === 'idle';
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
