"""Tells how the ledger stands to a plan, and reads runs back."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy
from sqlalchemy import delete, func, select, update

from gewe_runner import errors
from gewe_runner.ledger import counts, judge
from gewe_runner.ledger.tables import NOTES, edition, lane, message, meta, metadata, run
from gewe_runner.model import FrequencyCap, Message, Reason, RunInfo, RunState, Skip, State
from gewe_runner.overlay import Overlay

#: Texts of refusals that a run is told of with; a gateway can put anything into them.
TEXTS = 5

#: Of which states a run goes on.
_GOES_ON = (RunState.OPEN, RunState.PAUSED, RunState.FINISHED)

_UNFINISHED = (State.PENDING, State.SENDING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What a plan is a plan of, and which one it is."""

    campaign: str
    edition: str
    digest: str
    frequency_cap: FrequencyCap | None = None


def lay_over(
    connection: sqlalchemy.Connection,
    identity: Identity,
    lines: Iterable[Message | Skip],
    now: int,
    overlay: Overlay,
) -> Iterator[Message | Skip]:
    """The plan's lines with every message that the ledger forbids turned into a skip; nothing is changed.

    What it takes away is counted in `overlay` as the lines pass by.
    """
    joined = joinable(connection, identity)
    edition_id = edition_of(connection, identity)
    overlay.joins = joined.id if joined else None
    overlay.supersedes = _superseded(connection, edition_id, joined)
    # A run that goes on was judged by the cap when it was registered.
    capped = judge.Capped(joined.n) if joined else identity.frequency_cap
    yield from judge.laid(connection, edition_id, capped, lines, now, overlay)


def resumed(connection: sqlalchemy.Connection, identity: Identity, withdrawn: Sequence[int]) -> Overlay | None:
    """What `lay_over` would count, told from the run that the plan goes on with, however long the plan is.

    Args:
        withdrawn: The `seq` of the plan's messages that are not to be sent any more.

    Returns:
        None where only the plan itself can tell: it begins a new run, or may have people to take in again.
    """
    joined = joinable(connection, identity)
    if joined is None:
        return None
    skipped = counts.skips(connection, joined.n)
    if skipped.get(Reason.UNRESOLVED):
        return None
    standing = counts.standing(connection, joined.n)
    states = counts.states(standing)
    devices = Counter(counts.devices(standing))
    devices -= counts.withdrawn(connection, joined.n, withdrawn)
    skips: dict[str, int] = {
        Reason.ALREADY_SENT: states[State.SENT] + skipped.get(Reason.ALREADY_SENT, 0),
        Reason.UNRESOLVED: sum(states[state] for state in (State.SENDING, State.REJECTED, State.UNKNOWN)),
        Reason.FREQUENCY_CAP: skipped.get(Reason.FREQUENCY_CAP, 0),
    }
    return Overlay(
        devices=devices,
        skips=+Counter(skips),
        joins=str(joined.id),
        supersedes=_superseded(connection, joined.edition_id, joined),
    )


def unpaused(connection: sqlalchemy.Connection, identity: Identity) -> None:
    """Make sure, and change nothing, that the run which the plan would go on with is not paused.

    Raises:
        errors.StoppedError: it is.
    """
    refuse_paused(joinable(connection, identity))


def finish(connection: sqlalchemy.Connection, run_id: str, *, now: int, stopped: str) -> None:
    """Say how an execution ended; a run is finished when nothing of it is pending or in flight any more."""
    number = number_of(connection, run_id)
    open_ = select(message.c.id).where(message.c.run_n == number, message.c.state.in_(_UNFINISHED))
    values: dict[str, Any] = {"stopped": stopped}
    if connection.execute(open_.limit(1)).first() is None:
        # not simply now: a run that is told of again was finished with its last message
        last = select(func.max(message.c.ended_at)).where(message.c.run_n == number).scalar_subquery()
        values |= {"state": RunState.FINISHED, "finished_at": func.coalesce(last, now)}
    connection.execute(update(run).where(run.c.n == number, run.c.state == RunState.OPEN).values(values))


def left(connection: sqlalchemy.Connection, run_id: str) -> tuple[int, dict[str, int]]:
    """How many messages a run has, and how many each device has pending; 0 where there is one in flight, or was."""
    standing = counts.standing(connection, number_of(connection, run_id))
    return sum(standing.values()), counts.devices(standing)


def places(connection: sqlalchemy.Connection, run_id: str, sizes: Sequence[int]) -> tuple[list[int], int]:
    """Where the waves of a run end.

    Args:
        sizes: How many messages lie in the first, the first two, … waves; the last number is that of all.

    Returns:
        The last `seq` of each wave that is not finished, and when the one before them was (0: there is none).
    """
    number = number_of(connection, run_id)
    first = counts.first_unfinished(connection, number)
    ends = _ends(connection, number, sizes)
    over = [seq for seq in ends if first is None or seq < first]
    if not over:
        return ends, 0
    last = select(func.max(message.c.ended_at)).where(message.c.run_n == number, message.c.seq <= over[-1])
    return ends[len(over) :], connection.execute(last).scalar_one() or 0


def info(connection: sqlalchemy.Connection, run_id: str) -> RunInfo:
    """One run with its counts; `run_id` may be a unique prefix, or `latest`.

    Raises:
        errors.UsageError: there is no such run, or more than one.
    """
    return next(iter(_infos(connection, [_resolve(connection, run_id)])))


def told(connection: sqlalchemy.Connection, run_id: str) -> RunInfo:
    """As `info`, with what the gateway refused: the commonest `TEXTS` of its texts."""
    found = info(connection, run_id)
    number = func.count().label("number")
    rows = connection.execute(
        select(message.c.gateway_text, number)
        .join(run, run.c.n == message.c.run_n)
        .where(run.c.id == found.id, message.c.state == State.REJECTED)
        .group_by(message.c.gateway_text)
        .order_by(number.desc(), func.min(message.c.seq))
        .limit(TEXTS)
    )
    return replace(found, refusals={row.gateway_text: row.number for row in rows})


def any_there(connection: sqlalchemy.Connection) -> bool:
    """Whether there ever was a run."""
    return connection.execute(select(run.c.n).limit(1)).first() is not None


def infos(connection: sqlalchemy.Connection, limit: int = 20) -> list[RunInfo]:
    """The newest runs, newest first."""
    numbers = connection.execute(select(run.c.n).order_by(run.c.n.desc()).limit(limit)).scalars()
    return list(_infos(connection, numbers))


def newest(
    connection: sqlalchemy.Connection, campaign: str, edition_: str, profile: str
) -> tuple[str, dict[str, Any]] | None:
    """Id and header of the newest run that a plan of the campaign and edition could go on with."""
    row = connection.execute(
        select(run.c.id, run.c.header)
        .join(edition, edition.c.id == run.c.edition_id)
        .where(
            edition.c.campaign == campaign,
            edition.c.edition == edition_,
            run.c.profile == profile,
            run.c.state.in_(_GOES_ON),
        )
        .order_by(run.c.n.desc())
        .limit(1)
    ).one_or_none()
    return (str(row.id), json.loads(row.header)) if row is not None else None


def note(connection: sqlalchemy.Connection, run_id: str, notes: object) -> None:
    """Keep with a run what was said of its plan."""
    changed = json.dumps({**header(connection, run_id), NOTES: notes}, ensure_ascii=False)
    connection.execute(update(run).where(run.c.id == run_id).values(header=changed))


def header(connection: sqlalchemy.Connection, run_id: str) -> dict[str, Any]:
    """The header of the plan that the run carries out."""
    text = connection.execute(select(run.c.header).where(run.c.id == run_id)).scalar_one()
    found: dict[str, Any] = json.loads(text)
    return found


def devices_of(connection: sqlalchemy.Connection, run_id: str) -> list[str]:
    """The devices that the run goes through, whatever became of their messages."""
    return sorted({device for _state, device in counts.standing(connection, number_of(connection, run_id))})


def empty(connection: sqlalchemy.Connection) -> None:
    """Forget every run. Only a sandbox's ledger may be emptied; the caller sees to that."""
    for table in reversed(metadata.sorted_tables):
        # a lane's epoch has to go on rising: somebody may still act under the last one
        if table not in (meta, lane):
            connection.execute(delete(table))
    connection.execute(update(lane).values(next_at=0, resting_until=0, stopped=""))


def joinable(connection: sqlalchemy.Connection, identity: Identity) -> Any:
    return connection.execute(
        select(run.c.n, run.c.id, run.c.state, run.c.edition_id)
        .join(edition, edition.c.id == run.c.edition_id)
        .where(
            edition.c.campaign == identity.campaign,
            edition.c.edition == identity.edition,
            run.c.digest == identity.digest,
            run.c.state.in_(_GOES_ON),
        )
        .order_by(run.c.n.desc())
        .limit(1)
    ).one_or_none()


def refuse_paused(joined: Any) -> None:
    if joined is not None and joined.state == RunState.PAUSED:
        raise errors.StoppedError(f"run {joined.id} is paused", hint=f"gewe-runner resume {joined.id}")


def edition_of(connection: sqlalchemy.Connection, identity: Identity) -> int | None:
    return connection.execute(
        select(edition.c.id).where(edition.c.campaign == identity.campaign, edition.c.edition == identity.edition)
    ).scalar_one_or_none()


def _superseded(connection: sqlalchemy.Connection, edition_id: int | None, joined: Any) -> int:
    """How many messages the plan would take the place of."""
    if edition_id is None:
        return 0
    those = others(connection, edition_id, joined.n if joined else None)
    pending = (message.c.run_n.in_(those)) & (message.c.state == State.PENDING)
    return connection.execute(select(func.count()).select_from(message).where(pending)).scalar_one()


def others(connection: sqlalchemy.Connection, edition_id: int, but: int | None) -> Sequence[int]:
    """The edition's runs but for one; looked up first, lest a database joins all that is pending to them."""
    own = select(run.c.n).where(run.c.edition_id == edition_id, run.c.n != (but or 0))
    return connection.execute(own).scalars().all()


def number_of(connection: sqlalchemy.Connection, run_id: str) -> int:
    return int(connection.execute(select(run.c.n).where(run.c.id == run_id)).scalar_one())


def _ends(connection: sqlalchemy.Connection, number: int, sizes: Sequence[int]) -> list[int]:
    """The `seq` at which each wave ends."""
    own = select(message.c.seq).where(message.c.run_n == number).order_by(message.c.seq).limit(1)
    last = connection.execute(select(func.max(message.c.seq)).where(message.c.run_n == number)).scalar_one()
    if sizes and last == sizes[-1]:
        return list(sizes)  # the ledger forbade none of the plan's messages, so they are numbered through
    return [connection.execute(own.offset(size - 1)).scalar_one() for size in sizes]


def _resolve(connection: sqlalchemy.Connection, run_id: str) -> int:
    newest = select(run.c.n, run.c.id).order_by(run.c.n.desc()).limit(2)
    if run_id == "latest":
        found = connection.execute(newest.limit(1)).all()
        if not found:
            raise errors.UsageError("the ledger holds no run yet", hint="gewe-runner send CAMPAIGN")
        return int(found[0].n)
    exact = connection.execute(select(run.c.n).where(run.c.id == run_id)).scalar_one_or_none()
    if exact is not None:
        return int(exact)
    found = connection.execute(newest.where(run.c.id.startswith(run_id, autoescape=True))).all()
    if len(found) == 1:
        return int(found[0].n)
    fault = f"there is no run {run_id!r}" if not found else f"more than one run begins with {run_id!r}"
    raise errors.UsageError(fault, hint="gewe-runner status")


def _infos(connection: sqlalchemy.Connection, numbers: Iterable[int]) -> Iterator[RunInfo]:
    gateway = connection.execute(select(meta.c.value).where(meta.c.key == "gateway")).scalar_one()
    for number in list(numbers):
        row = connection.execute(
            select(run, edition.c.campaign, edition.c.edition)
            .join(edition, edition.c.id == run.c.edition_id)
            .where(run.c.n == number)
        ).one()
        header = json.loads(row.header)
        yield RunInfo(
            id=row.id,
            campaign=row.campaign,
            edition=row.edition,
            profile=row.profile,
            gateway=gateway,
            digest=row.digest,
            state=row.state,
            created_at=row.created_at,
            finished_at=row.finished_at,
            counts=counts.states(counts.standing(connection, number)),
            skips=counts.skips(connection, number),
            made=header.get("made", {}),
            pruned_at=header.get("pruned", {}).get("at"),
            stopped=row.stopped,
        )
