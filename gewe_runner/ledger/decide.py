"""What people decide about runs and messages: pause, resume, cancel, resolve, try again; each decision is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import insert, select, union_all, update

from gewe_runner import batches, errors
from gewe_runner.ledger import forget, runs
from gewe_runner.ledger.tables import edition, message, resolution, run, skip
from gewe_runner.model import RunState, State

#: From which states a run may go into another one.
_FROM = {
    RunState.PAUSED: (RunState.OPEN,),
    RunState.OPEN: (RunState.PAUSED,),
    RunState.CANCELLED: (RunState.OPEN, RunState.PAUSED),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """Who decides, and when (UTC epoch milliseconds)."""

    name: str
    at: int


def put(connection: sqlalchemy.Connection, run_id: str, state: RunState, who: Who) -> bool:
    """Pause, resume (`open`) or cancel a run; it holds from the next message on.

    Returns:
        False if the run was in that state already.

    Raises:
        errors.UsageError: the run is over, or there is none.
    """
    found = runs.info(connection, run_id)
    if found.state == state:
        return False
    if found.state not in _FROM[state]:
        raise errors.UsageError(f"run {found.id} is {found.state}; it cannot become {state}", hint="gewe-runner status")
    number = runs.number_of(connection, found.id)
    connection.execute(update(run).where(run.c.n == number).values(state=state))
    if state is RunState.CANCELLED:
        cancelled = {"state": State.CANCELLED, "reason": "by the user", "ended_at": who.at}
        pending = (message.c.run_n == number) & (message.c.state == State.PENDING)
        connection.execute(update(message).where(pending).values(cancelled))
        connection.execute(update(run).where(run.c.n == number).values(finished_at=who.at))
    return True


def resolve(
    connection: sqlalchemy.Connection, run_id: str, was: State, became: State, who: Who, to_wxid: str | None = None
) -> int:
    """Say what became of messages that nobody was sure of, or re-open rejected ones.

    Args:
        was: `unknown` or `rejected`.
        became: `sent`, or `pending` to send it after all.
        to_wxid: Only this person's message.

    Returns:
        How many messages were decided about.
    """
    found = runs.info(connection, run_id)
    number = runs.number_of(connection, found.id)
    those = (message.c.run_n == number) & (message.c.state == was)
    if to_wxid is not None:
        those &= message.c.to_wxid == to_wxid
    # Only an open run sends; elsewhere the identity becomes free, and the newest plan takes it up again.
    is_over = found.state in (RunState.SUPERSEDED, RunState.CANCELLED)
    if became is State.PENDING:  # of whom was forgotten there is nothing left to send
        those &= message.c.to_wxid.not_like(f"{forget.PREFIX}%")
    if became is State.PENDING and not is_over:  # and of what was pruned neither
        those &= message.c.payload != forget.NOTHING
    ids = select(message.c.id).where(those)
    state = State.CANCELLED if became is State.PENDING and is_over else became
    literal = sqlalchemy.literal
    kept = select(message.c.id, literal(who.at), literal(who.name), message.c.state, literal(str(became))).where(those)
    connection.execute(insert(resolution).from_select(["message_id", "at", "by", "was", "became"], kept))
    reason = f"resolved as {'sent' if became is State.SENT else 'not sent'}"
    count = connection.execute(update(message).where(message.c.id.in_(ids)).values(state=state, reason=reason)).rowcount
    if count and became is State.PENDING and found.state == RunState.FINISHED:
        connection.execute(update(run).where(run.c.n == number).values(state=RunState.OPEN, finished_at=None))
    return count


def withdraw(connection: sqlalchemy.Connection, run_id: str, suppressed: Iterable[str], now: int) -> int:
    """Cancel what a run has pending for people who are suppressed.

    Args:
        suppressed: Their ids, any number of them.
        now: UTC epoch milliseconds.

    Returns:
        How many messages were cancelled.
    """
    number, edition_id = connection.execute(select(run.c.n, run.c.edition_id).where(run.c.id == run_id)).one()
    count = 0
    for batch in batches.of(suppressed):
        # By the identity first, whose index finds them however long the run is.
        own = (message.c.edition_id == edition_id) & message.c.to_wxid.in_(batch) & (message.c.state != State.CANCELLED)
        found = select(message.c.id, message.c.run_n, message.c.state).where(own)
        ids = [row.id for row in connection.execute(found) if (row.run_n, row.state) == (number, State.PENDING)]
        if ids:
            connection.execute(update(message).where(message.c.id.in_(ids)).values(_suppressed(now)))
            count += len(ids)
    return count


def suppress(connection: sqlalchemy.Connection, to_wxid: str, now: int) -> int:
    """Cancel what any run has pending for a person; it holds from the next message on.

    Args:
        now: UTC epoch milliseconds.

    Returns:
        How many messages were cancelled.
    """
    pending = (message.c.to_wxid == to_wxid) & (message.c.state == State.PENDING)
    return connection.execute(update(message).where(pending).values(_suppressed(now))).rowcount


def person(connection: sqlalchemy.Connection, to_wxid: str) -> Iterator[dict[str, Any]]:
    """Every card that a person was planned for, the newest run first: what became of it, or why there was none.

    Each has: run, campaign, edition, device, state, reason, gateway_text, at.
    """
    to_wxid = forget.aliases(connection, forget.key(connection), [to_wxid]).get(to_wxid, to_wxid)
    literal = sqlalchemy.literal
    own = (run.c.id.label("run"), run.c.n, edition.c.campaign, edition.c.edition)
    card = (message.c.device, message.c.state, message.c.reason, message.c.gateway_text, message.c.ended_at.label("at"))
    none = (literal("").label("device"), literal("skipped"), skip.c.reason, literal(""), run.c.created_at)
    got = select(*own, *card).where(message.c.to_wxid == to_wxid)
    missed = select(*own, *none).where(skip.c.to_wxid == to_wxid)
    both = union_all(
        got.select_from(message.join(run, run.c.n == message.c.run_n).join(edition, edition.c.id == run.c.edition_id)),
        missed.select_from(skip.join(run, run.c.n == skip.c.run_n).join(edition, edition.c.id == run.c.edition_id)),
    ).subquery()
    shown = [column for column in both.c if column.name != "n"]
    for row in connection.execute(select(*shown).order_by(both.c.n.desc())).mappings():
        yield dict(row)


def holder(connection: sqlalchemy.Connection, run_id: str, state: State, to_wxid: str | None = None) -> str | None:
    """The newest other run of the same edition with messages in that state, of one person or of anybody."""
    edition_id = select(run.c.edition_id).where(run.c.id == run_id).scalar_subquery()
    held = select(message.c.id).where(message.c.run_n == run.c.n, message.c.state == state)
    if to_wxid is not None:
        held = held.where(message.c.to_wxid == to_wxid)
    newest = select(run.c.id).where(run.c.edition_id == edition_id, run.c.id != run_id, held.exists())
    found = connection.execute(newest.order_by(run.c.n.desc()).limit(1)).scalar_one_or_none()
    return None if found is None else str(found)


def _suppressed(now: int) -> dict[str, Any]:
    return {"state": State.CANCELLED, "reason": "suppressed", "ended_at": now}
