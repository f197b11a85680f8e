"""How a value that is no text becomes one: the same for workbooks, databases and lines of JSON."""

import datetime
import decimal
import math
import uuid

#: Digits that a binary floating-point number holds of every decimal one.
_DIGITS = 15
#: Up to here such a number holds every integer.
_EXACT = 2**53


class ValueFault(Exception):  # noqa: N818 - a fault of the list, not of the program
    """Why a value cannot be text, and what to do about it."""


def text(value: object) -> str:
    """The one way in which values become text.

    Nothing (null) is empty; true and false are `true` and `false`. Numbers are written out, never as 1.4E+10: integers
    with all their digits and without `.0`, decimals as they are declared, floating-point numbers with the 15 digits
    that they hold. Dates and times are `2026-12-01`, `09:30:00`, `2026-12-01 09:30:00`, a moment of a known time zone
    in UTC: `2026-12-01 01:30:00+00:00`; durations are hours, minutes and seconds: `26:30:00`.

    Raises:
        ValueFault: it is of another kind, or no number at all.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | uuid.UUID):
        return str(value)
    if isinstance(value, float | decimal.Decimal):
        return _number(value)
    if isinstance(value, datetime.datetime):
        known = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        return known.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    raise ValueFault(f"a value of the kind {type(value).__name__} is no text")


def _number(value: float | decimal.Decimal) -> str:
    if not math.isfinite(value):
        raise ValueFault(f"{value} is no number")
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{decimal.Decimal(f'{value:.{_DIGITS}g}'):f}"


def _duration(value: datetime.timedelta) -> str:
    seconds = abs(value) // datetime.timedelta(seconds=1)
    sign = "-" if value < datetime.timedelta() else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
