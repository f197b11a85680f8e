"""Shows how a send gets on: a live line on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

from gewe_runner.exchange import Outcome
from gewe_runner.model import State

#: Seconds between two plain lines.
_EVERY = 5

_FINAL = (State.SENT, State.REJECTED, State.UNKNOWN)


@contextlib.contextmanager
def sending(total: int) -> Iterator[Callable[[Outcome | None], None]]:
    """Show progress towards `total` messages; the callable is told of every outcome, and None now and then."""
    counts: dict[State, int] = dict.fromkeys(_FINAL, 0)
    with _bar(total) if sys.stderr.isatty() else _lines(total) as draw:

        def watch(outcome: Outcome | None) -> None:
            if outcome is not None and outcome.state in counts:
                counts[outcome.state] += 1
            draw(counts)

        yield watch


def _told(counts: dict[State, int]) -> str:
    failed = counts[State.REJECTED] + counts[State.UNKNOWN]
    return f"sent {counts[State.SENT]:,}" + (f", failed {failed:,}" if failed else "")


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[dict[State, int]], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("sending", total=total, rate="")
        began = time.monotonic()

        def draw(counts: dict[State, int]) -> None:
            done = sum(counts.values())
            rate = f"{60 * done / max(time.monotonic() - began, 0.001):,.0f}/min"
            progress.update(task, completed=done, description=_told(counts), rate=rate)

        yield draw


@contextlib.contextmanager
def _lines(total: int) -> Iterator[Callable[[dict[State, int]], None]]:
    began = last = time.monotonic()

    def draw(counts: dict[State, int], *, anyway: bool = False) -> None:
        nonlocal last
        now = time.monotonic()
        if anyway or now - last >= _EVERY:
            last = now
            done = sum(counts.values())
            rate = done / max(now - began, 0.001)
            left = f", about {(total - done) / rate:,.0f} s left" if rate and done < total else ""
            click.echo(f"{done:,} of {total:,}: {_told(counts)}, {60 * rate:,.0f}/min{left}", err=True)

    yield draw
