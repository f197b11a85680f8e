"""A worker's housekeeping: a thread, not a job, since a job that stands still would let everything stand still."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from gewe_runner import errors

#: How often what only people or a restored backup can put out of order is looked for (seconds).
THOROUGH = 30

_LOG = logging.getLogger("gewe_runner.worker")


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How soon a dead worker's lanes go on elsewhere; the same for all workers of a ledger."""

    #: A worker that was not heard of for so long is gone (seconds).
    stale: float = 20

    @property
    def beat(self) -> float:
        """How often a worker says that it is alive."""
        return self.stale / 4

    @property
    def tick(self) -> float:
        """How often one of them looks after the others."""
        return self.stale / 10

    @property
    def poll(self) -> float:
        """How often a worker asks for work."""
        return min(1.0, self.stale / 10)


class Clock:
    """The time that all hosts share, by this host's clock and how far that is off."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        """UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000 + self._ahead

    def set(self, shared: int, asked: int) -> None:
        """Go by the shared time that came as an answer; `asked` is what `now` gave when it was asked for."""
        now = self.now()
        # the answer was true at some moment in between, so less than that is no difference
        if not asked - 50 <= shared <= now + 50:
            self._ahead += shared - (asked + now) // 2


class House(Protocol):
    """What the housekeeping needs of a ledger."""

    def beat(self, devices: Iterable[str]) -> int: ...
    def called(self, devices: Iterable[str]) -> Iterable[str]: ...
    def heal(self, *, silent: float, reaps: bool, thorough: bool) -> None: ...


@dataclass(kw_only=True)
class Keeper:
    """Says for a worker that it is alive, and mends what others left behind."""

    house: House
    #: The lanes that the worker has, and what tells them that there is something new for them to do.
    busy: Callable[[], Iterable[str]]
    call: Callable[[Iterable[str]], None]
    clock: Clock
    timing: Timing
    ended: threading.Event = field(default_factory=threading.Event)
    #: Before that (monotonic seconds) silence proves nothing: the database was away, and heartbeats with it.
    _trust: float = 0
    _beaten: float = 0
    _thorough: float = 0

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, daemon=True, name="housekeeping")
        thread.start()
        return thread

    def _run(self) -> None:
        while not self.ended.wait(self.timing.tick):
            try:
                self.round(time.monotonic())
            except errors.LedgerError as error:
                self._trust = time.monotonic() + self.timing.stale + 2 * self.timing.beat
                _LOG.warning("housekeeping waits for the ledger: %s", error.message, extra={"action": "no_ledger"})
            except Exception:  # noqa: BLE001 - the thread must outlive a bug, and the log names it
                _LOG.exception("a round of housekeeping failed", extra={"action": "housekeeping_failed"})

    def round(self, now: float) -> None:
        """One look at the house; `now` in monotonic seconds."""
        if now - self._beaten >= self.timing.beat:
            asked = self.clock.now()
            busy = self.busy()
            self.clock.set(self.house.beat(busy), asked)
            self.call(self.house.called(busy))
            self._beaten = now
        thorough = now - self._thorough >= min(THOROUGH, 2 * self.timing.stale)
        self.house.heal(silent=self.timing.stale, reaps=now >= self._trust, thorough=thorough)
        if thorough:
            self._thorough = now
