"""What can come back from a gateway, as data: one class for each thing that can be known about a request."""

import enum
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gewe_runner.wire.failures import Unsent


class Loss(enum.StrEnum):
    """Why the answer to a request that left is not known."""

    TIMEOUT = "timeout"
    BROKEN = "broken"
    TRUNCATED = "truncated"
    GARBLED = "garbled"
    TOO_BIG = "too_big"


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """The API's own answer. All texts are cleaned; ids are exact, "" where there is none."""

    http_status: int
    ret: int
    #: The operation's text, e.g. 发送小程序失败.
    msg: str
    #: `data.code`, as text.
    code: str
    #: The most telling text: `data.msg`, else `data.detail.msg_err`, else `msg`.
    inner: str
    msg_id: str
    new_msg_id: str
    create_time: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoEnvelope:
    """A complete HTTP answer that is not the API's: a proxy's page, a redirect, another server."""

    http_status: int
    #: What it said, cleaned; for a redirect where it points.
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotSent:
    """No byte of the message left this machine."""

    kind: Unsent
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """The message left, or began to, and no complete answer came."""

    kind: Loss
    text: str


Answer = Envelope | NoEnvelope | NotSent | Lost

#: Removes from a text what must not be shown or stored.
Clean = Callable[[str], str]

_ID = re.compile(r"-?[0-9]{1,20}")


class _Number(str):
    """A JSON number as written, so that no id is rounded and no huge one is computed."""

    __slots__ = ()


def read(http_status: int, body: bytes, clean: Clean) -> Envelope | NoEnvelope:
    """Take the bytes of an HTTP answer for what they are; never raises, whatever they are."""
    text = body.decode("utf-8-sig", errors="replace")
    answer = _tree(text)
    ret = answer.get("ret") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(ret, _Number) or not re.fullmatch(r"-?[0-9]{1,9}", ret):
        return NoEnvelope(http_status=http_status, text=clean(text) or "an empty answer")
    data = answer.get("data")
    data = data if isinstance(data, dict) else {}
    msg = clean(_text(answer.get("msg")))
    return Envelope(
        http_status=http_status,
        ret=int(ret),
        msg=msg,
        code=clean(_text(data.get("code"))),
        inner=clean(_text(data.get("msg"))) or clean(_detail(data.get("detail"))) or msg,
        msg_id=_id(data.get("msgId")),
        new_msg_id=_id(data.get("newMsgId")),
        create_time=_id(data.get("createTime")),
    )


def _tree(text: str) -> Any:
    """The JSON text as a tree, None if it is none that can be trusted."""
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        # two values for one key: the answer contradicts itself, so it proves nothing
        raise ValueError("duplicate key")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else ""


def _detail(value: object) -> str:
    """`data.detail` is an object, or one written as a JSON string."""
    tree = _tree(value) if isinstance(value, str) else value
    return _text(tree.get("msg_err")) if isinstance(tree, dict) else ""


def _id(value: object) -> str:
    text = _text(value)
    return text if _ID.fullmatch(text) else ""
