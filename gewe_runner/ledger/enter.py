"""Makes plans runs, a piece at a time: however long a plan is, whoever sends meanwhile waits for one piece only.

Where each piece is a transaction of its own, the rows are there before their run is. No run leads to them, so nobody
sees them; the last piece makes the run, and judges anew whatever was sent since the first. A registration that was cut
short leaves such rows at most, and whoever registers next removes them. The database sees to it that there is one
registration at a time: of two that supersede each other's runs, the second has to see the first.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import delete, func, insert, select, update

from gewe_runner import batches, errors
from gewe_runner.ledger import connect, counts, decide, fill, forget, judge, runs
from gewe_runner.ledger.tables import attempt, edition, lane, message, run, skip
from gewe_runner.model import Message, Reason, RunState, Skip, State
from gewe_runner.overlay import Overlay

#: Says which of a few people are suppressed.
Suppressed = Callable[[Sequence[str]], Iterable[str]]

#: Lines of a piece: for so long others wait. Half as many would write twice as much, since the ids of people are
#: random and a few of them touch much of an index.
PIECE = 20_000

#: Requests that were begun so little before a registration are judged again as well: a clock may be set; milliseconds.
_MARGIN = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where the rows of a new run go."""

    number: int
    edition_id: int
    #: The edition's id if there was one before: of one that is new nobody can have got anything.
    known: int | None


def join(piece: connect.Piece, identity: runs.Identity, now: int) -> str | None:
    """The id of the run that a plan with this digest goes on with, opened again; None where it needs a new one.

    Other runs of the edition are superseded, as they are by a new run.

    Raises:
        errors.StoppedError: that run is paused.
    """
    with piece() as connection:
        joined = runs.joinable(connection, identity)
        if joined is None:
            return None
        runs.refuse_paused(joined)
        _supersede(connection, joined.edition_id, joined.n, now)
        opened = {"state": RunState.OPEN, "finished_at": None, "stopped": ""}
        connection.execute(update(run).where(run.c.n == joined.n).values(opened))
        return str(joined.id)


def new(
    piece: connect.Piece,
    identity: runs.Identity,
    header: Mapping[str, Any],
    lines: Iterable[Message | Skip],
    *,
    run_id: str,
    now: int,
) -> str:
    """Make a plan a run, which takes the place of the edition's former runs; what the ledger forbids is skipped.

    Who has a pending message in a former run is skipped as unresolved, until `settle` has withdrawn that.

    Returns:
        The run's id: `run_id`, or with more of the digest where that is taken.
    """
    with piece() as connection:
        database = connect.DATABASES[connection.dialect.name]
        place = _reserved(connection, identity) if database.IN_PIECES else None
        if place is None:  # others do not wait for this transaction, and the run is what its rows refer to
            place, run_id = _make(connection, identity, header, run_id, now)
            _withdraw(connection, place.edition_id, place.number, now)
    entered = 0
    for some in batches.of(lines, PIECE):
        with piece() as connection:
            laid = judge.laid(
                connection, place.known, identity.frequency_cap, some, now, Overlay(), pending=Reason.UNRESOLVED
            )
            entered += fill.fill(connection, place.edition_id, place.number, laid)
    with piece() as connection:
        if database.IN_PIECES:
            _expect_whole(connection, place, entered)
            _judge_again(connection, identity, place, now)
            _, run_id = _make(connection, identity, header, run_id, now, place)
        database.learn(connection, message.name)
    return run_id


def settle(
    piece: connect.Piece,
    run_id: str,
    lines: Callable[[], Iterable[Message | Skip]],
    now: int,
    suppressed: Suppressed = lambda _ids: (),
) -> int:
    """Withdraw what other runs of the edition have pending, then take in whoever is free by now.

    A run goes on without some of its people where this was cut short; when it is joined it gets them.

    Args:
        lines: The run's own plan.
        suppressed: Who gets nothing all the same: another process may be sending the run.

    Returns:
        How many messages were taken in.
    """
    with piece() as connection:
        number = runs.number_of(connection, run_id)
        edition_id = connection.execute(select(run.c.edition_id).where(run.c.n == number)).scalar_one()
    has_more = True
    while has_more:
        with piece() as connection:
            has_more = _withdraw(connection, edition_id, number, now)
    with piece() as connection:
        if not counts.skips(connection, number).get(Reason.UNRESOLVED):
            return 0
        if connection.execute(_free(edition_id, skip.c.run_n == number).limit(1)).first() is None:
            return 0
    count = 0
    for some in batches.of((line for line in lines() if isinstance(line, Message)), PIECE):
        with piece() as connection:
            if connection.execute(select(run.c.state).where(run.c.n == number)).scalar_one() == RunState.CANCELLED:
                return count
            if taken := _take_in(connection, edition_id, number, some):
                for few in batches.of(one.to_wxid for one in taken):
                    decide.withdraw(connection, run_id, suppressed(few), now)
                count += len(taken)
                # whoever sends it may have seen the end of it meanwhile
                over = (run.c.n == number) & (run.c.state == RunState.FINISHED)
                connection.execute(update(run).where(over).values(state=RunState.OPEN, finished_at=None))
    return count


def _supersede(connection: sqlalchemy.Connection, edition_id: int, but: int | None, now: int) -> None:
    """End the edition's other runs: nothing more of them is begun, whatever they have pending."""
    goes_on = run.c.state.in_([RunState.OPEN, RunState.PAUSED])
    own = run.c.n.in_(runs.others(connection, edition_id, but))
    connection.execute(update(run).where(own, goes_on).values(state=RunState.SUPERSEDED, finished_at=now))


def _withdraw(connection: sqlalchemy.Connection, edition_id: int, but: int, now: int) -> bool:
    """Withdraw a piece of what the edition's other runs have pending; whether there may be more.

    One that is over may have something pending, too: re-opened.
    """
    pending = message.c.run_n.in_(runs.others(connection, edition_id, but)) & (message.c.state == State.PENDING)
    some = message.c.id.in_(select(message.c.id).where(pending).limit(PIECE))
    those = some if connect.DATABASES[connection.dialect.name].IN_PIECES else pending
    withdrawn = {"state": State.CANCELLED, "reason": "superseded", "ended_at": now}
    return connection.execute(update(message).where(those).values(withdrawn)).rowcount > 0


def _reserved(connection: sqlalchemy.Connection, identity: runs.Identity) -> _Place:
    """The numbers that nobody else can take: only registrations make runs and editions."""
    known = runs.edition_of(connection, identity)
    last, highest = select(func.max(run.c.n)), select(func.max(edition.c.id))
    number = (connection.execute(last).scalar_one() or 0) + 1
    edition_id = known or (connection.execute(highest).scalar_one() or 0) + 1
    return _Place(number=number, edition_id=edition_id, known=known)


def _make(
    connection: sqlalchemy.Connection,
    identity: runs.Identity,
    header: Mapping[str, Any],
    run_id: str,
    now: int,
    place: _Place | None = None,
) -> tuple[_Place, str]:
    """Make the run, in its place if that is reserved, and end the former ones; the place and the run's id."""
    known = place.known if place else runs.edition_of(connection, identity)
    edition_id = known
    if edition_id is None:
        own: dict[str, Any] = {"id": place.edition_id} if place else {}
        own |= {"campaign": identity.campaign, "edition": identity.edition}
        edition_id = int(connection.execute(insert(edition).values(own).returning(edition.c.id)).scalar_one())
    _supersede(connection, edition_id, None, now)
    run_id = _free_id(connection, run_id, identity.digest)
    values: dict[str, Any] = {"n": place.number} if place else {}
    values |= {
        "id": run_id,
        "edition_id": edition_id,
        "profile": header["profile"],
        "digest": identity.digest,
        "state": RunState.OPEN,
        "header": json.dumps(header, ensure_ascii=False),
        "created_at": now,
    }
    number = int(connection.execute(insert(run).values(values).returning(run.c.n)).scalar_one())
    return _Place(number=number, edition_id=edition_id, known=known), run_id


def _expect_whole(connection: sqlalchemy.Connection, place: _Place, entered: int) -> None:
    """Make sure that nobody else was at the rows: a lock is only as good as the file system that it is on.

    Raises:
        errors.LedgerError: somebody was, so that people would be missing.
    """
    own = (select(func.count()).select_from(table).where(table.c.run_n == place.number) for table in (message, skip))
    last = connection.execute(select(func.max(run.c.n))).scalar_one() or 0
    if last >= place.number or sum(connection.execute(one).scalar_one() for one in own) != entered:
        raise errors.LedgerError(
            "another send has entered a plan at the same time; nothing of this one was kept",
            hint="run this again; where it happens again, the ledger's file system keeps no locks: put it on another",
        )


def _judge_again(connection: sqlalchemy.Connection, identity: runs.Identity, place: _Place, now: int) -> None:
    """Skip those to whom something was sent since they were judged, and who would be skipped now."""
    if place.known is None and identity.frequency_cap is None:
        return
    key = forget.key(connection)
    for some in batches.of(_served(connection, now - _MARGIN)):
        aliases = forget.aliases(connection, key, some)
        names = {one: one for one in some} | aliases
        found = judge.standing(connection, place.known, identity.frequency_cap, names, now)
        for reason in {reason for reason, _ in found.values()}:
            _leave_out(connection, place, {one: names[one] for one in found if found[one][0] == reason}, reason)


def _served(connection: sqlalchemy.Connection, since: int) -> Iterator[str]:
    """Everybody to whom a request was begun since then."""
    begun = attempt.c.device.in_(select(lane.c.device)) & (attempt.c.started_at >= since)
    people = select(message.c.to_wxid).join(attempt, attempt.c.message_id == message.c.id).where(begun).distinct()
    return iter(connection.execute(people).scalars().all())


def _leave_out(connection: sqlalchemy.Connection, place: _Place, names: Mapping[str, str], reason: Reason) -> None:
    """Skip these people in the new run, for that reason, whatever they had there.

    Args:
        names: Each one's id, with what the ledger calls them.
    """
    # + 0 hides the run from its index: that of the people leads to a few rows, the run's to all of it
    waits = skip.c.to_wxid.in_(names.values()) & (skip.c.run_n + 0 == place.number)
    connection.execute(update(skip).where(waits, skip.c.reason == Reason.UNRESOLVED).values(reason=reason))
    own = (message.c.edition_id == place.edition_id) & message.c.to_wxid.in_(names)
    own &= (message.c.state != State.CANCELLED) & (message.c.run_n + 0 == place.number)
    columns = (message.c.id, message.c.to_wxid, message.c.source, message.c.row)
    rows = connection.execute(select(*columns).where(own)).all()
    connection.execute(delete(message).where(message.c.id.in_([row.id for row in rows])))
    skips = [Skip(to_wxid=names[row.to_wxid], source=row.source, row=row.row, reason=reason) for row in rows]
    fill.fill(connection, place.edition_id, place.number, skips)


def _free(edition_id: int, those: sqlalchemy.ColumnElement[bool]) -> sqlalchemy.Select[tuple[int, str]]:
    """Who of those was skipped as unresolved, and has no message in the edition now but cancelled ones."""
    held = (message.c.edition_id == edition_id) & (message.c.to_wxid == skip.c.to_wxid)
    held &= message.c.state != State.CANCELLED
    unresolved = skip.c.reason == Reason.UNRESOLVED
    return select(skip.c.id, skip.c.to_wxid).where(those, unresolved, ~select(message.c.id).where(held).exists())


def _take_in(connection: sqlalchemy.Connection, edition_id: int, number: int, some: list[Message]) -> Sequence[Message]:
    """Take in those who are free, and tell who they were."""
    free = dict[str, int]()
    for few in batches.of(some):
        # + 0 hides the run from its index, as above
        those = skip.c.to_wxid.in_([one.to_wxid for one in few]) & (skip.c.run_n + 0 == number)
        free |= {row.to_wxid: row.id for row in connection.execute(_free(edition_id, those))}
    for ids in batches.of(free.values()):
        connection.execute(delete(skip).where(skip.c.id.in_(ids)))
    taken = [one for one in some if one.to_wxid in free]
    fill.fill(connection, edition_id, number, taken)
    return taken


def _free_id(connection: sqlalchemy.Connection, run_id: str, digest: str) -> str:
    for length in range(4, len(digest)):
        candidate = f"{run_id}-{digest[:length]}"
        if connection.execute(select(run.c.n).where(run.c.id == candidate)).first() is None:
            return candidate
    raise errors.LedgerError(f"run {run_id} is there already", hint="wait a minute, then run this again")
