"""How times, ids and texts from elsewhere, which may hold anything, are said in reports and summaries."""

import functools
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# looked up: to format a number takes four times as long, and a report has two times for each message
_SECONDS = [f":{number:02}" for number in range(60)]
_MILLISECONDS = [f".{number:03}Z" for number in range(1000)]


def timestamp(milliseconds: int) -> str:
    """UTC epoch milliseconds as ISO 8601: `2026-12-01T01:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return _to_the_minute(minutes) + _SECONDS[second] + _MILLISECONDS[rest]


@functools.lru_cache(1024)
def _to_the_minute(minutes: int) -> str:
    return (_EPOCH + timedelta(minutes=minutes)).isoformat(timespec="minutes").removesuffix("+00:00")


def minute(milliseconds: int) -> str:
    """UTC epoch milliseconds as a reader wants them: `2026-12-01 01:00 UTC`."""
    return f"{_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M} UTC"


def short(to_wxid: str) -> str:
    """Enough of an id to recognise it beside its list, and not enough to write to."""
    return to_wxid if len(to_wxid) <= 6 else f"{to_wxid[:3]}…{to_wxid[-3:]}"


def line(text: str, limit: int = 200) -> str:
    """A text as one line of printable characters, at most `limit` of them.

    Line breaks, control characters, terminal escapes and marks that turn the direction of writing become spaces.
    """
    # Blanks shrink below; what lies far behind the limit is never looked at.
    head = text[: limit * 4]
    shown = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    return shown if len(shown) <= limit and len(head) == len(text) else shown[: limit - 1] + "…"


def short_id(wxid: str) -> str:
    """An id as a summary may show it: enough to tell two apart, too little to find the person."""
    shown = line(wxid)
    return f"{shown[:6]}…{shown[-2:]}" if len(shown) > 10 else f"{shown[:2]}…"


def number(count: int, noun: str) -> str:
    """`1 message`, `2,000 messages`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def code(text: str, limit: int = 200) -> str:
    """A text from elsewhere as a code span: no markup, HTML, link or mention in it comes alive.

    Longer than any of its own runs of backticks, the fence cannot be closed from inside.
    """
    shown = line(text, limit)
    if not shown:
        return "(no text)"
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(header: Iterable[str], rows: Iterable[Iterable[str]], align: str = "--:") -> Iterator[str]:
    """The lines of a Markdown table, its columns to the right unless told.

    Its cells are Markdown already, from `cell` where they hold foreign text.
    """
    names = list(header)
    yield f"| {' | '.join(names)} |"
    yield "|" + f" {align} |" * len(names)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def cell(text: str) -> str:
    """A text from elsewhere as a code span within a table."""
    # A table looks for its bars before it looks for code, and there is no escape that every reader takes.
    return code(text.replace("|", "¦"))
