"""When may a device send next, and when will it be done: pure arithmetic over a clock that is handed in.

Times are UTC epoch milliseconds, durations milliseconds. The same rules serve the governor of a lane and
the forecast of a plan.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gewe_runner.model import Pace

MINUTE = 60_000
HALF_HOUR = 30 * MINUTE

#: A message that nothing will ever let through.
NEVER = 2**62

#: How long the gateway is taken to need for one card where nothing was measured yet.
ASSUMED_LATENCY = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What the ledger knows of a device's attempts; None and 0 on a device that never sent."""

    last_start: int | None = None
    #: End of the last request, with the random gap drawn after it added.
    rested_at: int = 0
    #: Attempts since the start of the day (in the pace's time zone) that `counted_at` lies in.
    today: int = 0
    counted_at: int = 0


def interval(pace: Pace) -> int:
    """The least time between two starts."""
    per_minute = MINUTE / pace.per_minute if pace.per_minute else 0
    per_half_hour = HALF_HOUR / pace.per_half_hour if pace.per_half_hour else 0
    return math.ceil(max(per_minute, per_half_hour))


def day_start(pace: Pace, at: int) -> int:
    """The midnight, in the pace's time zone, that began the day of `at`."""
    return _midnight(pace.timezone, at // MINUTE)


@functools.lru_cache(maxsize=4096)
def _midnight(timezone: str, minute: int) -> int:
    """By the minute, since every message asks: zones change their clocks on whole minutes."""
    local = datetime.fromtimestamp(minute * 60, tz=ZoneInfo(timezone))
    return _epoch(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))


def next_start(pace: Pace, usage: Usage, now: int) -> int:
    """The earliest time, not before `now`, at which the device may start a request; `NEVER` for a budget of 0."""
    at = max(now, usage.rested_at)
    if usage.last_start is not None:
        at = max(at, usage.last_start + interval(pace))
    return _open(pace, usage, at)


def finish(pace: Pace, usage: Usage, now: int, messages: int, latency: int = ASSUMED_LATENCY) -> int:
    """When the last of `messages` will probably have been answered.

    Goes from one open stretch (a day without its quiet hours) to the next, so that a million messages
    cost no more than the days they take.
    """
    step = _mean_step(pace, latency)
    at = next_start(pace, usage, now)
    if not messages or at >= NEVER:
        return now if not messages else NEVER
    left, today = messages, _used(pace, usage, at)
    while True:
        until, new_day = _stretch_end(pace, at)
        room = left if step == 0 else min(left, math.ceil((until - at) / step))
        if pace.per_day is not None:
            room = min(room, pace.per_day - today)
        left, today = left - room, today + room
        if not left:
            return at + round((room - 1) * step) + latency
        at = _open(pace, Usage(), max(new_day if today == pace.per_day else until, round(at + room * step)))
        if at >= new_day:
            today = 0


def _mean_step(pace: Pace, latency: int) -> float:
    """The mean time between two starts: the interval, or the request with its random gap where that is longer."""
    low, high = (1000 * seconds for seconds in pace.gap_seconds or (0, 0))
    least = interval(pace)
    shortest, longest = latency + low, latency + high
    if least <= shortest:
        return (shortest + longest) / 2 if pace.gap_seconds or least else 0
    if least >= longest:
        return least
    share = (longest - least) / (longest - shortest)
    return least * (1 - share) + (least + longest) / 2 * share


def _open(pace: Pace, usage: Usage, at: int) -> int:
    """The first moment from `at` on that is neither in quiet hours nor on a day whose budget is spent."""
    if pace.per_day == 0:
        return NEVER
    while True:
        moved = _after_quiet(pace, at)
        if pace.per_day is not None and _used(pace, usage, moved) >= pace.per_day:
            moved = _next_day(pace, moved)
        if moved == at:
            return at
        at = moved


def _used(pace: Pace, usage: Usage, at: int) -> int:
    return usage.today if day_start(pace, at) == day_start(pace, usage.counted_at) else 0


def _after_quiet(pace: Pace, at: int) -> int:
    """`at`, or the end of the quiet hours that it lies in."""
    if pace.quiet_hours is None:
        return at
    start, end = pace.quiet_hours
    local = _local(pace, at)
    minute = local.hour * 60 + local.minute
    if start <= end:
        quiet, tomorrow = start <= minute < end, False
    else:
        quiet, tomorrow = minute >= start or minute < end, minute >= start
    return _at_minute(local, end, tomorrow) if quiet else at


def _stretch_end(pace: Pace, at: int) -> tuple[int, int]:
    """When the open stretch that `at` lies in ends, and the midnight after it."""
    new_day = _next_day(pace, at)
    if pace.quiet_hours is None:
        return (new_day if pace.per_day is not None else NEVER), new_day
    local = _local(pace, at)
    quiet = _at_minute(local, pace.quiet_hours[0], tomorrow=False)
    if quiet <= at:
        quiet = _at_minute(local, pace.quiet_hours[0], tomorrow=True)
    return (min(quiet, new_day) if pace.per_day is not None else quiet), new_day


def _next_day(pace: Pace, at: int) -> int:
    return _at_minute(_local(pace, at), 0, tomorrow=True)


def _at_minute(local: datetime, minute: int, tomorrow: bool) -> int:
    """The wall-clock minute of the day of `local`, or of the day after; clock changes are the zone's business."""
    day = local.date() + timedelta(days=1 if tomorrow else 0)
    hour, minute = divmod(minute, 60)
    return _epoch(datetime(day.year, day.month, day.day, hour, minute, tzinfo=local.tzinfo))


def _local(pace: Pace, at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, tz=ZoneInfo(pace.timezone))


def _epoch(local: datetime) -> int:
    return round(local.astimezone(UTC).timestamp() * 1000)


def tightened(pace: Pace, own: Mapping[str, Any]) -> Pace:
    """The pace with a campaign's own limits laid over it; that they are stricter was checked with the file."""
    return replace(pace, **own)


def wave_sizes(waves: Sequence[str], total: int) -> list[int]:
    """How many messages lie in the first, the first two, … waves; the last number is `total`.

    Args:
        waves: Counts (`20`) and percentages of the total (`10%`, rounded up), each of all messages so far.
    """
    sizes: list[int] = []
    for entry in (*waves, str(total)):
        part = math.ceil(total * float(entry[:-1]) / 100 - 1e-9) if entry.endswith("%") else int(entry)
        if min(part, total) > (sizes[-1] if sizes else 0):
            sizes.append(min(part, total))
    return sizes
