"""One request: it leaves when it is due, unless its intent has become too old meanwhile."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gewe_runner.exchange import Intent
from gewe_runner.send.answers import Answer

#: An intent that is older than this when its request could leave is not sent: somebody may have taken the lane over
#: while this process was frozen, or while the ledger was (seconds).
STALE_INTENT = 1.5

#: A message is made `sending` so long before its lane is due, so that its request leaves in time (milliseconds): what
#: a lane starts late it never makes up for.
AHEAD = 25

# Goes on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Gateway(Protocol):
    """What an engine needs of the gateway's client; `post` never raises, and says when the request leaves."""

    def post(self, body: bytes, leaves: Callable[[], None]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is `sending`, and when its request leaves."""

    intent: Intent
    due: int
    #: What `asked` gave before the ledger was asked for it.
    asked: float

    def is_fresh(self) -> bool:
        return asked() - self.asked <= STALE_INTENT


@dataclass(frozen=True, slots=True)
class Answered:
    intent: Intent
    answer: Answer
    started: int
    ended: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A request that was not let go."""

    intent: Intent


def asked() -> float:
    """The moment at which the ledger is asked for an intent, by a clock of this machine that nobody sets."""
    return time.clock_gettime(_CLOCK)


def carry(letter: Letter, gateway: Gateway, app_ids: Mapping[str, str], now: Callable[[], int]) -> Answered | Withdrawn:
    """Wait until it is due, send it, and wait for the answer."""
    intent = letter.intent
    sent = body(app_ids[intent.device], intent.payload)
    while (early := letter.due - now()) > 0 and letter.is_fresh():
        time.sleep(min(early, AHEAD) / 1000)
    if not letter.is_fresh():
        return Withdrawn(intent)
    started = now()

    def leaves() -> None:
        # by the pace it is the request that starts, and before it a connection may have to be made
        nonlocal started
        started = now()

    answer = gateway.post(sent, leaves)
    return Answered(intent, answer, started, now())


def body(app_id: str, payload: str) -> bytes:
    """The request's body: the frozen payload with the appId put in, canonical like the payload itself."""
    return f'{{"appId":{json.dumps(app_id, ensure_ascii=False)},{payload[1:]}'.encode()
