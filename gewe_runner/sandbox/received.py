"""What a sandbox took in: the other side's account, by which "at most once" can be checked."""

import hashlib
import json
from collections import Counter, deque
from typing import Any

from aiohttp import web

#: How many requests are remembered one by one; the counts cover all of them.
KEPT = 2_000


class Received:
    """The requests so far, in memory that grows with the recipients only."""

    def __init__(self) -> None:
        self._requests = 0
        self._delivered = 0
        self._accepted: Counter[str] = Counter()
        self._bodies: deque[dict[str, str]] = deque(maxlen=KEPT)

    def asked(self) -> None:
        """Count a request, good or bad."""
        self._requests += 1

    def remember(self, card: dict[str, str]) -> None:
        """Keep a well-formed request's body: its ids, and the hash that a plan and a report show for it."""
        payload = {key: value for key, value in card.items() if key != "appId"}
        canonical = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
        self._bodies.append({"appId": card["appId"], "toWxid": card["toWxid"], "sha256": digest})

    def accept(self, to_wxid: str) -> int:
        """Count a message as one that a phone may have got; returns how many there are by now."""
        self._accepted[to_wxid] += 1
        self._delivered += 1
        return self._delivered

    def tree(self, *, bodies: bool) -> dict[str, Any]:
        """`{"accepted": {wxid: n}, "requests": n}`, with `"bodies": [{appId, toWxid, sha256}]` if asked for."""
        counts: dict[str, Any] = {"accepted": self._accepted, "requests": self._requests}
        return counts | {"bodies": list(self._bodies)} if bodies else counts


RECEIVED = web.AppKey("received", Received)
