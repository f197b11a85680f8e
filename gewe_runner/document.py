"""A YAML file as a tree that remembers where every part of it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gewe_runner.model import START, Position, Where


class Scalar(str):
    """A scalar of a YAML file: the text as written, and the value that YAML 1.2 gives it.

    It *is* the text, so `on`, `0123` and `1.10` stay text wherever text is wanted.
    """

    __slots__ = ("value",)
    #: None, bool, int, float, or the text itself (always so for a quoted scalar).
    value: bool | int | float | str | None

    def __new__(cls, text: str, value: bool | int | float | str | None) -> "Scalar":
        self = super().__new__(cls, text)
        self.value = value
        return self

    def __reduce__(self) -> tuple[type, tuple[str, bool | int | float | str | None]]:
        """What a copy in another process is made of."""
        return Scalar, (str(self), self.value)


def value(part: object) -> Any:
    """What YAML reads in a scalar; anything else as it is."""
    return part.value if isinstance(part, Scalar) else part


class Part(NamedTuple):
    """A file that templates include or import."""

    text: str
    #: The path as problems show it.
    name: str
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A YAML file as a tree of dict, list and `Scalar`, with the position of every part."""

    path: Path
    #: The path as problems show it.
    name: str
    root: Any
    #: Where each value begins.
    values: Mapping[Where, Position]
    #: Where each key of a mapping begins.
    keys: Mapping[Where, Position]
    #: The files of those parts that come from others, as problems show them; their positions are in these.
    files: Mapping[Where, str] = field(default_factory=dict)
    #: Those files, and what the templates include and import by the names that they call it.
    used: tuple[Path, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)

    def file(self, where: Where) -> str:
        """The file of a part, as problems show it."""
        if not self.files:
            return self.name
        places = (where[:depth] for depth in range(len(where), 0, -1))
        return next((self.files[place] for place in places if place in self.files), self.name)

    def value_at(self, where: Where) -> Position:
        """Where a value begins; of a part of a value that an alias repeats: where that alias stands."""
        while where and where not in self.values:
            where = where[:-1]
        return self.values.get(where, START)

    def position(self, where: Where) -> Position:
        """Where a part begins: its key if it has one, else its value, else what holds it."""
        while where and where not in self.keys and where not in self.values:
            where = where[:-1]
        return self.keys.get(where) or self.values.get(where) or Position(1, 1)
