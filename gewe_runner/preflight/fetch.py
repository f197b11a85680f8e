"""Fetches a cover as the gateway would, in bounded time and bytes."""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import gewe_runner
from gewe_runner.preflight.fault import Fault
from gewe_runner.preflight.route import Router
from gewe_runner.rules import cards, covers
from gewe_runner.wire import failures, masks, transport
from gewe_runner.wire.failures import Unsent

#: Redirects that are followed.
REDIRECTS = 5

_MOVED = {301, 302, 303, 307, 308}
_HEADERS = {
    "Accept": "image/png, image/jpeg, */*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": f"gewe-runner/{gewe_runner.__version__}",
    "Connection": "close",
}
_UNSENT = {
    Unsent.ADDRESS: "its address cannot be used",
    Unsent.DNS: "there is no such host",
    Unsent.CONNECT: "no connection",
    Unsent.TIMEOUT: "no connection in time",
    Unsent.TLS: "no trusted connection",
    Unsent.PROXY: "the proxy did not connect",
}
_LATE = "no complete answer in time"


@dataclass(frozen=True, slots=True)
class Body:
    """What an address answered with."""

    data: bytes
    #: Its length in bytes: what the server says where it was not read to its end.
    length: int
    #: False: it goes on, nobody knows how far.
    complete: bool


class Fetcher:
    """Fetches covers; threads may share it.

    Args:
        most: Bytes of a body that are read.
        answer: Seconds from the first connection until everything must be there, redirects included.
    """

    def __init__(self, router: Router, *, most: int, answer: float = 10) -> None:
        self._router, self._most = router, most
        self._answer = answer
        self._watch = transport.Watch(answer)

    def fetch(self, url: str) -> Body:
        """The body behind a URL, which is sent exactly as written.

        Raises:
            Fault: there is none to be had.
        """
        with self._watch.deadline() as deadline:
            try:
                return self._follow(url, deadline)
            except failures.FAILURES as error:
                raise Fault(covers.COVER_UNREACHABLE, _LATE if deadline.passed else _meaning(error)) from error

    def close(self) -> None:
        self._watch.close()

    def _follow(self, url: str, deadline: transport.Deadline) -> Body:
        seen: list[str] = []
        while len(seen) <= REDIRECTS:
            seen.append(url)
            parts = _parts(url)
            with self._router.open(url, parts) as line:
                deadline.start(line)
                line.settimeout(self._answer)
                try:
                    found = self._ask(line, parts)
                except TimeoutError as error:  # there is a connection, so it is the answer that is late
                    raise Fault(covers.COVER_UNREACHABLE, _LATE) from error
            if deadline.passed:
                raise TimeoutError(_LATE)
            if isinstance(found, Body):
                return found
            url = urljoin(url, found)
            if url in seen:
                raise Fault(covers.COVER_UNREACHABLE, f"it redirects in a circle, by {cards.shown_url(url)}")
        raise Fault(covers.COVER_UNREACHABLE, f"it redirects more than {REDIRECTS} times")

    def _ask(self, line: socket.socket, parts: SplitResult) -> Body | str:
        """One request over the connection: the body, or where it redirects to."""
        connection = http.client.HTTPConnection(parts.hostname or "")
        connection.sock = line
        connection.putrequest("GET", _target(parts), skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", _host(parts))
        for name, value in _HEADERS.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.closing(connection.getresponse()) as response:
            place = response.getheader("Location")
            if response.status in _MOVED and place:
                return place
            if response.status != 200:
                raise Fault(covers.COVER_UNREACHABLE, f"HTTP {response.status}")
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> Body:
        said = response.length or 0
        data = bytearray()
        while len(data) <= self._most and (piece := response.read1(1 << 16)):
            data += piece
        if len(data) > self._most:
            return Body(bytes(data), max(said, len(data)), complete=said > 0)
        if len(data) < said:
            raise http.client.IncompleteRead(bytes(data), said - len(data))
        return Body(bytes(data), len(data), complete=True)


def _parts(url: str) -> SplitResult:
    """The URL in parts; a redirect may lead to anything.

    Raises:
        Fault: it is no web address.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0:
            parts.hostname.encode("idna")
            return parts
    except ValueError:
        pass
    raise Fault(covers.COVER_UNREACHABLE, f"it leads to {masks.plain(cards.shown_url(url))}, which is no web address")


def _target(parts: SplitResult) -> str:
    """What is asked for, as written; only what HTTP cannot carry is encoded."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "".join(letter if letter.isascii() else quote(letter) for letter in target)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").encode("idna").decode()
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def _meaning(error: Exception) -> str:
    chain = failures.chain(error)
    kind = failures.unsent(chain)
    match chain[-1]:
        case http.client.IncompleteRead() as cut:
            return f"the answer broke off after {len(cut.partial)} bytes"
        case http.client.HTTPException() | ConnectionResetError():
            return "the connection ended without an HTTP answer"
        case TimeoutError():
            return _UNSENT[Unsent.TIMEOUT]
    return masks.plain(f"{_UNSENT[kind]}: {failures.words(chain[-1])}")
