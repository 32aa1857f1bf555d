"""How answers are called: time limit, output, surroundings."""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys
import threading
import time

import torch
from banks.fgsm import BANK, reference, sign
from banks.ill_behaved import hangs, prints_and_hangs

from advcourse.checks import judge
from advcourse.checks.sandbox import call


def no_candidate_is_left() -> bool:
    deadline = time.monotonic() + 5
    while any(thread.name == "candidate" for thread in threading.enumerate()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_other_threads_keep_printing():
    """Only the candidate's own thread is muffled."""
    go, done = threading.Event(), threading.Event()

    def other():
        go.wait(5)
        print("from elsewhere")
        done.set()

    def candidate():
        go.set()
        done.wait(5)
        print("from the candidate")

    threading.Thread(target=other).start()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        outcome = call(candidate, (), 5)
    assert outcome.printed
    assert out.getvalue() == "from elsewhere\n"


def test_a_hanging_candidate_is_stopped():
    start = time.monotonic()
    assert judge("fgsm", hangs, seconds=0.3).diagnosis == "hangs"
    assert time.monotonic() - start < 5
    assert no_candidate_is_left()


def test_nothing_is_printed_after_a_hanging_candidate_was_stopped(capsys):
    judge("project", prints_and_hangs, seconds=0.2)
    time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


def test_a_candidate_that_cannot_be_stopped_does_not_hold_anybody_up():
    release = threading.Event()

    def in_c_code(*args):
        release.wait(30)

    start = time.monotonic()
    assert judge("fgsm", in_c_code, seconds=0.2).diagnosis == "hangs"
    assert time.monotonic() - start < 10
    release.set()
    assert no_candidate_is_left()


def test_the_limit_is_for_all_calls_together():
    def slow(model, x, y, eps):
        time.sleep(0.2)
        return reference(model, x, y, eps)

    assert judge("fgsm", slow, seconds=0.5).diagnosis == "hangs"


def test_an_import_is_waited_for(tmp_path, monkeypatch):
    """Breaking off an import leaves half a module behind; torch imports parts of itself on first use."""
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.6)\nready = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def importing(model, x, y, eps):
        import slow_to_import

        assert slow_to_import.ready
        return reference(model, x, y, eps)

    assert judge("fgsm", importing, seconds=0.3).diagnosis == "ok"


def test_runs_off_the_main_thread():
    verdicts = []
    worker = threading.Thread(target=lambda: verdicts.append(judge("fgsm", reference)))
    worker.start()
    worker.join(10)
    assert verdicts[0].diagnosis == "ok"


def test_the_users_interrupt_gets_through_and_stops_the_candidate():
    code = (
        "import _thread, threading, time\n"
        "from advcourse.checks import judge\n"
        "def endless(model, x, y, eps):\n"
        "    while True: pass\n"
        "threading.Timer(0.3, _thread.interrupt_main).start()\n"
        "try:\n"
        "    judge('fgsm', endless, seconds=60)\n"
        "except KeyboardInterrupt:\n"
        "    time.sleep(0.3)\n"
        "    print('interrupted', [t.name for t in threading.enumerate()])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("interrupted ['MainThread']\n", "")


def test_the_callers_surroundings_are_put_back():
    def careless(model, x, y, eps):
        torch.manual_seed(99)
        random.seed(99)
        return reference(model, x, y, eps)

    torch.manual_seed(1)
    random.seed(1)
    expected = torch.rand(3), random.random()
    torch.manual_seed(1)
    random.seed(1)
    stdout, stderr = sys.stdout, sys.stderr
    assert judge("fgsm", careless).diagnosis == "ok"
    assert torch.equal(torch.rand(3), expected[0]) and random.random() == expected[1]
    assert (sys.stdout, sys.stderr) == (stdout, stderr)


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
