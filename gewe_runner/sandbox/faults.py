"""Decides by a fault file what happens to a request; the clock is handed in, and chance is a hash."""

import fnmatch
import hashlib
import math
import re
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gewe_runner.sandbox import behaviours
from gewe_runner.sandbox.behaviours import Behaviour
from gewe_runner.sandbox.questions import MESSAGE

_MINUTE = 60
#: How many standard deviations the 99th percentile lies above the median.
_P99 = statistics.NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What a fault file says of one request."""

    #: None where no fault strikes.
    behaviour: Behaviour | None
    #: Seconds that the answer takes.
    latency: float


class Faults:
    """A fault file at work. It remembers what its faults have seen, so each sandbox needs its own.

    Args:
        tree: The file's content, valid by `schema/faults.schema.json`.
        seed: Takes the place of the file's own.
    """

    def __init__(self, tree: Mapping[str, Any], seed: int | None = None) -> None:
        self._seed = tree.get("seed", 0) if seed is None else seed
        self._latency = _latency(tree.get("latency", {"ms": 0}))
        self._faults = [_Fault(number, entry) for number, entry in enumerate(tree.get("faults", ()))]
        self._asked: Counter[tuple[str, str]] = Counter()

    def decide(self, device: str, to_wxid: str, seconds: float, endpoint: str = MESSAGE) -> Decision:
        """What happens to a request that came so many seconds after the start; every request is asked for once.

        Args:
            to_wxid: Empty for a question, which has no recipient.
            endpoint: The last part of its path.
        """
        about = to_wxid if endpoint == MESSAGE else f"?{endpoint}"
        self._asked[device, about] += 1
        draw = _Draw(f"{self._seed}\0{device}\0{about}\0{self._asked[device, about]}")
        matching = (fault for fault in self._faults if fault.is_for(endpoint))
        struck = next((fault for fault in matching if fault.strikes(device, to_wxid, seconds, draw)), None)
        return Decision(behaviour=struck.behaviour if struck else None, latency=self._latency(draw))


class _Draw:
    """Numbers between 0 and 1 for one request: whatever else is going on, they come out the same again."""

    def __init__(self, request: str) -> None:
        self._request = request

    def __call__(self, label: object) -> float:
        text = f"{label}\0{self._request}".encode("utf-8", "surrogatepass")
        number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        # 53 bits are what a float holds; the half keeps 0 and 1 out, which a distribution cannot take
        return ((number >> 11) + 0.5) / (1 << 53)


class _Fault:
    """One entry of the file, with its counts."""

    def __init__(self, number: int, entry: Mapping[str, Any]) -> None:
        match = entry.get("match", {})
        kind = next(name for name in behaviours.KINDS if name in entry)
        spec = entry[kind]
        self.behaviour = behaviours.KINDS[kind](spec)
        self._number = number
        self._endpoint = match.get("endpoint", MESSAGE)
        self._to, self._device = _pattern(match.get("to", "*")), _pattern(match.get("device", "*"))
        self._from, self._until = entry.get("from_seconds", 0), entry.get("until_seconds", math.inf)
        self._after, self._count = entry.get("after", 0), entry.get("count", math.inf)
        self._probability = entry.get("probability", 1)
        self._rate = _Rate(spec["above_per_minute"] if isinstance(spec, Mapping) and kind == "often" else 0)
        self._matched = 0
        self._struck = 0

    def is_for(self, endpoint: str) -> bool:
        return self._endpoint in (endpoint, "*")

    def strikes(self, device: str, to_wxid: str, seconds: float, draw: _Draw) -> bool:
        """Whether this request is one that the fault is for; counts it."""
        if not (self._from <= seconds < self._until and self._to(to_wxid) and self._device(device)):
            return False
        self._matched += 1
        if self._matched <= self._after or self._struck >= self._count or not self._rate.above(device, seconds):
            return False
        if self._probability < 1 and draw(self._number) >= self._probability:
            return False
        self._struck += 1
        return True


class _Rate:
    """Counts each device's requests in the minute that ends now; with a limit of 0 everything is above."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def above(self, device: str, seconds: float) -> bool:
        """Count a request, and say whether the minute now holds more than the limit."""
        if not self._limit:
            return True
        times = self._times[device]
        times.append(seconds)
        while times[0] <= seconds - _MINUTE:
            times.popleft()
        return len(times) > self._limit


def _pattern(text: str) -> Callable[[str], object]:
    """Matches a text: with `*`, `?` and `[…]` as in file names, else the very text."""
    if text == "*":
        return lambda _: True
    if not set(text) & set("*?["):
        return text.__eq__
    return re.compile(fnmatch.translate(text)).match


def _latency(tree: Mapping[str, Any]) -> Callable[[_Draw], float]:
    """Makes the seconds of a request's latency."""
    if "ms" in tree:
        fixed = tree["ms"] / 1000
        return lambda _: fixed
    median = tree["median_ms"] / 1000
    spread = math.log(tree["p99_ms"] / tree["median_ms"]) / _P99
    normal = statistics.NormalDist()
    return lambda draw: median * math.exp(spread * normal.inv_cdf(draw("latency")))
