"""The hot transactions of a lane: claim, intent, outcome, release; an epoch fences out former owners.

A lane belongs to one process at a time. `sending` is durable before the request leaves (`step` commits
before it returns), and only who claims a dead owner's lane turns what was in flight into `unknown`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Streaks, Want
from gewe_runner.ledger import connect, holder, raw

#: How far a clock may be off before nothing is sent (milliseconds).
CLOCK = 60_000

#: What time all hosts agree on, UTC epoch milliseconds; None: there is no such clock.
Clock = Callable[[sqlalchemy.Connection], int | None]

# The update that changes nothing locks the row: of several that claim at once, each sees what the one before did.
_LANE = text(
    "INSERT INTO lane (device) VALUES (:device) ON CONFLICT (device) DO UPDATE SET device = excluded.device "
    "RETURNING holder, heartbeat_at, next_at, resting_until, stopped, failures_in_a_row, unsent_in_a_row, "
    "withdrawn_in_a_row"
)

_CLAIM = text(
    "UPDATE lane SET epoch = epoch + 1, holder = :holder, heartbeat_at = :now WHERE device = :device RETURNING epoch"
)

# What a former owner left in flight: nobody knows whether it arrived.
_ORPHANS = text(
    "UPDATE message SET state = 'unknown', ended_at = :now, reason = 'the sender died while it was in flight' "
    "WHERE device = :device AND state = 'sending'"
)

# Found by what is in flight, not by the device, which may have made a million requests; before that is settled.
_ORPHAN_ATTEMPTS = text(
    "UPDATE attempt SET outcome = 'unknown' WHERE outcome IS NULL AND message_id IN "
    "(SELECT id FROM message WHERE device = :device AND state = 'sending')"
)

_ORPHAN_TRIALS = text(
    "UPDATE attempt SET outcome = 'unknown' WHERE outcome IS NULL AND message_id IS NULL AND device = :device"
)

# Requests that never left the machine burden no account.
_USAGE = text(
    "SELECT max(started_at) AS last, sum(CASE WHEN started_at >= :midnight THEN 1 ELSE 0 END) AS today FROM ("
    "  SELECT id, started_at FROM attempt WHERE device = :device AND started_at >= :since"
    "    AND (outcome IS NULL OR outcome <> 'unsent')"
    "  UNION ALL"
    "  SELECT id, started_at FROM attempt WHERE app_id = :app_id AND device <> :device AND started_at >= :since"
    "    AND (outcome IS NULL OR outcome <> 'unsent')) AS used"
)

_HEARTBEAT = text("UPDATE lane SET heartbeat_at = :now WHERE holder = :holder")

_FENCE = text("UPDATE lane SET next_at = :next_at WHERE device = :device AND epoch = :epoch AND holder IS NOT NULL")

#: Which message of a run and a device goes next. What a person who was forgotten had pending is cancelled; should it
#: ever be re-opened, it has no payload left to send.
NEXT = (
    "device = :device AND state = 'pending' AND seq <= :limit AND to_wxid NOT LIKE 'forgotten:%' ORDER BY seq LIMIT 1"
)
#: A message that another transaction is about to withdraw is passed over, not waited for.
LOCKED = "FOR NO KEY UPDATE SKIP LOCKED"
#: What a message becomes when its request is about to be made.
BEGIN = (
    "UPDATE message SET state = 'sending', epoch = :epoch, attempts = attempts + 1, started_at = :now, "
    "ended_at = NULL, reason = '', gateway_text = ''"
)

_INTENTS = {
    dialect: text(
        f"{BEGIN} WHERE id = (SELECT id FROM message WHERE run_n = (SELECT n FROM run WHERE id = :run "  # noqa: S608
        f"  AND state = 'open') AND {NEXT} {lock}) RETURNING id, seq, to_wxid, payload"
    )
    for dialect, lock in {"sqlite": "", "postgresql": LOCKED}.items()
}

_IS_OPEN = text("SELECT 1 FROM run WHERE id = :run AND state = 'open'")

_ATTEMPT = text(
    "INSERT INTO attempt (message_id, device, app_id, epoch, holder, started_at) "
    "VALUES (:message, :device, :app_id, :epoch, :holder, :now) RETURNING id"
)

_OUTCOME_LANE = text(
    "UPDATE lane SET next_at = :next_at, resting_until = CASE WHEN resting_until > :rest THEN resting_until "
    "ELSE :rest END WHERE device = :device AND epoch = :epoch"
)

# A late answer still counts: `unknown` under the same epoch may yet become clear. Nobody sends for a run that is over,
# so there a message that could go again is cancelled: that frees the identity for the plan that took the run's place.
OUTCOME = (
    "UPDATE message SET state = CASE WHEN CAST(:state AS TEXT) = 'pending' AND EXISTS (SELECT 1 FROM run "
    "    WHERE run.n = message.run_n AND run.state IN ('superseded', 'cancelled')) "
    "  THEN 'cancelled' ELSE CAST(:state AS TEXT) END, ended_at = :ended, reason = :reason, gateway_text = :text, "
    "  msg_id = :msg_id, new_msg_id = :new_msg_id, create_time = :create_time "
    "WHERE id = :message AND epoch = :epoch AND state IN ('sending', 'unknown')"
)

OUTCOME_ATTEMPT = "UPDATE attempt SET outcome = :outcome, ended_at = :ended, text = :said WHERE id = :attempt"

_RELEASE = text("UPDATE lane SET holder = NULL WHERE device = :device AND epoch = :epoch")


class Lanes:
    """The lanes of one ledger as one process sees them; not shared between threads.

    Args:
        clock: What time all hosts agree on (UTC epoch milliseconds), None where there is no such clock; the
            database's unless said.
    """

    def __init__(self, ledger: connect.Ledger, clock: Clock | None = None) -> None:
        self._ledger = ledger
        self._me = holder.me()
        self._clock = clock or ledger.database.now
        self._sql = _Hot.of(ledger.engine)

    def claim(self, device: str, app_id: str, *, now: int, midnight: int) -> Claim:
        """Make the lane this process's own.

        Args:
            midnight: The start of the device's day: attempts since then are counted.

        Raises:
            errors.LaneHeldError: its owner is alive.
            errors.StoppedError: clocks are too far apart to keep a pace by them.
        """
        with self._ledger.writing() as connection:
            shared = self._clock(connection) or now
            if abs(shared - now) > CLOCK:
                raise _clock_error(f"this host's clock and the ledger's are {abs(shared - now) // 1000} s apart")
            lane = {"device": device, "holder": self._me, "now": shared}
            row = connection.execute(_LANE, lane).one()
            if row.holder not in (None, self._me) and self._lives(row.holder, row.heartbeat_at, shared):
                raise errors.LaneHeldError(device, row.holder)
            epoch = connection.execute(_CLAIM, lane).scalar_one()
            for attempts in (_ORPHAN_ATTEMPTS, _ORPHAN_TRIALS):
                connection.execute(attempts, lane)
            orphans = connection.execute(_ORPHANS, lane).rowcount
            since = min(midnight, now - 3_600_000)
            usage = connection.execute(
                _USAGE, {"device": device, "app_id": app_id, "midnight": midnight, "since": since}
            ).one()
            if (usage.last or 0) > now + CLOCK:
                ahead = (usage.last - now) // 1000
                raise _clock_error(f"the ledger has a request of device {device} that was begun {ahead} s from now")
        return Claim(
            device=device,
            epoch=epoch,
            last_start=usage.last,
            rested_at=max(row.next_at, row.resting_until),
            today=usage.today or 0,
            orphans=orphans,
            stopped=row.stopped,
            streaks=Streaks(
                failures=row.failures_in_a_row, unsent=row.unsent_in_a_row, withdrawn=row.withdrawn_in_a_row
            ),
        )

    def step(self, outcomes: Iterable[Outcome], wants: Sequence[Want]) -> list[Intent | NoIntent]:
        """Record what became of requests and begin new ones, in one durable transaction.

        Returns:
            For each want its message, which is `sending` now, or why there is none.
        """
        with self._ledger.writing() as connection, raw.cursor(connection) as cursor:
            self._record(cursor, list(outcomes))
            fenced = self._fence(cursor, wants)
            return [NoIntent.FENCED if want.device in fenced else self._begin(cursor, want) for want in wants]

    def heartbeat(self, now: int) -> None:
        """Say that the owner of the held lanes is alive."""
        with self._ledger.writing() as connection:
            connection.execute(_HEARTBEAT, {"holder": self._me, "now": self._clock(connection) or now})

    def release(self, claims: Iterable[Claim]) -> None:
        """Give the lanes back; a lane that was taken over meanwhile stays with its new owner."""
        with self._ledger.writing() as connection:
            for claim in claims:
                connection.execute(_RELEASE, {"device": claim.device, "epoch": claim.epoch})

    def _lives(self, owner: str, heartbeat_at: int, now: int) -> bool:
        """Whether an owner is alive, and so keeps the lane."""
        return holder.alive(owner, heartbeat_at, now)

    def _record(self, cursor: raw.Cursor, outcomes: Sequence[Outcome]) -> None:
        """Statement by statement over all of them: the lanes' rows are locked before the messages'."""
        cursor.change_all(self._sql.outcome_lane, [_of_lane(outcome) for outcome in outcomes])
        cursor.change_all(self._sql.outcome, [_of_message(outcome) for outcome in outcomes])
        cursor.change_all(self._sql.outcome_attempt, [_of_attempt(outcome) for outcome in outcomes])

    def _fence(self, cursor: raw.Cursor, wants: Sequence[Want]) -> set[str]:
        """The devices that somebody else owns by now; the others may start again when their wants say."""
        lanes = {want.device: {"device": want.device, "epoch": want.epoch, "next_at": want.next_at} for want in wants}
        if cursor.change_all(self._sql.fence, list(lanes.values())) == len(lanes):
            return set()
        return {device for device, lane in lanes.items() if not cursor.change(self._sql.fence, lane)}

    def _begin(self, cursor: raw.Cursor, want: Want) -> Intent | NoIntent:
        found = cursor.one(
            self._sql.intent,
            {"device": want.device, "epoch": want.epoch, "now": want.now, "run": want.run, "limit": want.limit},
        )
        if found is None:
            return NoIntent.EMPTY if cursor.one(self._sql.is_open, {"run": want.run}) else NoIntent.CLOSED
        message, *rest = found
        return begun(want, message, self._attempt(cursor, want, message), *rest)

    def _attempt(self, cursor: raw.Cursor, want: Want, message: int | None) -> int:
        """Note that a request is begun; its number."""
        values = {"message": message, "device": want.device, "app_id": want.app_id, "epoch": want.epoch}
        found = cursor.one(self._sql.attempt, {**values, "holder": self._me, "now": want.now})
        assert found is not None  # what is inserted is returned
        return int(found[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hot:
    """The statements that run for every message, as the driver takes them."""

    fence: str
    intent: str
    is_open: str
    attempt: str
    outcome_lane: str
    outcome: str
    outcome_attempt: str

    @classmethod
    def of(cls, engine: sqlalchemy.Engine) -> "_Hot":
        statements = {
            "fence": _FENCE,
            "intent": _INTENTS[engine.dialect.name],
            "is_open": _IS_OPEN,
            "attempt": _ATTEMPT,
            "outcome_lane": _OUTCOME_LANE,
            "outcome": text(OUTCOME),
            "outcome_attempt": text(OUTCOME_ATTEMPT),
        }
        return cls(**{name: raw.sql(statement, engine) for name, statement in statements.items()})


def begun(want: Want, message: int, attempt: int, seq: int, to_wxid: str, payload: str) -> Intent:
    """What the ledger says of the message that a want has become."""
    return Intent(
        message_id=message,
        attempt_id=attempt,
        run=want.run,
        seq=seq,
        to_wxid=to_wxid,
        device=want.device,
        epoch=want.epoch,
        payload=payload,
    )


def of_outcome(outcome: Outcome) -> dict[str, Any]:
    """What the statements about an outcome have to know of it."""
    return {**_of_lane(outcome), **_of_message(outcome), **_of_attempt(outcome)}


def _of_lane(outcome: Outcome) -> dict[str, Any]:
    return {
        "device": outcome.intent.device,
        "epoch": outcome.intent.epoch,
        "next_at": outcome.next_at,
        "rest": outcome.resting_until,
    }


def _of_message(outcome: Outcome) -> dict[str, Any]:
    return {
        "message": outcome.intent.message_id,
        "epoch": outcome.intent.epoch,
        "state": outcome.state,
        "ended": outcome.ended_at,
        "reason": outcome.reason,
        "text": outcome.text,
        "msg_id": outcome.msg_id,
        "new_msg_id": outcome.new_msg_id,
        "create_time": outcome.create_time,
    }


def _of_attempt(outcome: Outcome) -> dict[str, Any]:
    return {
        "attempt": outcome.intent.attempt_id,
        "outcome": "unsent" if outcome.unsent else outcome.state,
        "ended": outcome.ended_at,
        "said": outcome.text or outcome.reason,
    }


def _clock_error(fault: str) -> errors.StoppedError:
    return errors.StoppedError(f"clock: {fault}; nothing was sent", hint="set the clock right, then run this again")
