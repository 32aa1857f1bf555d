"""Processes for students' functions, started and ended for the grader, and how long each may compute."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advcourse.course.notebook import NotebookError

from .room import Limits, walled
from .wire import Line

ZYGOTE = Path(__file__).with_name("zygote.py")
PACKAGE = Path(__file__).resolve().parents[2]
NOBODY = 65534
GRACE = 0.05


class TooLong(Exception):
    """The time is used up."""


@dataclass
class Watch:
    """Counts what a worker computes and what it waits, but not what the machine lets it wait for its turn.

    It is the `which`-th child of its keeper."""

    keeper: int
    which: int
    seconds: float
    used: float = 0.0
    looked: float = field(default_factory=time.monotonic)
    ran: float = 0.0

    def look(self) -> None:
        """Raises TooLong."""
        now = time.monotonic()
        runs, ran = _state(self.keeper, self.which)
        self.used += ran - self.ran if runs or ran > self.ran else now - self.looked
        self.looked, self.ran = now, ran
        if self.used > self.seconds:
            raise TooLong

    def rest(self) -> None:
        """What passed since the last look was not its time."""
        self.looked = time.monotonic()


def _state(keeper: int, which: int) -> tuple[bool, float]:
    """Whether any of its threads runs or could, and the seconds it has computed. Where nobody says so, it waits."""
    try:
        children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        if len(children) <= which:
            return True, 0.0  # it is about to start
        process = Path(f"/proc/{children[which]}")
        states = [_fields(thread)[0] for thread in (process / "task").iterdir()]
        computed = sum(map(int, _fields(process)[11:13]))
    except OSError:
        return False, 0.0
    return not {"R", "D"}.isdisjoint(states), computed / os.sysconf("SC_CLK_TCK")


def _fields(process: Path) -> list[str]:
    return (process / "stat").read_text().rpartition(")")[2].split()


class Zygote:
    """A process that forks others. One at a time is asked of it."""

    def __init__(self, limits: Limits, hidden: list[Path], warm: Iterable[str] = ()):
        if not hasattr(os, "fork"):
            raise NotebookError("grading needs Linux or macOS, which can fork; on Windows run it in WSL")
        self.limits, self.jobs, self.walls = limits, 0, walled()
        self.hidden = [*_secrets(), *hidden]
        self.scratch = Path(tempfile.mkdtemp(prefix="advcourse-grading-"))
        self.control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET if _packets() else socket.SOCK_STREAM
        )
        with theirs:
            command = [sys.executable, "-P", str(ZYGOTE), str(theirs.fileno()), *warm]
            environment = {"OMP_NUM_THREADS": "1", "ADVCOURSE_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": ""}
            environment |= {"PATH": os.environ.get("PATH", ""), "MPLBACKEND": "agg", "HOME": str(self.scratch)}
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )
        if not self.control.recv(1 << 16):
            raise NotebookError("the process that starts the others did not start; does `import advcourse` work?")

    def ask(self, told: dict[str, Any], passed: list[socket.socket]) -> dict:
        socket.send_fds(self.control, [json.dumps(told).encode()], [one.fileno() for one in passed])
        return json.loads(self.control.recv(1 << 16))

    def close(self) -> None:
        self.control.close()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @contextmanager
    def worker(self) -> Generator[Worker]:
        """A new process, which is ended with all it started when the context is left."""
        self.jobs += 1
        folder = self.scratch / str(self.jobs)
        folder.mkdir(mode=0o700)
        nobody = NOBODY if os.getuid() == 0 and _read_by_all(PACKAGE) and _read_by_all(Path(os.__file__)) else 0
        if nobody:
            os.chown(folder, nobody, nobody)
        ours, theirs = socket.socketpair()
        ours.settimeout(0.02)
        with theirs:
            told: dict[str, Any] = {"do": "start", "job": self.jobs, "limits": self.limits.told(), "nobody": nobody}
            told |= {"walls": self.walls, "hidden": [str(place) for place in self.hidden]}
            told |= {"folder": str(folder), "environment": _environment(folder)}
            keeper = self.ask(told, [theirs])["started"]
        worker = Worker(Line(ours), self, self.jobs, Watch(keeper, int(self.walls), self.limits.seconds))
        try:
            yield worker
        finally:
            ours.close()
            worker.end()
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Worker:
    """A process, the line to it, the watch over it, and how it ended once it has."""

    line: Line
    zygote: Zygote
    job: int
    watch: Watch
    ended: int | None = None

    def end(self, grace: float = 0.0) -> int:
        """End it. Its exit code, or 128 and the signal that ended it."""
        if self.ended is None:
            self.ended = self.zygote.ask({"do": "end", "job": self.job, "grace": grace}, [])["ended"]
        return self.ended


def _secrets() -> list[Path]:
    """Right answers: the checks, and in a clone of the repository whatever lies beside the library."""
    root, needed = PACKAGE.parent, (PACKAGE.name, ".venv")
    beside = root.iterdir() if (root / "pyproject.toml").exists() else ()
    return [PACKAGE / "checks", *(place for place in beside if place.is_dir() and place.name not in needed)]


def _packets() -> bool:
    return hasattr(socket, "SOCK_SEQPACKET") and sys.platform == "linux"


def _environment(folder: Path) -> dict[str, str]:
    """All there is: nothing of the grader's own environment."""
    places = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "TORCH_HOME"), str(folder))
    return places | {"PATH": os.defpath, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "ADVCOURSE_DEVICE": "cpu"}


def _read_by_all(place: Path) -> bool:
    return all(part.stat().st_mode & 0o5 == 0o5 for part in place.resolve().parents)
