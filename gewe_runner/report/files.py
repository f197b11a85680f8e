"""Puts finished files in place: whoever looks finds the old one or the new one, never half of one."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO

#: Half of a surrogate pair, which UTF-8 cannot hold, is written as `\ud83d`; in JSON that even says the same again.
_ERRORS = "backslashreplace"


def prepare(directory: Path) -> None:
    """Make the folder for its owner only; one that exists stays as it is."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as exc:
        raise NotADirectoryError(errno.ENOTDIR, "a file stands where the folder should be", exc.filename) from exc


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A UTF-8 stream whose text becomes the file when the block ends well, readable for its owner only.

    The stream leaves line ends alone.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        with temporary.open("w", encoding="utf-8", errors=_ERRORS, newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def draft(path: Path) -> Iterator["Draft"]:
    """As `replacing`, with a place for what cannot stand in the file yet."""
    with tempfile.TemporaryFile(dir=path.parent) as waiting, replacing(path) as stream:
        yield Draft(stream, waiting)


class Draft:
    """A file that comes about in two parts: text that waits on the disk follows what is known only in the end."""

    def __init__(self, stream: TextIO, waiting: IO[bytes]) -> None:
        #: What the file begins with.
        self.stream = stream
        self._waiting = waiting

    def wait(self, text: str) -> None:
        """Lay text aside."""
        self._waiting.write(text.encode(errors=_ERRORS))

    def waited(self) -> Iterator[str]:
        """What was laid aside, line by line."""
        self._waiting.seek(0)
        return (line.decode() for line in self._waiting)

    def follow(self) -> None:
        """Put what was laid aside behind what the stream was given."""
        self.stream.flush()
        self._waiting.seek(0)
        shutil.copyfileobj(self._waiting, self.stream.buffer, 1 << 20)
