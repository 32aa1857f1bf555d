"""How answers are called: time limit, output, interrupts, surroundings."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from banks.fgsm import BANK, reference, sign
from banks.ill_behaved import hangs, prints_and_hangs

from advcourse.checks import EXERCISES, interrupt, judge, sandbox
from advcourse.checks.sandbox import call
from advcourse.checks.spec import Questions
from advcourse.checks.verdict import Exercise


@pytest.fixture(autouse=True)
def heard():
    """The interrupt key is heard, also where a shell started this in the background and told it not to listen."""
    before = signal.signal(signal.SIGINT, HANDLER)
    yield
    signal.signal(signal.SIGINT, before)


def candidates() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "candidate"]


def wait_for_the_candidates() -> None:
    """Until all have ended, as those do that were told to."""
    for thread in candidates():
        thread.join()


class Clock:
    """What the sandbox takes for the time. It stands still but for what a test says."""

    def __init__(self, monkeypatch):
        self.now, self.running, self.far = 0.0, False, threading.Event()
        monkeypatch.setattr(sandbox, "time", SimpleNamespace(monotonic=self))

    def __call__(self) -> float:
        if self.running:
            self.now += 1
        if self.now > 8:
            self.far.set()
        return self.now


def test_other_threads_keep_printing():
    """Only the candidate's own thread is muffled."""
    go, done = threading.Event(), threading.Event()

    def other():
        go.wait()
        print("from elsewhere")
        done.set()

    def candidate():
        go.set()
        done.wait()
        print("from the candidate")

    threading.Thread(target=other, daemon=True).start()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        outcome = call(candidate, (), 600)
    assert outcome.printed
    assert out.getvalue() == "from elsewhere\n"


def test_a_hanging_candidate_is_stopped():
    assert judge("fgsm", hangs, seconds=0.3).diagnosis == "hangs"
    wait_for_the_candidates()


def test_nothing_is_printed_after_a_hanging_candidate_was_stopped(capsys):
    judge("project", prints_and_hangs, seconds=0.2)
    wait_for_the_candidates()
    assert capsys.readouterr() == ("", "")


def test_a_candidate_that_cannot_be_stopped_does_not_hold_anybody_up():
    release = threading.Event()

    def in_c_code(*args):
        release.wait()

    assert judge("fgsm", in_c_code, seconds=0.2).diagnosis == "hangs"
    assert candidates(), "it still waits"
    release.set()
    wait_for_the_candidates()


def test_a_candidate_that_catches_everything_is_told_again_until_it_ends():
    """Beside whatever comes next."""
    tries, enough = [], threading.Event()

    def catches(*args):
        while not enough.is_set():
            try:
                hangs()
            except BaseException as told:
                tries.append(told)
                if len(tries) > 60:  # more than fit into the time that a verdict waits
                    enough.set()

    assert judge("fgsm", catches, seconds=0.1).diagnosis == "hangs"
    assert judge("fgsm", reference).diagnosis == "ok"
    enough.wait()
    wait_for_the_candidates()


def test_the_limit_is_for_all_calls_together(monkeypatch):
    clock, calls = Clock(monkeypatch), []

    def slow(model, x, y, eps):
        calls.append(None)
        clock.now += 2
        return reference(model, x, y, eps)

    assert judge("fgsm", slow, seconds=5).diagnosis == "hangs"
    assert len(calls) == 3


def test_an_import_is_waited_for(tmp_path, monkeypatch):
    """Breaking off an import leaves half a module behind; torch imports parts of itself on first use."""
    clock = Clock(monkeypatch)
    monkeypatch.setitem(sys.modules, "the_clock", SimpleNamespace(clock=clock))
    waits = "from the_clock import clock\nclock.running = True\nclock.far.wait()\nclock.running = False\nready = True\n"
    (tmp_path / "slow_to_import.py").write_text(waits)
    monkeypatch.syspath_prepend(tmp_path)

    def importing(model, x, y, eps):
        import slow_to_import

        assert slow_to_import.ready
        return reference(model, x, y, eps)

    assert judge("fgsm", importing, seconds=5).diagnosis == "ok"
    assert clock.now > 8


def test_runs_off_the_main_thread():
    verdicts = []
    worker = threading.Thread(target=lambda: verdicts.append(judge("fgsm", reference)), daemon=True)
    worker.start()
    worker.join()
    assert verdicts[0].diagnosis == "ok"


# The user's Ctrl-C ----------------------------------------------------------------------------------------------------

HANDLER = signal.default_int_handler


def assert_as_before(default_dtype: torch.dtype, stdout, stderr) -> None:
    wait_for_the_candidates()
    assert signal.getsignal(signal.SIGINT) is HANDLER
    assert (torch.get_default_dtype(), sys.stdout, sys.stderr) == (default_dtype, stdout, stderr)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_the_users_interrupt_gets_through_and_stops_the_candidate():
    before = torch.get_default_dtype(), sys.stdout, sys.stderr

    def endless(model, x, y, eps):
        signal.raise_signal(signal.SIGINT)  # handled by the main thread, as the key is
        hangs()

    with pytest.raises(KeyboardInterrupt):
        judge("fgsm", endless, seconds=600)
    assert_as_before(*before)


class Press:
    """A profiler that presses Ctrl-C when the main thread enters its nth function of Python."""

    def __init__(self, n: int):
        self.left = n

    def __call__(self, frame, event, arg) -> None:
        self.left -= event == "call"
        if self.left == 0 and event == "call":
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)


def judged_with(press: Press) -> None:
    sys.setprofile(press)
    try:
        assert judge("once", torch.clone, seconds=600).diagnosis == "ok"
    finally:
        sys.setprofile(None)


def test_no_interrupt_is_lost_wherever_it_comes(monkeypatch):
    """Setting up, starting a thread, waiting for it, reading, putting back: at every step it would do other harm."""
    check = Questions(EXERCISES["fgsm"].check.words, (lambda ask: {"answer": ask(torch.zeros(1))},))
    monkeypatch.setitem(EXERCISES, "once", Exercise("x", check))
    judged_with(Press(0))  # what is imported on first use
    far = Press(10**9)
    judged_with(far)
    steps, before = 10**9 - far.left, (torch.get_default_dtype(), sys.stdout, sys.stderr)
    assert 400 < steps < 2000
    # How often threads wait for each other differs from run to run, so the last steps may not be reached.
    for n in range(1, steps - 50, 2):
        with pytest.raises(KeyboardInterrupt):
            judged_with(Press(n))
        assert_as_before(*before)


def test_who_presses_again_before_being_heard_is_let_through_at_once():
    with pytest.raises(KeyboardInterrupt), interrupt.held():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second is not held")
    assert signal.getsignal(signal.SIGINT) is HANDLER


def test_a_handler_that_does_not_raise_is_asked_once_for_each_press():
    pressed = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        with interrupt.held():
            signal.raise_signal(signal.SIGINT)
            assert not pressed
    finally:
        signal.signal(signal.SIGINT, HANDLER)
    assert pressed == [signal.SIGINT]


# Surroundings ---------------------------------------------------------------------------------------------------------


# What an answer does to something that everybody shares, and how that is read afterwards.
CARELESS = {
    "torch's randomness": (lambda folder: torch.manual_seed(99), lambda: torch.rand(3).tolist()),
    "Python's randomness": (lambda folder: random.seed(99), random.random),
    "NumPy's randomness": (lambda folder: np.random.seed(99), np.random.random),
    "NumPy's generator": (lambda folder: np.random.set_bit_generator(np.random.PCG64(9)), np.random.standard_normal),
    "the folder": (os.chdir, os.getcwd),
    "a new variable": (lambda folder: os.environ.update(NEW="1"), lambda: os.environ.get("NEW")),
    "another value": (lambda folder: os.environ.update(HELD="1"), lambda: os.environ["HELD"]),
    "a variable less": (lambda folder: os.environ.pop("HELD", None), lambda: os.environ.get("HELD")),
    "reproducible algorithms": (
        lambda folder: torch.set_deterministic_debug_mode("error"),
        torch.are_deterministic_algorithms_enabled,
    ),
    "deep recursion": (lambda folder: sys.setrecursionlimit(12345), sys.getrecursionlimit),
    "standard output": (lambda folder: setattr(sys, "stdout", None), lambda: sys.stdout),
}


@pytest.mark.parametrize("what", CARELESS)
def test_the_callers_surroundings_are_put_back(what, tmp_path, monkeypatch):
    do, read = CARELESS[what]
    monkeypatch.setenv("HELD", "as it was")

    def careless(model, x, y, eps):
        done.append(do(tmp_path))
        return reference(model, x, y, eps)

    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(1)
    expected, done = read(), []
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(1)
    assert judge("fgsm", careless).diagnosis == "ok"
    assert done and read() == expected


def test_a_folder_that_is_gone_is_nothing_to_go_back_to(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert judge("fgsm", reference).diagnosis == "ok"


def test_numpys_randomness_is_the_same_for_every_answer():
    def draws(model, x, y, eps):
        drawn.append(np.random.random())
        return reference(model, x, y, eps)

    drawn: list[float] = []
    judge("fgsm", draws)
    once, drawn[:] = list(drawn), []
    judge("fgsm", draws)
    assert drawn == once and len(set(once)) == len(once)


def test_a_changed_default_dtype_is_put_back_and_named():
    def changes_it(model, x, y, eps):
        torch.set_default_dtype(torch.float64)
        return reference(model, x, y, eps)

    verdict = judge("fgsm", changes_it)
    assert verdict.diagnosis == "changes-torch-settings" and "default dtype" in verdict.message
    assert torch.get_default_dtype() == torch.float32


def test_a_changed_gradient_mode_is_put_back_and_named():
    def changes_it(model, x, y, eps):
        direction = sign(model, x, y)
        torch.set_grad_enabled(False)
        return (x + eps * direction).clamp(0, 1)

    verdict = judge("fgsm", changes_it)
    assert verdict.diagnosis == "changes-torch-settings" and "gradient mode" in verdict.message
    assert torch.is_grad_enabled()


def test_verdicts_do_not_depend_on_the_callers_surroundings():
    expected = {title: judge("fgsm", candidate) for title, (_, candidate) in list(BANK.items())[:20]}
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(), torch.device("meta"):
            torch.manual_seed(3)
            for title, verdict in expected.items():
                assert judge("fgsm", BANK[title][1]) == verdict
    finally:
        torch.set_default_dtype(torch.float32)
