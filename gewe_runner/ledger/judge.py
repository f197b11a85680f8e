"""Judges whom the ledger forbids to send to: who got the card already, who may have, who got enough."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func, select

from gewe_runner.ledger.tables import message, skip
from gewe_runner.model import FrequencyCap, Reason, State

_DAY = 86_400_000

_COLUMNS = select(message.c.to_wxid, message.c.state, message.c.sha256)


@dataclass(frozen=True, slots=True)
class Capped:
    """Those whom the cap kept out of a run when it was registered."""

    run_n: int


def standing(
    connection: sqlalchemy.Connection,
    edition_id: int | None,
    cap: FrequencyCap | Capped | None,
    names: Mapping[str, str],
    now: int,
) -> dict[str, tuple[Reason, str]]:
    """Of these recipients those whom the ledger forbids, why, and the payload that they got.

    A pending message forbids nothing: it is this run's own, or registering the plan supersedes it.

    Args:
        names: Each recipient's id, with what the ledger calls them.
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
    live = own & (message.c.state != State.CANCELLED) & (message.c.state != State.PENDING)
    rows = list(connection.execute(_COLUMNS.where(live)))
    if forgotten := [name for one, name in names.items() if one != name]:
        # What was pending when they were forgotten is cancelled, and stays so.
        rows[:0] = connection.execute(_COLUMNS.where(own, message.c.to_wxid.in_(forgotten)))
    for to_wxid, state, sha256 in rows:
        found[persons[to_wxid]] = (Reason.ALREADY_SENT if state == State.SENT else Reason.UNRESOLVED, sha256)
    return found


def _capped(
    connection: sqlalchemy.Connection, cap: FrequencyCap, persons: Mapping[str, str], now: int
) -> Iterator[str]:
    """Who got as many cards as the cap allows, from any campaign and under any name."""
    rows = connection.execute(
        select(message.c.to_wxid, func.count())
        .where(
            message.c.to_wxid.in_(persons),
            message.c.state.in_([State.SENT, State.SENDING, State.UNKNOWN]),
            message.c.started_at > now - round(cap.days * _DAY),
        )
        .group_by(message.c.to_wxid)
    )
    got: Counter[str] = Counter()
    for to_wxid, number in rows:
        got[persons[to_wxid]] += number
    return (one for one, number in got.items() if number >= cap.messages)


def _kept_out(connection: sqlalchemy.Connection, cap: Capped, persons: Mapping[str, str]) -> Iterator[str]:
    rows = connection.execute(
        select(skip.c.to_wxid).where(
            skip.c.to_wxid.in_(persons), skip.c.run_n == cap.run_n, skip.c.reason == Reason.FREQUENCY_CAP
        )
    )
    return (persons[to_wxid] for to_wxid in rows.scalars())
