"""The client: one request a message, one plain answer, and nothing else whatever a network or server does."""

import contextlib
import gzip
import re
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import strategies as st

import gewe_runner
from gewe_runner import errors
from gewe_runner.send import answers, gewe
from gewe_runner.send.answers import Answer, Envelope, Loss, Lost, NoEnvelope, NotSent
from gewe_runner.wire import masks
from gewe_runner.wire.failures import Unsent
from tests import raw

TOKEN = "s3cr3t/+to=ken"
BODY = '{"appId":"wx_1","title":"水果"}'.encode()
SUCCESS = b'{"ret":200,"msg":"ok","data":{"msgId":7,"newMsgId":3190424380344821001,"createTime":1704162674}}'


@contextlib.contextmanager
def client(
    gateway: str, *, token: str = TOKEN, connect_timeout: float = 5, read_timeout: float = 5, keep_idle: float = 60
) -> Iterator[gewe.Client]:
    opened = gewe.Client(
        gateway, token, connect_timeout=connect_timeout, read_timeout=read_timeout, keep_idle=keep_idle
    )
    try:
        yield opened
    finally:
        opened.close()


def post(gateway: str, *, read_timeout: float = 5) -> Answer:
    with client(gateway, read_timeout=read_timeout) as opened:
        return opened.post(BODY)


def answer_to(*pieces: bytes, read_timeout: float = 5, pause: float = 0) -> Answer:
    with raw.answering(*pieces, pause=pause) as server:
        return post(server.gateway, read_timeout=read_timeout)


def lost(answer: Answer) -> Loss:
    assert isinstance(answer, Lost), answer
    return answer.kind


def not_sent(answer: Answer) -> Unsent:
    assert isinstance(answer, NotSent), answer
    return answer.kind


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# what goes out


def test_a_message_is_posted_as_the_api_describes_it() -> None:
    with raw.answering(raw.http(SUCCESS)) as server:
        answer = post(server.gateway + "/")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /gewe/v2/api/message/postMiniApp HTTP/1.1"
    assert f"X-GEWE-TOKEN: {TOKEN}" in lines
    assert "Content-Type: application/json; charset=utf-8" in lines
    assert f"User-Agent: gewe-runner/{gewe_runner.__version__}" in lines
    assert f"Content-Length: {len(BODY)}" in lines
    assert body == BODY
    assert isinstance(answer, Envelope)
    assert (answer.ret, answer.new_msg_id) == (200, "3190424380344821001")


def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with raw.answering(raw.http(SUCCESS)) as server:
        post(server.gateway)
    assert b"authorization" not in server.requests[0].lower()


def test_a_servers_cookies_are_not_kept() -> None:
    with raw.keeping_alive(raw.http(SUCCESS, Set_Cookie="track=1; Path=/")) as server, client(server.gateway) as opened:
        opened.post(BODY)
        opened.post(BODY)
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("token", ["", " ", "to ken", "token\n", "令牌", "tok\x7fen"])
def test_a_token_that_can_be_none_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(errors.InvalidError) as caught:
        gewe.Client("http://127.0.0.1", token, connect_timeout=1, read_timeout=1)
    assert "令牌" not in caught.value.message + caught.value.hint


# connections


def test_a_connection_is_used_again() -> None:
    with raw.keeping_alive(raw.http(SUCCESS)) as server, client(server.gateway) as opened:
        assert [type(opened.post(BODY)) for _ in range(3)] == [Envelope] * 3
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    with raw.keeping_alive(raw.http(SUCCESS)) as server, client(server.gateway, keep_idle=0) as opened:
        assert [type(opened.post(BODY)) for _ in range(3)] == [Envelope] * 3
    assert (server.connections, len(server.requests)) == (3, 3)


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    closed = threading.Event()

    def script(line: socket.socket) -> None:
        server.take(line)
        line.sendall(raw.http(SUCCESS))  # which promises to keep the connection
        line.shutdown(socket.SHUT_RDWR)
        closed.set()

    with raw.Server(script) as server, client(server.gateway) as opened:
        assert isinstance(opened.post(BODY), Envelope)
        assert closed.wait(5)
        assert isinstance(opened.post(BODY), Envelope)
    assert len(server.requests) == 2


def test_a_message_is_never_sent_twice_on_a_connection_that_breaks() -> None:
    def script(line: socket.socket) -> None:
        server.take(line)
        line.sendall(raw.http(SUCCESS))
        server.take(line)  # the second request gets no answer

    with raw.Server(script) as server, client(server.gateway) as opened:
        assert isinstance(opened.post(BODY), Envelope)
        assert lost(opened.post(BODY)) is Loss.BROKEN
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_message_leaves_when_there_is_a_connection_and_not_before() -> None:
    left: list[bool] = []
    with raw.answering(raw.http(SUCCESS)) as server, client(server.gateway) as opened:
        assert isinstance(opened.post(BODY, lambda: left.append(True)), Envelope)
    assert left == [True]
    with client(f"http://127.0.0.1:{free_port()}") as opened:
        assert isinstance(opened.post(BODY, lambda: left.append(True)), NotSent)
    assert left == [True]


def test_threads_share_a_client() -> None:
    found: list[Answer] = []
    # the server takes one connection after the other, and each thread brings its own
    with raw.answering(raw.http(SUCCESS)) as server, client(server.gateway) as opened:
        threads = [threading.Thread(target=lambda: found.append(opened.post(BODY))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [type(answer) for answer in found] == [Envelope] * 4
    assert server.connections == 4


# what comes back, over HTTP


def test_an_envelope_counts_under_any_status() -> None:
    answer = answer_to(raw.http(b'{"ret":500,"msg":"no"}', "500 Internal Server Error"))
    assert isinstance(answer, Envelope)
    assert (answer.http_status, answer.ret) == (500, 500)


def test_an_answer_that_is_no_envelope_is_kept_as_text() -> None:
    answer = answer_to(raw.http(b"<html>\n<h1>502</h1>", "502 Bad Gateway"))
    assert answer == NoEnvelope(http_status=502, text="<html> <h1>502</h1>")


def test_a_redirect_is_told_not_followed() -> None:
    with raw.answering(raw.http(SUCCESS)) as other:
        answer = answer_to(raw.http(SUCCESS, "307 Temporary Redirect", Location=f"{other.gateway}?token={TOKEN}"))
    assert other.connections == 0
    assert answer == NoEnvelope(http_status=307, text=f"redirect to {other.gateway}?token=***")


def test_a_redirects_endless_body_is_not_read() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert isinstance(answer_to(head, *[b"4\r\nabcd\r\n"] * 3, read_timeout=60), NoEnvelope)


def test_a_compressed_answer_is_read() -> None:
    assert isinstance(answer_to(raw.http(gzip.compress(SUCCESS), Content_Encoding="gzip")), Envelope)


def test_a_chunked_answer_is_read() -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in SUCCESS)
    assert isinstance(
        answer_to(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"), Envelope
    )


def test_an_answer_that_ends_with_the_connection_is_read() -> None:
    assert isinstance(answer_to(b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS), Envelope)


# what comes back, from hostile or broken servers


def test_a_connection_closed_without_an_answer_is_lost() -> None:
    assert lost(answer_to()) is Loss.BROKEN


def test_a_reset_is_lost() -> None:
    def script(line: socket.socket) -> None:
        server.take(line)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw.Server(script) as server:
        assert lost(post(server.gateway)) is Loss.BROKEN
    assert len(server.requests) == 1


def test_a_truncated_answer_is_lost() -> None:
    assert lost(answer_to(raw.http(SUCCESS)[:-5])) is Loss.TRUNCATED


def test_a_truncated_chunked_answer_is_lost() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert lost(answer_to(head + b"%x\r\n" % len(SUCCESS) + SUCCESS[:-5])) is Loss.TRUNCATED


@pytest.mark.parametrize("packed", [b"not gzip", gzip.compress(SUCCESS)[:-8] + bytes(8)], ids=["none", "checksum"])
def test_bad_compression_is_lost(packed: bytes) -> None:
    assert lost(answer_to(raw.http(packed, Content_Encoding="gzip"))) is Loss.GARBLED


def test_an_answer_that_is_too_long_is_lost() -> None:
    assert lost(answer_to(raw.http(b" " * (gewe.CAP + 1) + SUCCESS))) is Loss.TOO_BIG


def test_a_compressed_answer_that_unpacks_too_long_is_lost() -> None:
    bomb = gzip.compress(b" " * 50_000_000 + SUCCESS)
    assert lost(answer_to(raw.http(bomb, Content_Encoding="gzip"))) is Loss.TOO_BIG


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbanana\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_http_proves_nothing(answer: bytes) -> None:
    assert isinstance(answer_to(answer), Lost | NoEnvelope)


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    head=st.lists(
        st.sampled_from([b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"\xe4: \xb8"])
        | st.binary(max_size=20)
    ),
    body=st.binary(max_size=60) | st.just(SUCCESS),
)
def test_no_bytes_make_the_client_raise(head: list[bytes], body: bytes) -> None:
    answer = answer_to(b"\r\n".join([b"HTTP/1.1 200 OK", *head, b"", body]))
    assert isinstance(answer, Envelope | NoEnvelope | Lost)


# time


def test_silence_after_the_request_is_lost() -> None:
    release = threading.Event()

    def script(line: socket.socket) -> None:
        server.take(line)
        release.wait(5)

    with raw.Server(script) as server:
        assert lost(post(server.gateway, read_timeout=0.1)) is Loss.TIMEOUT
        release.set()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08aaaaaa",
    ],
    ids=["status line", "header", "body", "body without length", "chunk size", "gzip name"],
)
def test_slow_bytes_do_not_hold_a_lane_for_ever(head: bytes) -> None:
    # each byte comes well within the timeout, all of them would take minutes
    assert lost(answer_to(head, *[b"0"] * 5000, read_timeout=0.3, pause=0.05)) is Loss.TIMEOUT


# the request never left


def test_a_closed_port_is_not_sent() -> None:
    answer = post(f"http://127.0.0.1:{free_port()}")
    assert not_sent(answer) is Unsent.CONNECT
    assert isinstance(answer, NotSent)
    assert answer.text == "no connection to the gateway: [Errno 111] Connection refused"


def test_an_unknown_name_is_not_sent() -> None:
    assert not_sent(post("http://gateway.invalid/gewe/v2/api")) is Unsent.DNS


@pytest.mark.parametrize(
    "gateway", ["", "gateway", "http://", "http://[::1", "ftp://127.0.0.1", "http://a b:x", "http://.:0"]
)
def test_an_address_that_cannot_be_used_is_not_sent(gateway: str) -> None:
    assert not_sent(post(gateway)) is Unsent.ADDRESS


def test_a_server_that_takes_no_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        crowd = []
        for _ in range(4):  # fill the queue, so that the next connection is never taken
            line = socket.socket()
            line.setblocking(False)
            line.connect_ex(("127.0.0.1", port))
            crowd.append(line)
        with client(f"http://127.0.0.1:{port}", connect_timeout=0.2) as opened:
            assert not_sent(opened.post(BODY)) is Unsent.TIMEOUT
        for line in crowd:
            line.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw.certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def test_an_untrusted_certificate_is_not_sent(certificate: Path) -> None:
    with raw.answering(raw.http(SUCCESS), tls=raw.tls(certificate)) as server:
        assert not_sent(post(server.gateway)) is Unsent.TLS
    assert server.requests == []


def test_a_trusted_certificate_is_used(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with raw.answering(raw.http(SUCCESS), tls=raw.tls(certificate)) as server:
        assert isinstance(post(server.gateway), Envelope)


def test_slow_bytes_over_tls_do_not_hold_a_lane_for_ever(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with raw.answering(head, *[b"0"] * 5000, pause=0.05, tls=raw.tls(certificate)) as server:
        assert lost(post(server.gateway, read_timeout=0.3)) is Loss.TIMEOUT


def test_a_server_without_tls_is_not_sent() -> None:
    taken = []

    def script(line: socket.socket) -> None:
        taken.append(line.recv(65536))
        line.sendall(raw.http(b"", "400 Bad Request"))

    with raw.Server(script) as server:
        assert not_sent(post(server.gateway.replace("http:", "https:"))) is Unsent.TLS
    assert TOKEN.encode() not in taken[0]


# proxies


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw.answering(raw.http(SUCCESS)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert isinstance(post("http://gateway.invalid/gewe/v2/api"), Envelope)
    assert proxy.requests[0].startswith(b"POST http://gateway.invalid/gewe/v2/api/message/postMiniApp ")


def test_a_gateway_on_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with raw.answering(raw.http(SUCCESS)) as server:
        assert isinstance(post(server.gateway), Envelope)


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "gateway.invalid")
    assert not_sent(post("http://gateway.invalid")) is Unsent.DNS


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_not_sent(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:hunter2@127.0.0.1:{free_port()}")
    answer = post(f"{scheme}://gateway.invalid")
    assert not_sent(answer) is Unsent.PROXY
    assert "hunter2" not in str(answer)


@pytest.mark.parametrize(("reply", "kind"), [(b"", Unsent.CONNECT), (b"HTTP/1.1 403 No\r\n\r\n", Unsent.PROXY)])
def test_a_proxy_that_does_not_connect_is_not_sent(reply: bytes, kind: Unsent, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw.answering(reply) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert not_sent(post("https://gateway.invalid")) is kind
    assert not any(TOKEN.encode() in request for request in proxy.requests)


def test_a_proxy_of_an_unknown_kind_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    assert isinstance(post("http://gateway.invalid"), NotSent)


# texts


@pytest.mark.parametrize(
    "echo",
    [
        TOKEN,
        TOKEN.upper(),
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("/", "&#x2F;").replace("+", "&#43;"),
        TOKEN.replace("s", "\u200bs"),
    ],
)
def test_the_token_is_masked_however_it_is_written(echo: str) -> None:
    answer = answer_to(raw.http(f"X-GEWE-TOKEN={echo} 不可用或已过期".encode(), "400 Bad Request"))
    assert answer == NoEnvelope(http_status=400, text="X-GEWE-TOKEN=*** 不可用或已过期")


def test_the_token_is_masked_in_every_text_of_an_envelope() -> None:
    echo = f'{{"ret":500,"msg":"{TOKEN}","data":{{"code":"{TOKEN}","msg":"{TOKEN}","msgId":"{TOKEN}"}}}}'
    answer = answer_to(raw.http(echo.encode()))
    assert "s3cr3t" not in str(answer)
    assert isinstance(answer, Envelope)
    assert (answer.msg, answer.code, answer.inner) == ("***", "***", "***")


def test_a_text_is_cut_only_after_the_token_is_masked() -> None:
    answer = answer_to(raw.http(b"x" * (masks.TEXT - 4) + TOKEN.encode() + b"y" * 100))
    assert answer == NoEnvelope(http_status=200, text="x" * (masks.TEXT - 4) + "***y")


def test_a_text_holds_nothing_that_could_upset_a_terminal_or_a_database() -> None:
    answer = answer_to(raw.http(rb'{"ret":500,"msg":"a\u0000\u001b[31mb\ud800\u202e\r\nc\u2028d"}'))
    assert isinstance(answer, Envelope)
    assert answer.msg == "a[31mb c d"


def test_a_client_shows_no_token() -> None:
    with client("http://127.0.0.1:1") as opened:
        assert not re.search("s3cr3t", repr(opened) + str(opened.post(BODY)))


def test_a_malformed_header_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer_to(b"HTTP/1.1 200 OK\r\nbroken " + TOKEN.encode() + b"\r\nContent-Length: 2\r\n\r\n{}")
    assert caplog.records == []


def test_an_answer_is_one_of_four_kinds() -> None:
    assert answers.Answer == Envelope | NoEnvelope | NotSent | Lost
