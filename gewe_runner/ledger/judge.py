"""Judges whom the ledger forbids to send to: who got the card already, who may have, who got enough."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import func, select

from gewe_runner import batches
from gewe_runner.ledger import forget
from gewe_runner.ledger.tables import edition, message, skip
from gewe_runner.model import FrequencyCap, Message, Reason, Skip, State
from gewe_runner.overlay import Overlay

_DAY = 86_400_000

_COLUMNS = select(message.c.to_wxid, message.c.state, message.c.sha256)


@dataclass(frozen=True, slots=True)
class Capped:
    """Those whom the cap kept out of a run when it was registered."""

    run_n: int


def laid(
    connection: sqlalchemy.Connection,
    edition_id: int | None,
    cap: FrequencyCap | Capped | None,
    lines: Iterable[Message | Skip],
    now: int,
    overlay: Overlay,
    *,
    pending: Reason | None = None,
) -> Iterator[Message | Skip]:
    """The lines with every message that the ledger forbids turned into a skip, and counted in `overlay`.

    Args:
        pending: As in `standing`.
    """
    key = forget.key(connection)
    for batch in batches.of(lines):
        # Of whom was forgotten no id may come back, so skips name them as the ledger does.
        aliases = forget.aliases(connection, key, [one.to_wxid for one in batch])
        ids = [one.to_wxid for one in batch if isinstance(one, Message)]
        found = standing(connection, edition_id, cap, {one: one for one in ids} | aliases, now, pending=pending)
        for one in batch:
            name = aliases.get(one.to_wxid, one.to_wxid)
            if isinstance(one, Skip):
                yield one._replace(to_wxid=name) if name != one.to_wxid else one
                continue
            if one.to_wxid not in found:
                overlay.devices[one.device] += 1
                yield one
                continue
            reason, sha256 = found[one.to_wxid]
            overlay.skips[reason] += 1
            overlay.same_card += reason is Reason.ALREADY_SENT and sha256 == one.sha256
            yield Skip(to_wxid=name, source=one.source, row=one.row, reason=reason)


def standing(
    connection: sqlalchemy.Connection,
    edition_id: int | None,
    cap: FrequencyCap | Capped | None,
    names: Mapping[str, str],
    now: int,
    *,
    pending: Reason | None = None,
) -> dict[str, tuple[Reason, str]]:
    """Of these recipients those whom the ledger forbids, why, and the payload that they got.

    A pending message forbids nothing: it is this run's own, or registering the plan supersedes it.

    Args:
        names: Each recipient's id, with what the ledger calls them.
        pending: What a pending message forbids for, if it does after all.
    """
    persons = {name: one for one, name in names.items()} | {one: one for one in names}
    found: dict[str, tuple[Reason, str]] = {}
    if isinstance(cap, Capped):
        found |= dict.fromkeys(_kept_out(connection, cap, persons), (Reason.FREQUENCY_CAP, ""))
    elif cap is not None:
        found |= dict.fromkeys(_capped(connection, cap, persons, now), (Reason.FREQUENCY_CAP, ""))
    if edition_id is None:
        return found
    own = (message.c.edition_id == edition_id) & message.c.to_wxid.in_(persons)
    # Said apart, since the index holds all but the cancelled ones.
    live = own & (message.c.state != State.CANCELLED)
    if pending is None:
        live &= message.c.state != State.PENDING
    rows = list(connection.execute(_COLUMNS.where(live)))
    if forgotten := [name for one, name in names.items() if one != name]:
        # What was pending when they were forgotten is cancelled, and stays so.
        rows[:0] = connection.execute(_COLUMNS.where(own, message.c.to_wxid.in_(forgotten)))
    for to_wxid, state, sha256 in rows:
        if state == State.PENDING and pending is not None:
            found.setdefault(persons[to_wxid], (pending, sha256))
            continue
        found[persons[to_wxid]] = (Reason.ALREADY_SENT if state == State.SENT else Reason.UNRESOLVED, sha256)
    return found


def counted(connection: sqlalchemy.Connection, cap: FrequencyCap, to_wxid: str, now: int) -> list[dict[str, Any]]:
    """The cards that count for a person's cap, the newest first: campaign, edition, device, state, at."""
    names = {to_wxid, *forget.aliases(connection, forget.key(connection), [to_wxid]).values()}
    rows = connection.execute(
        select(
            edition.c.campaign,
            edition.c.edition,
            message.c.device,
            message.c.state,
            message.c.started_at.label("at"),
        )
        .join(edition, edition.c.id == message.c.edition_id)
        .where(_counts(cap, names, now))
        .order_by(message.c.started_at.desc(), message.c.id.desc())
    )
    return [dict(row) for row in rows.mappings()]


def _counts(cap: FrequencyCap, names: Iterable[str], now: int) -> sqlalchemy.ColumnElement[bool]:
    """Whether a message counts for the cap: it went to one of these people, or may have, and not too long ago."""
    return sqlalchemy.and_(
        message.c.to_wxid.in_(names),
        message.c.state.in_([State.SENT, State.SENDING, State.UNKNOWN]),
        message.c.started_at > now - round(cap.days * _DAY),
    )


def _capped(
    connection: sqlalchemy.Connection, cap: FrequencyCap, persons: Mapping[str, str], now: int
) -> Iterator[str]:
    """Who got as many cards as the cap allows, from any campaign and under any name."""
    each = select(message.c.to_wxid, func.count()).where(_counts(cap, persons, now)).group_by(message.c.to_wxid)
    got: Counter[str] = Counter()
    for to_wxid, number in connection.execute(each):
        got[persons[to_wxid]] += number
    return (one for one, number in got.items() if number >= cap.messages)


def _kept_out(connection: sqlalchemy.Connection, cap: Capped, persons: Mapping[str, str]) -> Iterator[str]:
    rows = connection.execute(
        select(skip.c.to_wxid).where(
            # + 0 hides the run from its index: that of the people leads to a few rows, the run's to all that it skipped
            skip.c.to_wxid.in_(persons),
            skip.c.run_n + 0 == cap.run_n,
            skip.c.reason == Reason.FREQUENCY_CAP,
        )
    )
    return (persons[to_wxid] for to_wxid in rows.scalars())
