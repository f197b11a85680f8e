"""How the sandbox answers a well-formed message: one coroutine a behaviour, chosen by the recipient's id."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gewe_runner.sandbox.received import RECEIVED

#: The fields of a request, in the order of the API's description.
FIELDS = ("appId", "toWxid", "miniAppId", "userName", "title", "coverImgUrl", "pagePath", "displayName")

Card = dict[str, str]
Behaviour = Callable[[web.Request, Card], Awaitable[web.Response]]

#: What the API says of every message that it could not send; the cause stands inside.
FAILED = "发送小程序失败"


async def accept(request: web.Request, card: Card) -> web.Response:
    return _success(_delivered(request, card))


async def hang(request: web.Request, card: Card) -> web.Response:
    _delivered(request, card)
    await asyncio.Event().wait()
    raise AssertionError("nothing sets this event: the task ends when the client leaves")


async def reset(request: web.Request, card: Card) -> web.Response:
    _delivered(request, card)
    if request.transport:
        # lingering for zero seconds turns the close into a TCP reset
        line = request.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def garbage(request: web.Request, card: Card) -> web.Response:
    _delivered(request, card)
    return web.Response(text="<html><body><h1>It works!</h1></body></html>", content_type="text/html")


async def noid(request: web.Request, card: Card) -> web.Response:
    data = _delivered(request, card)
    del data["newMsgId"]
    return _success(data)


def _refusing(code: str, cause: str | None) -> Behaviour:
    async def behave(_request: web.Request, _card: Card) -> web.Response:
        return refuse(FAILED, {"code": code, "msg": cause})

    return behave


BEHAVIOURS: dict[str, Behaviour] = {
    "refused": _refusing("-2", None),
    "offline": _refusing("-1", "微信已离线"),
    "often": _refusing("-1", "操作过于频繁，请稍后再试"),
    "hang": hang,
    "reset": reset,
    "garbage": garbage,
    "noid": noid,
}


def behaviour(to_wxid: str) -> Behaviour:
    """`sandbox_<name>_…` gets the behaviour of that name, everybody else is sent to."""
    prefix, _, rest = to_wxid.partition("_")
    name, underscore, _ = rest.partition("_")
    return BEHAVIOURS.get(name, accept) if prefix == "sandbox" and underscore else accept


def refuse(msg: str, data: dict[str, Any] | None = None) -> web.Response:
    """A refusal as the API sends it: HTTP 200, the truth in `ret`; without `data` for token and parameter errors."""
    return web.json_response({"ret": 500, "msg": msg} | ({"data": data} if data else {}))


def _success(data: dict[str, Any]) -> web.Response:
    return web.json_response({"ret": 200, "msg": "操作成功", "data": data})


def _delivered(request: web.Request, card: Card) -> dict[str, Any]:
    """Count the message as one that the phone may have got, and make the ids of its answer."""
    number = request.app[RECEIVED].accept(card["toWxid"])
    return {
        "toWxid": card["toWxid"],
        "createTime": int(time.time()),
        "msgId": 700_000_000 + number,
        "newMsgId": _new_msg_id(number),
        "type": 33,
    }


def _new_msg_id(number: int) -> int:
    """An id that looks random, fits a signed 64-bit integer, needs more than a float, and never comes twice."""
    # multiplying by an odd number permutes the 62-bit numbers
    return (1 << 62) | (number * 0x9E3779B97F4A7C15 & (1 << 62) - 1)
