"""Calling a stranger's function: with a time limit, its output muffled, stopped when time is up or the user says so."""

from __future__ import annotations

import ctypes
import io
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TextIO

import torch

from . import interrupt


@dataclass(frozen=True)
class Outcome:
    """What came of one call. `disturbed` names a global setting of torch that the call changed."""

    value: object = None
    error: BaseException | None = None
    hung: bool = False
    printed: bool = False
    disturbed: str | None = None
    seconds: float = 0.0


def call(candidate: Callable, args: tuple, seconds: float) -> Outcome:
    """`candidate(*args)`, at most `seconds` long. Whatever happens is an outcome; only the user's Ctrl-C passes."""
    if seconds <= 0:
        return Outcome(hung=True)
    worker = _Worker(candidate, args)
    with (
        interrupt.held(),
        redirect_stdout(_Muffled(sys.stdout, worker)),
        redirect_stderr(_Muffled(sys.stderr, worker)),
    ):
        began = time.monotonic()
        worker.start()
        try:
            worked = worker.wait(began, seconds)
        finally:
            hung = not worker.done.is_set()
            worker.stop()
    default_dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    disturbed = worker.disturbed or ("the default dtype" if default_dtype != torch.float32 else None)
    return Outcome(worker.value, worker.error, hung, worker.printed, disturbed, worked)


PATIENCE_WITH_IMPORTS = 60.0
GRACE = 0.5  # seconds in which most calls end that are told to


class _Stop(SystemExit):
    """Raised inside a worker that overran. A SystemExit, because threads end on one without a traceback."""


class _Worker(threading.Thread):
    """One call in a thread of its own: the only way to a time limit that works on every platform and off the main
    thread. A daemon, so that a call stuck in C code does not keep the interpreter alive."""

    def __init__(self, candidate: Callable, args: tuple):
        super().__init__(name="candidate", daemon=True)
        self.candidate, self.args = candidate, args
        self.value, self.error, self.printed, self.disturbed = None, None, False, None
        self.done = threading.Event()
        self.asked, self.stoppable, self.gate = False, True, threading.Lock()

    def run(self) -> None:
        while not self.done.is_set():
            try:
                if not self.asked:
                    self.asked = True
                    self._ask()
                self._leave()
            except _Stop:
                continue  # it came when the call was over: leave once more, no other will come

    def _ask(self) -> None:
        try:
            self.value = self.candidate(*self.args)
        except BaseException as error:
            self.error = error

    def _leave(self) -> None:
        with self.gate:
            self.stoppable = False
        # What was sent before is raised in the next lines and not inside `set`, where it would leave a lock behind.
        # Torch keeps the gradient mode per thread: nobody else sees the change, so it has to be read here.
        if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
            self.disturbed = "the gradient mode"
        self.done.set()

    def wait(self, began: float, seconds: float) -> float:
        """Until it ends or has worked for `seconds`. Returns how long it worked, imports left out."""
        worked = imported = 0.0
        last = began
        while True:
            # Short waits: on Windows a long one cannot be interrupted from the keyboard.
            self.done.wait(min(seconds - worked, 0.05))
            interrupt.deliver()
            now = time.monotonic()
            # Torch imports large parts of itself on first use. That is not the answer's time, and an import broken off
            # halfway would leave torch damaged for the rest of the session.
            if imported < PATIENCE_WITH_IMPORTS and not self.done.is_set() and self._is_importing():
                imported += now - last
            else:
                worked += now - last
            last = now
            if self.done.is_set() or worked >= seconds:
                return worked

    def _is_importing(self) -> bool:
        frame = sys._current_frames().get(self.ident)
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    def stop(self) -> None:
        """End it. What does not end soon, in C code, in an import or because it catches everything, holds nobody up:
        it is told again and again, beside whatever comes next."""
        if not self.done.is_set():
            threading.Thread(target=self._insist, name="stopper", daemon=True).start()
            self.done.wait(GRACE)

    def _insist(self) -> None:
        while self.is_alive() and not self.done.is_set():
            with self.gate:
                if self.ident and self.stoppable and not self._is_importing():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_Stop))
            self.done.wait(0.01)


class _Muffled(io.TextIOBase):
    """A stream that swallows what one thread writes and passes on everybody else's."""

    def __init__(self, stream: TextIO, worker: _Worker):
        self.stream, self.worker = stream, worker

    def write(self, text: str) -> int:
        if threading.current_thread() is not self.worker:
            return self.stream.write(text)
        self.worker.printed = True
        return len(text)

    def flush(self) -> None:
        if threading.current_thread() is not self.worker:
            self.stream.flush()
