"""The figures of a run and what they say: medians, spreads, ratios of pairs, targets. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What two sides, or a side and a number, can be compared by.
QUANTITIES = ("time", "speed", "memory")


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """One measurement of one side."""

    seconds: float
    #: Largest memory of all of its processes together, in bytes; 0 where it was not measured.
    peak: int = 0
    #: Processor time of all of its processes, in seconds.
    cpu: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a side is held against: another side by a ratio, or a number."""

    #: The other side's name; empty: the figure itself counts (seconds, messages a second, bytes).
    against: str = ""
    #: One of `QUANTITIES`.
    of: str = "time"
    #: None: the ratio is shown and held against nothing.
    limit: float | None = None
    #: The figure shall be at least the limit, else at most.
    least: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One side and everything that was measured of it, in the order of the turns."""

    group: str
    name: str
    #: How many messages each measurement dealt with; 0 where that means nothing.
    rows: int = 0
    taken: Sequence[Taken] = ()
    targets: Sequence[Target] = ()
    #: Stands behind the figures, or instead of them.
    note: str = ""

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> "Measured":
        """The side as a kept run has it."""
        parts = {
            "taken": [Taken(**one) for one in tree["taken"]],
            "targets": [Target(**one) for one in tree["targets"]],
        }
        return cls(**{**tree, **parts})

    def values(self, quantity: str) -> list[float]:
        """The quantity at each turn: seconds, messages a second, or bytes."""
        match quantity:
            case "time":
                return [one.seconds for one in self.taken]
            case "speed":
                return [self.rows / one.seconds for one in self.taken]
            case "memory":
                return [float(one.peak) for one in self.taken]
            case "cpu":
                return [one.cpu for one in self.taken]
        raise ValueError(quantity)

    def median(self, quantity: str) -> float:
        return statistics.median(self.values(quantity))

    @property
    def spread(self) -> float:
        """The distance of the fastest from the slowest turn, as a share of the median."""
        seconds = self.values("time")
        return (max(seconds) - min(seconds)) / statistics.median(seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A target beside what was measured."""

    target: Target
    #: The median of the ratios of the pairs, or of the figure itself.
    figure: float

    @property
    def is_met(self) -> bool | None:
        """None where there was nothing to meet."""
        limit = self.target.limit
        if limit is None:
            return None
        return self.figure >= limit if self.target.least else self.figure <= limit


def ratio(one: Measured, other: Measured, quantity: str) -> float:
    """The median of the ratios of each turn's pair: what slows a whole turn slows both."""
    pairs = zip(one.values(quantity), other.values(quantity), strict=False)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def verdicts(side: Measured, known: Mapping[str, Measured]) -> list[Verdict]:
    """The side's targets for which both sides were measured.

    Args:
        known: Every side of the run, by name.
    """
    found = []
    for target in side.targets if side.taken else ():
        if not target.against:
            found.append(Verdict(target=target, figure=side.median(target.of)))
        elif (other := known.get(target.against)) and other.taken:
            found.append(Verdict(target=target, figure=ratio(side, other, target.of)))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One side in an older and a newer run."""

    name: str
    old: Measured
    new: Measured
    #: What differs beyond the spread of both runs, e.g. `slower`, `larger`.
    words: Sequence[str] = field(default=())


#: Less than this is nobody's concern, however steady the figures are.
_NOTICED = 1.05


def changes(old: Sequence[Measured], new: Sequence[Measured]) -> list[Change]:
    """The sides that both runs have measured, in the newer one's order."""
    before = {side.name: side for side in old if side.taken}
    return [
        Change(name=side.name, old=before[side.name], new=side, words=_words(before[side.name], side))
        for side in new
        if side.taken and side.name in before
    ]


def _words(old: Measured, new: Measured) -> list[str]:
    found = []
    # a side of another size has another speed to be compared, not another time
    quantity = "time" if old.rows == new.rows else "speed"
    kinds = {"time": ("slower", "faster"), "speed": ("faster", "slower"), "memory": ("larger", "smaller")}
    for of in (quantity, "memory"):
        more, less = kinds[of]
        if _clearly_more(new.values(of), old.values(of)):
            found.append(more)
        elif _clearly_more(old.values(of), new.values(of)):
            found.append(less)
    return found


def _clearly_more(one: Sequence[float], other: Sequence[float]) -> bool:
    """Every value is above every one of the other, and the median noticeably so."""
    return min(one) > max(other) and statistics.median(one) > _NOTICED * statistics.median(other)
