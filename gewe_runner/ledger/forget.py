"""Forgets people: what they were sent is erased; that they were, is kept under a keyed hash."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func, insert, select, update

from gewe_runner import errors
from gewe_runner.ledger import connect
from gewe_runner.ledger.tables import NOTES, attempt, forgotten, message, meta, run, skip
from gewe_runner.model import State

#: What a forgotten person is called: this and 64 hexadecimal digits.
PREFIX = "forgotten:"

_KEY = "forget_key"

#: What stands instead of a payload.
NOTHING = "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What a ledger knew of a person."""

    messages: int
    #: Of the messages those that were still to be sent, and never will be.
    cancelled: int
    #: Rows that brought no message.
    skips: int
    #: The runs that they stood in, oldest first.
    runs: Sequence[str]


def forget(ledger: connect.Ledger, to_wxid: str, now: int) -> Erased:
    """Erase a person's payloads, texts and ids; nobody can tell from the ledger who it was, not without its key.

    Raises:
        errors.StoppedError: a message to the person is in flight.
    """
    with ledger.writing() as connection:
        alias = pseudonym(_made_key(connection), to_wxid)
        if connection.execute(
            select(message.c.id).where(message.c.to_wxid == to_wxid, message.c.state == State.SENDING)
        ).first():
            raise errors.StoppedError(
                f"a message to {to_wxid} is in flight; nothing was erased", hint="run this again when it has arrived"
            )
        erased = _erase(connection, to_wxid, alias, now)
        if connection.execute(select(forgotten).where(forgotten.c.pseudonym == alias)).first() is None:
            connection.execute(insert(forgotten).values(pseudonym=alias, at=now))
    with connect.translated(ledger.database, ledger.name):
        ledger.database.scrub(ledger.engine, [message.name, skip.name, attempt.name])
    return erased


def pseudonym(key: bytes, to_wxid: str) -> str:
    """What the person is called once they are forgotten: the same as long as the ledger lives."""
    return PREFIX + hmac.new(key, to_wxid.encode(), hashlib.sha256).hexdigest()


def key(connection: sqlalchemy.Connection) -> bytes | None:
    """The ledger's key; None as long as it has forgotten nobody."""
    text = connection.execute(select(meta.c.value).where(meta.c.key == _KEY)).scalar_one_or_none()
    return bytes.fromhex(text) if text else None


def aliases(connection: sqlalchemy.Connection, key: bytes | None, ids: Sequence[str]) -> dict[str, str]:
    """Of these people those who were forgotten, with what they are called now."""
    if key is None:
        return {}
    named = {pseudonym(key, one): one for one in ids}
    known = connection.execute(select(forgotten.c.pseudonym).where(forgotten.c.pseudonym.in_(named)))
    return {named[alias]: alias for alias in known.scalars()}


def _made_key(connection: sqlalchemy.Connection) -> bytes:
    # also keeps two who forget at once from making two keys
    connection.execute(select(meta).where(meta.c.key == "id").with_for_update())
    known = key(connection)
    if known is None:
        known = secrets.token_bytes(32)
        connection.execute(insert(meta).values(key=_KEY, value=known.hex()))
    return known


def _erase(connection: sqlalchemy.Connection, to_wxid: str, alias: str, now: int) -> Erased:
    own, missed = message.c.to_wxid == to_wxid, skip.c.to_wxid == to_wxid
    numbers = select(message.c.run_n).where(own).union(select(skip.c.run_n).where(missed))
    found = connection.execute(select(run.c.id).where(run.c.n.in_(numbers)).order_by(run.c.n)).scalars().all()
    _unsay(connection, found)
    cancelled = connection.execute(
        update(message)
        .where(own, message.c.state == State.PENDING)
        .values(state=State.CANCELLED, reason="forgotten", ended_at=now)
    ).rowcount
    requests = attempt.c.message_id.in_(select(message.c.id).where(own))
    connection.execute(update(attempt).where(requests).values(text=""))
    # the source and the row would lead to the person as well, and so would the hash of a payload with their id
    place = {"to_wxid": alias, "source": "", "row": 0}
    ids = {"msg_id": "", "new_msg_id": "", "create_time": ""}
    messages = connection.execute(
        update(message).where(own).values(**place, **ids, payload=NOTHING, sha256="", gateway_text="")
    ).rowcount
    skips = connection.execute(update(skip).where(missed).values(**place, text="")).rowcount
    return Erased(messages=messages, cancelled=cancelled, skips=skips, runs=found)


def _unsay(connection: sqlalchemy.Connection, run_ids: Sequence[str]) -> None:
    """Forget what was said of the plans of these runs: it may quote anybody's row."""
    for run_id in run_ids:
        own = run.c.id == run_id
        header = json.loads(connection.execute(select(run.c.header).where(own)).scalar_one())
        if header.pop(NOTES, None):
            connection.execute(update(run).where(own).values(header=json.dumps(header, ensure_ascii=False)))


def count(connection: sqlalchemy.Connection) -> int:
    """How many people the ledger has forgotten."""
    return connection.execute(select(func.count()).select_from(forgotten)).scalar_one()
