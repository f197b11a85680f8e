"""What the sender and the ledger say to each other about lanes and requests: frozen data, like `model`."""

import enum
from dataclasses import dataclass

from gewe_runner.model import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Streaks:
    """What has gone wrong through a lane several times in a row."""

    #: Messages that were rejected or are unknown.
    failures: int = 0
    #: Requests that did not leave.
    unsent: int = 0
    #: Intents whose requests were held back.
    withdrawn: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A lane that this process now owns, and what its pace has to know."""

    device: str
    epoch: int
    #: When the last request of the device (or of its appId) was begun; None: never.
    last_start: int | None
    #: No request may start earlier: the gap after the last one, or the device's rest.
    rested_at: int
    #: Requests begun since the midnight that was asked for.
    today: int
    #: Messages that a dead owner left in flight and that are `unknown` now.
    orphans: int
    #: For the workers: why the lane begins nothing until a person lets it go on, and what may lead there.
    stopped: str = ""
    streaks: Streaks = Streaks()


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What a slice leaves to the next one of the lane."""

    device: str
    epoch: int
    streaks: Streaks
    #: Why the lane begins nothing more until a person lets it go on; empty while it does.
    stopped: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What a device has to do for one run that the workers carry out."""

    run: str
    #: The last `seq` that the run's wave lets through.
    limit: int
    #: When that wave may begin.
    opens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """A lane that may send now and asks for its next message."""

    device: str
    app_id: str
    epoch: int
    run: str
    #: The last `seq` that the run's wave lets through.
    limit: int
    now: int
    #: When the device may start again, if nothing else becomes known.
    next_at: int


class NoIntent(enum.Enum):
    """Why a want got no message."""

    #: The run has nothing pending for the device (within its wave).
    EMPTY = "empty"
    #: The run was paused, cancelled or superseded.
    CLOSED = "closed"
    #: The lane was taken over: this process may not send through the device any more.
    FENCED = "fenced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """A message that is `sending` in the ledger: its request may leave."""

    message_id: int
    attempt_id: int
    run: str
    seq: int
    to_wxid: str
    device: str
    epoch: int
    payload: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of an intent, as the ledger shall remember it."""

    intent: Intent
    #: What the message is now; `pending` where it may be tried again.
    state: State
    #: The request never left this machine, so it counts in no budget.
    unsent: bool = False
    reason: str = ""
    #: The gateway's own text, token masked.
    text: str = ""
    msg_id: str = ""
    new_msg_id: str = ""
    create_time: str = ""
    ended_at: int
    #: How long the request took, in milliseconds.
    took: int = 0
    #: When the device may start its next request.
    next_at: int
    #: When a device that sent too often may go on; 0: it does not rest.
    resting_until: int = 0
