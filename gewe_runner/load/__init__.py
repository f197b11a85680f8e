"""Reads a YAML file into a tree that remembers where each of its parts stands."""

import difflib
import itertools
import os
import stat
from pathlib import Path

from gewe_runner import errors
from gewe_runner.document import Document
from gewe_runner.load import tree
from gewe_runner.load.tree import RefusedError
from gewe_runner.model import Position
from gewe_runner.problems import SHOWN, Problems
from gewe_runner.rules import documents

MAX_BYTES = 4 * 1024 * 1024


def document(path: Path, name: str, problems: Problems) -> Document:
    """The tree of a YAML file.

    Args:
        path: The file.
        name: How problems shall name it.
        problems: Takes everything that is wrong with it.

    Raises:
        errors.InvalidError: The file is no document; its problems have been added.
    """
    try:
        text = _text(_bytes(path, name), name)
        built, fault = tree.attempt(text, name)
        found = built.problems
        if fault:
            from gewe_runner.load import repair  # much to load, and few files are broken

            found = repair.problems(text, built, fault, name)
    except RefusedError as refused:
        found = refused.problems
    for problem in found:
        problems.add(problem)
    if found:
        raise errors.InvalidError(f"{name} cannot be read; nothing was sent")
    return Document(path=path, name=name, root=built.root, values=built.values, keys=built.keys)


def _bytes(path: Path, name: str) -> bytes:
    def refused(message: str) -> RefusedError:
        return RefusedError(documents.FILE.at(name, None, message))

    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refused("this is a folder; name a file in it, e.g. campaign.yaml")
        if not stat.S_ISREG(status.st_mode):
            raise refused("this is not an ordinary file; copy its content into one")
        with path.open("rb") as file:
            # room for the longest file is made only for one that is long
            return file.read(MAX_BYTES + 1 if status.st_size > MAX_BYTES else -1)
    except FileNotFoundError as exc:
        raise refused(f"there is no such file{_neighbour(path)}") from exc
    except OSError as exc:
        reason = os.strerror(exc.errno or 0).lower()
        raise refused(f"cannot be read ({reason}); check its path and permissions") from exc


def _neighbour(path: Path) -> str:
    names = [entry.name for entry in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f'; did you mean "{close[0]}"?' if close else "; check the path"


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise RefusedError(documents.SIZE.at(name, None, "larger than 4 MiB; move long lists into list files"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RefusedError(documents.ENCODING.at(name, None, "the file is UTF-16; save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if b"\0" in data:
            raise RefusedError(documents.BINARY.at(name, None, "a binary file, not text; name a YAML file")) from exc
        offset = exc.start + len(data) - len(exc.object)  # utf-8-sig counts from behind the byte order mark
        message = f"byte 0x{data[offset]:02x} at offset {offset} is not UTF-8; save the file as UTF-8"
        where = _after(data[:offset].decode("utf-8-sig"))
        raise RefusedError(documents.ENCODING.at(name, where, message)) from exc
    controls = itertools.islice(documents.controls(text), SHOWN)
    bad = [documents.CONTROL.at(name, _after(text[:offset]), message) for offset, message in controls]
    if bad:
        raise RefusedError(*bad)
    return text


def _after(text: str) -> Position:
    *before, line = tree.LINE_END.split(text)
    return Position(len(before) + 1, len(line) + 1)
