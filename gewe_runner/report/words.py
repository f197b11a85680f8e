"""How reports say times, ids and texts from elsewhere, which may hold anything."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(milliseconds: int | None) -> str | None:
    """UTC epoch milliseconds as ISO 8601: `2026-12-01T01:00:00.000Z`."""
    if milliseconds is None:
        return None
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute(milliseconds: int) -> str:
    """UTC epoch milliseconds as a reader wants them: `2026-12-01 01:00 UTC`."""
    return f"{_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M} UTC"


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
