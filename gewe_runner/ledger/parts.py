"""What the workers share of a run: its parts, its waves and why it stopped; PostgreSQL only.

Whatever changes a run's wave or its end holds the run's row, so of several lanes that are done at once the last
one sees it. Lanes are locked before parts, parts before runs: whoever holds a run waits for neither.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import select, text

from gewe_runner.ledger import jobs, runs
from gewe_runner.ledger.tables import run
from gewe_runner.model import Engine, RunState

#: Reasons that are told of a run that stopped; a fleet can have thousands.
_TOLD = 20

#: A run that the workers are to go on with.
GOES_ON = "run.state = 'open' AND run.engine = 'procrastinate' AND run.stopped = ''"

#: The last `seq` of the run's current wave.
LIMIT = "CAST(CAST(run.waves AS json) ->> run.wave AS BIGINT)"

_HAND = text(
    "UPDATE run SET engine = 'procrastinate', stopped = '', waves = :waves, wave = 0, opens_at = :opens, "
    "wave_wait = :wait, priority = :priority WHERE id = :run"
)

# What stopped a lane or a part, and what its gates have counted, is forgotten: somebody wants it to go on.
_FREE = text(
    "UPDATE lane SET stopped = '', failures_in_a_row = 0, unsent_in_a_row = 0, withdrawn_in_a_row = 0 "
    "WHERE device IN (SELECT device FROM message WHERE run_n = :n AND state IN ('pending', 'sending'))"
)

_OPEN_PARTS = text(
    "INSERT INTO part (run_n, device) SELECT DISTINCT run_n, device FROM message "
    "WHERE run_n = :n AND state IN ('pending', 'sending') "
    "ON CONFLICT (run_n, device) DO UPDATE SET stopped = '', done = 0, wave = 0, outcomes = 0, bad = 0"
)

_ONLY_WITH_WORK = text(
    "DELETE FROM part WHERE run_n = :n AND NOT EXISTS (SELECT 1 FROM message WHERE message.run_n = part.run_n "
    "AND message.device = part.device AND message.state IN ('pending', 'sending'))"
)

_DUES = text(
    "SELECT part.device, greatest(coalesce(lane.next_at, 0), run.opens_at) AS at FROM part "
    "JOIN run ON run.n = part.run_n LEFT JOIN lane ON lane.device = part.device "
    "WHERE part.run_n = :n AND part.done <= run.wave AND part.stopped = '' AND coalesce(lane.stopped, '') = ''"
)

_LOCKED = text(f"SELECT run.*, {LIMIT} AS last FROM run WHERE n = :n AND {GOES_ON} FOR UPDATE")  # noqa: S608

# Parts that still have to say that they are done with the wave, those that never will set apart.
_LEFT = text(
    "SELECT part.device, coalesce(nullif(part.stopped, ''), lane.stopped, '') AS why FROM part "
    "LEFT JOIN lane ON lane.device = part.device WHERE part.run_n = :n AND part.done <= :wave "
    "ORDER BY coalesce(nullif(part.stopped, ''), lane.stopped, '') <> '', part.device LIMIT :told"
)

# A part that somebody works on is passed over: its lane says so itself. Who holds a run must not wait for parts, since
# their owners may be waiting for the run.
_NOTHING_IN_WAVE = text(
    "UPDATE part SET done = :wave + 1 WHERE id IN (SELECT id FROM part WHERE run_n = :n AND done <= :wave "
    "AND NOT EXISTS (SELECT 1 FROM message WHERE message.run_n = part.run_n AND message.device = part.device "
    "  AND message.state = 'pending' AND message.seq <= :last) FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How the workers shall carry a run out."""

    #: The last `seq` of each wave that is not over, and when the first of them may begin (UTC epoch milliseconds).
    waves: Sequence[int]
    opens: int = 0
    #: The pause between two waves, in milliseconds.
    wait: int = 0
    #: Where runs share a device, the one with the highest goes first.
    priority: int = 0


def hand(connection: sqlalchemy.Connection, run_id: str, terms: Terms) -> int:
    """Give a run to the workers, with all gates anew; how many lanes have something to do for it."""
    number = connection.execute(select(run.c.n).where(run.c.id == run_id)).scalar_one()
    own = {"n": number}
    connection.execute(_FREE, own)
    connection.execute(_OPEN_PARTS, own)
    connection.execute(_ONLY_WITH_WORK, own)
    values = {"run": run_id, "waves": json.dumps(list(terms.waves)), "opens": terms.opens, "wait": terms.wait}
    connection.execute(_HAND, values | {"priority": terms.priority})
    connection.exec_driver_sql("ANALYZE part")
    return _kick(connection, number)


def take_back(connection: sqlalchemy.Connection, run_id: str) -> None:
    """The process that sends the run carries it out itself; workers begin no more of it."""
    own = (run.c.id == run_id) & (run.c.engine != Engine.LOCAL)
    connection.execute(run.update().where(own).values(engine=Engine.LOCAL))


def again(connection: sqlalchemy.Connection, run_id: str) -> bool:
    """Let a run of the workers that was paused or has stopped go on where it was; False for a run of no worker."""
    own = select(run.c.n).where(run.c.id == run_id, run.c.engine == Engine.PROCRASTINATE)
    number = connection.execute(own.where(run.c.state == RunState.OPEN)).scalar_one_or_none()
    if number is None:
        return False
    connection.execute(_FREE, {"n": number})
    connection.execute(text("UPDATE part SET stopped = '', outcomes = 0, bad = 0 WHERE run_n = :n"), {"n": number})
    connection.execute(run.update().where(run.c.n == number).values(stopped=""))
    _kick(connection, number)
    return True


def stop(connection: sqlalchemy.Connection, number: int, reason: str) -> None:
    """Say why the workers begin no more of a run; the first reason stands."""
    statement = text("UPDATE run SET stopped = :reason WHERE n = :n AND stopped = '' AND state = 'open'")
    connection.execute(statement, {"n": number, "reason": reason})


def settle(connection: sqlalchemy.Connection, number: int, now: int) -> None:
    """See whether a run's wave is over, or the run is, or nothing of it can go on: called when a part has ended.

    A device whose lane has stopped never says that it is done: what it left undone holds the next wave back.
    """
    while (row := connection.execute(_LOCKED, {"n": number}).one_or_none()) is not None:
        connection.execute(_NOTHING_IN_WAVE, {"n": number, "wave": row.wave, "last": row.last})
        left = connection.execute(_LEFT, {"n": number, "wave": row.wave, "told": _TOLD}).all()
        if any(not one.why for one in left):
            return
        if left:
            stop(connection, number, "; ".join(f"{one.device}: {one.why}" for one in left))
            return
        if not _next_wave(connection, row, now):
            return


def _next_wave(connection: sqlalchemy.Connection, row: Any, now: int) -> bool:
    """Open the run's next wave, or finish the run; whether there may be more to settle."""
    waves = json.loads(row.waves)
    if row.wave + 1 >= len(waves):
        runs.finish(connection, row.id, now=now, stopped="")
        over = text("DELETE FROM part USING run WHERE run.n = part.run_n AND run.n = :n AND run.state <> 'open'")
        connection.execute(over, {"n": row.n})
        return False
    values = {"n": row.n, "wave": row.wave + 1, "opens": now + row.wave_wait}
    connection.execute(text("UPDATE run SET wave = :wave, opens_at = :opens WHERE n = :n"), values)
    connection.execute(_NOTHING_IN_WAVE, {"n": row.n, "wave": row.wave + 1, "last": waves[row.wave + 1]})
    return _kick(connection, row.n) == 0


def _kick(connection: sqlalchemy.Connection, number: int) -> int:
    """Kick every lane that has something to do for the run."""
    profile = connection.execute(select(run.c.profile).where(run.c.n == number)).scalar_one()
    dues = connection.execute(_DUES, {"n": number})
    return jobs.kick(connection, profile, ((row.device, row.at) for row in dues))
