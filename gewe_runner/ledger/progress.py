"""How far the runs are, lane by lane: what `status --watch` looks at from any terminal or host."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func, select

from gewe_runner.ledger import counts
from gewe_runner.ledger.tables import attempt, lane, run

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
    number = connection.execute(select(run.c.n).where(run.c.id == run_id)).scalar_one()
    found: dict[str, dict[str, int]] = {}
    for (state, device), count in counts.standing(connection, number).items():
        found.setdefault(device, {})[state] = count
    return [_lane(connection, device, found[device], now) for device in sorted(found)]


def _lane(connection: sqlalchemy.Connection, device: str, states: Mapping[str, int], now: int) -> LaneProgress:
    known = connection.execute(select(lane).where(lane.c.device == device)).one_or_none()
    recent = select(func.count()).where(attempt.c.device == device, attempt.c.started_at > now - _MINUTE)
    return LaneProgress(
        device=device,
        counts=states,
        holder=known.holder if known else None,
        heartbeat_at=known.heartbeat_at if known else 0,
        next_at=known.next_at if known else 0,
        resting_until=known.resting_until if known else 0,
        last_minute=connection.execute(recent).scalar_one(),
    )
