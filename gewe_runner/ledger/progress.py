"""How far the runs are, lane by lane: what `status --watch` looks at from any terminal or host."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func, select

from gewe_runner.ledger.tables import attempt, lane, message, run

_MINUTE = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneProgress:
    """One device of a run."""

    device: str
    #: Messages of the run by state.
    counts: Mapping[str, int]
    #: `host/pid/start time` of the process that owns the lane; None: nobody does.
    holder: str | None
    #: UTC epoch milliseconds; 0: never.
    heartbeat_at: int
    next_at: int
    resting_until: int
    #: Requests of the device in the last minute, over all runs.
    last_minute: int


def lanes(connection: sqlalchemy.Connection, run_id: str, now: int) -> list[LaneProgress]:
    """The run's lanes, by name."""
    rows = connection.execute(
        select(message.c.device, message.c.state, func.count().label("number"))
        .join(run, run.c.n == message.c.run_n)
        .where(run.c.id == run_id)
        .group_by(message.c.device, message.c.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row.device, {})[row.state] = row.number
    return [_lane(connection, device, counts[device], now) for device in sorted(counts)]


def _lane(connection: sqlalchemy.Connection, device: str, counts: Mapping[str, int], now: int) -> LaneProgress:
    known = connection.execute(select(lane).where(lane.c.device == device)).one_or_none()
    recent = select(func.count()).where(attempt.c.device == device, attempt.c.started_at > now - _MINUTE)
    return LaneProgress(
        device=device,
        counts=counts,
        holder=known.holder if known else None,
        heartbeat_at=known.heartbeat_at if known else 0,
        next_at=known.next_at if known else 0,
        resting_until=known.resting_until if known else 0,
        last_minute=connection.execute(recent).scalar_one(),
    )
