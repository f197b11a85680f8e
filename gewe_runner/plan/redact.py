"""Replaces the ids of a plan by pseudonyms, so that it can be shown to people who shall not see them."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from urllib.parse import quote

from gewe_runner.model import Message, Skip
from gewe_runner.plan import freeze

#: The chat with oneself is nobody's name.
_OWN = "filehelper"


def lines(plan: freeze.Plan) -> Iterator[bytes]:
    """The plan's lines with a pseudonym for each id, the same one wherever the id stands in the plan.

    An id is also replaced where a template put it into the card. What else a template put there stays.
    """
    key = _key(plan)
    for item in plan.lines():
        alias = pseudonym(key, item.to_wxid)
        yield freeze.line(_message(item, alias) if isinstance(item, Message) else _skip(item, alias)).encode()


def pseudonym(key: bytes, to_wxid: str) -> str:
    """What stands for the id: `person-…`, or `…@chatroom` for a group."""
    if to_wxid in ("", _OWN):
        return to_wxid
    short = hmac.digest(key, to_wxid.encode(), "sha256").hex()[:12]
    return f"{short}@chatroom" if to_wxid.endswith("@chatroom") else f"person-{short}"


def _key(plan: freeze.Plan) -> bytes:
    """A key that follows from the whole plan.

    So the same plan gives the same copy, and nobody can try ids out on the copy without having all of them.
    """
    found = hashlib.sha256(b"redact\0")
    with plan.path.open("rb") as file:
        for line in file:
            found.update(line)
    return found.digest()


def _message(message: Message, alias: str) -> Message:
    fields: dict[str, str] = json.loads(message.payload)
    payload = freeze.canonical({name: _without(value, message.to_wxid, alias) for name, value in fields.items()})
    # The hash of the true payload would tell whether a guessed id is the right one.
    sha256 = hashlib.sha256(payload.encode()).hexdigest()
    return message._replace(to_wxid=alias, payload=payload, sha256=sha256)


def _skip(skip: Skip, alias: str) -> Skip:
    return skip._replace(to_wxid=alias, text=_without(skip.text, skip.to_wxid, alias))


def _without(text: str, to_wxid: str, alias: str) -> str:
    if not to_wxid:
        return text
    return text.replace(to_wxid, alias).replace(quote(to_wxid, safe=""), quote(alias, safe=""))
