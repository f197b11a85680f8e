"""A gateway that plays GeWe: the message endpoint as the API's description has it, and an account of what came in."""

import asyncio
import errno
import ipaddress
import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

from gewe_runner import errors
from gewe_runner.sandbox import behaviours
from gewe_runner.sandbox.options import Options
from gewe_runner.sandbox.received import RECEIVED, Received

PREFIX = "/gewe/v2/api"

_OPTIONS = web.AppKey("options", Options)


def application(options: Options) -> web.Application:
    """The sandbox as an aiohttp application; every application has its own memory."""
    app = web.Application()
    app[_OPTIONS] = options
    app[RECEIVED] = Received()
    app.router.add_post(f"{PREFIX}/message/postMiniApp", _post_mini_app)
    app.router.add_get("/sandbox/received", _received)
    return app


async def run(host: str, port: int, options: Options, ready: Callable[[str], None], *, watch_stdin: bool) -> None:
    """Serve until SIGINT or SIGTERM, or the end of standard input; see `sandbox.serve`."""
    address = _loopback(host)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if watch_stdin:
        threading.Thread(target=_await_end_of_stdin, args=(loop, stop), daemon=True).start()
    # a request that its client has left is cancelled, and none is waited for at the end: some hang on purpose
    runner = web.AppRunner(application(options), access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await _listen(runner, address, port)
        host_part = f"[{address}]" if ":" in address else address
        ready(f"http://{host_part}:{runner.addresses[0][1]}{PREFIX}")
        await stop.wait()
    finally:
        await runner.cleanup()


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise errors.UsageError(
        f"the sandbox listens on this machine only, not on {host}", hint="use 127.0.0.1, ::1 or localhost"
    )


async def _listen(runner: web.AppRunner, address: str, port: int) -> None:
    try:
        await web.TCPSite(runner, address, port).start()
    except OverflowError as exc:
        raise errors.UsageError(f"{port} is no port", hint="ports go from 0 (any free one) to 65535") from exc
    except OSError as exc:
        cause = "is in use" if exc.errno == errno.EADDRINUSE else f"cannot be opened: {exc.strerror}"
        raise errors.UsageError(f"port {port} {cause}", hint="gewe-runner sandbox --port 0 takes a free one") from exc


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


async def _post_mini_app(request: web.Request) -> web.Response:
    received = request.app[RECEIVED]
    received.asked()
    await asyncio.sleep(request.app[_OPTIONS].latency)
    token = request.headers.get("X-GEWE-TOKEN", "").strip()
    if not token:
        return behaviours.refuse("header:X-GEWE-TOKEN 不可为空")
    if token == "expired":  # noqa: S105 - the one token that the sandbox refuses
        # the echo is the real gateway's; clients have to mask it
        return behaviours.refuse(f"HTTP HEADER: X-GEWE-TOKEN={token} 不可用或已过期")
    card = _card(await request.read())
    if isinstance(card, str):
        return behaviours.refuse(card)
    received.remember(card)
    if not card["appId"].startswith("wx_"):
        return behaviours.refuse(behaviours.FAILED, {"code": "-1", "msg": f"[{card['appId']}]设备不存在"})
    return await behaviours.behaviour(card["toWxid"])(request, card)


def _card(body: bytes) -> behaviours.Card | str:
    """The request's eight fields, or what is wrong with them."""
    try:
        tree: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "请求体不是合法的JSON"
    if not isinstance(tree, dict):
        return "请求体必须为JSON对象"
    for field in behaviours.FIELDS:
        value = tree.get(field)
        if value is None or value == "":
            return f"{field}不可为空"
        if not isinstance(value, str):
            return f"{field}必须为字符串"
    return tree


async def _received(request: web.Request) -> web.Response:
    return web.json_response(request.app[RECEIVED].tree(bodies="bodies" in request.query))
