"""A hub with the course's own configuration on loopback, two students of it, and a browser for each.

The accounts of the students exist in a mount namespace only, over a copy of /etc, and nothing of this machine changes.
"""

import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lab

from advcourse.course.handout import handout

NOBODY = 65534
STUDENTS = {"ada": "the first of them 1815", "emmy": "the second of them 1882"}
DEPLOYED = lab.ROOT / "deploy" / "jupyterhub_config.py"
PROXIES = Path(sys.prefix, "node_modules/.bin")
CONFIG = """
load_subconfig({deployed!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.Spawner.args = [*c.Spawner.args, "--LabApp.expose_app_in_browser=True"]
"""
# The folders that only root may enter are covered by empty ones, in which what is needed shows through.
NAMESPACE = """
mkdir {own}/etc {own}/homes
mount -t tmpfs -o mode=755 none {own}/etc
cp -a /etc/. {own}/etc
mount --bind {own}/etc /etc
for closed in {closed}; do
  for needed in {needed}; do case $needed in "$closed"/*)
    mkdir -p "{own}/kept$needed"; mount --bind "$needed" "{own}/kept$needed";;
  esac; done
done
for closed in {closed}; do
  mount -t tmpfs -o mode=755 none "$closed"
  for needed in {needed}; do case $needed in "$closed"/*)
    mkdir -p "$needed"; mount --bind "{own}/kept$needed" "$needed";;
  esac; done
done
groupadd --force advcourse
for kept in solutions tests .git; do
  if [ -d "{root}/$kept" ]; then mount -t tmpfs -o mode=700 none "{root}/$kept"; fi
done
{accounts}
{hub}
"""
ACCOUNT = """
useradd --create-home --home-dir {own}/homes/{name} --shell /bin/bash --groups advcourse {name}
echo '{name}:{password}' | chpasswd
chmod 755 {own}/homes/{name}
"""


def missing() -> str:
    """Why no hub can run here, or nothing."""
    if sys.platform != "linux":
        return "the hub is for Linux"
    if importlib.util.find_spec("jupyterhub") is None:
        return "jupyterhub is not installed: make hub-test"
    if not any(shutil.which("configurable-http-proxy", path=path) for path in (None, PROXIES)):
        return "configurable-http-proxy is not installed: make hub-test, where there is npm"
    return lab.missing()


def missing_for_accounts() -> str:
    """Why students cannot have accounts of their own here, or nothing."""
    if os.geteuid() != 0:
        return "an account for each student needs root: a container, a virtual machine"
    if not shutil.which("useradd") or subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"]).returncode:
        return "an account for each student needs useradd and mount namespaces"
    return ""


@dataclass(frozen=True)
class Hub:
    """A running hub: its ports, the first of which browsers see, its folders, and who may log in."""

    ports: list[int]
    own: Path
    accounts: bool

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def handout(self) -> Path:
        return self.own / "handout"

    @property
    def private(self) -> Path:
        return self.own / "private"

    @property
    def log(self) -> Path:
        return self.own / "log"

    @property
    def passwords(self) -> dict[str, str]:
        return STUDENTS if self.accounts else dict.fromkeys(STUDENTS, (self.private / "password").read_text())

    def copy_of(self, name: str) -> Path:
        return (self.own if self.accounts else self.private) / "homes" / name / "advcourse"


@contextmanager
def hub(*, accounts: bool) -> Iterator[Hub]:
    """A hub that root runs, with an account for each student, or one that a single user runs who is not root."""
    own = Path(tempfile.mkdtemp(prefix="advcourse-hub-"))
    own.chmod(0o755)
    it = Hub([lab.free_port() for _ in range(3)], own, accounts)
    handout(lab.ROOT, own)
    (own / "config.py").write_text(CONFIG.format(deployed=str(DEPLOYED), ports=it.ports))
    command = [sys.executable, "-m", "jupyterhub", "-f", str(own / "config.py")]
    if root := os.geteuid() == 0:
        command = in_namespace(own, command, accounts=accounts)
    with it.log.open("w") as output:
        server = subprocess.Popen(command, env=environment(it), cwd=own, stdout=output, stderr=output)
    try:
        wait_for(f"{it.address}/hub/health", server, it.log)
        yield it
    finally:
        server.send_signal(signal.SIGKILL if root else signal.SIGTERM)  # with its first process a namespace ends
        server.wait(60)
        shutil.rmtree(own, ignore_errors=True)


def environment(hub: Hub) -> dict[str, str]:
    library = os.pathsep.join([str(lab.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    places = {"ADVCOURSE_HANDOUT": str(hub.handout), "ADVCOURSE_HUB": str(hub.private), "HOME": str(hub.own)}
    return {**os.environ, **places, "PYTHONPATH": library}


def in_namespace(own: Path, command: list[str], *, accounts: bool) -> list[str]:
    """The same, by root in namespaces of its own: with accounts for the students, or as a user who is nobody else."""
    if accounts:
        lines = [ACCOUNT.format(own=own, name=name, password=password) for name, password in STUDENTS.items()]
    else:
        shutil.chown(own, NOBODY, NOBODY)
        lines = []
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    needed = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, lab.ROOT, *sys.path) if Path(p).is_dir()}
    closed = {shut for path in needed if (shut := closed_above(path))}
    script = own / "hub.sh"
    words = {"closed": " ".join(map(str, closed)), "needed": " ".join(map(str, needed)), "accounts": "".join(lines)}
    script.write_text(NAMESPACE.format(own=own, root=lab.ROOT, hub=shlex.join(command), **words))
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-eu", str(script)]


def closed_above(path: Path) -> Path | None:
    """The first folder on the way to this one that only its owner may enter."""
    return next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the hub did not start:\n{log.read_text()[-3000:]}")


class Student:
    """A student's browser, logged in, their server started."""

    def __init__(self, browser, hub: Hub, name: str):
        self.hub, self.name = hub, name
        self.context = browser.new_context()
        self.page = self.context.new_page()
        log_in(self.page, hub, name, hub.passwords[name])
        self._wait_for_server()

    def _wait_for_server(self) -> None:
        try:
            self.page.wait_for_url(f"**/user/{self.name}/lab**", timeout=240_000, wait_until="commit")
        except Exception as error:
            shown = f"{self.page.url} shows:\n{self.page.inner_text('body')[-1000:]}"
            raise RuntimeError(f"{shown}\nand the hub's log ends:\n{self.hub.log.read_text()[-4000:]}") from error

    def open(self, path: str) -> lab.Book:
        """A notebook in a tab of its own."""
        address = f"{self.hub.address}/user/{self.name}/lab/workspaces/{{workspace}}"
        return lab.Lab(self.context, address, self.hub.copy_of(self.name)).open(path)

    def status(self, path: str) -> int:
        """What the hub answers to this student's browser."""
        return self.context.request.get(f"{self.hub.address}{path}").status

    def restart_server(self) -> None:
        self.page.goto(f"{self.hub.address}/hub/home")
        self.page.click("#stop")
        self.page.wait_for_selector("#stop", state="hidden", timeout=60_000)
        self.page.goto(f"{self.hub.address}/hub/spawn/{self.name}")
        self._wait_for_server()


def log_in(page, hub: Hub, name: str, password: str) -> None:
    page.goto(f"{hub.address}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")


def run_to(book: lab.Book, cell: str) -> dict:
    """Clear the notebook, run it from the top to this cell, and give that cell as it stands then."""
    book.page.evaluate(RUN_TO, cell)
    book.page.wait_for_function("window.ran", timeout=180_000)
    return next(c for c in book.cells if c["id"] == cell)


def write_and_save(book: lab.Book, text: str) -> None:
    """A student's words at the end of the first cell."""
    book.page.evaluate(WRITE_AND_SAVE, text)


def said(book: lab.Book, code: str) -> str:
    """What this code prints in the notebook's kernel."""
    return book.page.evaluate(SAID, code)


RUN_TO = """async id => {
  window.ran = false;
  const { content } = jupyterapp.shell.currentWidget;
  await jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
  content.activeCellIndex = content.widgets.findIndex(({ model }) => model.id === id);
  await jupyterapp.commands.execute('notebook:run-all-above');
  await jupyterapp.commands.execute('notebook:run-cell');
  window.ran = true;
}"""
WRITE_AND_SAVE = """async text => {
  const cell = jupyterapp.shell.currentWidget.content.model.cells.get(0).sharedModel;
  cell.setSource(cell.getSource() + text);
  await jupyterapp.commands.execute('docmanager:save');
}"""
SAID = """async code => {
  const asked = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
  let text = '';
  asked.onIOPub = ({ content }) => { text += content.text ?? content.evalue ?? ''; };
  await asked.done;
  return text;
}"""
