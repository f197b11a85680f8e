"""What a sandbox took in: the other side's account, by which "at most once" and the pace can be checked."""

import contextlib
import hashlib
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gewe_runner.sandbox.journal import Journal

#: How many bodies and arrivals are remembered one by one; the counts cover all of them.
KEPT = 2_000
KEPT_ARRIVALS = 200_000

Card = dict[str, str]


class Received:
    """The requests so far, in memory that grows with the recipients only.

    Args:
        journal: Takes every accepted message; what it holds already is counted.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._started = time.monotonic()
        #: Never set back, as ids are made of it.
        self._number = 0
        self._devices: dict[str, str] = {}
        #: For each device what tells of its requests under way whether their client is still there.
        self._flying: defaultdict[str, list[Callable[[], bool]]] = defaultdict(list)
        self._empty()
        for to_wxid in journal.accepted if journal else ():
            self._count(to_wxid)

    def _empty(self) -> None:
        self._requests = 0
        self._overlaps = 0
        self._first_at: int | None = None
        self._last_at: int | None = None
        self._accepted: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._bodies: deque[Card] = deque(maxlen=KEPT)
        self._arrivals: deque[tuple[str, float]] = deque(maxlen=KEPT_ARRIVALS)

    def reset(self) -> None:
        """Start counting anew, in the journal, too."""
        if self._journal:
            self._journal.reset()
        self._empty()

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @contextlib.contextmanager
    def request(self, device: str, seconds: float, is_there: Callable[[], bool]) -> Iterator[None]:
        """Count a request, good or bad, that came so many seconds after the start, and be aware of it until it ends.

        Args:
            device: Its appId; empty if it has none.
            seconds: When it came.
            is_there: Whether its client still waits: a request whose client has left overlaps with nothing.
        """
        self._requests += 1
        self._last_at = time.time_ns() // 1_000_000
        self._first_at = self._first_at or self._last_at
        self._arrivals.append((self._devices.setdefault(device, device), round(seconds * 1000, 3)))
        flying = self._flying[device]
        if device and flying and any(is_there() for is_there in flying):
            self._overlaps += 1
        flying.append(is_there)
        try:
            yield
        finally:
            flying.remove(is_there)

    def remember(self, card: Card) -> None:
        """Keep a well-formed request's body."""
        self._bodies.append(card)

    def accept(self, card: Card) -> int:
        """Note a message as one that a phone may have got; returns how many there ever were.

        Raises:
            OSError: The journal cannot be written; the message does not count.
        """
        if self._journal:
            self._journal.accept(card["appId"], card["toWxid"])
        return self._count(card["toWxid"])

    def ask(self, endpoint: str) -> None:
        """Count a question about a device, good or bad."""
        self._asked[endpoint] += 1

    @property
    def served(self) -> Iterable[str]:
        """Everybody for whom a message was accepted."""
        return self._accepted.keys()

    def _count(self, to_wxid: str) -> int:
        self._accepted[to_wxid] += 1
        self._number += 1
        return self._number

    def tree(self, *, bodies: bool = False, arrivals: bool = False) -> dict[str, Any]:
        """The account as JSON has it, times in milliseconds since 1970.

        Args:
            bodies: With `"bodies": [{appId, toWxid, sha256}]`, the hash being that which plans and reports show.
            arrivals: With `"arrivals": [[appId, milliseconds since the start]]`.
        """
        counts: dict[str, Any] = {
            "requests": self._requests,
            "accepted": self._accepted,
            "asked": self._asked,
            "overlaps": self._overlaps,
            "first_at": self._first_at,
            "last_at": self._last_at,
        }
        if bodies:
            counts["bodies"] = [_hashed(card) for card in self._bodies]
        if arrivals:
            counts["arrivals"] = list(self._arrivals)
        return counts


def _hashed(card: Card) -> dict[str, str]:
    payload = {key: value for key, value in card.items() if key != "appId"}
    canonical = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return {"appId": card["appId"], "toWxid": card["toWxid"], "sha256": digest}
