"""A gateway on this machine that plays GeWe, so that a campaign can be rehearsed: nothing reaches WeChat."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import gewe_runner
from gewe_runner import errors
from gewe_runner.sandbox.options import Options

__all__ = ["Options", "serve", "started"]

#: It connects to nobody: to load the certificates by which it would know others takes a fifth of its start.
_KNOWS_NOBODY = {"SSL_CERT_FILE": os.devnull}

#: Seconds that a child is given to end by itself.
_PATIENCE = 5


def serve(
    host: str, port: int, options: Options, ready: Callable[[str], None], *, until_stdin_closes: bool = False
) -> None:
    """Be a sandbox until SIGINT or SIGTERM.

    Args:
        host: A loopback address.
        port: 0 takes a free one.
        options: How to behave.
        ready: Called once with the base URL, e.g. `http://127.0.0.1:45123/gewe/v2/api`, when requests are welcome.
        until_stdin_closes: End also with standard input: a child then never outlives its parent, however that dies.

    Raises:
        errors.UsageError: The host is not this machine's own, or the port or the journal cannot be had.
        errors.StoppedError: The journal could not be written any more.
    """
    # here, not above: a sender starts sandboxes without being one, and aiohttp takes long to load
    from gewe_runner.sandbox import server

    asyncio.run(server.run(host, port, options, ready, watch_stdin=until_stdin_closes))


@contextlib.contextmanager
def started(options: Options | None = None) -> Iterator[str]:
    """A sandbox in a process of its own, as long as the context lasts.

    Yields:
        Its base URL, e.g. `http://127.0.0.1:45123/gewe/v2/api`.

    Raises:
        errors.StoppedError: It did not start.
    """
    options = options or Options()
    with contextlib.ExitStack() as stack:
        with _file(options) as faults:
            child = subprocess.Popen(
                [sys.executable, "-m", "gewe_runner", "sandbox", *_arguments(options, faults)],
                # Python looks for modules there first: this very package, and no user's file called like a module
                cwd=Path(gewe_runner.__file__).parent.parent,
                env={**os.environ, **_KNOWS_NOBODY},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                # a terminal's Ctrl-C must reach the sender alone: its last request still wants an answer
                start_new_session=True,
            )
            stack.callback(_end, child)
            url = child.stdout.readline().strip() if child.stdout else ""
        if not url.startswith("http"):
            raise errors.StoppedError("the sandbox did not start", hint="gewe-runner sandbox shows why")
        yield url


@contextlib.contextmanager
def _file(options: Options) -> Iterator[Path | None]:
    """The faults as a file, while the child reads it."""
    if options.faults is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gewe-sandbox-") as folder:
        file = Path(folder) / "faults.yaml"
        # JSON is YAML
        file.write_text(json.dumps(options.faults, ensure_ascii=False), encoding="utf-8")
        yield file


def _arguments(options: Options, faults: Path | None) -> Iterator[str]:
    """The options as the command line takes them."""
    yield from ("--port", "0", "--latency", str(options.latency * 1000), "--until-stdin-closes")
    if faults is not None:
        yield from ("--faults", str(faults))
    if options.seed is not None:
        yield from ("--seed", str(options.seed))
    if options.journal is not None:
        yield from ("--journal", str(options.journal.absolute()))


def _end(child: subprocess.Popen[str]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
    for insist in (child.terminate, child.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
            return
        insist()
    child.wait()
