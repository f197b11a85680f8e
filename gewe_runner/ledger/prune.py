"""Makes room: of runs that ended long ago the bulk is removed, and who was served stays known.

Every message keeps its person, state, times and hash, so that nobody is sent to twice and frequency caps hold.
What nobody has settled yet, unknown or unresolved, is kept whole.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import delete, func, select, update

from gewe_runner import errors
from gewe_runner.ledger import connect, forget, holder
from gewe_runner.ledger.tables import attempt, lane, message, run, skip
from gewe_runner.model import Reason, RunState, State

#: Younger requests still count against the budgets of their devices; milliseconds.
LEAST = 2 * 86_400_000

#: Messages, or skipped rows, of one transaction: whoever sends meanwhile waits for it.
_BATCH = 2_000

_OVER = (RunState.FINISHED, RunState.CANCELLED, RunState.SUPERSEDED)

_SETTLED = (State.SENT, State.REJECTED, State.CANCELLED)

_BULKY = (message.c.payload != forget.NOTHING) | (message.c.gateway_text != "")

# A run that goes on takes them in again when they are free.
_DECIDED = skip.c.reason != Reason.UNRESOLVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulk:
    """What can be removed."""

    #: The ids of the runs that it belongs to, oldest first.
    runs: Sequence[str]
    #: Messages with a payload or a text of the gateway.
    payloads: int
    #: The characters of both.
    characters: int
    attempts: int
    skips: int

    def __bool__(self) -> bool:
        return bool(self.payloads or self.attempts or self.skips)


def look(ledger: connect.Ledger, before: int) -> Bulk:
    """What can be removed of runs that ended before then (UTC epoch milliseconds); nothing is changed."""
    names, totals = list[str](), Counter[str]()
    with ledger.reading() as connection:
        for row in connection.execute(_old(before).add_columns(run.c.id)).all():
            found = Counter(_bulk(connection, row.n))
            if +found:
                names.append(row.id)
                totals += found
        trials = connection.execute(select(func.count()).where(_trials(before))).scalar_one()
    return Bulk(
        runs=names,
        payloads=totals["payloads"],
        characters=totals["characters"],
        attempts=totals["attempts"] + trials,
        skips=totals["skips"],
    )


def prune(
    ledger: connect.Ledger, bulk: Bulk, before: int, now: int, seen: Callable[[int], None] = lambda _rows: None
) -> None:
    """Remove what `look` told of, and give the space back. Broken off, it can be begun again.

    Args:
        bulk: For the same `before`; both times are UTC epoch milliseconds.
        seen: Told how many messages and skipped rows have just been seen to.

    Raises:
        errors.StoppedError: a send is going on, and would have to wait until the space was given back.
    """
    with ledger.reading() as connection:
        _refuse_busy(ledger, connection, now)
        numbers = [connection.execute(select(run.c.n).where(run.c.id == one)).scalar_one() for one in bulk.runs]
    for number in numbers:
        with contextlib.suppress(_GoesOnError):
            for count in (*_messages(ledger, number, before, now), *_skips(ledger, number, before, now)):
                seen(count)
    with ledger.writing() as connection:
        connection.execute(delete(attempt).where(_trials(before)))
    try:
        with connect.translated(ledger.database, ledger.name):
            ledger.database.scrub(ledger.engine, [message.name, skip.name, attempt.name])
    except errors.LedgerError as error:
        raise errors.LedgerError(f"pruned, but the space could not be given back: {error.message}") from error


class _GoesOnError(Exception):
    """A run that was over goes on; what is left of it stays."""


def _old(before: int) -> sqlalchemy.Select[tuple[int]]:
    return select(run.c.n).where(run.c.state.in_(_OVER), run.c.finished_at < before).order_by(run.c.n)


def _trials(before: int) -> sqlalchemy.ColumnElement[bool]:
    """Test cards, which belong to no run."""
    return attempt.c.message_id.is_(None) & (attempt.c.started_at < before) & attempt.c.outcome.is_not(None)


def _bulk(connection: sqlalchemy.Connection, number: int) -> dict[str, int]:
    characters = func.sum(func.length(message.c.payload) + func.length(message.c.gateway_text))
    own = (message.c.run_n == number) & message.c.state.in_(_SETTLED)
    payloads, size = connection.execute(select(func.count(), characters).where(own, _BULKY)).one()
    requests = select(func.count()).select_from(message.join(attempt, attempt.c.message_id == message.c.id))
    attempts = connection.execute(requests.where(own)).scalar_one()
    skips = connection.execute(select(func.count()).where(skip.c.run_n == number, _DECIDED)).scalar_one()
    return {"payloads": payloads, "characters": size or 0, "attempts": attempts, "skips": skips}


def _messages(ledger: connect.Ledger, number: int, before: int, now: int) -> Iterator[int]:
    """Empty the messages of a run and remove their attempts; how many each time."""
    last = 0
    while True:
        with _own(ledger, number, before, now) as connection:
            following = select(message.c.id, message.c.seq, message.c.state)
            following = following.where(message.c.run_n == number, message.c.seq > last)
            rows = connection.execute(following.order_by(message.c.seq).limit(_BATCH)).all()
            if not rows:
                return
            settled = [row.id for row in rows if row.state in _SETTLED]
            connection.execute(delete(attempt).where(attempt.c.message_id.in_(settled)))
            empty = {"payload": forget.NOTHING, "gateway_text": ""}
            connection.execute(update(message).where(message.c.id.in_(settled), _BULKY).values(empty))
            last = rows[-1].seq
        yield len(rows)


def _skips(ledger: connect.Ledger, number: int, before: int, now: int) -> Iterator[int]:
    """Remove the skipped rows of a run; how many each time. Their numbers by reason stay, in the run's header."""
    some = select(skip.c.id, skip.c.reason).where(skip.c.run_n == number, _DECIDED).limit(_BATCH)
    while True:
        with _own(ledger, number, before, now) as connection:
            rows = connection.execute(some).all()
            if not rows:
                return
            connection.execute(delete(skip).where(skip.c.id.in_([row.id for row in rows])))
            header = _header(connection, number)
            pruned = header["pruned"]
            pruned["skips"] = Counter(pruned["skips"]) + Counter(row.reason for row in rows)
            _note(connection, number, header)
        yield len(rows)


@contextlib.contextmanager
def _own(ledger: connect.Ledger, number: int, before: int, now: int) -> Iterator[sqlalchemy.Connection]:
    """A transaction on a run that is over and stays so meanwhile, and that says that it is being pruned.

    Raises:
        _GoesOnError: the run is not over any more.
    """
    with ledger.writing() as connection:
        if connection.execute(_old(before).where(run.c.n == number).with_for_update()).first() is None:
            raise _GoesOnError
        header = _header(connection, number)
        if "pruned" not in header:
            _note(connection, number, header | {"pruned": {"at": now, "skips": {}}})
        yield connection


def _header(connection: sqlalchemy.Connection, number: int) -> dict[str, Any]:
    text = connection.execute(select(run.c.header).where(run.c.n == number)).scalar_one()
    found: dict[str, Any] = json.loads(text)
    return found


def _note(connection: sqlalchemy.Connection, number: int, header: object) -> None:
    text = json.dumps(header, ensure_ascii=False)
    connection.execute(update(run).where(run.c.n == number).values(header=text))


def _refuse_busy(ledger: connect.Ledger, connection: sqlalchemy.Connection, now: int) -> None:
    if not ledger.database.SCRUBS_ALONE:
        return
    for row in connection.execute(select(lane).where(lane.c.holder.is_not(None))):
        if holder.alive(row.holder, row.heartbeat_at, now):
            raise errors.StoppedError(
                f"a send is going on through device {row.device}; nothing was removed",
                hint="run this again when it has ended",
            )
