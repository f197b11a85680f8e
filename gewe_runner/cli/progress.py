"""Shows how a send gets on: a live line on a terminal, plain lines elsewhere."""

import contextlib
import datetime
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from gewe_runner.model import State
from gewe_runner.watch import Seen

if TYPE_CHECKING:  # most steps that are watched send nothing
    from gewe_runner.exchange import Outcome
    from gewe_runner.send import local

#: Seconds between two plain lines while messages go out, and while nothing may.
_EVERY, _WHILE_WAITING = 5, 600

#: A wait is worth a word from so many seconds on.
_LONG = 60

#: Seconds until a step is worth a bar, and between two looks of it.
_PATIENCE, _REDRAW = 1, 0.25

_FINAL = (State.SENT, State.REJECTED, State.UNKNOWN)


@contextlib.contextmanager
def sending(total: int) -> Iterator["local.Watch"]:
    """Show progress towards `total` messages while the context lasts."""
    with _bar(total) if sys.stderr.isatty() else contextlib.nullcontext(_Lines(total)) as shown:
        yield shown


@contextlib.contextmanager
def watching(what: str, total: Callable[[], int | None]) -> Iterator[Seen]:
    """Show how a step gets on: a bar on a terminal as soon as it has taken a second, as `Watch` has it."""
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    with contextlib.ExitStack() as drawn:
        yield _Watched(what, total, drawn)


class _Watched:
    def __init__(self, what: str, total: Callable[[], int | None], drawn: contextlib.ExitStack) -> None:
        self._what, self._total, self._drawn = what, total, drawn
        self._done, self._began = 0, time.monotonic()
        self._next = self._began + _PATIENCE
        self._draw: Callable[[int, str], None] | None = None

    def __call__(self, more: int) -> None:
        self._done += more
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _REDRAW
            self._draw = self._draw or _drawing(self._what, self._total(), self._drawn)
            self._draw(self._done, f"{self._done / (now - self._began):,.0f}/s")


def _drawing(what: str, total: int | None, drawn: contextlib.ExitStack) -> Callable[[int, str], None]:
    """Begin a bar that is drawn when it is told to, and only then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    shown = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), auto_refresh=False, transient=True)
    progress = drawn.enter_context(shown)
    task = progress.add_task(what, total=total, rate="")

    def draw(done: int, rate: str) -> None:
        progress.update(task, completed=done, rate=rate, refresh=True)

    return draw


class _Shown:
    """The counts that either way of showing needs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts = dict.fromkeys(_FINAL, 0)
        self._began = time.monotonic()

    def _count(self, outcome: "Outcome") -> None:
        if outcome.state in self._counts:
            self._counts[outcome.state] += 1

    @property
    def _done(self) -> int:
        return sum(self._counts.values())

    @property
    def _rate(self) -> float:
        """Messages a second so far."""
        return self._done / max(time.monotonic() - self._began, 0.001)

    def _told(self) -> str:
        failed = self._done - self._counts[State.SENT]
        return f"sent {self._counts[State.SENT]:,}" + (f", failed {failed:,}" if failed else "")


class _Lines(_Shown):
    def __init__(self, total: int) -> None:
        super().__init__(total)
        self._last = self._began

    def note(self, outcome: "Outcome") -> None:
        self._count(outcome)
        if self._is_time(_EVERY):
            left = f", about {(self._total - self._done) / self._rate:,.0f} s left" if self._done < self._total else ""
            click.echo(f"{self._done:,} of {self._total:,}: {self._told()}, {60 * self._rate:,.0f}/min{left}", err=True)

    def wait(self, until: int) -> None:
        seconds = until / 1000 - time.time()
        if seconds >= _LONG and (self._last == self._began or self._is_time(_WHILE_WAITING)):
            self._last = time.monotonic()
            click.echo(f"{self._done:,} of {self._total:,}: {self._told()}; {_waiting(until)}", err=True)

    def _is_time(self, seconds: float) -> bool:
        now = time.monotonic()
        if now - self._last < seconds:
            return False
        self._last = now
        return True


@contextlib.contextmanager
def _bar(total: int) -> Iterator["local.Watch"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("sending", total=total, rate="")

        class Bar(_Shown):
            def note(self, outcome: "Outcome") -> None:
                self._count(outcome)
                rate = f"{60 * self._rate:,.0f}/min"
                progress.update(task, completed=self._done, description=self._told(), rate=rate)

            def wait(self, until: int) -> None:
                if until / 1000 - time.time() >= _LONG:
                    progress.update(task, description=f"{self._told()}; {_waiting(until)}")

        yield Bar(total)


def _waiting(until: int) -> str:
    local_time = datetime.datetime.fromtimestamp(until / 1000).astimezone()
    return f"the pace lets the next one go at {local_time:%Y-%m-%d %H:%M:%S %Z}"
