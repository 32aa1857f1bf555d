"""Run as a file: a process that has loaded torch and the library, and forks one for every function to be asked.

It never loads the checks: whatever a student's function finds in its memory, right answers are not there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import types
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[3]
# What exercise notebooks import; loaded once here, it costs nothing there.
WARM = (
    *("attacks.minimal", "convex", "conflict", "checkpoints", "data", "density", "draw", "measure", "models", "toys"),
    *("course.grading.room", "course.grading.worker"),
)


class Silent:
    """Stands for `check` where students import it: whatever is asked of it does nothing."""

    def __getattr__(self, name: str) -> Silent:
        return self

    def __call__(self, *args: object, **named: object) -> None:
        return None


def without_checks() -> None:
    """Let `import advcourse` find an empty room where the checks are."""
    room = types.ModuleType("advcourse.checks")
    room.__dict__.update(check=Silent(), judge=Silent(), Verdict=Silent())
    sys.modules["advcourse.checks"] = room


def warm_up(more: list[str]) -> None:
    """Load what would be loaded again and again. No backward pass: its threads would not survive a fork."""
    import gc
    import importlib

    import torch

    torch.set_num_threads(1)
    for name in (*(f"advcourse.{name}" for name in WARM), *more):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a worker would touch, and so copy, all that is loaded


def serve(control: socket.socket) -> None:
    """Start a process for each message, and tell how each ended when asked. Ends with the line."""
    running: dict[int, int] = {}
    while True:
        text, sockets, _, _ = socket.recv_fds(control, 1 << 16, 1)
        if not text:
            return
        told = json.loads(text)
        if told["do"] == "start":
            running[told["job"]] = start(told, sockets[0], control)
            os.close(sockets[0])
            answer: dict = {"started": running[told["job"]]}
        else:
            answer = {"ended": end(running.pop(told["job"]), told["grace"])}
        control.send(json.dumps(answer).encode())


def start(told: dict, line: int, control: socket.socket) -> int:
    """The process id of a keeper, whose child is the worker."""
    keeper = os.fork()
    if keeper:
        return keeper
    control.close()
    try:
        keep(told, line)
    except BaseException:
        os._exit(251)


def keep(told: dict, line: int) -> NoReturn:
    """Start the worker, and end whatever it leaves. Ends as the worker did: its exit code, or 128 and the signal."""
    from advcourse.course.grading import room

    os.setsid()
    if told["nobody"]:
        os.setgroups([])
        os.setgid(told["nobody"])
        os.setuid(told["nobody"])
    room.process_control(room.ADOPT, 1)
    room.process_control(room.DIE_WITH_PARENT, signal.SIGTERM)
    mine: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: kill(mine))
    try:
        if told["walls"]:
            room.separate()
            mine.append(room.begin_processes().pid)
        mine.append(os.fork())
        if not mine[-1]:
            work(told, line)
        os.close(line)
        _, status = os.waitpid(mine[-1], 0)
    finally:
        kill(mine)  # and with the first process of a room whoever is left in there
    end_all_others()
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def kill(processes: list[int]) -> None:
    """Those of them that have not ended yet."""
    for pid in filter(None, processes):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end_all_others() -> None:
    """Where a room has walls nobody is left; elsewhere whoever has lost its parent is ours."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        kill(children())
        time.sleep(0.001)


def children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def work(told: dict, line: int) -> NoReturn:
    """In the worker: close the doors, then answer."""
    from advcourse.course.grading import room, worker

    room.process_control(room.DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    folder = Path(told["folder"])
    if told["walls"]:
        room.enclose(folder, [Path(place) for place in told["hidden"]])
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(told["environment"])
    room.limit(room.Limits(**told["limits"]))
    worker.answer(socket.socket(fileno=line))
    os._exit(0)


def end(keeper: int, grace: float) -> int:
    """Let the worker end by itself for a moment, then end it. How it ended."""
    until = time.monotonic() + grace
    while time.monotonic() < until:
        pid, status = os.waitpid(keeper, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(keeper, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    without_checks()
    warm_up(sys.argv[2:])
    with socket.socket(fileno=int(sys.argv[1])) as control:
        control.send(b"{}")
        serve(control)
