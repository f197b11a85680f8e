"""Builds the tree of a YAML file from the parser's events, with the place of each part; no deeper than allowed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from gewe_runner.document import Scalar
from gewe_runner.load import scalars
from gewe_runner.model import Position, Problem, Where
from gewe_runner.rules import Rule, documents

MAX_DEPTH = 64
#: Values in the tree, an aliased one counted each time it is used.
MAX_NODES = 200_000

LINE_END = re.compile("\r\n|\r|\n")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RefusedError(Exception):
    """Nothing more can be learnt from the file; carries the problems found until then."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = list(problems)


class Fault(NamedTuple):
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


def _position(mark: Any) -> Position | None:
    return Position(mark.line + 1, mark.column + 1) if mark else None


def attempt(text: str, name: str) -> tuple["Builder", Fault | None]:
    """The tree of a text as far as it can be read, and why not further."""
    builder = Builder(name)
    try:
        builder.read(text)
    except RefusedError:
        pass  # the builder has its problems
    except _UnquotedError as exc:
        return builder, Fault(at=exc.at, flow=any(part.flow for part in builder.stack[:-1]))
    except yaml.MarkedYAMLError as exc:
        return builder, Fault(
            at=_position(exc.problem_mark) or Position(1, 1),
            flow=any(part.flow for part in builder.stack),
            problem=exc.problem or "",
            context=exc.context or "",
            context_at=_position(exc.context_mark),
        )
    return builder, None


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
    #: A mapping's next scalar is a key.
    expects_key: bool
    #: The key whose value comes next.
    key: str = ""
    #: The value that comes next is thrown away, for its key was refused.
    drop: bool = False
    #: Where each key stands.
    seen: dict[str, Position] = field(default_factory=dict)

    def put(self, value: object) -> Where | None:
        """Take the next value; returns its place in the tree."""
        where = self.where
        if isinstance(self.items, list):
            self.items.append(value)
            return None if where is None else (*where, len(self.items) - 1)
        self.expects_key = True
        if self.drop:
            self.drop = False
            return None
        self.items[self.key] = value
        return None if where is None else (*where, self.key)


class Builder:
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
        self._takes: dict[type, Callable[[Any, Position], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._finish,
            yaml.SequenceEndEvent: self._finish,
            yaml.DocumentStartEvent: self._document,
        }

    def read(self, text: str) -> None:
        """Take all events of a text; what it is no YAML by raises an error of the parser's."""
        parser, takes = _LOADER(text), self._takes
        while event := parser.get_event():
            if take := takes.get(type(event)):
                mark = event.start_mark
                take(event, Position(mark.line + 1, mark.column + 1))
        if not self.problems and (not self.values or (isinstance(self.root, Scalar) and self.root.value is None)):
            self._refuse(documents.EMPTY, None, "the file is empty; a campaign or gewe.yaml begins with:  version: 1")

    def _add(self, rule: Rule, at: Position, message: str) -> None:
        self.problems.append(rule.at(self.name, at, message))

    def _refuse(self, rule: Rule, at: Position | None, message: str) -> None:
        self.problems.append(rule.at(self.name, at, message))
        raise RefusedError(*self.problems)

    def _document(self, _: yaml.DocumentStartEvent, at: Position) -> None:
        if self.values:
            self._refuse(documents.DOCUMENTS, at, "a second document begins here; put it into a file of its own")

    def _count(self, nodes: int, at: Position) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(documents.SIZE, at, f"more than {MAX_NODES:,} values, aliases included; use a list file")

    def _measure(self, height: int, at: Position) -> None:
        if len(self.stack) + height > MAX_DEPTH:
            self._refuse(documents.DEPTH, at, f"nested more than {MAX_DEPTH} deep; write it flatter")
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, height + 1)

    def _tag(self, tag: str, at: Position) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self._add(documents.TAG, at, f'tags are not supported; delete "{shown}", or quote the value if it is text')

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> None:
        self._count(1, at)
        if event.tag is not None:
            self._tag(event.tag, at)
        text, plain = event.value, event.implicit[0]
        is_key = bool(self.stack) and self.stack[-1].expects_key
        if is_key:
            self._key(self.stack[-1], text, at, plain=plain)
            if not event.anchor:
                return
        scalar = Scalar(text, scalars.value(text) if plain else text)
        if not is_key:
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
            parent.key, parent.expects_key = key, False
            if parent.where is not None:
                self.keys[*parent.where, key] = at

    def _drop(self, parent: _Open, rule: Rule, at: Position, message: str) -> None:
        self._add(rule, at, message)
        parent.drop, parent.expects_key = True, False

    def _put(self, item: object, at: Position) -> Where | None:
        if not self.stack:
            self.root = item
        where = self.stack[-1].put(item) if self.stack else ()
        if where is not None:
            self.values[where] = at
        return where

    def _alias(self, event: yaml.AliasEvent, at: Position) -> None:
        name = event.anchor or ""
        parent = self.stack[-1] if self.stack else None
        if parent and parent.expects_key:
            self._drop(parent, documents.KEY, at, f'an alias cannot be a key; write the key out instead of "*{name}"')
            return
        known = self._anchors.get(name)
        if known is None:
            why = "stands inside the value that it repeats" if name in self._anchors else "repeats nothing before it"
            self._add(documents.ALIAS, at, f'"*{name}" {why}; if it is text, quote it: "*{name}"')
        item, nodes, height = known or (Scalar("", None), 1, 0)
        self._count(nodes, at)
        self._measure(height, at)
        self._put(item, at)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, at: Position) -> None:
        self._count(1, at)
        self._measure(1, at)
        if event.tag is not None:
            self._tag(event.tag, at)
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
            items=items,
            at=at,
            where=where,
            flow=bool(event.flow_style),
            anchor=event.anchor,
            before=self._nodes - 1,
            expects_key=isinstance(items, dict),
        )
        self.stack.append(opened)

    def _finish(self, _event: yaml.CollectionEndEvent, _at: Position) -> None:
        done = self.stack.pop()
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, done.height + 1)
        if done.anchor:
            self._anchors[done.anchor] = (done.items, self._nodes - done.before, done.height)
