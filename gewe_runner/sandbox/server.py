"""A gateway that plays GeWe: messages and questions as the API has them, and an account of what came in."""

import asyncio
import contextlib
import errno
import functools
import ipaddress
import json
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from gewe_runner import errors
from gewe_runner.sandbox import behaviours, inbox, questions
from gewe_runner.sandbox.behaviours import Behaviour
from gewe_runner.sandbox.faults import Faults
from gewe_runner.sandbox.inbox import Inbox
from gewe_runner.sandbox.journal import Journal
from gewe_runner.sandbox.options import Options
from gewe_runner.sandbox.received import Card, Received

PREFIX = "/gewe/v2/api"

#: The fields of a request, in the order of the API's description.
FIELDS = ("appId", "toWxid", "miniAppId", "userName", "title", "coverImgUrl", "pagePath", "displayName")


class Gateway:
    """Answers the requests of one sandbox.

    Args:
        options: How to behave.
        fail: Called when it cannot go on.

    Raises:
        errors.UsageError: The journal cannot be used.
    """

    def __init__(self, options: Options, fail: Callable[[errors.GeweRunnerError], None]) -> None:
        self._fail = fail
        self._latency = options.latency
        self._faults = None if options.faults is None else Faults(options.faults, options.seed)
        self._contacts = None if options.faults is None else options.faults.get("contacts")
        self._journal = Journal(options.journal) if options.journal else None
        self._received = Received(self._journal)
        self._inbox = Inbox()
        self._pages: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]] = {
            ("POST", f"{PREFIX}/message/postMiniApp"): self._post_mini_app,
            ("GET", "/sandbox/received"): self._tell,
            ("GET", "/sandbox/inbox"): self._page,
            ("GET", "/sandbox/inbox.json"): self._news,
            ("POST", "/sandbox/reset"): self._reset,
        }
        for path, endpoint in questions.PATHS.items():
            self._pages["POST", PREFIX + path] = functools.partial(self._question, endpoint)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to any address."""
        page = self._pages.get((request.method, request.path))
        if page:
            return await page(request)
        known = any(path == request.path for _, path in self._pages)
        return web.Response(status=405, text="405: Method Not Allowed") if known else _not_found()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    async def _post_mini_app(self, request: web.BaseRequest) -> web.StreamResponse:
        seconds = self._received.seconds()
        tree = _tree(await request.read())
        device = _device(tree)
        with self._received.request(device, seconds, lambda: _is_there(request)):
            if answer := _objection(request, tree, FIELDS, behaviours.FAILED):
                await asyncio.sleep(self._latency)
                return answer
            return await self._deliver(request, tree, seconds)

    async def _question(self, endpoint: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a question about a device, which is no message: it has an account of its own."""
        seconds = self._received.seconds()
        tree = _tree(await request.read())
        self._received.ask(endpoint)
        device = _device(tree)
        known = self._received.served if self._contacts is None else self._contacts
        right = questions.receipt(endpoint, device, known)
        if answer := _objection(request, tree, FIELDS[:1], right.failed):
            await asyncio.sleep(self._latency)
            return answer
        behaviour, latency = self._decide(device, "", seconds, endpoint)
        if latency:
            await asyncio.sleep(latency)
        return await behaviour.answer(request, right)

    async def _deliver(self, request: web.BaseRequest, card: Card, seconds: float) -> web.StreamResponse:
        """Decide, count, and only then take time: a client that leaves while it waits has been served all the same."""
        self._received.remember(card)
        behaviour, latency = self._decide(card["appId"], card["toWxid"], seconds)
        try:
            number = self._received.accept(card) if behaviour.accepts else 0
        except OSError as exc:
            return self._broken(request, exc)
        noted = self._inbox.begin(card, accepted=behaviour.accepts)
        if latency:
            await asyncio.sleep(latency)
        response = await behaviour.answer(request, behaviours.receipt(card["toWxid"], number))
        self._inbox.answered(noted, response)
        return response

    def _decide(
        self, app_id: str, to_wxid: str, seconds: float, endpoint: str = questions.MESSAGE
    ) -> tuple[Behaviour, float]:
        by_id = behaviours.by_device(app_id) or behaviours.behaviour(to_wxid)
        if self._faults is None:
            return by_id, self._latency
        decision = self._faults.decide(app_id, to_wxid, seconds, endpoint)
        return decision.behaviour or by_id, self._latency or decision.latency

    async def _tell(self, request: web.BaseRequest) -> web.Response:
        asked = request.query
        return web.json_response(self._received.tree(bodies="bodies" in asked, arrivals="arrivals" in asked))

    async def _page(self, _request: web.BaseRequest) -> web.Response:
        return web.Response(text=inbox.page(), content_type="text/html")

    async def _news(self, request: web.BaseRequest) -> web.Response:
        after = request.query.get("after", "0")
        text = self._inbox.after(int(after) if after.isdecimal() and len(after) < 16 else 0)
        return web.Response(text=text, content_type="application/json")

    async def _reset(self, request: web.BaseRequest) -> web.Response:
        try:
            self._received.reset()
            self._inbox.empty()
        except OSError as exc:
            return self._broken(request, exc)
        return web.json_response(self._received.tree())

    def _broken(self, request: web.BaseRequest, exc: OSError) -> web.Response:
        """End the sandbox: an account with gaps would be worse than none."""
        hint = "make room for it, or name another --journal"
        self._fail(errors.StoppedError(f"the journal cannot be written: {exc.strerror or exc}", hint=hint))
        behaviours.reset(request)
        return web.Response()


async def run(host: str, port: int, options: Options, ready: Callable[[str], None], *, watch_stdin: bool) -> None:
    """Serve until SIGINT or SIGTERM, or the end of standard input; see `sandbox.serve`."""
    address = _loopback(host)
    stop: asyncio.Future[errors.GeweRunnerError | None] = asyncio.get_running_loop().create_future()

    def end(reason: errors.GeweRunnerError | None = None) -> None:
        if not stop.done():
            stop.set_result(reason)

    for number in (signal.SIGINT, signal.SIGTERM):
        stop.get_loop().add_signal_handler(number, end)
    if watch_stdin:
        threading.Thread(target=_await_end_of_stdin, args=(stop.get_loop(), end), daemon=True).start()
    with contextlib.closing(Gateway(options, end)) as gateway:
        # a request that its client has left is cancelled, and none is waited for at the end: some hang on purpose
        server = web.Server(gateway.answer, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await _listen(runner, address, port)
            host_part = f"[{address}]" if ":" in address else address
            ready(f"http://{host_part}:{runner.addresses[0][1]}{PREFIX}")
            reason = await stop
        finally:
            await runner.cleanup()
    if reason:
        raise reason


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


async def _listen(runner: web.ServerRunner, address: str, port: int) -> None:
    try:
        await web.TCPSite(runner, address, port).start()
    except OverflowError as exc:
        raise errors.UsageError(f"{port} is no port", hint="ports go from 0 (any free one) to 65535") from exc
    except OSError as exc:
        cause = "is in use" if exc.errno == errno.EADDRINUSE else f"cannot be opened: {exc.strerror}"
        raise errors.UsageError(f"port {port} {cause}", hint="gewe-runner sandbox --port 0 takes a free one") from exc


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(end)


def _tree(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _device(tree: Any) -> str:
    """The appId of a request of any shape; empty where it has none."""
    device = tree.get("appId") if isinstance(tree, dict) else None
    return device if isinstance(device, str) else ""


def _objection(request: web.BaseRequest, tree: Any, fields: Sequence[str], failed: str) -> web.Response | None:
    """What the API says of a request that is none: token first, then its fields, then the device."""
    token = request.headers.get("X-GEWE-TOKEN", "").strip()
    if not token:
        return behaviours.refusal("header:X-GEWE-TOKEN 不可为空")
    if token == "expired":  # noqa: S105 - the one token that the sandbox refuses
        # the echo is the real gateway's; clients have to mask it
        return behaviours.refusal(f"HTTP HEADER: X-GEWE-TOKEN={token} 不可用或已过期")
    if not isinstance(tree, dict):
        return behaviours.refusal("请求体必须为JSON对象")
    for field in fields:
        value = tree.get(field)
        if value is None or value == "":
            return behaviours.refusal(f"{field}不可为空")
        if not isinstance(value, str):
            return behaviours.refusal(f"{field}必须为字符串")
    if not tree["appId"].startswith("wx_"):
        return behaviours.refusal(failed, {"code": "-1", "msg": f"[{tree['appId']}]设备不存在"})
    return None


def _not_found() -> web.Response:
    return web.Response(status=404, text="404: Not Found")


def _is_there(request: web.BaseRequest) -> bool:
    """Whether the request's client still holds its connection; asks the system, as the loop may not know yet."""
    line = request.transport.get_extra_info("socket") if request.transport else None
    if line is None or line.fileno() < 0:
        return False
    with socket.socket(fileno=os.dup(line.fileno())) as probe:
        try:
            return probe.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
