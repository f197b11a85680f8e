"""The process that the tests' programs are forked from: all that is not ours is loaded in it, and nothing of ours.

It is a program of its own (see `tests.program`): one thread, nothing of pytest, the signals as a shell leaves them.
A fork becomes `python -m gewe_runner`, or `python -c TEXT`, with the arguments, environment, folder and files that it
is given.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gewe_runner

#: What the program loads only where it is needed, and what its libraries do.
LATE = (
    "multiprocessing.forkserver",
    "procrastinate.schema",
    "rich.console",
    "rich.progress",
    "rich.table",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)


def main() -> None:
    """Fork for every request that comes through standard input, a socket, until it is closed."""
    atexit.register(end)  # before anything else, so that it is called last
    requests = socket.socket(fileno=os.dup(0))
    for name in (*LATE, *ours()):
        importlib.import_module(name)
    holding.extend(held())
    gc.collect()
    gc.freeze()  # so that no fork's collector touches, and thereby copies, what all of them share
    while asked := received(requests):
        request, files = asked
        number_of, tells = os.pipe()
        between = os.fork()
        if not between:
            if process := os.fork():
                os.write(tells, str(process).encode())
                os._exit(0)
            requests.close()
            os.close(number_of)
            os.close(tells)
            become(request, files)
            return
        # Once the one in between has ended, the kernel gives its child to whoever waits for such: the tests' process.
        os.waitpid(between, 0)
        requests.sendall(os.read(number_of, 20))
        for file in (number_of, tells, *files):
            os.close(file)


def ours() -> Iterator[str]:
    """The names of the program's modules but for `__main__`, which each fork runs."""
    for module in pkgutil.walk_packages(gewe_runner.__path__, "gewe_runner."):
        if not module.name.endswith("__main__"):
            yield module.name


def received(requests: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request, and its standard input, output and error; None: nobody will ask any more."""
    head, files, _, _ = socket.recv_fds(requests, 8, 3)
    if not head:
        return None
    left = int.from_bytes(head, "big")
    with requests.makefile("rb", buffering=0) as stream:
        text = b""
        while len(text) < left:
            text += stream.read(left - len(text))
    return json.loads(text), files


def become(request: dict[str, Any], files: list[int]) -> None:
    """Be the program from here to the end, as if an interpreter had been started for it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.stdin, sys.stdout, sys.stderr = again(sys.stdin, 0), again(sys.stdout, 1), again(sys.stderr, 2)
    sys.path[0] = str(Path.cwd())
    how, what = request["what"]
    sys.argv = [how, *request["arguments"]]
    try:
        if how == "-c":
            exec(what, {"__name__": "__main__"})
            sys.exit(0)
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as exit_:
        codes.append(exit_.code)
        raise


#: The exit code of a program that has ended by itself.
codes: list[Any] = []

#: What our modules may come to hold something in, each with how much was in it when they were loaded.
holding: list[tuple[Any, int]] = []


def held() -> Iterator[tuple[Any, int]]:
    """Caches, and containers at the top of a module; nothing of ours binds a module's name anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gewe_runner"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    yield value, 0
                elif isinstance(value, dict | list | set):
                    yield value, len(value)


def end() -> None:
    """Let go of all that the program has come to hold, and end.

    An interpreter would give back everything, page by page that is shared until it is touched.
    """
    for code in codes:
        for value, size in holding:
            if hasattr(value, "cache_clear"):
                value.cache_clear()
            elif len(value) != size:
                value.clear()
        gc.collect()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def again(stream: Any, number: int) -> Any:
    """The standard stream as the interpreter makes it, for the file that has come into its place."""
    raw = os.fdopen(number, "rb" if number == 0 else "wb", -1, closefd=False)
    newline = None if number == 0 else "\n"
    lines = number == 2 or os.isatty(number)
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, newline, line_buffering=lines)


if __name__ == "__main__":
    main()
