"""What is measured: a side is one way to do a job, a group the sides that are compared with each other."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.benchmarks.figures import Measured, Taken, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How much is measured."""

    #: Measurements of each side.
    pairs: int = 5
    #: Turns before them that only warm the caches.
    warm_ups: int = 1
    #: Rows of the list that all planners get.
    rows: int = 100_000
    #: Rows of the lists by which growth is shown, ascending.
    sizes: Sequence[int] = (1_000, 10_000, 100_000, 1_000_000)
    #: Campaign files that are validated at once.
    campaigns: int = 300
    #: Messages of each send; the longest tells most of the throughput, and least of what begins but once.
    messages: Sequence[int] = (4_000, 20_000)
    #: Messages of the ledger in which half are sent.
    ledger: int = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One line of the table and how to measure it."""

    name: str
    #: One measurement; called once a turn.
    take: Callable[[], Taken] | None = None
    rows: int = 0
    targets: Sequence[Target] = ()
    note: str = ""
    #: What was found beside the time, if anything: more lines of the table, asked for after the last turn.
    more: Callable[[], Sequence[Measured]] = field(default=lambda: ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Sides that are measured in turns."""

    title: Callable[[Options], str]
    #: Lays in a folder what the sides need, and takes them away when the context ends.
    sides: Callable[[Path, Options], contextlib.AbstractContextManager[Sequence[Side]]]
    #: About how many seconds the laying and one turn take on a calm machine with two cores.
    laying: Callable[[Options], float]
    turn: Callable[[Options], float]

    def about(self, options: Options) -> float:
        """About how many seconds it takes, the turns that only warm up included."""
        return self.laying(options) + (options.warm_ups + options.pairs) * self.turn(options)


def measured(group: Group, options: Options, folder: Path, wanted: Callable[[str], bool]) -> Iterator[Measured]:
    """Measure a group in turns (A B A B …), after those that only warm the caches.

    Args:
        wanted: Whether a side of that name is measured.
    """
    title = group.title(options)
    with group.sides(folder, options) as every:
        sides = [side for side in every if wanted(side.name)]
        taken: dict[str, list[Taken]] = {side.name: [] for side in sides}
        for turn in range(-options.warm_ups, options.pairs):
            for side in sides:
                if side.take is None:
                    continue
                one = side.take()
                tell(f"{title}: {side.name}: {one.seconds:.3f} s" + (" (warm-up)" if turn < 0 else ""))
                if turn >= 0:
                    taken[side.name].append(one)
        for side in sides:
            yield Measured(
                group=title,
                name=side.name,
                rows=side.rows,
                taken=taken[side.name],
                targets=side.targets,
                note=side.note,
            )
            yield from (replace(one, group=title) for one in side.more())


def tell(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)
