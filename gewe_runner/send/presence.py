"""What an answer to checkOnline means for a lane: only a clear no keeps it from sending. Pure, no clock."""

import enum
from dataclasses import dataclass

from gewe_runner.send import policy
from gewe_runner.wire.said import Said, Silence


class Online(enum.StrEnum):
    """What is known of a device."""

    #: Users of the API report it to be true while messages fail as the device is offline: it proves nothing.
    SAID = "said"
    #: No report has this wrong.
    NO = "no"
    #: The question failed, which says nothing of the device.
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """What an answer says."""

    online: Online
    #: Why it is not clear; the gateway's own text, or what the network did.
    text: str = ""

    @property
    def stops(self) -> str:
        """Why the device's lane may not begin; empty: nothing speaks against it."""
        return f"{policy.OFFLINE}: checkOnline says that it is not online" if self.online is Online.NO else ""


def judge(answer: Said | Silence) -> Presence:
    """Decide what an answer to checkOnline means."""
    match answer:
        case Said(ret=200, data=bool(online)):
            return Presence(online=Online.SAID if online else Online.NO)
        case Said(ret=200):
            return Presence(online=Online.UNCLEAR, text="checkOnline answers neither true nor false")
        case Said(ret=ret, text=text):
            return Presence(online=Online.UNCLEAR, text=text or f"ret {ret}")
        case Silence(text=text):
            return Presence(online=Online.UNCLEAR, text=text)
