"""Starts the program for a test: a process of its own that can be waited for, killed and frozen like any other.

To load what the program is made of takes most of its start. On Linux it is therefore forked from a process that has
loaded all that is not ours (`tests.forks`), and is the test's own child all the same.
"""

import atexit
import contextlib
import ctypes
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

from gewe_runner import errors, sandbox
from tests import surroundings

ROOT = Path(__file__).parent.parent

File = int | IO[str]

LOCALE = "C.UTF-8"

_one_at_a_time = threading.Lock()

_PR_SET_CHILD_SUBREAPER = 36


def start(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: File = subprocess.DEVNULL,
    stdout: File = subprocess.PIPE,
    stderr: File = subprocess.PIPE,
    prepare: Callable[[], None] | None = None,
) -> "subprocess.Popen[str]":
    """`gewe-runner ARGUMENTS…`, running.

    Args:
        env: All of its environment; modules are looked for in this checkout unless its `PYTHONPATH` is one of its own.
        prepare: Called in the new process before it becomes the program.
    """
    is_forked = sys.platform == "linux" and prepare is None and _starts_as_usual(env)
    return _popen(is_forked)(
        [sys.executable, "-m", "gewe_runner", *map(str, arguments)],
        cwd=cwd,
        env=dict(env) if _has_own_path(env) else {**env, "PYTHONPATH": str(ROOT)},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=prepare,
        encoding="utf-8",
    )


def script(text: str, *arguments: str) -> "subprocess.Popen[str]":
    """`python -c TEXT ARGUMENTS…`, running, with this process's environment and pipes to write to it and to read it."""
    return _popen(sys.platform == "linux")(
        [sys.executable, "-c", text, *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def _popen(is_forked: bool) -> "type[subprocess.Popen[str]]":
    return _Forked if is_forked else subprocess.Popen


@contextlib.contextmanager
def sandboxed(options: sandbox.Options | None = None) -> Iterator[str]:
    """What `sandbox.started` gives, forked like any other program here: to load a web server takes half a second."""
    options = options or sandbox.Options()
    env = {**surroundings.own(), "LC_ALL": LOCALE, "TZ": "UTC"}
    with contextlib.ExitStack() as stack:
        with sandbox._file(options) as faults:
            own = ("sandbox", *sandbox._arguments(options, faults))
            child = start(*own, cwd=ROOT, env=env, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            stack.callback(sandbox._end, child)
            url = child.stdout.readline().strip() if child.stdout else ""
        if not url.startswith("http"):
            raise errors.StoppedError("the sandbox did not start")
        yield url


def _starts_as_usual(env: Mapping[str, str]) -> bool:
    """Whether an interpreter would start in this environment as it does for every test."""
    own = {name for name, value in env.items() if name.startswith("PYTHON") and os.environ.get(name) != value}
    return own <= {"PYTHONPATH"} and not _has_own_path(env) and env.get("LC_ALL") == LOCALE


def _has_own_path(env: Mapping[str, str]) -> bool:
    """Whether a test has put modules of its own before the program's."""
    return env.get("PYTHONPATH") not in (None, str(ROOT), os.environ.get("PYTHONPATH"))


class _Forked(subprocess.Popen[str]):
    """A process that another one forks for us, and leaves to us."""

    def _execute_child(self, *given: Any) -> None:  # called by `Popen` once the pipes are made
        named = inspect.signature(super()._execute_child).bind(*given).arguments  # type: ignore[misc]
        _, how, what, *arguments = named["args"]
        asked = {"what": (how, what), "arguments": arguments, "cwd": os.fspath(named["cwd"]), "env": named["env"]}
        files = [named["p2cread"], named["c2pwrite"], named["errwrite"]]
        with _one_at_a_time:
            # -1: what this process has for it
            self.pid = _nursery().fork(asked, [own if own >= 0 else number for number, own in enumerate(files)])
        self._child_created = True
        pipes = (named[f"{pipe}{end}"] for pipe in ("p2c", "c2p", "err") for end in ("read", "write"))
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class _Nursery:
    """The process to fork from, as long as this one lives."""

    def __init__(self) -> None:
        # whoever loses their parent in a fork becomes a child of ours
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "forks.py")],
                env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": LOCALE},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._end)

    def fork(self, asked: Mapping[str, Any], files: list[int]) -> int:
        """Start the program so; its process's number."""
        text = json.dumps(asked).encode()
        socket.send_fds(self._socket, [len(text).to_bytes(8, "big")], files)
        self._socket.sendall(text)
        return int(self._socket.recv(20))

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _nursery() -> _Nursery:
    return _Nursery()
