"""What somebody who follows a run of the workers sees of it, and the figures that their alerts go by."""

from collections.abc import Sequence

import sqlalchemy
from sqlalchemy import func, select, text

from gewe_runner.exchange import Intent, Outcome
from gewe_runner.ledger import connect, jobs
from gewe_runner.ledger.tables import attempt, message, run
from gewe_runner.model import State

#: Attempts read at once.
_MANY = 5_000


class Follower:
    """Gives what became of the requests of some runs, from the moment on at which it is made."""

    def __init__(self, ledger: connect.Ledger, run_ids: Sequence[str]) -> None:
        self._ledger, self._runs = ledger, run_ids
        with ledger.reading() as connection:
            self._last: int = connection.execute(select(func.coalesce(func.max(attempt.c.id), 0))).scalar_one()
        self._seen: set[int] = set()

    def outcomes(self) -> list[Outcome]:
        """Those that were not given yet, in the order in which the requests were begun."""
        own = (
            select(attempt, run.c.id.label("run"), message.c.seq, message.c.to_wxid, message.c.reason)
            .join(message, message.c.id == attempt.c.message_id)
            .join(run, run.c.n == message.c.run_n)
            .where(attempt.c.id > self._last, attempt.c.outcome.is_not(None), run.c.id.in_(self._runs))
            .order_by(attempt.c.id)
            .limit(_MANY + len(self._seen))
        )
        open_ = select(func.min(attempt.c.id)).where(attempt.c.id > self._last, attempt.c.outcome.is_(None))
        with self._ledger.reading() as connection:
            rows = [row for row in connection.execute(own).all() if row.id not in self._seen]
            first_open = connection.execute(open_).scalar_one()
        self._seen |= {row.id for row in rows}
        if self._seen:
            self._last = min(max(self._seen), (first_open or max(self._seen) + 1) - 1)
            self._seen = {one for one in self._seen if one > self._last}
        return [_outcome(row) for row in rows]


def _outcome(row: sqlalchemy.Row[tuple[object, ...]]) -> Outcome:
    unsent = row.outcome == "unsent"
    ended = row.ended_at or row.started_at
    return Outcome(
        intent=Intent(
            message_id=row.message_id, attempt_id=row.id, run=row.run, seq=row.seq, to_wxid=row.to_wxid,
            device=row.device, epoch=row.epoch, payload="",
        ),
        state=State.PENDING if unsent else State(row.outcome),
        unsent=unsent,
        reason=row.reason,
        text="" if row.text == row.reason else row.text,
        ended_at=ended,
        took=ended - row.started_at,
        next_at=0,
    )  # fmt: skip


def workers(ledger: connect.Ledger) -> int:
    """How many workers are alive."""
    with ledger.reading() as connection:
        return jobs.status(connection).workers


def gauges(ledger: connect.Ledger) -> dict[str, tuple[str, float]]:
    """Name → (what it tells, value)."""
    with ledger.reading() as connection:
        found = jobs.status(connection)
        unknown = connection.execute(
            text(
                "SELECT count(*) FROM run JOIN message ON message.run_n = run.n AND message.state = 'unknown' "
                "WHERE run.engine = 'procrastinate'"
            )
        ).scalar_one()
        stopped = connection.execute(
            text("SELECT count(*) FROM run WHERE engine = 'procrastinate' AND state = 'open' AND stopped <> ''")
        ).scalar_one()
    return {
        "gewe_workers": ("Workers that were heard of within 30 s.", found.workers),
        "gewe_oldest_heartbeat_seconds": ("How long ago the most silent of them was heard of.", found.oldest_heartbeat),
        "gewe_lanes_waiting": ("Lanes that wait for their time.", found.waiting),
        "gewe_lanes_overdue": ("Lanes whose time has come and whom no worker has taken up.", found.overdue),
        "gewe_lanes_busy": ("Lanes that are worked on.", found.doing),
        "gewe_lateness_seconds": ("How late the latest lane is.", found.lateness),
        "gewe_unknown_messages": ("Messages of the workers' runs of which nobody knows what became.", unknown),
        "gewe_stopped_runs": ("Open runs that go on only when a person says so.", stopped),
    }
