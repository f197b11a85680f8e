"""Asks the gateway about a device: nothing that is asked here changes anything or reaches anybody."""

import contextlib
import functools
import json

import requests
import urllib3
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

from gewe_runner.wire import failures, masks, posting, said, surroundings, transport
from gewe_runner.wire.said import Said, Silence
from gewe_runner.wire.surroundings import Surroundings

#: The questions, as paths behind the API's prefix.
PRESENCE = "/login/checkOnline"
PROFILE = "/personal/getProfile"
CONTACTS = "/contacts/fetchContactsList"
CACHED_CONTACTS = "/contacts/fetchContactsListCache"

#: Longest answer that is read, in bytes: a list of contacts has some hundred thousand.
CAP = 1 << 23


class Asker:
    """Asks one gateway with one token; threads may share it.

    Args:
        gateway: Base URL with the API's prefix.
        token: Masked in everything this module gives out; None: none is sent.
        connect_timeout: Seconds to reach the gateway, and to hand the question over.
        read_timeout: Seconds from then on until the answer must be complete.
    """

    def __init__(self, gateway: str, token: str | None, *, connect_timeout: float, read_timeout: float) -> None:
        self._gateway = gateway.rstrip("/")
        self._headers = posting.headers(token)
        self._clean = masks.cleaner(token) if token else masks.plain
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._watch = transport.Watch(read_timeout)
        #: Seconds in which two questions are answered, or never will be.
        self.patience = 2 * (connect_timeout + read_timeout) + 5

    def ask(self, question: str, app_id: str) -> Said | Silence:
        """Ask once; never raises for what a network or server does."""
        body = json.dumps({"appId": app_id}).encode()
        with self._watch.deadline() as deadline:
            try:
                return self._exchange(self._gateway + question, body)
            except failures.FAILURES as error:
                chain = failures.chain(error)
                if deadline.line is None:
                    words = f"{failures.TO_GATEWAY[failures.unsent(chain)]}: {failures.words(chain[-1])}"
                    return Silence(text=self._clean(words), left=False)
                late = deadline.passed or any(isinstance(one, TimeoutError) for one in chain)
                words = "no complete answer in time" if late else f"no answer: {failures.words(chain[-1])}"
                return Silence(text=self._clean(words))

    @functools.cached_property
    def _around(self) -> Surroundings:
        return surroundings.find(self._gateway)

    def close(self) -> None:
        self._watch.close()

    def _exchange(self, url: str, body: bytes) -> Said | Silence:
        request = requests.Request("POST", url).prepare()
        with contextlib.closing(transport.Adapter()) as adapter:
            pool, path = adapter.way(request, self._around)
            assert isinstance(pool, HTTPConnectionPool)  # every pool of the adapter is one
            headers = {**self._headers, "Content-Length": str(len(body))}
            response = posting.opened(pool, path, body, headers, self._timeout)
            with contextlib.closing(response):
                return self._read(response)

    def _read(self, response: BaseHTTPResponse) -> Said | Silence:
        status = response.status
        if target := response.get_redirect_location():
            return Silence(status=status, text=self._clean(f"HTTP {status}: redirect to {target}"))
        body = posting.whole(response, CAP)
        if body is None:
            return Silence(text=f"the answer is longer than {CAP} bytes")
        return said.read(status, body, self._clean)
