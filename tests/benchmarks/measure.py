"""Runs one command as a process of its own and measures it with everything that it starts."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests import surroundings
from tests.benchmarks.figures import Taken

ROOT = Path(__file__).parents[2]

#: What the installed `gewe-runner` script does.
PROGRAM = (sys.executable, "-c", "import sys; from gewe_runner.cli import main; sys.exit(main())")

#: This checkout is measured, whatever is installed; in CI as anywhere else, where the program asks for more.
ENVIRONMENT = {**surroundings.own(), "PYTHONPATH": str(ROOT)}

#: The memory of a tree is looked up so often at first, then ever more rarely, so that looking costs little.
_SHORTEST, _LONGEST, _SHARE = 0.01, 0.25, 0.02

#: A program that ended before it was seen so often has shown no peak: the kernel's count of its size stands in.
#: That one is never below the size of the program that started it.
_LOOKS = 3

#: The kernel counts in KiB, on macOS in bytes.
_RSS = 1 if sys.platform == "darwin" else 1024


class MeasuringError(Exception):
    """A side that should have worked has not; with what it said."""


def command(
    argv: Sequence[str], folder: Path, *, environment: dict[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> Taken:
    """One execution, in that folder; its output is thrown away.

    Args:
        codes: The exit codes that count as success.

    Raises:
        MeasuringError: It ended with another one.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        memory = _Memory(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = memory.end()
        if memory.looks < _LOOKS:
            peak = max(peak, usage.ru_maxrss * _RSS)
        if process.returncode not in codes:
            said.seek(0)
            raise MeasuringError(f"{' '.join(argv)}: exit {process.returncode}\n{said.read()}")
    return Taken(seconds=seconds, peak=peak, cpu=usage.ru_utime + usage.ru_stime)


class _Memory(threading.Thread):
    """Looks up, from now on, how much memory a process and all below it use together, and keeps the largest sum.

    On Linux that is the proportional set size (PSS), in which a page that several processes share counts once;
    elsewhere the resident sizes are added up.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self._peak = 0
        #: How often there was something to be seen.
        self.looks = 0
        self.start()

    def run(self) -> None:
        begun = time.monotonic()
        while not self._done.wait(min(max(_SHORTEST, _SHARE * (time.monotonic() - begun)), _LONGEST)):
            size = tree_size(self._pid)
            self.looks += size > 0
            self._peak = max(self._peak, size)

    def end(self) -> int:
        self._done.set()
        self.join()
        return self._peak


def tree_size(pid: int) -> int:
    """Bytes that the process and everything below it use now; 0 where it has ended."""
    try:
        top = psutil.Process(pid)
        return sum(map(_size, [top, *top.children(recursive=True)]))
    except psutil.Error:
        return 0


def _size(process: psutil.Process) -> int:
    try:
        if psutil.LINUX:
            return int(process.memory_full_info().pss)
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
