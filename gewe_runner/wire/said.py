"""What came of a question: the API's envelope, or why none came."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Characters that are shown of what is not the API's answer.
_SHOWN = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The API answered."""

    ret: int
    #: As JSON has it; anything at all.
    data: Any
    #: The most telling text, cleaned: `data.msg`, else `msg`.
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """No answer of the API came."""

    #: In words, cleaned.
    text: str
    #: The HTTP status of what answered instead; None: nothing did.
    status: int | None = None
    #: False: the question never left.
    left: bool = True


def read(status: int, body: bytes, clean: Callable[[str], str]) -> Said | Silence:
    """Take the bytes of an HTTP answer for what they are; never raises, whatever they are."""
    text = body.decode("utf-8-sig", errors="replace")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        tree = None
    ret = tree.get("ret") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(ret, int) or isinstance(ret, bool):
        told = clean(re.sub(r"<[^<>]*>", " ", text)).strip() or "an empty answer"
        return Silence(status=status, text=f"HTTP {status}: {told[:_SHOWN]}")
    data = tree.get("data")
    inner = data.get("msg") if isinstance(data, dict) else None
    told = next((one for one in (inner, tree.get("msg")) if isinstance(one, str) and one), "")
    return Said(ret=ret, data=data, text=clean(told))
