"""Standard input as a list: it can be read once, so it is kept in a temporary file as long as the program runs."""

import functools
import sys
from pathlib import Path
from typing import IO, BinaryIO

from gewe_runner import errors
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists


def check(source: Source, problems: Problems) -> None:
    """Make sure that somebody writes to standard input, instead of waiting for what nobody types.

    Raises:
        errors.InvalidError: it is a terminal or closed; the problem has been added where the source stands.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        message = "the list is to come from standard input, and nothing is connected to it; add:  < FILE"
        problems.add(lists.STDIN.at(source.document, source.position, message))
        raise errors.InvalidError("standard input cannot be read")


def open() -> BinaryIO:  # noqa: A001 - `stdin.open` reads well
    """What came in, from its beginning, as often as it is wanted."""
    return Path(_kept().name).open("rb")


@functools.cache
def _kept() -> IO[bytes]:
    import shutil  # both take a while to load, and few lists come so
    import tempfile

    file = tempfile.NamedTemporaryFile(prefix="gewe-runner-")  # noqa: SIM115 - closed, and gone, with the program
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.flush()
    return file
