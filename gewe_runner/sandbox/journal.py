"""Writes down every accepted message at once, so that a sandbox that is killed has forgotten none."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gewe_runner import errors

#: How a line begins.
_BEGINNINGS = (b'{"at": ', b'{"reset": ')


class Journal:
    """A file of JSON lines: `{"at": ms, "appId": ..., "toWxid": ...}` for a message, `{"reset": ms}` for a new count.

    Raises:
        errors.UsageError: The file cannot be read and written, or is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # a device or a pipe would never end
            lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else [b"no file"]
            torn = lines.pop() if lines and _is_torn(lines[-1]) else b""
            #: Recipients of the messages that it held at the start, since the last reset.
            self.accepted = _accepted(path, lines)
            if torn:
                os.truncate(self._file, sum(map(len, lines)))
        except OSError as exc:
            raise errors.UsageError(
                f"the journal {path} cannot be opened: {exc.strerror}",
                hint="--journal names a file that can be written",
            ) from exc

    def accept(self, app_id: str, to_wxid: str) -> None:
        """Write down a message; it outlives this process from then on.

        Raises:
            OSError: It cannot be written.
        """
        self._write({"at": _now(), "appId": app_id, "toWxid": to_wxid})

    def reset(self) -> None:
        """Write down that counts begin anew.

        Raises:
            OSError: It cannot be written.
        """
        self._write({"reset": _now()})

    def close(self) -> None:
        os.close(self._file)

    def _write(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("only part of a line could be written")


def _now() -> int:
    return time.time_ns() // 1_000_000


def _is_torn(line: bytes) -> bool:
    """Whether a sandbox was killed while it wrote this; what was not written whole was never answered."""
    return not line.endswith(b"\n") and any(begin.startswith(line[: len(begin)]) for begin in _BEGINNINGS)


def _accepted(path: Path, lines: list[bytes]) -> list[str]:
    accepted: list[str] = []
    for number, entry in enumerate(_entries(lines), 1):
        if isinstance(entry, dict) and isinstance(entry.get("toWxid"), str):
            accepted.append(entry["toWxid"])
        elif isinstance(entry, dict) and "reset" in entry:
            accepted.clear()
        else:
            raise errors.UsageError(
                f"{path} is no journal of a sandbox: line {number}", hint="name a new file, or one that a sandbox wrote"
            )
    return accepted


def _entries(lines: list[bytes]) -> Iterator[object]:
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield None
