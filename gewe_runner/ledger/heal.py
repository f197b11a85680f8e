"""What the workers' housekeeping mends in the ledger: one at a time, whoever comes first; PostgreSQL only."""

from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import connect, jobs, parts
from gewe_runner.ledger.parts import GOES_ON, LIMIT

#: Any number, so long as every worker takes the same.
_LOCK = 0x67657768

# In flight under an epoch that is over, or with nobody who holds the lane: nobody knows whether it arrived.
_ORPHANS = text(
    "UPDATE message SET state = 'unknown', ended_at = :now, reason = 'the sender died while it was in flight' "
    "FROM lane WHERE lane.device = message.device AND message.state = 'sending' "
    "AND (message.epoch < lane.epoch OR lane.holder IS NULL) RETURNING message.id"
)

_ORPHAN_ATTEMPTS = text("UPDATE attempt SET outcome = 'unknown' WHERE message_id = ANY(:ids) AND outcome IS NULL")

_OVER = text("DELETE FROM part USING run WHERE run.n = part.run_n AND run.state NOT IN ('open', 'paused')")

# Cancelling a long list may have been cut short; the run's state says what was meant.
_CANCELLED = text(
    "UPDATE message SET state = 'cancelled', reason = 'by the user', ended_at = :now FROM run "
    "WHERE run.n = message.run_n AND run.state = 'cancelled' AND message.state = 'pending'"
)

# Messages that were opened again by a person, or whose part somebody deleted.
_MISSING = text(
    "INSERT INTO part (run_n, device, done) SELECT DISTINCT run.n, message.device, run.wave FROM run "  # noqa: S608
    f"JOIN message ON message.run_n = run.n AND message.state = 'pending' WHERE {GOES_ON} "
    "ON CONFLICT (run_n, device) DO NOTHING"
)

_REOPENED = text(
    f"UPDATE part SET done = run.wave FROM run WHERE run.n = part.run_n AND {GOES_ON} "  # noqa: S608
    "AND part.done > run.wave AND EXISTS (SELECT 1 FROM message WHERE message.run_n = part.run_n "
    f"  AND message.device = part.device AND message.state = 'pending' AND message.seq <= {LIMIT})"
)

# Lanes with something to do that nobody will come to: no job, or one that somebody put off.
_FORGOTTEN = text(
    "SELECT run.profile, part.device, "  # noqa: S608
    "  min(greatest(coalesce(lane.next_at, 0), run.opens_at)) AS at "
    "FROM part JOIN run ON run.n = part.run_n LEFT JOIN lane ON lane.device = part.device "
    "LEFT JOIN procrastinate_jobs job ON job.lock = run.profile || '/' || part.device "
    "  AND job.status IN ('todo', 'doing') AND (job.scheduled_at IS NULL "
    "  OR job.scheduled_at < now() + interval '20 minutes' OR job.status = 'doing') "
    f"WHERE {GOES_ON} AND part.done <= run.wave AND part.stopped = '' AND coalesce(lane.stopped, '') = '' "
    "AND job.id IS NULL GROUP BY run.profile, part.device"
)


# A part that could not make itself heard may have been the last one.
_TO_SETTLE = text(
    f"SELECT run.n FROM run WHERE {GOES_ON} AND NOT EXISTS (SELECT 1 FROM part "  # noqa: S608
    "LEFT JOIN lane ON lane.device = part.device WHERE part.run_n = run.n AND part.done <= run.wave "
    "AND part.stopped = '' AND coalesce(lane.stopped, '') = '')"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Healed:
    """What one round of housekeeping came upon."""

    #: Jobs taken from workers that are dead or silent, or know nothing of them.
    reaped: int = 0
    #: Lanes that nobody would have come to.
    kicked: int = 0
    #: Messages in flight whose sender is gone.
    orphans: int = 0


def heal(ledger: connect.Ledger, *, silent: float, reaps: bool, thorough: bool) -> Healed | None:
    """Do one round, unless somebody else is at it (None).

    Args:
        silent: Workers not heard of for so long are gone (seconds).
        reaps: False while heartbeats may be missing only since the database was away.
        thorough: Look also for what only people or a restored backup can have put out of order.
    """
    with ledger.writing() as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_LOCK})").scalar_one():
            return None
        now = ledger.database.now(connection) or 0
        reaped = jobs.reap(connection, silent, thorough=thorough) if reaps else 0
        if thorough:
            for statement in (_OVER, _CANCELLED, _MISSING, _REOPENED):
                connection.execute(statement, {"now": now} if statement is _CANCELLED else {})
        for number in connection.execute(_TO_SETTLE).scalars().all():
            parts.settle(connection, number, now)
        kicked = _kick(connection)
    return Healed(reaped=reaped, kicked=kicked, orphans=_orphans(ledger, now))


def _orphans(ledger: connect.Ledger, now: int) -> int:
    with ledger.writing() as connection:
        found = list(connection.execute(_ORPHANS, {"now": now}).scalars())
        if found:
            connection.execute(_ORPHAN_ATTEMPTS, {"ids": found})
    return len(found)


def _kick(connection: sqlalchemy.Connection) -> int:
    dues: dict[str, list[tuple[str, int]]] = {}
    for row in connection.execute(_FORGOTTEN):
        dues.setdefault(row.profile, []).append((row.device, row.at))
    return sum(jobs.kick(connection, profile, found) for profile, found in dues.items())
