"""What the environment says on the way to an address: proxies, and whose certificates are trusted."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment's word on one address."""

    #: Whose certificates are trusted: a file or folder, or True for the usual ones.
    verify: bool | str
    #: By scheme; none where the address is on this machine.
    proxies: Mapping[str, str]


def find(url: str) -> Surroundings:
    """The environment's proxies and trusted certificates; what is on this machine needs no proxy."""
    with requests.Session() as session:
        found = session.merge_environment_settings(url, {}, True, None, None)
    verify = True if found["verify"] is None else found["verify"]
    return Surroundings(verify, {} if is_loopback(url) else dict(found["proxies"]))


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
