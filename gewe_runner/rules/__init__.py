"""What can be wrong with a user's files: one rule an entry, with its id, explanation and example.

Each module holds the rules of one subject, as `NAME = rules.declare(...)`; where a rule is a check of its
own, its function stands beside it. `catalogue()` knows all of them, for `validate --explain` and the README.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gewe_runner.model import Level, Position, Problem, Source

#: The modules that declare rules.
MODULES = (
    "documents",
    "structure",
    "secrets",
    "settings",
    "sources",
    "campaigns",
    "cards",
    "covers",
    "contacts",
    "lists",
    "templates",
    "parts",
    "plans",
    "policies",
)

_declared: dict[str, "Rule"] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One way in which input can be wrong."""

    #: Stable, kebab-case; users and CI refer to it.
    id: str
    level: Level
    #: Why it matters and what to do, in a few sentences.
    explanation: str
    #: What breaks the rule and what keeps it, as text to read.
    example: str

    def at(self, path: str, position: Position | None, message: str) -> Problem:
        """The problem of this rule at a place; `position` None means the whole file."""
        line, column = position or (None, None)
        return Problem(path=path, line=line, column=column, rule=self.id, level=self.level, message=message)

    def of_list(self, source: Source, message: str) -> Problem:
        """The problem of this rule with a whole list: at the file, or where the campaign holds its rows or query."""
        return (
            self.at(source.name, None, message)
            if source.is_file
            else self.at(source.document, source.position, message)
        )

    def of_row(self, source: Source, row: int, message: str, column: int = 1) -> Problem:
        """The problem of this rule in a row of a list; rows and columns are counted from 1."""
        if source.is_file:
            sheet = f"sheet {source.sheet}: " if source.sheet is not None else ""
            return self.at(source.name, Position(row, column), sheet + message)
        if source.sql is not None:
            return self.at(source.document, source.sql.position, f"row {row}: {message}")
        return self.at(source.document, source.row_positions[row - 1], message)


def declare(id: str, level: Level, explanation: str, *, example: str) -> Rule:
    """Add a rule to the catalogue; ids are unique."""
    if id in _declared:
        raise ValueError(f"rule {id} is declared twice")
    rule = _declared[id] = Rule(id=id, level=level, explanation=explanation, example=example)
    return rule


def catalogue() -> Mapping[str, Rule]:
    """Every rule by id, in alphabetical order."""
    for module in MODULES:
        importlib.import_module(f"{__name__}.{module}")
    return MappingProxyType(dict(sorted(_declared.items())))
