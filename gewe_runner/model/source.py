"""A list of recipients as its campaign declares it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gewe_runner.model.place import START, Position, Value, Where


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What a database is asked for."""

    #: The variable of the environment that holds its address.
    url_env: str
    text: str
    #: What the query's `:names` are bound to: the variables of the list, the campaign and the profile.
    parameters: Mapping[str, Value] = field(default_factory=dict)
    #: Where the query stands in its document.
    position: Position = START


#: The path of a list that comes from standard input; those of files are absolute.
STDIN = Path("-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One list of recipients; exactly one of `rows`, `path` and `sql` is set."""

    #: How plan lines and reports name it: the path inside the project (POSIX), with the sheet behind it where one is
    #: named, as in `lists/members.xlsx[会员]`; or e.g. `recipients[0].rows`.
    label: str
    #: How problems name it: the list's path as the user would type it, or the campaign file's.
    name: str
    #: Where it stands in its document, e.g. ("recipients", 0).
    where: Where
    rows: tuple[Mapping[str, str], ...] | None = None
    #: Position of each inline row in the campaign file.
    row_positions: tuple[Position, ...] = ()
    #: The list's file; `STDIN` for standard input.
    path: Path | None = None
    sql: Query | None = None
    #: ours → theirs
    columns: Mapping[str, str] = field(default_factory=dict)
    #: A Jinja expression over the row after `columns`; None takes every row.
    condition: str | None = None
    vars: Mapping[str, Value] = field(default_factory=dict)
    device: str | None = None
    sheet: str | None = None
    #: How standard input is written: an ending without its dot. A file's name says it.
    format: str | None = None
    #: The document the source stands in, and where in it the condition and `columns` stand.
    document: str = ""
    position: Position = START
    condition_position: Position = START
    columns_position: Position = START

    @property
    def is_file(self) -> bool:
        """Its rows have lines of their own, in a file or in what comes from standard input."""
        return self.path is not None

    @property
    def is_stdin(self) -> bool:
        return self.path == STDIN

    @property
    def called(self) -> str:
        """How sentences name the list: by its file, else by its place in the campaign."""
        return self.name if self.is_file else self.label
