"""The transport under `requests`, with an end to every answer, however slowly its bytes come.

A socket's timeout starts anew with each byte, so a server that sends one byte a second would hold a lane for ever:
in the header, where no code of ours runs, as well as in the body.
"""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import requests
import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager, ProxyManager
from urllib3.response import HTTPResponse

from gewe_runner.wire.surroundings import Surroundings

# its warnings quote the server's raw header lines, where the token may be echoed
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Deadline:
    """The time by which one request's answer must be complete, counted from when the request has left."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch
        self.passed = False
        #: Monotonic seconds; set when the counting begins.
        self.due = 0.0
        self.line: socket.socket | None = None

    def start(self, line: socket.socket) -> None:
        """Count from now; `line` is where the answer is awaited. A further line, as after a redirect, gains no time."""
        # a duplicate: it stays valid, and ours, whatever the connection's owner closes
        self._watch.add(self, socket.socket(fileno=os.dup(line.fileno())))


class Watch:
    """One thread that shuts down the connections whose answers are late.

    Args:
        seconds: What every answer is given.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        #: The oldest, and so the next to be due, first.
        self._deadlines: dict[Deadline, None] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="deadlines")
        self._thread.start()

    @contextlib.contextmanager
    def deadline(self) -> Iterator[Deadline]:
        """Give a deadline to the answer to the one request that is made inside."""
        current = Deadline(self)
        token = _current.set(current)
        try:
            yield current
        finally:
            _current.reset(token)
            self._remove(current)

    def add(self, deadline: Deadline, line: socket.socket) -> None:
        with self._lock:
            former, deadline.line = deadline.line, line
            if former is None:
                deadline.due = time.monotonic() + self._seconds
                self._deadlines[deadline] = None
                return
            former.close()
            if deadline.passed:
                _end(line)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _remove(self, deadline: Deadline) -> None:
        with self._lock:
            self._deadlines.pop(deadline, None)
            if deadline.line:
                deadline.line.close()

    def _run(self) -> None:
        # nobody has to wake this thread: a deadline that begins while it sleeps is due after it wakes
        pause = self._seconds
        while not self._closed.wait(pause):
            pause = self._end_late()

    def _end_late(self) -> float:
        """Shut down what is late; returns the seconds until more can be."""
        with self._lock:
            while oldest := next(iter(self._deadlines), None):
                if (left := oldest.due - time.monotonic()) > 0:
                    return left
                del self._deadlines[oldest]
                oldest.passed = True
                if oldest.line:
                    _end(oldest.line)
        return self._seconds


def _end(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


_current: ContextVar[Deadline] = ContextVar("deadline")


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _current.get().start(self.sock)
        return super().getresponse()


class _TLSConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _current.get().start(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}


class Adapter(requests.adapters.HTTPAdapter):
    """Carries requests, each once: nothing under it sends again. Use it inside `Watch.deadline()`, one a thread."""

    poolmanager: PoolManager

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def way(self, request: requests.PreparedRequest, around: Surroundings) -> tuple[ConnectionPool, str]:
        """The connection that leads to where the request goes, over a proxy or not, and what to ask for on it."""
        pool = self.get_connection_with_tls_context(request, around.verify, proxies=around.proxies)
        self.cert_verify(pool, request.url, around.verify, None)  # type: ignore[no-untyped-call]
        return pool, self.request_url(request, around.proxies)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        # a SOCKS manager's pools are what makes it go through the proxy
        if type(manager) is ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager
