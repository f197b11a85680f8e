"""The bytes of a list, be they in a file, packed in one, or from standard input; opened anew for every pass."""

import gzip
import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gewe_runner import errors
from gewe_runner.expand import files, stdin
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

#: The ending of a name behind which another one says how the list is written.
PACKED = ".gz"


class Content(NamedTuple):
    """A list's bytes, not packed any more."""

    #: How they are written: the ending of a name, such as `.csv`.
    form: str
    open: Callable[[], BinaryIO]


def form(source: Source) -> str:
    """How the list is written, by the ending of its name in lower case, `.gz` aside; empty where it has none."""
    path = source.path
    if path is None or source.is_stdin:
        return f".{source.format or 'csv'}"
    return Path(path.stem if is_packed(path) else path.name).suffix.lower()


def named(label: str) -> tuple[str, str | None]:
    """The file within the project, and the sheet in it, that a plan's label of a list names."""
    found = re.fullmatch(r"(.+)\[([^\[\]]+)\]", label)
    return (found[1], found[2]) if found else (label, None)


def is_packed(path: Path) -> bool:
    """Whether the list is packed, by its name."""
    return path.suffix.lower() == PACKED


def of(source: Source, project: Path, problems: Problems) -> Content:
    """The content of a list that is a file or standard input.

    Args:
        project: The folder outside which no list may lie.

    Raises:
        errors.InvalidError: It may not or cannot be read; the problem has been added.
    """
    path = source.path
    assert path is not None  # such a source has no content
    if source.is_stdin:
        stdin.check(source, problems)
        return Content(form(source), stdin.open)
    files.check(path, source, project, problems)
    if not is_packed(path):
        return Content(form(source), lambda: path.open("rb"))
    return Content(form(source), lambda: io.BufferedReader(_Unpacked(path, source, problems)))


class _Unpacked(io.RawIOBase):
    """What is packed in a file; where it is damaged, that is a problem of the list."""

    def __init__(self, path: Path, source: Source, problems: Problems) -> None:
        self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed by `close`
        self._source = source
        self._problems = problems

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override] # mypy knows no narrower word for it
        try:
            return self._file.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
            said = "it ends too early" if isinstance(exc, EOFError) else str(exc)
            message = f"cannot be unpacked ({said}); pack it anew, or take .gz from its name if it is not packed"
            self._problems.add(lists.PACKED.of_list(self._source, message))
            raise errors.InvalidError(f"{self._source.name} cannot be unpacked") from exc

    def close(self) -> None:
        self._file.close()
        super().close()
