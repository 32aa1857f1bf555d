"""The room a student's function runs in: limits that the system keeps, and walls where the system can build them.

On Linux a process may have a user, mount, process and network namespace of its own (what `unshare` and bubblewrap do):
in there nobody else's process can be seen, nothing can be written but a small folder that is thrown away, and there is
no network. Where that is refused, as in many containers, the limits alone hold.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 1 << 12, 1 << 14, 1 << 18
MOUNT_SETATTR, AT_CWD, AT_RECURSIVE = 442, -100, 0x8000
DIE_WITH_PARENT, ADOPT, NO_NEW_PRIVILEGES, DUMPABLE = 1, 36, 38, 4
MEBIBYTE, LONGEST = 1 << 20, 3600


@dataclass(frozen=True)
class Limits:
    """What one function may use: seconds of computing or waiting, MiB of memory, MiB in a file, processes at a time."""

    seconds: float = 6.0
    memory: int = 2048
    file: int = 16
    processes: int = 32

    def told(self) -> dict:
        return asdict(self)


class Refused(Exception):
    """The system does not build such a wall."""


def walled() -> bool:
    """Whether the system gives rooms of their own. Tried in a process of its own, which ends at once."""
    if sys.platform != "linux":
        return False
    process = os.fork()
    if not process:
        try:
            separate()
            os._exit(0 if _alone_inside() else 1)
        except BaseException:
            os._exit(1)
    return os.waitpid(process, 0)[1] == 0


def begin_processes() -> subprocess.Popen:
    """The first process of a new namespace, which no signal from inside ends: it is to be nobody's answer."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(["sleep", str(LONGEST)], stdin=nothing, stdout=nothing, stderr=nothing)


def _alone_inside() -> bool:
    first = begin_processes()
    inside = os.fork()
    if not inside:
        try:
            enclose(Path("/tmp"), [])
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(inside, 0)[1]
    first.kill()
    return status == 0


def separate() -> None:
    """Into namespaces of one's own; the next child is the first process in there. Raises Refused."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC)
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        raise Refused(str(error)) from error


def enclose(folder: Path, hidden: list[Path]) -> None:
    """Everything can only be read from now on but `folder`, which is new and small; what is hidden is empty."""
    _mount(None, "/", None, RECURSIVE | PRIVATE, None)
    _system_call(MOUNT_SETATTR, AT_CWD, b"/", AT_RECURSIVE, struct.pack("QQQQ", READ_ONLY, 0, 0, 0), 32)
    for place in hidden:
        if place.is_dir():
            _mount("tmpfs", str(place), "tmpfs", READ_ONLY | NO_SETUID | NO_DEVICES, "size=4k")
        elif place.exists():
            _mount(os.devnull, str(place), None, BIND, None)
    _mount("tmpfs", str(folder), "tmpfs", NO_SETUID | NO_DEVICES, "size=64m,mode=700")
    try:
        _mount("proc", "/proc", "proc", NO_SETUID | NO_DEVICES, None)
    except Refused:  # where parts of /proc are masked, nothing of it is shown
        _mount("tmpfs", "/proc", "tmpfs", READ_ONLY, "size=4k")
    _give_up_powers()


def _give_up_powers() -> None:
    """Whoever has them in here could take the walls down again."""
    process_control(NO_NEW_PRIVILEGES, 1)
    for capability in range(64):
        libc().prctl(24, capability, 0, 0, 0)
    header, data = struct.pack("Ii", 0x20080522, 0), bytes(24)
    if libc().capset(header, data):
        raise Refused("capset")


def limit(limits: Limits) -> None:
    """Of this process and its children, by the system's own means."""
    import resource

    most = {
        resource.RLIMIT_FSIZE: limits.file * MEBIBYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: _processes_of_this_user() + limits.processes,
        resource.RLIMIT_CPU: int(10 * limits.seconds) + 60,
    }
    if sys.platform == "linux":  # elsewhere it is not kept, or counts otherwise
        most[resource.RLIMIT_AS] = _address_space() + limits.memory * MEBIBYTE
    for what, value in most.items():
        _, hard = resource.getrlimit(what)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error at the write, not the end of the process


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _processes_of_this_user() -> int:
    """Threads count as processes do."""
    try:
        mine = [p for p in Path("/proc").iterdir() if p.name.isdigit() and p.stat().st_uid == os.getuid()]
        return sum(len(list((p / "task").iterdir())) for p in mine)
    except OSError:
        return 256


def process_control(what: int, value: int) -> None:
    """prctl, where there is one."""
    if sys.platform == "linux":
        libc().prctl(what, value, 0, 0, 0)


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(libc(), name)(*arguments):
        raise Refused(f"{name}: {os.strerror(ctypes.get_errno())}")


def _system_call(*arguments: object) -> None:
    _call("syscall", *arguments)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None) -> None:
    told = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _call("mount", *told[:3], flags, told[3])
