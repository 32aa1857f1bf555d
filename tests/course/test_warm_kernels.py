"""Kernels that are forks: what Jupyter does to a kernel reaches them, and what it gives to a kernel is theirs."""

import os
import select

import pytest
from jupyter_client.manager import KernelManager
from warm_kernels import warm_kernels

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="here kernels start as they always do")


@pytest.fixture(scope="module")
def environment():
    with warm_kernels() as environment:
        yield environment


class Kernel:
    def __init__(self, environment, folder):
        self.manager = KernelManager(kernel_name="python3")
        warm = environment["JUPYTER_PATH"].split(os.pathsep)[0]
        self.manager.kernel_spec_manager.kernel_dirs.insert(0, f"{warm}/kernels")
        history = ["--HistoryManager.hist_file=:memory:"]  # as nbclient says
        self.manager.start_kernel(extra_arguments=history, cwd=str(folder), env={**environment, "A_WISH": "granted"})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(60)

    def run(self, code):
        """The reply, and everything that the cell showed."""
        shown = []
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda m: shown.append(m["content"]))
        return reply["content"], shown

    def value(self, expression):
        wanted = {"it": f"({expression})"}
        reply = self.client.execute_interactive("import os, sys", user_expressions=wanted, timeout=60)
        return reply["content"]["user_expressions"]["it"]["data"]["text/plain"]


@pytest.fixture
def kernel(environment, tmp_path):
    kernel = Kernel(environment, tmp_path)
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def test_it_is_warm_and_where_jupyter_put_it(kernel, tmp_path):
    assert kernel.value("'torch' in sys.modules") == "True"
    assert kernel.value("os.getcwd()") == repr(str(tmp_path))
    assert kernel.value("os.environ['A_WISH']") == "'granted'"
    assert kernel.value("get_ipython().history_manager.hist_file") == "':memory:'"
    assert kernel.value("'warm_kernels' in sys.modules, __name__") == "(False, '__main__')"


def test_figures_are_shown_as_in_any_kernel(kernel):
    _, shown = kernel.run("import matplotlib.pyplot as plt; _ = plt.plot([1, 2])")
    assert any("image/png" in content.get("data", {}) for content in shown)


def test_an_interrupt_reaches_it(kernel):
    begun = []

    def interrupt(message):
        if message["msg_type"] == "stream":
            begun.append(message)
            kernel.manager.interrupt_kernel()

    code = "print('begun', flush=True)\nwhile True: pass"
    reply = kernel.client.execute_interactive(code, timeout=60, output_hook=interrupt)
    assert begun and reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.value("1 + 1") == "2"


def test_a_restart_forgets(kernel):
    kernel.run("x = 1")
    before = kernel.value("os.getpid()")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(60)
    assert kernel.value("'x' in globals()") == "False" and kernel.value("os.getpid()") != before


def test_a_kernel_that_dies_is_seen_to_have_died(kernel):
    kernel.client.execute("import os; os._exit(3)")
    assert kernel.manager.provisioner.process.wait(60) == 3


def test_killing_what_jupyter_started_ends_the_fork(kernel):
    fork = os.pidfd_open(int(kernel.value("os.getpid()")))
    kernel.manager.provisioner.process.kill()
    assert select.select([fork], [], [], 60)[0], "the fork lives on"
    os.close(fork)
