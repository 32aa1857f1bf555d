"""Kernels that start in a moment: python tests/warm_kernels.py -m pytest --nbval lectures

One process, the *hearth*, has imported PyTorch, matplotlib and the library. It forks for every kernel that the command
starts, which then begins where a student's kernel is seconds later. What Jupyter sees is a kernelspec called python3
whose process, the *stand-in*, carries signals to the fork, ends when it ends and takes it along when it is killed:
interrupting, restarting and losing a kernel are what they always are. The fork has the environment, the folder and the
streams that Jupyter gave to the stand-in. Where a system cannot do this, the command runs with the kernels it has.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LENGTH = 4  # bytes of a number on the line
INLINE = "module://matplotlib_inline.backend_inline"  # what a kernel chooses before matplotlib is imported
WARM = (  # what a first cell waits for
    "advcourse.draw",
    "advcourse.widgets",
    "advcourse.checks",
    "ipykernel.kernelapp",
    "matplotlib.pyplot",
    "scipy.optimize",
    "scipy.stats",
    "torch._dynamo",  # by the first optimizer
    "torchvision.models",
)


@contextmanager
def warm_kernels() -> Iterator[dict[str, str]]:
    """The environment in which Jupyter's python3 is a fork of a warm process. That process ends with the context."""
    if not hasattr(os, "pidfd_open"):
        yield dict(os.environ)
        return
    with tempfile.TemporaryDirectory(prefix="warm") as folder:
        door = f"{folder}/door"
        write_kernelspec(Path(folder) / "kernels" / "python3", door)
        with socket.socket(socket.AF_UNIX) as listener:  # of the hearth alone: when it has ended, nobody waits at it
            listener.bind(door)
            listener.listen(64)
            command = [sys.executable, __file__, "--hearth", str(listener.fileno())]
            inline = {**os.environ, "MPLBACKEND": INLINE}
            hearth = subprocess.Popen(command, env=inline, pass_fds=[listener.fileno()])
        try:
            path = filter(None, [folder, os.environ.get("JUPYTER_PATH")])
            yield {**os.environ, "JUPYTER_PATH": os.pathsep.join(path)}
        finally:
            hearth.terminate()
            hearth.wait()


def write_kernelspec(place: Path, door: str) -> None:
    place.mkdir(parents=True)
    argv = [sys.executable, "-I", "-S", __file__, "--stand-in", door, "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python", "metadata": {"debugger": True}}
    (place / "kernel.json").write_text(json.dumps(spec))


# The stand-in ---------------------------------------------------------------------------------------------------------


def stand_in(door: str, options: list[str]) -> int:
    """Ask the hearth for a kernel and hand signals on to it until it ends. Its exit code, as a shell would say it."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        request = {"environ": dict(os.environ), "folder": os.getcwd(), "options": options}
        message = json.dumps(request).encode()
        socket.send_fds(line, [len(message).to_bytes(LENGTH, "big")], [0, 1, 2])
        line.sendall(message)
        kernel = read_number(line)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(kernel, number))
        return read_number(line)


def read(line: socket.socket, count: int) -> bytes:
    """Exactly so many bytes. Raises EOFError where the other side has gone."""
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise EOFError("the process at the other end has ended")
        data += more
    return data


def read_number(line: socket.socket) -> int:
    return int.from_bytes(read(line, LENGTH), "big")


def send_number(line: socket.socket, number: int) -> None:
    line.sendall(number.to_bytes(LENGTH, "big"))


# The hearth -----------------------------------------------------------------------------------------------------------


def hearth(door: int) -> None:
    """Import what kernels import, then fork one for everybody who asks. One thread: a fork would inherit its locks."""
    import gc
    import importlib

    del sys.path[0]  # the folder of this file, which is not on a kernel's path
    os.environ["JPY_PARENT_PID"] = str(
        os.getpid()
    )  # read when a kernel's program is imported: it ends when its parent does
    for name in WARM:
        importlib.import_module(name)
    gc.freeze()  # what is shared stays shared
    with socket.socket(fileno=door) as listener, selectors.DefaultSelector() as events:
        events.register(listener, selectors.EVENT_READ, lambda: kindle(listener, events))
        while True:
            events.select()[0][0].data()  # one at a time: each may close what another event is about


def kindle(listener: socket.socket, events: selectors.BaseSelector) -> None:
    """Fork a kernel for who is at the door, and note what to do when one of the two ends."""
    line, _ = listener.accept()
    length, streams, _, _ = socket.recv_fds(line, LENGTH, 3)
    request = json.loads(read(line, int.from_bytes(length, "big")))
    kernel = os.fork()
    if not kernel:
        for mine in (events, listener, line):
            mine.close()
        become_a_kernel(request, streams)
    for stream in streams:
        os.close(stream)
    send_number(line, kernel)
    ending = os.pidfd_open(kernel)

    def abandoned() -> None:
        """The line says nothing until its other end is gone: the stand-in was killed, and the kernel was meant."""
        events.unregister(line)
        os.kill(kernel, signal.SIGKILL)

    def ended() -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
        if line in events.get_map():
            events.unregister(line)
            with suppress(OSError):
                send_number(line, code if code >= 0 else 128 - code)
        events.unregister(ending)
        os.close(ending)
        line.close()

    events.register(line, selectors.EVENT_READ, abandoned)
    events.register(ending, selectors.EVENT_READ, ended)


def become_a_kernel(request: dict, streams: list[int]) -> None:
    """In the fork: be the process that Jupyter wanted to start. Does not return."""
    from ipykernel.kernelapp import launch_new_instance

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.setsid()
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    sys.path[:0] = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p not in sys.path]
    sys.argv[:] = ["ipykernel_launcher", *request["options"]]
    launch_new_instance()
    sys.exit()


def main(arguments: list[str]) -> int:
    match arguments:
        case ["--stand-in", door, connection_file, *options]:
            return stand_in(door, ["-f", connection_file, *options])
        case ["--hearth", door]:
            hearth(int(door))
    with warm_kernels() as environment:
        return subprocess.run([sys.executable, *arguments], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
