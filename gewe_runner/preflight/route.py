"""Opens connections to hosts of the public internet and to no others: what was checked is what is connected to.

A name can lead elsewhere each time it is asked for, so it is asked for once, all of its addresses are looked at, and
the connection goes to one of these. That holds through a proxy of the environment too: it is given the address.
"""

import functools
import http.client
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import requests.utils
import urllib3

from gewe_runner.preflight.fault import Fault
from gewe_runner.rules import cards, covers
from gewe_runner.wire import surroundings

#: The addresses of a host, as text; raises what `socket.getaddrinfo` raises.
Resolve = Callable[[str, int], Sequence[str]]

#: Addresses of one host that are tried.
_TRIED = 3
_PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> Sequence[str]:
    """The host's addresses as this machine knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, kw_only=True, slots=True)
class Router:
    """Opens connections.

    Tests hand in a resolver, and say which of its addresses are private; the program has no setting for either.
    """

    #: Seconds for each step: to connect, to be let through by a proxy, to agree on TLS.
    patience: float = 5
    resolve: Resolve = resolve
    is_private: Callable[[str], bool] = cards.is_private

    def open(self, url: str, parts: SplitResult) -> socket.socket:
        """A connection over which the URL can be asked for.

        Raises:
            Fault: The host is not public, or cannot be looked at from here.
            OSError: It cannot be reached, or not be trusted.
        """
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        around = surroundings.find(url)
        proxy = requests.utils.select_proxy(url, around.proxies)
        addresses = self._addresses(host, port, proxied=proxy is not None)
        line = self._through(proxy, addresses[0], port) if proxy else self._connected(addresses, port)
        if parts.scheme == "http":
            return line
        try:
            return _context(around.verify).wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise

    def _addresses(self, host: str, port: int, *, proxied: bool) -> Sequence[str]:
        if cards.is_private(host):
            raise _private(host)
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            if proxied:
                fault = f"{host} is not known here, only perhaps to the proxy, so it was not looked at"
                raise Fault(covers.COVER_UNCHECKED, fault) from error
            raise
        if private := next(filter(self.is_private, addresses), None):
            raise _private(f"{host} ({private})")
        return addresses

    def _connected(self, addresses: Sequence[str], port: int) -> socket.socket:
        last: OSError | None = None
        for address in addresses[:_TRIED]:
            try:
                return socket.create_connection((address, port), self.patience)
            except OSError as error:
                last = error
        raise last or OSError("the host has no address")

    def _through(self, proxy: str, address: str, port: int) -> socket.socket:
        """A tunnel to the address: the proxy does not get to know the name, so it cannot take it for another."""
        at = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if at.scheme != "http" or not at.hostname:
            raise Fault(covers.COVER_UNCHECKED, f"covers are not looked at through a proxy of the kind {at.scheme}://")
        line: socket.socket | None = None
        try:
            line = socket.create_connection((at.hostname, at.port or 80), self.patience)
            status = _tunnelled(line, f"[{address}]:{port}" if ":" in address else f"{address}:{port}", at)
        except (OSError, http.client.HTTPException) as error:
            if line:
                line.close()
            raise Fault(covers.COVER_UNCHECKED, "the proxy could not be asked, so it was not looked at") from error
        if status != 200:
            line.close()
            raise Fault(
                covers.COVER_UNCHECKED, f"the proxy does not connect to {address} (HTTP {status}): not looked at"
            )
        return line


def _tunnelled(line: socket.socket, target: str, proxy: SplitResult) -> int:
    """Ask the proxy for a tunnel; the HTTP status of its answer."""
    headers = {"Host": target}
    if proxy.username:
        account = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers |= urllib3.util.make_headers(proxy_basic_auth=account)
    lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    line.sendall("\r\n".join(lines).encode())
    answer = http.client.HTTPResponse(line, method="CONNECT")
    answer.begin()
    answer.close()
    return answer.status


def _private(what: str) -> Fault:
    fault = f"{what} is not on the public internet, so the gateway cannot reach it, and nothing was asked there"
    return Fault(covers.COVER_NOT_PUBLIC, fault)


@functools.lru_cache(maxsize=8)
def _context(verify: bool | str) -> ssl.SSLContext:
    """What is trusted: the certificates that `requests` uses, so that covers are judged like the gateway."""
    place = Path(requests.utils.DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify))
    if place.is_dir():
        return ssl.create_default_context(capath=str(place))
    return ssl.create_default_context(cafile=str(place))
