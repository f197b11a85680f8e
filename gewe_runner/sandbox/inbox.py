"""What the phones would show: the last messages with their answers, for the inbox page."""

import json
import time
from collections import deque
from pathlib import Path
from typing import Any

from aiohttp import web

from gewe_runner.cards import frame

#: Messages that the page can show; the counts of `received` cover all of them.
KEPT = 500

#: Characters of an answer that are kept.
_ANSWER = 4_000

_FRAME = Path(__file__).parent / "inbox.html"


def page() -> str:
    """The page; its messages it asks for itself."""
    return "".join(frame.halves(_FRAME))


class Inbox:
    """The last messages, the oldest first; each has a number that only grows."""

    def __init__(self) -> None:
        self._last = 0
        self._messages: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def begin(self, card: dict[str, str], *, accepted: bool) -> dict[str, Any]:
        """Note a message that came in; its answer is noted in what is given back."""
        message = {
            "number": self._number(),
            "at": time.time_ns() // 1_000_000,
            "request": dict(card),
            "accepted": accepted,
            "status": None,
            "answer": "",
        }
        self._messages.append(message)
        return message

    def answered(self, message: dict[str, Any], response: web.StreamResponse) -> None:
        """Note the answer, as far as it is a whole one; it gets a new number, so that the page asks for it again."""
        message["status"] = response.status
        body = response.body if isinstance(response, web.Response) else None
        message["answer"] = body[:_ANSWER].decode("utf-8", "replace") if isinstance(body, bytes) else ""
        message["changed"] = self._number()

    def after(self, number: int) -> str:
        """The messages that are new or changed since that number, and the number of the oldest kept, as JSON."""
        found = [one for one in self._messages if max(one["number"], one.get("changed", 0)) > number]
        oldest = self._messages[0]["number"] if self._messages else self._last + 1
        return json.dumps({"oldest": oldest, "messages": found})

    def empty(self) -> None:
        self._messages.clear()

    def _number(self) -> int:
        self._last += 1
        return self._last
