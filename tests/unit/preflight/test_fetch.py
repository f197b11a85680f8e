"""A cover is fetched as the gateway would, from real servers that do all that servers do."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from gewe_runner.preflight.fault import Fault
from gewe_runner.preflight.fetch import Body, Fetcher
from gewe_runner.preflight.route import Router
from gewe_runner.rules import Rule, cards, covers
from gewe_runner.wire import transport
from tests import pictures, raw

PNG = pictures.png()
CDN = "cdn.example.com"

#: What tests resolve; a host that is none of these is left to the machine, which the closed network guards.
HOSTS: Mapping[str, Sequence[str]] = {
    CDN: ["127.0.0.1"],
    "inside.example.com": ["10.0.0.7"],
    "half.example.com": ["127.0.0.1", "192.168.1.7"],
    "metadata.example.com": ["169.254.169.254"],
    "mapped.example.com": ["::ffff:169.254.169.254"],
}


def resolve(host: str, port: int) -> Sequence[str]:
    if host not in HOSTS:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return HOSTS[host]


def is_private(address: str) -> bool:
    """As the program sees it, but for the one address that stands for the internet here."""
    return address != "127.0.0.1" and cards.is_private(address)


@contextlib.contextmanager
def fetcher(*, most: int = 1 << 20, answer: float = 5) -> Iterator[Fetcher]:
    made = Fetcher(Router(patience=2, resolve=resolve, is_private=is_private), most=most, answer=answer)
    try:
        yield made
    finally:
        made.close()


def fetch(url: str, *, most: int = 1 << 20, answer: float = 5) -> Body:
    with fetcher(most=most, answer=answer) as made:
        return made.fetch(url)


def fault(url: str, *, answer: float = 5) -> tuple[Rule, str]:
    with pytest.raises(Fault) as caught:
        fetch(url, answer=answer)
    return caught.value.rule, caught.value.text


def url(server: raw.Server, path: str = "/a.png", *, host: str = CDN, scheme: str = "http") -> str:
    return f"{scheme}://{host}:{server.port}{path}"


def moved(place: str, status: str = "302 Found") -> bytes:
    return raw.http(b"", status, Location=place)


# what goes out


def test_the_address_is_asked_for_exactly_as_written() -> None:
    with raw.answering(raw.http(PNG)) as server:
        body = fetch(url(server, "/covers/%E6%B0%B4;x=1/a.png?q-sign-time=1;2&q-signature=a%2Bb%20c/水#f"))
    head = server.requests[0].decode().split("\r\n")
    assert head[0] == "GET /covers/%E6%B0%B4;x=1/a.png?q-sign-time=1;2&q-signature=a%2Bb%20c/%E6%B0%B4 HTTP/1.1"
    assert f"Host: {CDN}:{server.port}" in head
    assert "Accept-Encoding: identity" in head
    assert body == Body(PNG, len(PNG), complete=True)


def test_a_chunked_body_and_one_that_ends_with_the_connection_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    for answer in (chunked, b"HTTP/1.1 200 OK\r\n\r\nabcde"):
        with raw.answering(answer) as server:
            assert fetch(url(server)) == Body(b"abcde", 5, complete=True)


# what does not end


def test_of_a_large_body_no_more_is_read_than_wanted() -> None:
    with raw.answering(raw.http(bytes(1 << 20))) as server:
        body = fetch(url(server), most=1000)
    assert (len(body.data) <= 1000 + (1 << 16), body.length, body.complete) == (True, 1 << 20, True)


def test_an_endless_body_is_left_alone() -> None:
    def script(line: socket.socket) -> None:
        server.take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(bytes(1 << 16))

    with raw.Server(script) as server:
        body = fetch(url(server), most=200_000)
    assert len(body.data) <= 200_000 + (1 << 16)
    assert not body.complete


@pytest.mark.parametrize(
    "pieces",
    [
        [b"H"] * 400,
        [b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n"] * 400],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b"0"] * 400],
        [raw.http(PNG)[:60], *[b"0"] * 400],
        [b"", *[b""] * 20],
    ],
    ids=["status", "headers", "body", "announced-body", "silence"],
)
def test_slow_bytes_end_in_time(pieces: list[bytes]) -> None:
    begun = time.monotonic()
    with raw.answering(*pieces, pause=0.05) as server:
        assert fault(url(server), answer=0.4) == (covers.COVER_UNREACHABLE, "no complete answer in time")
        assert time.monotonic() - begun < 4


def test_silence_on_an_open_connection_is_no_missing_connection() -> None:
    with raw.answering(b"", *[b""] * 20, pause=0.05) as server, fetcher(answer=0.2) as made:
        made.close()
        made._watch = transport.Watch(60)  # the connection's own time is over before anybody watches
        with pytest.raises(Fault) as caught:
            made.fetch(url(server))
    assert caught.value.text == "no complete answer in time"


def test_slow_redirects_gain_no_time() -> None:
    def script(line: socket.socket) -> None:
        server.take(line)
        time.sleep(0.2)
        line.sendall(moved(f"/{len(server.requests)}"))

    with raw.Server(script) as server:
        assert fault(url(server), answer=0.5) == (covers.COVER_UNREACHABLE, "no complete answer in time")
    assert len(server.requests) < 5


# what is not there


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oops", "204 No Content", "304 Not Modified"])
def test_another_status_is_told(status: str) -> None:
    with raw.answering(raw.http(b"", status)) as server:
        assert fault(url(server)) == (covers.COVER_UNREACHABLE, f"HTTP {status[:3]}")


def test_a_name_that_does_not_exist() -> None:
    rule, text = fault("https://nowhere.invalid/a.png")
    assert (rule, text.partition(":")[0]) == (covers.COVER_UNREACHABLE, "there is no such host")


def test_a_port_that_nobody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    rule, text = fault(f"http://{CDN}:{port}/a.png")
    assert (rule, text.partition(":")[0]) == (covers.COVER_UNREACHABLE, "no connection")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", b"SSH-2.0-OpenSSH\r\n", b"\0\xff\r\n\r\n"]
)
def test_what_is_no_whole_answer(answer: bytes) -> None:
    with raw.answering(answer) as server:
        assert fault(url(server))[0] is covers.COVER_UNREACHABLE


@pytest.mark.parametrize(
    "address", ["http://a..example.com/x", f"http://{'a' * 80}.com/", "http://[::1", "ftp://cdn.example.com/a"]
)
def test_an_address_that_is_none(address: str) -> None:
    assert fault(address)[0] is covers.COVER_UNREACHABLE


# TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw.certificate(tmp_path_factory.mktemp("tls"), f"DNS:{CDN}")


def test_a_certificate_for_the_name_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with raw.answering(raw.http(PNG), tls=raw.tls(certificate)) as server:
        assert fetch(url(server, scheme="https")).data == PNG


def test_an_untrusted_certificate(certificate: Path) -> None:
    with raw.answering(raw.http(PNG), tls=raw.tls(certificate)) as server:
        rule, text = fault(url(server, scheme="https"))
    assert (rule, text.partition(":")[0]) == (covers.COVER_UNREACHABLE, "no trusted connection")
    assert server.requests == []


def test_a_certificate_for_another_name(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = raw.certificate(tmp_path, "DNS:other.example.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with raw.answering(raw.http(PNG), tls=raw.tls(other)) as server:
        assert fault(url(server, scheme="https"))[1].startswith("no trusted connection")


def test_a_server_that_does_not_speak_tls() -> None:
    def script(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(raw.http(PNG))

    with raw.Server(script) as server:
        assert fault(url(server, scheme="https"))[1].startswith("no trusted connection")


def test_slow_bytes_over_tls_end_in_time(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with raw.answering(head, *[b"0"] * 400, pause=0.05, tls=raw.tls(certificate)) as server:
        assert fault(url(server, scheme="https"), answer=0.4)[1] == "no complete answer in time"


def test_a_server_that_never_agrees_on_tls_is_left() -> None:
    begun = time.monotonic()
    with raw.Server(lambda line: time.sleep(3)) as server:
        assert fault(url(server, scheme="https"))[1] == "no connection in time"
        assert time.monotonic() - begun < 3


# redirects


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed_by_hand(status: str) -> None:
    def script(line: socket.socket) -> None:
        asked = server.take(line)
        line.sendall(raw.http(PNG) if b"GET /other.png " in asked else moved("other.png", status))

    with raw.Server(script) as server:
        assert fetch(url(server)).data == PNG


def test_a_circle_of_redirects_is_told() -> None:
    def script(line: socket.socket) -> None:
        line.sendall(moved("/b" if b"GET /a" in server.take(line) else "/a.png"))

    with raw.Server(script) as server:
        rule, text = fault(url(server))
    assert (rule, text) == (covers.COVER_UNREACHABLE, f"it redirects in a circle, by {url(server)}")


def test_redirects_without_end_are_told() -> None:
    def script(line: socket.socket) -> None:
        server.take(line)
        line.sendall(moved(f"/{len(server.requests)}"))

    with raw.Server(script) as server:
        assert fault(url(server)) == (covers.COVER_UNREACHABLE, "it redirects more than 5 times")
    assert len(server.requests) == 6


@pytest.mark.parametrize("place", ["ftp://cdn.example.com/a", "javascript:alert(1)", "file:///etc/passwd"])
def test_a_redirect_to_what_is_no_web_address(place: str) -> None:
    with raw.answering(moved(place)) as server:
        rule, text = fault(url(server))
    assert rule is covers.COVER_UNREACHABLE
    assert text.endswith("which is no web address")


PRIVATE = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://2130706433:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://intranet/",
    "https://inside.example.com/",
    "http://half.example.com:{port}/",
    "http://metadata.example.com/",
    "http://mapped.example.com/",
]


@pytest.mark.parametrize("place", PRIVATE)
def test_a_redirect_into_a_private_network_is_not_followed(place: str) -> None:
    with raw.answering(raw.http(b"secret")) as inside, raw.answering(moved(place.format(port=inside.port))) as server:
        assert fault(url(server))[0] is covers.COVER_NOT_PUBLIC
    assert (server.connections, inside.connections) == (1, 0)


@pytest.mark.parametrize("place", PRIVATE)
def test_a_private_address_is_not_connected_to(place: str) -> None:
    with raw.answering(raw.http(b"secret")) as inside:
        rule, text = fault(place.format(port=inside.port))
    assert (rule, inside.connections) == (covers.COVER_NOT_PUBLIC, 0)
    assert "so the gateway cannot reach it, and nothing was asked there" in text


def test_the_program_itself_takes_this_machine_for_private() -> None:
    with raw.answering(raw.http(PNG)) as server:
        made = Fetcher(Router(resolve=resolve), most=1)
        with contextlib.closing(made), pytest.raises(Fault) as caught:
            made.fetch(url(server))
    assert (caught.value.rule, server.connections) == (covers.COVER_NOT_PUBLIC, 0)


def test_a_name_is_asked_for_once_so_that_it_cannot_change_its_mind() -> None:
    asked = []

    def fickle(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with raw.answering(raw.http(PNG)) as server:
        made = Fetcher(Router(resolve=fickle, is_private=is_private), most=1 << 20)
        with contextlib.closing(made):
            assert made.fetch(url(server)).data == PNG
    assert asked == [CDN]


def test_an_address_that_does_not_answer_is_followed_by_the_next() -> None:
    with raw.answering(raw.http(PNG)) as server:
        # nobody listens on ::1 there, or there is no IPv6 at all
        router = Router(resolve=lambda *_: ["::1", "127.0.0.1"], is_private=lambda _: False)
        with contextlib.closing(Fetcher(router, most=1 << 20)) as made:
            assert made.fetch(url(server)).data == PNG


def test_nothing_secret_of_an_address_is_told() -> None:
    with raw.answering(moved("ftp://me:hunter2@host/?q-signature=5e1f")) as server:
        _, text = fault(url(server))
    assert not {"hunter2", "5e1f"} & set(text.replace("=", " ").replace("@", " ").split())


# proxies


def through(*answers: bytes) -> raw.Server:
    """A proxy that gives its answers, each to what it is asked next on the connection."""

    def script(line: socket.socket) -> None:
        for answer in answers:
            proxy.take(line)
            line.sendall(answer)

    proxy = raw.Server(script)
    return proxy


OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
PUBLIC = "http://93.184.216.34/a.png"


def test_a_proxy_of_the_environment_is_given_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with through(OPENED, raw.http(PNG)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:hun%20ter@127.0.0.1:{proxy.port}")
        router = Router(resolve=lambda *_: ["93.184.216.34"])
        with contextlib.closing(Fetcher(router, most=1 << 20)) as made:
            assert made.fetch(f"http://{CDN}/a.png").data == PNG
    connect, asked = (request.decode().split("\r\n") for request in proxy.requests)
    assert connect[0] == "CONNECT 93.184.216.34:80 HTTP/1.1"
    assert "proxy-authorization: Basic bWU6aHVuIHRlcg==" in [line.replace("P", "p", 1) for line in connect]
    assert asked[0] == "GET /a.png HTTP/1.1"
    assert f"Host: {CDN}" in asked


def test_tls_goes_through_a_proxy_to_the_name(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = raw.tls(certificate)

    def script(line: socket.socket) -> None:
        proxy.take(line)
        line.sendall(OPENED)
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(line, server_side=True) as secured:
            proxy.take(secured)
            secured.sendall(raw.http(PNG))

    with raw.Server(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        router = Router(resolve=lambda *_: ["2606:2800:220:1::1"])
        with contextlib.closing(Fetcher(router, most=1 << 20)) as made:
            assert made.fetch(f"https://{CDN}/a.png").data == PNG
    assert proxy.requests[0].startswith(b"CONNECT [2606:2800:220:1::1]:443 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1/", "http://inside.example.com/", "http://metadata.google.internal/"]
)
def test_a_proxy_is_no_way_into_a_private_network(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with through(OPENED, raw.http(PNG)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert fault(place)[0] is covers.COVER_NOT_PUBLIC
    assert proxy.connections == 0


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 407 Who\r\n\r\n", b"", b"nonsense\r\n"])
def test_what_a_proxy_keeps_back_is_not_held_against_the_cover(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with through(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert fault(PUBLIC)[0] is covers.COVER_UNCHECKED


def test_a_name_that_only_a_proxy_may_know_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with through(OPENED) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert fault("https://nowhere.invalid/a.png")[0] is covers.COVER_UNCHECKED
    assert proxy.connections == 0


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    assert fault(PUBLIC)[0] is covers.COVER_UNCHECKED


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", CDN)
    with raw.answering(raw.http(PNG)) as server:
        assert fetch(url(server)).data == PNG
