"""The HTTP client of the API: one message in, one answer out, and no exception for anything a network can do."""

import functools
import http.client
import io
import re
import threading
import time
from collections.abc import Callable

import requests
import urllib3
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

from gewe_runner import errors
from gewe_runner.send import answers
from gewe_runner.send.answers import Answer, Envelope, Loss, Lost, NoEnvelope, NotSent
from gewe_runner.wire import failures, masks, posting, surroundings, transport
from gewe_runner.wire.surroundings import Surroundings

#: Longest answer that is read, in bytes; the API's own have about 200.
CAP = 1 << 20

_LOST = {
    Loss.TIMEOUT: "no complete answer in time",
    Loss.BROKEN: "the connection broke before the answer",
    Loss.TRUNCATED: "the answer broke off",
    Loss.GARBLED: "the answer cannot be decoded",
    Loss.TOO_BIG: f"the answer is longer than {CAP} bytes",
}


class Client:
    """Posts messages to one gateway with one token; threads may share it.

    Args:
        gateway: Base URL with the API's prefix, e.g. `https://api.geweapi.com/gewe/v2/api`.
        token: Value of X-GEWE-TOKEN; masked in everything this module gives out.
        connect_timeout: Seconds to reach the gateway, and to hand the request over.
        read_timeout: Seconds from then on until the answer must be complete.
        keep_idle: A connection unused for longer, in seconds, is not used again: a server that is just closing it
            would leave a message's fate unknown.

    Raises:
        errors.InvalidError: The token is none: empty, or with spaces, line breaks or non-ASCII characters.
    """

    def __init__(
        self, gateway: str, token: str, *, connect_timeout: float, read_timeout: float, keep_idle: float = 2
    ) -> None:
        if not re.fullmatch(r"[!-~]+", token):
            raise errors.InvalidError(
                "the token is empty or holds characters that a token never has",
                hint="copy it again from the GeWe console, without spaces, line breaks or full-width characters",
            )
        #: The base URL, for whoever has other requests for the same gateway.
        self.gateway = gateway.rstrip("/")
        self._url = self.gateway + "/message/postMiniApp"
        self._headers = posting.headers(token)
        self._clean = masks.cleaner(token)
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._keep_idle = keep_idle
        self._watch = transport.Watch(read_timeout)
        self._here = threading.local()
        self._adapters: list[transport.Adapter] = []

    def post(self, body: bytes, leaves: Callable[[], None] = lambda: None) -> Answer:
        """Send one message once and say what is known about it; never raises for what a network or server does.

        Args:
            leaves: Called when there is a connection and the message is about to go over it.
        """
        letter = _Letter(body, leaves)
        with self._watch.deadline() as deadline:
            try:
                answer = self._exchange(letter)
            except failures.FAILURES as exc:
                return self._failure(exc, letter, late=deadline.passed)
        # an envelope is complete by its own word, however late; anything else may be what the deadline left of it
        return answer if isinstance(answer, Envelope) or not deadline.passed else self._lost(Loss.TIMEOUT, None)

    def close(self) -> None:
        """Close every thread's connection; call it when no request is under way."""
        self._watch.close()
        for adapter in self._adapters:
            adapter.close()

    def _exchange(self, letter: "_Letter") -> Answer:
        # neither a Session (it reads .netrc, keeps cookies, and on a redirect reads a body of any length) nor the
        # adapter's `send`, which works out anew for every request what is the same for all of them
        pool, path = self._way()
        headers = {**self._headers, "Content-Length": str(letter.size)}
        response = posting.opened(pool, path, letter, headers, self._timeout)
        try:
            return self._read(response)
        finally:
            response.close()
            response.release_conn()
            self._here.used = time.monotonic()

    @functools.cached_property
    def _request(self) -> requests.PreparedRequest:
        return requests.Request("POST", self._url).prepare()

    @functools.cached_property
    def _around(self) -> Surroundings:
        return surroundings.find(self._url)

    def _way(self) -> tuple[HTTPConnectionPool, str]:
        """This thread's connection, and what to ask for on it; anew where the last one has been idle for too long."""
        adapter: transport.Adapter | None = getattr(self._here, "adapter", None)
        if adapter is None:
            adapter = self._here.adapter = transport.Adapter()
            self._adapters.append(adapter)
            self._here.way = None
        elif self._here.way and time.monotonic() - self._here.used > self._keep_idle:
            adapter.close()
            self._here.way = None
        if self._here.way is None:
            self._here.way = adapter.way(self._request, self._around)
        self._here.used = time.monotonic()
        way: tuple[HTTPConnectionPool, str] = self._here.way
        return way

    def _read(self, response: BaseHTTPResponse) -> Answer:
        status = response.status
        if target := response.get_redirect_location():
            return NoEnvelope(http_status=status, text=self._clean(f"redirect to {target}"))
        body = posting.whole(response, CAP)
        return self._lost(Loss.TOO_BIG, None) if body is None else answers.read(status, body, self._clean)

    def _failure(self, exc: Exception, letter: "_Letter", *, late: bool) -> NotSent | Lost:
        chain = failures.chain(exc)
        if letter.begun:
            return self._lost(Loss.TIMEOUT if late else _loss(chain), chain[-1])
        kind = failures.unsent(chain)
        return NotSent(kind=kind, text=self._clean(f"{failures.TO_GATEWAY[kind]}: {failures.words(chain[-1])}"))

    def _lost(self, kind: Loss, cause: BaseException | None) -> Lost:
        text = _LOST[kind] if cause is None or kind is Loss.TIMEOUT else f"{_LOST[kind]}: {failures.words(cause)}"
        return Lost(kind=kind, text=self._clean(text))


class _Letter(io.BytesIO):
    """A request's body that knows whether any of it has been taken to be sent.

    The transport connects and sends the header first, and a header without its body is no message: so this, not
    the type of an exception, tells a request that never left from one that did.
    """

    def __init__(self, body: bytes, leaves: Callable[[], None]) -> None:
        super().__init__(body)
        self.begun, self._leaves = False, leaves

    @property
    def size(self) -> int:
        return self.getbuffer().nbytes

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.begun:
            self._leaves()
        self.begun = True
        return super().read(size)


def _loss(chain: list[BaseException]) -> Loss:
    kinds: tuple[tuple[type[BaseException], Loss], ...] = (
        (urllib3.exceptions.ReadTimeoutError, Loss.TIMEOUT),
        (TimeoutError, Loss.TIMEOUT),
        (http.client.IncompleteRead, Loss.TRUNCATED),
        (urllib3.exceptions.DecodeError, Loss.GARBLED),
    )
    return next((kind for cls, kind in kinds for exc in chain if isinstance(exc, cls)), Loss.BROKEN)
