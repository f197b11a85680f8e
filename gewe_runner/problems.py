"""Collects every problem of a command, in bounded memory, so that all are told at once."""

from collections import Counter
from collections.abc import Iterator

from gewe_runner import errors
from gewe_runner.model import Level, Problem

#: How many problems of one rule in one file are shown as text (the rest are counted).
SHOWN = 20

#: How many of one rule in one file are told apart: what several campaigns find in a list counts once, as far as that.
TOLD_APART = 10_000


class Problems:
    """The problems found so far.

    Args:
        keep: How many of one rule and one file are kept; the others are only counted, so
            a list of a million bad rows costs no memory.
    """

    def __init__(self, keep: int = SHOWN) -> None:
        #: As given.
        self.keep = keep
        #: How often an error was met, also one that was known already: whether a step meets any shows in this alone.
        self.met = 0
        self._kept: dict[tuple[str, str], list[Problem]] = {}
        # hashes of the first ones, kept or not, in their order
        self._marks: dict[tuple[str, str], dict[int, None]] = {}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._levels: Counter[Level] = Counter()

    def add(self, problem: Problem) -> None:
        """Keep the problem; the same one at the same place counts once."""
        kind = (problem.path, problem.rule)
        self.met += problem.level is Level.ERROR
        if not self._is_new(kind, hash(problem)):
            return
        self._levels[problem.level] += 1
        self._seen[kind] += 1
        if self._seen[kind] <= self.keep:
            self._kept.setdefault(kind, []).append(problem)

    def add_unshown(self, path: str, rule: str, number: int) -> None:
        """Count problems of which nothing more is known; the ones that are kept were added before."""
        kind = (path, rule)
        for one in self._kept.get(kind, ())[:1]:
            self._levels[one.level] += number
            self._seen[kind] += number

    def take(self, other: "Problems") -> None:
        """Add all that another one has found."""
        met = self.met + other.met
        for one in other.kept():
            self.add(one)
        for kind, number in other.unshown().items():
            marks = list(other._marks.get(kind, ()))[other.keep :]  # noqa: SLF001 - the same class
            self.add_unshown(*kind, number - sum(not self._is_new(kind, mark) for mark in marks))
        self.met = met

    def _is_new(self, kind: tuple[str, str], mark: int) -> bool:
        marks = self._marks.setdefault(kind, {})
        if mark in marks:
            return False
        if len(marks) < TOLD_APART:
            marks[mark] = None
        return True

    def count(self, level: Level) -> int:
        return self._levels[level]

    @property
    def errors(self) -> int:
        return self._levels[Level.ERROR]

    def kept(self) -> list[Problem]:
        """The kept problems; those of one file and rule in the order in which they were found."""
        return [problem for group in self._kept.values() for problem in group]

    def __iter__(self) -> Iterator[Problem]:
        """The kept problems, by file, then place, then rule."""
        return iter(sorted(self.kept(), key=lambda p: (p.path, p.line or 0, p.column or 0, p.rule, p.message)))

    def unshown(self) -> dict[tuple[str, str], int]:
        """How many more there were than were kept, by (path, rule)."""
        return {kind: seen - self.keep for kind, seen in sorted(self._seen.items()) if seen > self.keep}

    def raise_errors(self) -> None:
        """Raise `errors.InvalidError` if any problem so far is an error."""
        if self.errors:
            count = f"{self.errors} problem" + ("s" if self.errors > 1 else "")
            raise errors.InvalidError(f"{count} found; nothing was sent")
