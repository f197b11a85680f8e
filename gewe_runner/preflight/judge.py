"""What is wrong with a cover that was looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from gewe_runner.model import CoverLimits
from gewe_runner.preflight import images
from gewe_runner.rules import Rule, cards, covers

#: The rule that is broken and the message, to be read behind "the cover https://…: ".
Finding = tuple[Rule, str]

#: Width by height, and how far a cover may be from it.
RATIO, TOLERANCE = 5 / 4, 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was seen of a cover."""

    #: As `images.kind` tells it.
    kind: str
    #: In bytes; a lower bound where it is not `complete`.
    length: int
    complete: bool = True
    #: In pixels; 0: not known.
    width: int = 0
    height: int = 0


def judge(look: Look, limits: CoverLimits) -> Iterator[Finding]:
    """What is wrong with a cover that came."""
    if look.kind not in (images.PNG, images.JPEG):
        yield covers.COVER_TYPE, f"it is {look.kind or 'nothing known'}, not PNG or JPEG; save it as one of these"
        return
    size = f"{'' if look.complete else 'more than '}{look.length / 1024:,.0f} KB"
    if look.length > limits.max_kb * 1024:
        yield covers.COVER_TOO_BIG, f"it has {size}, and at most {limits.max_kb:g} KB are allowed; save it smaller"
    elif limits.warn_kb is not None and look.length > limits.warn_kb * 1024:
        yield covers.COVER_LARGE, f"it has {size}, and at most {limits.warn_kb:g} KB are advised; save it smaller"
    if look.width:
        if abs(look.width / look.height / RATIO - 1) > TOLERANCE:
            shape = f"{look.width:,} x {look.height:,} pixels"
            yield covers.COVER_RATIO, f"it has {shape}, which are not 5 to 4; draw it as 720 x 576"
    elif look.complete and look.length <= limits.max_kb * 1024:
        yield covers.COVER_TYPE, f"it begins like a {look.kind} and holds no picture; save it again"


def expired(url: str, now: int) -> Iterator[Finding]:
    """Whether the signature of an address is over.

    Args:
        now: UTC epoch milliseconds.
    """
    expiry = cards.cover_expiry(url)
    if expiry is not None and expiry.timestamp() * 1000 <= now:
        yield covers.COVER_EXPIRED, f"its signature ended {expiry.astimezone(UTC):%Y-%m-%d %H:%M} UTC; sign it anew"
