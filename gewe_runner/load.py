"""Reads a YAML file into a tree that remembers where each of its parts stands."""

import difflib
import itertools
import math
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gewe_runner import errors
from gewe_runner.document import Document, Scalar
from gewe_runner.model import Position, Problem, Where
from gewe_runner.problems import SHOWN, Problems
from gewe_runner.rules import Rule, documents

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
#: Values in the tree, an aliased one counted each time it is used.
MAX_NODES = 200_000

#: In longer files only the first value without quotes is told, as each one takes another reading.
_REPAIRED_BYTES = 256 * 1024

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_LINE_END = re.compile("\r\n|\r|\n")

_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,4000}")  # Python converts no longer ones
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


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
        built, found = _build(_text(_bytes(path, name), name), name)
    except _RefusedError as refused:
        found = refused.problems
    for problem in found:
        problems.add(problem)
    if found:
        raise errors.InvalidError(f"{name} cannot be read; nothing was sent")
    return Document(path=path, name=name, root=built.root, values=built.values, keys=built.keys)


def value(text: str) -> bool | int | float | str | None:
    """What a plain (unquoted) scalar means by the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


class _RefusedError(Exception):
    """Nothing more can be learnt from the file; carries the problems found until then."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = list(problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """Where and why reading stopped, in the parser's words."""

    at: Position
    #: Inside `{...}` or `[...]`.
    flow: bool
    problem: str = ""
    context: str = ""
    #: Where that began of which it is a part, if the parser says so.
    context_at: Position | None = None


class _UnquotedError(Exception):
    """Two braces that YAML reads as a mapping in a mapping, at a position."""

    def __init__(self, at: Position) -> None:
        super().__init__()
        self.at = at


def _bytes(path: Path, name: str) -> bytes:
    def refused(message: str) -> _RefusedError:
        return _RefusedError(documents.FILE.at(name, None, message))

    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise refused("this is a folder; name a file in it, e.g. campaign.yaml")
        if not stat.S_ISREG(mode):
            raise refused("this is not an ordinary file; copy its content into one")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
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
        raise _RefusedError(documents.SIZE.at(name, None, "larger than 4 MiB; move long lists into list files"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _RefusedError(documents.ENCODING.at(name, None, "the file is UTF-16; save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if b"\0" in data:
            raise _RefusedError(documents.BINARY.at(name, None, "a binary file, not text; name a YAML file")) from exc
        offset = exc.start + len(data) - len(exc.object)  # utf-8-sig counts from behind the byte order mark
        message = f"byte 0x{data[offset]:02x} at offset {offset} is not UTF-8; save the file as UTF-8"
        where = _after(data[:offset].decode("utf-8-sig"))
        raise _RefusedError(documents.ENCODING.at(name, where, message)) from exc
    controls = itertools.islice(documents.controls(text), SHOWN)
    bad = [documents.CONTROL.at(name, _after(text[:offset]), message) for offset, message in controls]
    if bad:
        raise _RefusedError(*bad)
    return text


def _after(text: str) -> Position:
    *before, line = _LINE_END.split(text)
    return Position(len(before) + 1, len(line) + 1)


def _position(mark: Any) -> Position | None:
    return Position(mark.line + 1, mark.column + 1) if mark else None


def _build(text: str, name: str) -> tuple["_Builder", list[Problem]]:
    """The tree and all problems; a line that lacks quotes is read on as if it had them."""
    found: list[Problem] = []
    places: list[Position] = []
    lines = _LINE_END.split(text)
    builder, fault = _attempt(text, name)
    while fault and len(found) < (SHOWN if len(text) <= _REPAIRED_BYTES else 1):
        number, quoting = _repair(lines, fault)
        if quoting is None:
            break
        repaired = [*lines[: number - 1], quoting.line, *lines[number:]]
        again, next_fault = _attempt("\n".join(repaired), name)
        # An unquoted template before a scanner's fault is noticed only once that is out of the way.
        is_repairable = next_fault and not next_fault.problem and next_fault.at != fault.at
        if next_fault and next_fault.at <= (number, quoting.end + 1) and not is_repairable:
            break
        put_in = 2 * sum(at.line == number and at.column <= quoting.begin for at in places)
        places.append(Position(number, quoting.begin + 1 - put_in))
        found.append(documents.UNQUOTED.at(name, places[-1], quoting.message))
        lines, builder, fault = repaired, again, next_fault
    if fault:
        found.append(_syntax(lines, fault, name))
    return builder, found + builder.problems


def _attempt(text: str, name: str) -> tuple["_Builder", _Fault | None]:
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
        builder.end()
    except _RefusedError:
        pass  # the builder has its problems
    except _UnquotedError as exc:
        return builder, _Fault(at=exc.at, flow=any(part.flow for part in builder.stack[:-1]))
    except yaml.MarkedYAMLError as exc:
        return builder, _Fault(
            at=_position(exc.problem_mark) or Position(1, 1),
            flow=any(part.flow for part in builder.stack),
            problem=exc.problem or "",
            context=exc.context or "",
            context_at=_position(exc.context_mark),
        )
    return builder, None


def _repair(lines: list[str], fault: _Fault) -> tuple[int, documents.Quoting | None]:
    """The number of the line where missing quotes may be the cause, and how it reads with them."""
    for at in (fault.at, fault.context_at):
        if at and at.line <= len(lines) and "quoted scalar" not in fault.context:
            quoting = documents.quoting(lines[at.line - 1], at.column - 1, flow=fault.flow)
            if quoting:
                return at.line, quoting
    return fault.at.line, None


def _syntax(lines: list[str], fault: _Fault, name: str) -> Problem:
    at = fault.at
    if at.line <= len(lines) and lines[at.line - 1][at.column - 1 :].startswith("\t"):
        return documents.TAB.at(name, at, "a tab cannot indent a line; use spaces")
    # What is never closed is noticed at the end of the file; the user must go to its beginning.
    if fault.context_at and any(kind in fault.context for kind in ("quoted scalar", "simple key", "flow")):
        at = fault.context_at if at.line > fault.context_at.line else at
    return documents.SYNTAX.at(name, at, documents.plain_words(f"{fault.problem} {fault.context}"))


@dataclass(kw_only=True, slots=True)
class _Open:
    """A mapping or list that is being read."""

    items: dict[str, Any] | list[Any]
    at: Position
    #: Its place in the tree; None where what is read is thrown away.
    where: Where | None
    flow: bool
    anchor: str | None
    #: How many values there were before it.
    before: int
    #: How deep what it holds is nested so far.
    height: int = 1
    #: The key whose value comes next; None where a key is expected.
    key: str | None = None
    #: The value that comes next is thrown away, for its key was refused.
    drop: bool = False
    #: Where each key stands.
    seen: dict[str, Position] = field(default_factory=dict)

    @property
    def expects_key(self) -> bool:
        return isinstance(self.items, dict) and self.key is None and not self.drop

    def put(self, value: object) -> Where | None:
        """Take the next value; returns its place in the tree."""
        where, dropped = self.where, self.drop
        self.drop = False
        if dropped:
            return None
        if isinstance(self.items, list):
            self.items.append(value)
            return None if where is None else (*where, len(self.items) - 1)
        key, self.key = self.key or "", None
        self.items[key] = value
        return None if where is None else (*where, key)


class _Builder:
    """Builds the tree from the parser's events, without recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Any = None
        self.values: dict[Where, Position] = {}
        self.keys: dict[Where, Position] = {}
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self._nodes = 0
        #: By name: value, number of values in it, height. None while it is still being read.
        self._anchors: dict[str, tuple[Any, int, int] | None] = {}

    def take(self, event: yaml.Event) -> None:
        at = _position(event.start_mark) or Position(1, 1)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, at)
            case yaml.AliasEvent():
                self._alias(event.anchor or "", at)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event, at)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._finish()
            case yaml.DocumentStartEvent():
                self._document(at)

    def end(self) -> None:
        if not self.problems and (not self.values or (isinstance(self.root, Scalar) and self.root.value is None)):
            self._refuse(documents.EMPTY, None, "the file is empty; a campaign begins with:  version: 1")

    def _add(self, rule: Rule, at: Position, message: str) -> None:
        self.problems.append(rule.at(self.name, at, message))

    def _refuse(self, rule: Rule, at: Position | None, message: str) -> None:
        self.problems.append(rule.at(self.name, at, message))
        raise _RefusedError(*self.problems)

    def _document(self, at: Position) -> None:
        if self.values:
            self._refuse(documents.DOCUMENTS, at, "a second document begins here; put it into a file of its own")

    def _count(self, nodes: int, height: int, at: Position) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(documents.SIZE, at, f"more than {MAX_NODES:,} values, aliases included; use a list file")
        if len(self.stack) + height > MAX_DEPTH:
            self._refuse(documents.DEPTH, at, f"nested more than {MAX_DEPTH} deep; write it flatter")
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, height + 1)

    def _check_tag(self, tag: str | None, at: Position) -> None:
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._add(documents.TAG, at, f'tags are not supported; delete "{shown}", or quote the value if it is text')

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> None:
        self._count(1, 0, at)
        self._check_tag(event.tag, at)
        plain = event.implicit[0]
        scalar = Scalar(event.value, value(event.value) if plain else event.value)
        if self.stack and self.stack[-1].expects_key:
            self._key(self.stack[-1], str(scalar), at, plain=plain)
        else:
            self._put(scalar, at)
        if event.anchor:
            self._anchors[event.anchor] = (scalar, 1, 0)

    def _key(self, parent: _Open, key: str, at: Position, *, plain: bool) -> None:
        first = parent.seen.setdefault(key, at)
        if key == "<<" and plain:
            self._drop(parent, documents.MERGE, at, 'merge keys are not supported; write the keys out instead of "<<"')
        elif not key:
            self._drop(parent, documents.KEY, at, "a key is missing before the colon; write `key: value`")
        elif first is not at:
            message = f'the key "{key}" stands already in line {first.line}; delete one of the two'
            self._drop(parent, documents.DUPLICATE, at, message)
        else:
            parent.key = key
            if parent.where is not None:
                self.keys[*parent.where, key] = at

    def _drop(self, parent: _Open, rule: Rule, at: Position, message: str) -> None:
        self._add(rule, at, message)
        parent.drop = True

    def _put(self, item: object, at: Position) -> Where | None:
        if not self.stack:
            self.root = item
        where = self.stack[-1].put(item) if self.stack else ()
        if where is not None:
            self.values[where] = at
        return where

    def _alias(self, name: str, at: Position) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent and parent.expects_key:
            self._drop(parent, documents.KEY, at, f'an alias cannot be a key; write the key out instead of "*{name}"')
            return
        known = self._anchors.get(name)
        if known is None:
            why = "stands inside the value that it repeats" if name in self._anchors else "repeats nothing before it"
            self._add(documents.ALIAS, at, f'"*{name}" {why}; if it is text, quote it: "*{name}"')
        item, nodes, height = known or (Scalar("", None), 1, 0)
        self._count(nodes, height, at)
        self._put(item, at)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, at: Position) -> None:
        self._count(1, 1, at)
        self._check_tag(event.tag, at)
        items: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        parent = self.stack[-1] if self.stack else None
        if parent and parent.expects_key:
            if parent.flow and isinstance(items, dict) and at == (parent.at.line, parent.at.column + 1):
                raise _UnquotedError(parent.at)
            self._drop(parent, documents.KEY, at, "a key must be one word or text, not a list or mapping; quote it")
            where = None
        else:
            where = self._put(items, at)
        if event.anchor:
            self._anchors[event.anchor] = None
        opened = _Open(
            items=items, at=at, where=where, flow=bool(event.flow_style), anchor=event.anchor, before=self._nodes - 1
        )
        self.stack.append(opened)

    def _finish(self) -> None:
        done = self.stack.pop()
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, done.height + 1)
        if done.anchor:
            self._anchors[done.anchor] = (done.items, self._nodes - done.before, done.height)
