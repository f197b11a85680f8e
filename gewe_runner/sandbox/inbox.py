"""What the phones would show: the last messages with their answers, for the inbox page."""

import itertools
import json
import time
from collections import deque
from pathlib import Path
from typing import Any

from aiohttp import web

#: Messages that the page can show; the counts of `received` cover all of them.
KEPT = 500

#: Characters of an answer that are kept.
_ANSWER = 4_000

PAGE = Path(__file__).parent / "inbox.html"


class Inbox:
    """The last messages, the oldest first; each has a number that only grows."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._messages: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def begin(self, card: dict[str, str], *, accepted: bool) -> dict[str, Any]:
        """Note a message that came in; its answer is noted in what is given back."""
        message = {
            "number": next(self._numbers),
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
        message["changed"] = next(self._numbers)

    def after(self, number: int) -> str:
        """The messages that are new or changed since that number, as JSON."""
        found = [one for one in self._messages if max(one["number"], one.get("changed", 0)) > number]
        return json.dumps(found)

    def empty(self) -> None:
        self._messages.clear()
