"""What a check of files found, as every format of it gets it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from gewe_runner.model import Problem
from gewe_runner.problems import Problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What `validate` found."""

    problems: Problems
    #: How many campaigns were looked at.
    campaigns: int
    #: The version of this program.
    tool: str

    @property
    def sentence(self) -> str:
        return f"{self.campaigns} campaign{'' if self.campaigns == 1 else 's'} checked"


def fingerprinted(problems: Problems) -> Iterator[tuple[Problem, str]]:
    """Each problem with a hash that stays the same while lines move, and differs from that of every other."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for problem in problems:
        kind = (problem.path, problem.rule, problem.message)
        seen[kind] += 1
        yield problem, hashlib.sha256("\0".join((*kind, str(seen[kind]))).encode("utf-8", "replace")).hexdigest()


def more(problems: Problems) -> Iterator[tuple[str, str, str]]:
    """Path, rule and sentence for what was counted and not kept."""
    for (path, rule), count in problems.unshown().items():
        yield path, rule, f"{count:,} more of these"


def posix(path: str) -> str:
    """A path as these services write it."""
    return PurePath(path).as_posix()
