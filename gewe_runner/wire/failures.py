"""Takes the exceptions of networks and HTTP libraries for what they are."""

import enum
import http.client
import socket
import ssl

import urllib3

#: What a network, a server or an odd address can raise; every exception of requests is an OSError.
FAILURES = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError)


class Unsent(enum.StrEnum):
    """Why a request never left."""

    ADDRESS = "address"
    DNS = "dns"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROXY = "proxy"


#: Why a request to the gateway never left, to be read before what the network said.
TO_GATEWAY = {
    Unsent.ADDRESS: "the gateway's or a proxy's address cannot be used",
    Unsent.DNS: "the gateway's name cannot be resolved",
    Unsent.CONNECT: "no connection to the gateway",
    Unsent.TIMEOUT: "the gateway could not be reached in time",
    Unsent.TLS: "no trusted connection to the gateway",
    Unsent.PROXY: "the proxy did not connect to the gateway",
}


def chain(exc: BaseException) -> list[BaseException]:
    """The exception and what is inside it, outermost first; the libraries nest causes in several ways."""
    found: list[BaseException] = []
    current: BaseException | None = exc
    while current is not None and current not in found:
        found.append(current)
        inner = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
        current = next((part for part in inner if isinstance(part, BaseException) and part not in found), None)
    return found


def unsent(chain: list[BaseException]) -> Unsent:
    """Why a request never left, by the chain of what was raised."""
    kinds: tuple[tuple[type[BaseException], Unsent], ...] = (
        (urllib3.exceptions.ProxyError, Unsent.PROXY),
        (ssl.SSLError, Unsent.TLS),
        (socket.gaierror, Unsent.DNS),
        # a subclass of urllib3's TimeoutError, though nothing timed out
        (urllib3.exceptions.NewConnectionError, Unsent.CONNECT),
        (TimeoutError, Unsent.TIMEOUT),
        (urllib3.exceptions.TimeoutError, Unsent.TIMEOUT),
        (ConnectionError, Unsent.CONNECT),
        (ValueError, Unsent.ADDRESS),
    )
    return next((kind for cls, kind in kinds for exc in chain if isinstance(exc, cls)), Unsent.CONNECT)


def words(exc: BaseException) -> str:
    """What an exception says, its name if it says nothing."""
    return str(exc) or type(exc).__name__
