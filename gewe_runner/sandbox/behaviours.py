"""How the sandbox answers a well-formed request: what an id in it or a fault file asks for."""

import asyncio
import gzip
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

#: What the API says of every message that it could not send; the cause stands inside.
FAILED = "发送小程序失败"

_JSON = "application/json; charset=utf-8"
_PAGE = b"<html><body><h1>It works!</h1></body></html>"

#: Bytes of a huge answer that are made at a time.
_PIECE = 1 << 16
#: Seconds between the pieces of a slow answer.
_TICK = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What the sandbox has for a request before it answers."""

    #: The `data` of the right answer.
    data: Any
    #: What the API calls the operation where it fails.
    failed: str = FAILED
    #: The `data` with which the endpoint says that the device is offline; None: it refuses, as most do.
    when_offline: bool | None = None


def receipt(to_wxid: str, number: int) -> Receipt:
    """The right answer to a message.

    Args:
        number: Which accepted message it is, from 1; 0 for one that was not accepted.
    """
    data = {
        "toWxid": to_wxid,
        "createTime": int(time.time()),
        "msgId": 700_000_000 + number,
        "newMsgId": _new_msg_id(number),
        "type": 33,
    }
    return Receipt(data=data)


Answer = Callable[[web.BaseRequest, Receipt], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """One way to treat a request."""

    #: Whether the phone may have got the message; decided when the request is complete, before anything is answered.
    accepts: bool
    answer: Answer


def behaviour(to_wxid: str) -> Behaviour:
    """`sandbox_<name>_…` gets the behaviour of that name, everybody else is sent to."""
    if not to_wxid.startswith("sandbox_"):
        return ACCEPT
    name, underscore, _ = to_wxid.removeprefix("sandbox_").partition("_")
    return BEHAVIOURS.get(name, ACCEPT) if underscore else ACCEPT


def by_device(app_id: str) -> Behaviour | None:
    """A device whose appId begins with `wx_offline_` is offline; None for every other one."""
    return OFFLINE if app_id.startswith("wx_offline_") else None


def refusal(msg: str, data: Mapping[str, Any] | None = None) -> web.Response:
    """A refusal as the API sends it: HTTP 200, the truth in `ret`; without `data` for token and parameter errors."""
    return _response(_json(_refused(msg, data)))


def _refused(msg: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"ret": 500, "msg": msg} | ({"data": data} if data else {})


def _json(tree: object) -> bytes:
    return json.dumps(tree).encode()


def _response(body: bytes, *, status: int = 200, content_type: str = _JSON) -> web.Response:
    return web.Response(body=body, status=status, headers={"Content-Type": content_type})


def _envelope(data: Any) -> bytes:
    return _json({"ret": 200, "msg": "操作成功", "data": data})


def _new_msg_id(number: int) -> int:
    """An id that looks random, fits a signed 64-bit integer, needs more than a float, and never comes twice."""
    # multiplying by an odd number permutes the 62-bit numbers
    return (1 << 62) | (number * 0x9E3779B97F4A7C15 & (1 << 62) - 1)


def _refuse(spec: Mapping[str, Any]) -> Behaviour:
    data = {"code": spec.get("code", "-1"), "msg": spec.get("inner")} if {"code", "inner"} & set(spec) else None
    status = spec.get("http_status", 200)

    async def answer(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
        envelope = spec.get("envelope", _refused(spec.get("msg", receipt.failed), data))
        return _response(_json(envelope), status=status)

    return Behaviour(accepts=spec.get("accepted", False), answer=answer)


def _offline(_spec: object) -> Behaviour:
    refused = _refuse({"code": "-1", "inner": "微信已离线"})

    async def answer(request: web.BaseRequest, receipt: Receipt) -> web.StreamResponse:
        if receipt.when_offline is None:
            return await refused.answer(request, receipt)
        return _response(_envelope(receipt.when_offline))

    return Behaviour(accepts=False, answer=answer)


def _often(_spec: object) -> Behaviour:
    return _refuse({"code": "-1", "inner": "操作过于频繁，请稍后再试"})


def _hang(spec: object) -> Behaviour:
    seconds = spec.get("seconds") if isinstance(spec, Mapping) else None

    async def answer(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
        # without a time nothing ends the wait: the task is cancelled when the client leaves
        await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))
        return _response(_envelope(receipt.data))

    return Behaviour(accepts=True, answer=answer)


def _reset(spec: str) -> Behaviour:
    async def answer(request: web.BaseRequest, _receipt: Receipt) -> web.Response:
        reset(request)
        return web.Response()

    return Behaviour(accepts=spec == "after", answer=answer)


def reset(request: web.BaseRequest) -> None:
    """Break the request's connection as a crash would."""
    if request.transport:
        # lingering for zero seconds turns the close into a TCP reset
        line = request.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def _garbage(_spec: object) -> Behaviour:
    async def answer(_request: web.BaseRequest, _receipt: Receipt) -> web.Response:
        return _response(_PAGE, content_type="text/html; charset=utf-8")

    return Behaviour(accepts=True, answer=answer)


def _status(spec: Mapping[str, Any]) -> Behaviour:
    headers = {"Content-Type": "text/plain; charset=utf-8", **spec.get("headers", {})}
    body = spec.get("body", "").encode()

    async def answer(_request: web.BaseRequest, _receipt: Receipt) -> web.Response:
        return web.Response(body=body, status=spec["code"], headers=headers)

    return Behaviour(accepts=spec.get("accepted", False), answer=answer)


def _redirect(spec: Mapping[str, Any]) -> Behaviour:
    # of all redirects the one that a careless client follows with body and token
    return _status({"code": 307, "headers": {"Location": spec["to"]}})


def _slow(spec: Mapping[str, Any]) -> Behaviour:
    a_tick = max(1, round(spec["bytes_per_second"] * _TICK))
    pause = a_tick / spec["bytes_per_second"]

    async def answer(request: web.BaseRequest, receipt: Receipt) -> web.StreamResponse:
        body = _envelope(receipt.data)
        response = await _begun(request, len(body))
        for start in range(0, len(body), a_tick):
            # before each piece: with the last byte the client is free to send its next request
            await asyncio.sleep(pause)
            await response.write(body[start : start + a_tick])
        return response

    return Behaviour(accepts=True, answer=answer)


def _huge(spec: Mapping[str, Any]) -> Behaviour:
    async def answer(request: web.BaseRequest, receipt: Receipt) -> web.StreamResponse:
        body = _envelope(receipt.data)
        padding = max(0, spec["bytes"] - len(body))
        response = await _begun(request, len(body) + padding)
        await response.write(body)
        for start in range(0, padding, _PIECE):
            await response.write(b" " * min(_PIECE, padding - start))
        return response

    return Behaviour(accepts=True, answer=answer)


async def _begun(request: web.BaseRequest, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _JSON})
    response.content_length = length
    await response.prepare(request)
    return response


def _content_type(spec: str) -> Behaviour:
    async def answer(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
        return _response(_envelope(receipt.data), content_type=spec)

    return Behaviour(accepts=True, answer=answer)


def _truncated_gzip(_spec: object) -> Behaviour:
    async def answer(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
        packed = gzip.compress(_envelope(receipt.data))
        response = _response(packed[: len(packed) // 2])
        response.headers["Content-Encoding"] = "gzip"
        return response

    return Behaviour(accepts=True, answer=answer)


def _no_id(_spec: object) -> Behaviour:
    async def answer(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
        data = receipt.data
        kept = {key: value for key, value in data.items() if key != "newMsgId"} if isinstance(data, dict) else data
        return _response(_envelope(kept))

    return Behaviour(accepts=True, answer=answer)


async def _accept(_request: web.BaseRequest, receipt: Receipt) -> web.Response:
    return _response(_envelope(receipt.data))


ACCEPT = Behaviour(accepts=True, answer=_accept)
OFFLINE = _offline(True)

#: What a fault can do, by its key in a fault file; each takes what stands behind the key.
KINDS: dict[str, Callable[[Any], Behaviour]] = {
    "refuse": _refuse,
    "offline": _offline,
    "often": _often,
    "hang": _hang,
    "reset": _reset,
    "garbage": _garbage,
    "status": _status,
    "redirect": _redirect,
    "slow": _slow,
    "huge": _huge,
    "content_type": _content_type,
    "truncated_gzip": _truncated_gzip,
    "no_id": _no_id,
}

#: What a recipient's id can ask for.
BEHAVIOURS: dict[str, Behaviour] = {
    "refused": _refuse({"code": "-2", "inner": None}),
    "offline": _offline(True),
    "often": _often(True),
    "hang": _hang(True),
    "reset": _reset("after"),
    "garbage": _garbage(True),
    "noid": _no_id(True),
}
