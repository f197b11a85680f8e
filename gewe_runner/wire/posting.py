"""One POST to the gateway, as messages and questions need it: no second try, no redirect, a bounded answer."""

from collections.abc import Mapping
from typing import IO

import urllib3
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

import gewe_runner

_CHUNK = 1 << 16


def headers(token: str | None) -> dict[str, str]:
    """The headers of every request, with the token if there is one."""
    found = {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"gewe-runner/{gewe_runner.__version__}",
    }
    return {**found, "X-GEWE-TOKEN": token} if token else found


def opened(
    pool: HTTPConnectionPool, path: str, body: bytes | IO[bytes], headers: Mapping[str, str], timeout: urllib3.Timeout
) -> BaseHTTPResponse:
    """The beginning of the answer; raises what the transport raises."""
    return pool.urlopen(
        "POST",
        path,
        body=body,
        headers=headers,
        retries=False,
        redirect=False,
        assert_same_host=False,
        timeout=timeout,
        preload_content=False,
        decode_content=False,
    )


def whole(response: BaseHTTPResponse, cap: int) -> bytes | None:
    """The body, decoded; None: it is longer than so many bytes."""
    body = bytearray()
    while chunk := response.read(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > cap:
            return None
    return bytes(body)
