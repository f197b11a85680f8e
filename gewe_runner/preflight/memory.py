"""Remembers for an hour what covers looked like, in a file of the project that may be lost at any time."""

import contextlib
import dataclasses
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from gewe_runner.preflight.judge import Look

#: In milliseconds.
HOUR = 3_600_000

_FORMAT = 1


class Memory:
    """What was seen, by a hash of the address: that may carry a signature, which belongs into no file.

    Args:
        file: Where it is kept. It need not exist, and what is wrong with it is no problem: then nothing is known.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)

    def recall(self, url: str, now: int) -> Look | None:
        """What the cover looked like within the hour before `now` (UTC epoch milliseconds)."""
        entry = self._known.get(_key(url))
        if entry is None or not now - HOUR < entry["at"] <= now:
            return None
        return Look(**{name: value for name, value in entry.items() if name != "at"})

    def keep(self, url: str, look: Look, now: int) -> None:
        self._known[_key(url)] = {"at": now, **dataclasses.asdict(look)}

    def write(self, now: int) -> None:
        """Write it down, without what is too old; a folder that cannot be written costs the next check its time only.

        Of two programs that write at once the later one is right: what the other saw is seen again.
        """
        fresh = {key: entry for key, entry in self._known.items() if now - HOUR < entry["at"] <= now}
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            number, beside = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                json.dump({"format": _FORMAT, "covers": fresh}, stream)
            Path(beside).replace(self._file)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
        entries = tree["covers"].items() if tree["format"] == _FORMAT else ()
        return {key: entry for key, entry in entries if _fits(entry)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _fits(entry: Any) -> bool:
    """Whether an entry has the fields of a look, each of its type."""
    wanted = {"at": int, **{field.name: field.type for field in dataclasses.fields(Look)}}
    return isinstance(entry, dict) and {name: type(value) for name, value in entry.items()} == wanted
