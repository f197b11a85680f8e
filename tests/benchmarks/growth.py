"""Growth: what ten times as many rows cost, in time and in memory."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from gewe_runner import sandbox
from tests.benchmarks import lists, measure, prepared
from tests.benchmarks.figures import Target
from tests.benchmarks.sides import Group, Options, Side

#: From this size on the start no longer counts, and time and memory are held against the next smaller size.
_TELLING = 100_000
_MEMORY = 200e6


def named(command: str, rows: int) -> str:
    return f"{command}, {rows:,} rows"


@contextlib.contextmanager
def sides(folder: Path, options: Options) -> Iterator[Sequence[Side]]:
    project = lists.sandbox_project(folder / "files")
    files = {rows: lists.lay(project, rows) for rows in options.sizes}
    reported = {rows: folder / f"ledger-{rows}" for rows in options.sizes}
    with sandbox.started() as url:
        for rows, place in reported.items():
            prepared.lay(place, url, rows, sent=rows)
    yield [
        *(_side("plan", rows, project, ("plan", str(file)), options.sizes) for rows, file in files.items()),
        *(
            _side("send --dry-run", rows, project, ("send", "--dry-run", str(file)), options.sizes)
            for rows, file in files.items()
        ),
        *(_side("report", rows, place, ("report",), options.sizes) for rows, place in reported.items()),
    ]


def _side(command: str, rows: int, folder: Path, argv: tuple[str, ...], sizes: Sequence[int]) -> Side:
    targets = list(targets_of(command, rows, sizes))
    take = partial(measure.command, (*measure.PROGRAM, *argv), folder)
    return Side(name=named(command, rows), take=take, rows=rows, targets=targets)


def targets_of(command: str, rows: int, sizes: Sequence[int]) -> Iterator[Target]:
    """Time and memory beside the next smaller size, and a report's time beside its plan's."""
    smaller = next((few for few, many in itertools.pairwise(sizes) if many == rows), None)
    if smaller is not None:
        is_held = smaller >= _TELLING
        yield Target(against=named(command, smaller), limit=1.05 * rows / smaller if is_held else None)
        yield Target(against=named(command, smaller), of="memory", limit=1.15 if is_held else None)
    if rows >= 10 * _TELLING:
        yield Target(of="memory", limit=_MEMORY)
    if command == "report":
        yield Target(against=named("plan", rows), limit=0.5 if rows > _TELLING else None)


GROUP = Group(
    title=lambda options: "growth",
    sides=sides,
    laying=lambda options: sum(options.sizes) * 6e-4,
    turn=lambda options: sum(3 + rows * 6e-4 for rows in options.sizes),
)
