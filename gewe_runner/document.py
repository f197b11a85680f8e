"""A YAML file as a tree that remembers where every part of it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gewe_runner.model import Position, Where


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

    def position(self, where: Where) -> Position:
        """Where a part begins: its key if it has one, else its value, else what holds it."""
        while where and where not in self.keys and where not in self.values:
            where = where[:-1]
        return self.keys.get(where) or self.values.get(where) or Position(1, 1)
