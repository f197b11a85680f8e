"""Counts requests over time in a bounded number of steps, however long a run takes."""

from collections import Counter
from collections.abc import Iterable, Mapping

#: More steps than this are joined into longer ones.
STEPS = 240

_MINUTE, _HOUR = 60_000, 3_600_000

#: How long a step may be, in milliseconds: each a multiple of the one before, and as people count time.
LENGTHS = (
    *(1_000, 2_000, 10_000, 30_000),
    *(_MINUTE, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 24 * _HOUR),
)


class Timeline:
    """Requests by when they were begun."""

    def __init__(self) -> None:
        #: Milliseconds of one step.
        self.step = LENGTHS[0]
        self._counts: Counter[int] = Counter()

    def add(self, moments: Iterable[int]) -> None:
        """Count requests, each a time in UTC epoch milliseconds."""
        step = self.step
        self._counts.update(at // step for at in moments)
        while self._counts and max(self._counts) - min(self._counts) >= STEPS:
            longer = next((length for length in LENGTHS if length > self.step), self.step * 2)
            joined: Counter[int] = Counter()
            for number, count in self._counts.items():
                joined[number * self.step // longer] += count
            self.step, self._counts = longer, joined

    @property
    def counts(self) -> Mapping[int, int]:
        """Requests by the beginning of their step (UTC epoch milliseconds), in order; empty steps are left out."""
        return {number * self.step: self._counts[number] for number in sorted(self._counts)}
