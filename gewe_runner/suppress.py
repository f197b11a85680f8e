"""Puts somebody onto the project's list of people who get nothing, and cancels what is pending for them."""

import contextlib
import csv
import fcntl
import io
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gewe_runner import errors, expand, find, gather, words
from gewe_runner.expand import clean, columns, content
from gewe_runner.ledger import connect, decide
from gewe_runner.model import Level, Profile, Source
from gewe_runner.problems import Problems
from gewe_runner.report import cells as spreadsheet
from gewe_runner.rules import cards

#: The columns of a list that is new.
COLUMNS = (columns.ID, "reason", "added")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Somebody who wants nothing."""

    to_wxid: str
    reason: str
    #: The day they were put onto the list, as ISO 8601 has it.
    added: str

    @classmethod
    def create(cls, to_wxid: str, reason: str, added: str) -> "Entry":
        """The entry, its id cleaned as lists clean ids, its reason one line that no spreadsheet runs.

        Raises:
            errors.UsageError: that is nobody's id.
        """
        found = clean.edges(to_wxid)
        for rule, message in cards.check(columns.ID, found):
            if rule.level is Level.ERROR:
                raise errors.UsageError(f"WXID {message}")
        return cls(to_wxid=found, reason=spreadsheet.safe(words.line(reason)), added=added)

    def cells(self, names: Sequence[str]) -> list[str]:
        """What stands in columns of these names."""
        own = dict(zip(COLUMNS, (self.to_wxid, self.reason, self.added), strict=True))
        return [own.get(name, "") for name in names]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What became of the list."""

    path: Path
    #: False: the person stood there already, and nothing was written.
    new: bool
    #: The list has a column for it.
    reason_kept: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """What became of the messages in a profile's ledger."""

    profile: str
    messages: int = 0
    #: Why the ledger could not be asked; empty where it was.
    fault: str = ""


def listed(project: Path, entry: Entry) -> Listed:
    """Write the entry into `suppressed.csv`: its rows sorted by id, everything else in them as it was.

    Raises:
        errors.InvalidError: the list has a fault, so nothing was written.
        errors.UsageError: it cannot be written.
    """
    with _alone(project):
        source = gather.own_suppression(project)
        if source is None:
            path = project / gather.SUPPRESSED
            _replace(path, ",".join(COLUMNS) + "\n" + _line(entry.cells(COLUMNS), "\n"), "utf-8")
            return Listed(path=path, new=True)
        path = Path(os.path.realpath(source.path or ""))
        if entry.to_wxid in _ids(source, project):
            return Listed(path=path, new=False)
        text, codec = _text(source, project)
        table = _Table.of(text)
        _replace(path, table.with_entry(entry), codec)
        return Listed(path=path, new=True, reason_kept="reason" in table.names)


def cancelled(
    profiles: Sequence[Profile], project: Path, to_wxid: str, now: int, environ: Mapping[str, str] = os.environ
) -> Iterator[Cancelled]:
    """Cancel what is pending for a person, in the ledger of each profile that has one; a shared one counts once.

    Args:
        now: UTC epoch milliseconds.
    """
    known = set()
    for profile in profiles:
        try:
            url = connect.address(profile, project, environ)
            if url not in known and connect.exists(url):
                known.add(url)
                with contextlib.closing(connect.open(url)) as ledger:
                    connect.expect(ledger, profile)
                    with ledger.writing() as connection:
                        count = decide.suppress(connection, to_wxid, now)
                yield Cancelled(profile=profile.name, messages=count)
        except errors.LedgerError as error:
            yield Cancelled(profile=profile.name, fault=error.message)


@contextlib.contextmanager
def _alone(project: Path) -> Iterator[None]:
    """With nobody else at the list: who reads it and writes it back would undo what another one writes meanwhile."""
    descriptor = os.open(project, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system can lock a folder
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ids(source: Source, project: Path) -> set[str]:
    """Who stands on the list; it has to be one that every plan can read."""
    problems = Problems()
    found = set(expand.ids([source], project, problems))
    for problem in problems:
        if problem.level is Level.ERROR:
            place = ":".join(str(part) for part in (problem.path, problem.line) if part is not None)
            raise errors.InvalidError(f"{place}: {problem.message}; nothing was written")
    return found


def _text(source: Source, project: Path) -> tuple[str, str]:
    """The list as it stands, and how it is encoded."""
    with content.of(source, project, Problems()).open() as file:
        raw = file.read()
    try:
        return raw.decode("utf-8"), "utf-8"  # a byte order mark stays the first character
    except UnicodeDecodeError:
        return raw.decode("gb18030"), "gb18030"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """A list as text, row by row, so that what is not changed stays as it was written."""

    #: The row of names as written; empty where there is none.
    header: str
    names: tuple[str, ...]
    #: Each row with its id.
    rows: tuple[tuple[str, str], ...]
    newline: str

    @classmethod
    def of(cls, text: str) -> "_Table":
        lines = list(io.StringIO(text, newline=""))
        records, begin = [], 0
        reader = csv.reader(lines, strict=True)
        for fields in reader:
            if any(fields):
                records.append((fields, "".join(lines[begin : reader.line_num])))
            begin = reader.line_num
        names = tuple(map(clean.edges, records[0][0])) if records else COLUMNS
        bare = len(names) == 1 and not columns.is_id_name(names[0])
        header = "" if bare or not records else records[0][1]
        at = names.index(columns.ID) if columns.ID in names else 0
        rows = [(clean.edges(fields[at]), raw) for fields, raw in (records if bare else records[1:])]
        return cls(
            header=header or ("" if bare else ",".join(COLUMNS) + "\n"),
            names=names if len(names) > 1 else (columns.ID,),
            rows=tuple(rows),
            newline="\r\n" if "\r\n" in text else "\n",
        )

    def with_entry(self, entry: Entry) -> str:
        """The text with one row more, the rows sorted by id; lines that begin with # stay above them."""
        added = (entry.to_wxid, _line(entry.cells(self.names), self.newline))
        rows = sorted([*self.rows, added], key=_order)
        parts = [self.header, *(raw for _, raw in rows)]
        mark = "\ufeff" if any(part.startswith("\ufeff") for part in parts) else ""
        ended = (part if part.endswith(("\n", "\r")) else part + self.newline for part in parts if part)
        return mark + "".join(part.removeprefix("\ufeff") for part in ended)


def _order(row: tuple[str, str]) -> tuple[bool, str]:
    """Comments first, as they stand; then people by their ids."""
    is_comment = row[0].startswith("#")
    return not is_comment, "" if is_comment else row[0]


def _line(cells: Sequence[str], newline: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=newline).writerow(cells)
    return stream.getvalue()


def _replace(path: Path, text: str, codec: str) -> None:
    """Write beside, then replace: whoever reads the list finds the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("w", encoding=codec, newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else f"{codec} has no character for the reason"
        raise errors.UsageError(f"{find.shown(path)} cannot be written: {reason}") from error
