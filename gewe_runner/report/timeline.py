"""Counts requests over time in a bounded number of steps, however long a run takes."""

from collections import Counter
from collections.abc import Iterable, Mapping

#: More steps than this are joined two by two.
STEPS = 240

#: The shortest step, in milliseconds.
SHORTEST = 1_000


class Timeline:
    """Requests by when they were begun."""

    def __init__(self) -> None:
        #: Milliseconds of one step.
        self.step = SHORTEST
        self._counts: Counter[int] = Counter()

    def add(self, moments: Iterable[int]) -> None:
        """Count requests, each a time in UTC epoch milliseconds."""
        step = self.step
        self._counts.update(at // step for at in moments)
        while self._counts and max(self._counts) - min(self._counts) >= STEPS:
            self.step *= 2
            joined: Counter[int] = Counter()
            for number, count in self._counts.items():
                joined[number // 2] += count
            self._counts = joined

    @property
    def counts(self) -> Mapping[int, int]:
        """Requests by the beginning of their step (UTC epoch milliseconds), in order; empty steps are left out."""
        return {number * self.step: self._counts[number] for number in sorted(self._counts)}
