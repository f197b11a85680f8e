"""A question is asked once, in bounded time, and whatever comes of it is an answer and no exception."""

import contextlib
import socket
from collections.abc import Iterator

from gewe_runner.preflight import ask
from gewe_runner.preflight.ask import Asker
from gewe_runner.wire.said import Said, Silence
from tests import raw


@contextlib.contextmanager
def asking(answer: bytes, *, token: str | None = "tok-1", read: float = 5) -> Iterator[tuple[Asker, raw.Server]]:
    """Who asks a server that gives this answer to everything."""

    def script(line: socket.socket) -> None:
        while server.take(line):
            line.sendall(answer)

    with raw.Server(script) as server:
        asker = Asker(server.gateway, token, connect_timeout=2, read_timeout=read)
        try:
            yield asker, server
        finally:
            asker.close()


def test_a_question_names_the_device_and_carries_the_token() -> None:
    with asking(raw.http(b'{"ret":200,"msg":"ok","data":true}')) as (asker, server):
        assert asker.ask(ask.PRESENCE, "wx_a") == Said(ret=200, data=True, text="ok")
    (request,) = server.requests
    assert request.startswith(b"POST /gewe/v2/api/login/checkOnline HTTP/1.1\r\n")
    assert b"X-GEWE-TOKEN: tok-1\r\n" in request
    assert request.endswith(b'\r\n\r\n{"appId": "wx_a"}')


def test_without_a_token_none_is_sent() -> None:
    with asking(raw.http(b'{"ret":500,"msg":"no"}'), token=None) as (asker, server):
        assert asker.ask(ask.PRESENCE, "wx_a") == Said(ret=500, data=None, text="no")
    assert b"TOKEN" not in server.requests[0]


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/tok-1\r\nContent-Length: 0\r\n\r\n"
    with asking(moved) as (asker, server):
        answer = asker.ask(ask.PROFILE, "wx_a")
    assert answer == Silence(status=307, text="HTTP 307: redirect to http://127.0.0.1:9/***")
    assert server.connections == 1


def test_an_answer_that_does_not_end_is_given_up() -> None:
    with asking(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", read=0.3) as (asker, _):
        assert asker.ask(ask.PRESENCE, "wx_a") == Silence(text="no complete answer in time")


def test_a_gateway_that_is_not_there_was_never_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asker = Asker(f"http://127.0.0.1:{port}/gewe/v2/api", "tok-1", connect_timeout=2, read_timeout=2)
    answer = asker.ask(ask.PRESENCE, "wx_a")
    asker.close()
    assert isinstance(answer, Silence)
    assert not answer.left
    assert answer.text.startswith("no connection to the gateway: ")


def test_an_answer_of_any_length_is_not_read() -> None:
    with asking(raw.http(b" " * (ask.CAP + 1))) as (asker, _):
        assert asker.ask(ask.CONTACTS, "wx_a") == Silence(text=f"the answer is longer than {ask.CAP} bytes")
