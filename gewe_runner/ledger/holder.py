"""Names the process that holds a lane, and tells whether the one that a lane names still lives."""

import hashlib
import os
import re
import socket
from pathlib import Path

import psutil

#: A heartbeat that is older says that its holder is gone; milliseconds.
STALE = 20_000

#: How far a start time by the wall clock may move when that clock is set; milliseconds.
_TOLERANCE = 2_000

#: `host/pid/start@world`: the start in ticks since the boot (`4711t`), or in milliseconds by the wall clock, as
#: everywhere but on Linux and in ledgers of older versions; those may lack the world.
_HOLDER = re.compile(r"(?P<host>.*)/(?P<pid>\d{1,19})/(?P<start>\d+)(?P<ticks>t?)(?:@(?P<world>\w*))?", re.DOTALL)


def me() -> str:
    """This process, so that nobody can mistake a later one with the same number for it."""
    pid = os.getpid()
    ticks = _ticks(pid)
    start = f"{ticks}t" if ticks is not None else str(round(psutil.Process(pid).create_time() * 1000))
    return f"{socket.gethostname()}/{pid}/{start}@{_world()}"


def alive(holder: str, heartbeat_at: int, now: int) -> bool:
    """Whether a holder lives: by its process where that can be seen from here, else by its heartbeat.

    Args:
        holder: What `me` gave in that process, of this version or an older one.
        heartbeat_at: When it was last heard of, and `now`: UTC epoch milliseconds of the ledger's clock.
    """
    is_heard = now - heartbeat_at < STALE
    found = _HOLDER.fullmatch(holder)
    if found is None or found["host"] != socket.gethostname() or (found["world"] or "") not in ("", _world()):
        return is_heard
    pid, start = int(found["pid"]), int(found["start"])
    if not _is_there(pid):
        return False
    try:
        return _is_started_at(psutil.Process(pid), start, in_ticks=bool(found["ticks"]))
    except psutil.ZombieProcess:
        return False
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # it is there and hidden from us, as /proc can be mounted, or it went a moment ago: then it falls silent
        return is_heard


def _is_there(pid: int) -> bool:
    """Whether a process of that number exists; the kernel tells it even where /proc hides some."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_started_at(process: psutil.Process, start: int, *, in_ticks: bool) -> bool:
    """Whether that very process runs; one that has ended and waits to be asked for its exit code does not."""
    if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return False
    if in_ticks:
        ticks = _ticks(process.pid)
        if ticks is None:
            raise psutil.AccessDenied(process.pid)
        return ticks == start
    return abs(process.create_time() * 1000 - start) < _TOLERANCE


def _ticks(pid: int) -> int | None:
    """When a process began, in the kernel's ticks since the boot, which no setting of a clock moves; None: no Linux."""
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # the name in parentheses may hold spaces and parentheses itself; behind it follow the fields from the third on
    return int(line.rpartition(b")")[2].split()[22 - 3])


def _world() -> str:
    """What processes share that see each other: containers on two hosts, or on one, may have the same host name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        numbers = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""  # no Linux, so no containers
    return hashlib.sha256(f"{boot}{numbers}".encode()).hexdigest()[:8]
