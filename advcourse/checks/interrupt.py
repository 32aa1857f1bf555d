"""The user's Ctrl-C while an answer is examined: it waits for a place where it does no harm and cannot be lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


class Held:
    """A handler of the signal that only notes it, in the place of `handler`.

    Python raises KeyboardInterrupt wherever the main thread happens to be. Inside a callback of an import or of the
    garbage collector it is printed and dropped, between the start of a thread and its `try` nobody stops the thread,
    and in a `finally` what was to be put back is not.
    """

    def __init__(self, handler: Callable):
        self.handler, self.noted, self.insisted = handler, False, False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # Whoever presses a second time before the first was heard is kept waiting by something that does not end.
        if self.noted and not self.insisted:
            self.insisted = True
            self.handler(number, frame)
        self.noted = True

    def deliver(self) -> None:
        """Let the handler that was there before have it: usually it raises KeyboardInterrupt."""
        if self.noted:
            self.noted, self.insisted = False, True
            self.handler(signal.SIGINT, sys._getframe())


@contextmanager
def held() -> Generator[None]:
    """Inside, an interrupt waits for `deliver` or the end. Only the main thread gets any, so elsewhere nothing."""
    handler = signal.getsignal(signal.SIGINT)
    inside = isinstance(handler, Held)
    if threading.current_thread() is not threading.main_thread() or inside or not callable(handler):
        yield
        return
    mine = Held(handler)
    signal.signal(signal.SIGINT, mine)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    mine.deliver()


def deliver() -> None:
    """Raise here what was held back, if anything was. For the thread that holds it."""
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, Held) and threading.current_thread() is threading.main_thread():
        handler.deliver()
