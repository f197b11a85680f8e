"""The transactions of a worker's slice: what its lane has to do, intent and outcome, and handing the lane over."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import text

from gewe_runner.exchange import Claim, Intent, Mark, NoIntent, Outcome, Part, Want
from gewe_runner.ledger import connect, holder, jobs, lanes, parts, raw
from gewe_runner.ledger.parts import GOES_ON, LIMIT
from gewe_runner.model import State

#: The longest time after which a lane that waits is looked at again (milliseconds): paces and windows may change.
LONGEST_WAIT = 15 * 60_000

#: Says by a wave's outcomes, and the bad ones among them, why its run must stop; empty: it need not.
Judge = Callable[[int, int], str]

_PARTS = text(
    f"SELECT run.n, run.id, {LIMIT} AS last, run.opens_at FROM part JOIN run ON run.n = part.run_n "  # noqa: S608
    f"WHERE part.device = :device AND run.profile = :profile AND {GOES_ON} AND part.stopped = '' "
    "AND part.done <= run.wave ORDER BY run.priority DESC, run.n"
)

_MARKED = (
    "stopped = :stopped, failures_in_a_row = :failures, unsent_in_a_row = :unsent, withdrawn_in_a_row = :withdrawn "
    "WHERE device = :device AND epoch = :epoch"
)

_MARK = text(f"UPDATE lane SET {_MARKED}")  # noqa: S608

_COUNT = text(
    "UPDATE part SET outcomes = CASE WHEN part.wave = run.wave THEN outcomes ELSE 0 END + 1, "
    "  bad = CASE WHEN part.wave = run.wave THEN bad ELSE 0 END + :bad, wave = run.wave "
    "FROM run WHERE run.n = part.run_n AND run.id = :run AND part.device = :device"
)

_SUMS = text(
    "SELECT run.n, coalesce(sum(part.outcomes), 0) AS outcomes, coalesce(sum(part.bad), 0) AS bad "
    "FROM run JOIN part ON part.run_n = run.n AND part.wave = run.wave WHERE run.id = :run GROUP BY run.n"
)

_HEARTBEAT = text("UPDATE lane SET heartbeat_at = :now WHERE device = ANY(:devices) AND holder = :holder")

_HAND_OVER = text("UPDATE lane SET holder = NULL WHERE device = :device AND epoch = :epoch RETURNING next_at")

_DONE = text(
    f"UPDATE part SET done = run.wave + 1 FROM run WHERE run.n = part.run_n AND {GOES_ON} "  # noqa: S608
    "AND part.device = :device AND part.done <= run.wave AND NOT EXISTS (SELECT 1 FROM message "
    "  WHERE message.run_n = part.run_n AND message.device = part.device AND message.state = 'pending' "
    f"  AND message.seq <= {LIMIT}) RETURNING part.run_n"
)

_CLOSE = text(
    "UPDATE part SET stopped = :reason FROM run WHERE run.n = part.run_n AND run.id = :run "
    "AND part.device = :device RETURNING part.run_n"
)

_NUMBERS = text(
    f"SELECT run.n FROM part JOIN run ON run.n = part.run_n WHERE part.device = :device AND {GOES_ON}"  # noqa: S608
)

# Each a whole transaction in one statement: what it costs to ask and to be answered is more than the work itself. All
# parts of a statement see the same moment, so that each says by itself in which order: the lane's row goes first.
_INTENT = text(
    "WITH own AS (UPDATE lane SET next_at = :next_at "  # noqa: S608
    "  WHERE device = :device AND epoch = :epoch AND holder IS NOT NULL RETURNING 1), "
    "next AS (SELECT id FROM message WHERE EXISTS (SELECT 1 FROM own) AND run_n = (SELECT n FROM run "
    f"    WHERE id = :run AND {GOES_ON}) AND {lanes.NEXT} {lanes.LOCKED}), "
    f"begun AS ({lanes.BEGIN} FROM next WHERE message.id = next.id RETURNING message.id, seq, to_wxid, payload), "
    "noted AS (INSERT INTO attempt (message_id, device, app_id, epoch, holder, started_at) "
    "  SELECT id, :device, :app_id, :epoch, :holder, :now FROM begun RETURNING id) "
    "SELECT begun.id, noted.id, seq, to_wxid, payload FROM own LEFT JOIN begun ON TRUE LEFT JOIN noted ON TRUE"
)

_OUTCOME = text(
    "WITH own AS (UPDATE lane SET next_at = :next_at, resting_until = greatest(resting_until, :rest), "  # noqa: S608
    f"  {_MARKED} RETURNING 1), "
    f"told AS ({lanes.OUTCOME} AND (SELECT count(*) FROM own) >= 0) "
    f"{lanes.OUTCOME_ATTEMPT} AND (SELECT count(*) FROM own) >= 0"
)

_IS_OPEN = text(f"SELECT 1 FROM run WHERE id = :run AND {GOES_ON}")  # noqa: S608


class Slices(lanes.Lanes):
    """The lanes of one ledger as a worker sees them; its threads may share it.

    Args:
        silent: A holder that was not heard of for so long is gone, even if its process can be seen: it may hang
            (milliseconds).
    """

    def __init__(self, ledger: connect.Ledger, profile: str, silent: int = holder.STALE) -> None:
        super().__init__(ledger)
        self._profile, self._silent = profile, silent
        self._parts, self._intent, self._outcome, self._is_open = (
            raw.sql(statement, ledger.engine) for statement in (_PARTS, _INTENT, _OUTCOME, _IS_OPEN)
        )

    def now(self) -> int:
        """UTC epoch milliseconds of the clock that all hosts share."""
        with self._ledger.reading() as connection:
            return self._clock(connection) or 0

    def parts(self, device: str) -> list[Part]:
        """What the device has to do, the run that goes first at the head."""
        with self._ledger.at_once() as cursor:
            rows = cursor.all(self._parts, {"device": device, "profile": self._profile})
        return [Part(run=run, limit=last, opens=opens) for _, run, last, opens in rows]

    def take(
        self, outcomes: Sequence[Outcome], wants: Sequence[Want], mark: Mark, judges: Mapping[str, Judge]
    ) -> list[Intent | NoIntent]:
        """As `step`, and note what gates and later slices have to know.

        Args:
            judges: For each run that a share of failures may stop.
        """
        if not any(outcome.intent.run in judges for outcome in outcomes):
            with self._ledger.at_once() as cursor:
                self._tell(cursor, outcomes, mark)
                return [self._begun(cursor, want) for want in wants]
        with self._ledger.writing() as connection, raw.cursor(connection) as cursor:
            self._tell(cursor, outcomes, mark)
            for outcome in outcomes:
                if judge := judges.get(outcome.intent.run):
                    _count(connection, outcome, judge)
            return [self._begun(cursor, want) for want in wants]

    def _tell(self, cursor: raw.Cursor, outcomes: Sequence[Outcome], mark: Mark) -> None:
        for outcome in outcomes:
            cursor.change(self._outcome, lanes.of_outcome(outcome) | _of_mark(mark))

    def _begun(self, cursor: raw.Cursor, want: Want) -> Intent | NoIntent:
        values = {"device": want.device, "app_id": want.app_id, "epoch": want.epoch, "holder": self._me}
        times = {"now": want.now, "next_at": want.next_at}
        found = cursor.one(self._intent, {**values, **times, "run": want.run, "limit": want.limit})
        if found is None:
            return NoIntent.FENCED
        if found[0] is None:
            return NoIntent.EMPTY if cursor.one(self._is_open, {"run": want.run}) else NoIntent.CLOSED
        return lanes.begun(want, *found)

    def stop(self, run: str, reason: str) -> None:
        """Say why the workers begin no more of a run."""
        with self._ledger.writing() as connection:
            number = connection.execute(text("SELECT n FROM run WHERE id = :run"), {"run": run}).scalar_one()
            parts.stop(connection, number, reason)

    def beat(self, devices: Iterable[str]) -> int:
        """Say that this process is alive and works on these lanes; the time of the clock that all hosts share."""
        with self._ledger.writing() as connection:
            now = self._clock(connection) or 0
            values = {"devices": sorted(devices), "holder": self._me, "now": now}
            connection.execute(_HEARTBEAT, values)
            return now

    def called(self, devices: Iterable[str]) -> list[str]:
        """Those of the lanes for which a job is due though they are worked on: something has come up for them."""
        with self._ledger.reading() as connection:
            return jobs.due(connection, self._profile, devices)

    def hand_over(self, claim: Claim, mark: Mark, closed: Mapping[str, str], due: int | None, now: int) -> bool:
        """Give the lane back, with a job for the next slice where there is something left to do: one transaction.

        Args:
            closed: Why the device begins nothing more for a run, by run.
            due: When the lane may go on; None: not that anybody knew.

        Returns:
            False where somebody else has the lane by now; then nothing of it is changed.
        """
        device = {"device": claim.device}
        with self._ledger.writing() as connection:
            if connection.execute(_HAND_OVER, device | {"epoch": claim.epoch}).first() is None:
                return False
            connection.execute(_MARK, _of_mark(mark))
            ended = set(connection.execute(_DONE, device).scalars())
            for run, reason in closed.items():
                ended |= set(connection.execute(_CLOSE, device | {"run": run, "reason": reason}).scalars())
            if mark.stopped:
                ended |= set(connection.execute(_NUMBERS, device).scalars())
            for number in sorted(ended):
                parts.settle(connection, number, now)
            left = connection.execute(_PARTS, device | {"profile": self._profile}).all()
            if left and due is not None and not mark.stopped:
                jobs.kick(connection, self._profile, [(claim.device, min(due, now + LONGEST_WAIT))])
        return True

    def come_back(self, device: str, at: int) -> None:
        """Let the lane be looked at again: somebody else has it, or it could not be worked on."""
        with self._ledger.writing() as connection:
            jobs.kick(connection, self._profile, [(device, at)])

    def _lives(self, owner: str, heartbeat_at: int, now: int) -> bool:
        return now - heartbeat_at < self._silent and holder.alive(owner, heartbeat_at, now)


def _count(connection: sqlalchemy.Connection, outcome: Outcome, judge: Judge) -> None:
    """Count an outcome for its run's gates, and stop the run where too many have failed."""
    if outcome.state is State.PENDING:
        return
    run = {"run": outcome.intent.run}
    bad = outcome.state is not State.SENT
    connection.execute(_COUNT, run | {"device": outcome.intent.device, "bad": int(bad)})
    sums = connection.execute(_SUMS, run).one_or_none()
    if sums is not None and (reason := judge(int(sums.outcomes), int(sums.bad))):
        parts.stop(connection, sums.n, reason)


def _of_mark(mark: Mark) -> dict[str, Any]:
    streaks = mark.streaks
    counts = {"failures": streaks.failures, "unsent": streaks.unsent, "withdrawn": streaks.withdrawn}
    return {"device": mark.device, "epoch": mark.epoch, "stopped": mark.stopped, **counts}
