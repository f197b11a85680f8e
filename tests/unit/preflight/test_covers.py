"""Every cover is looked at once, all of them at once, and those that were sound an hour ago not again."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gewe_runner.model import CoverLimits
from gewe_runner.preflight import abreast
from gewe_runner.preflight import covers as looking
from gewe_runner.preflight.fetch import Fetcher
from gewe_runner.preflight.memory import HOUR, Memory
from gewe_runner.preflight.route import Resolve, Router
from gewe_runner.rules import Rule, covers
from tests import pictures, raw

NOW = 1_800_000_000_000


class Cdn:
    """A server of files by name, which may change at any time."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.server = raw.Server(self._script)

    def url(self, name: str) -> str:
        return f"http://cdn.example.com:{self.server.port}/{name}"

    def _script(self, line: socket.socket) -> None:
        name = self.server.take(line).split(b" ")[1].decode().strip("/").partition("?")[0]
        line.sendall(raw.http(self.files[name]) if name in self.files else raw.http(b"", "404 Not Found"))


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    made = Cdn()
    with made.server:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "covers.json"


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def check(
    urls: Sequence[str],
    file: Path,
    *,
    now: int = NOW,
    limits: CoverLimits | None = None,
    resolve: Resolve = here,
    patience: float = 10,
) -> list[list[Rule]]:
    limits, memory = limits or CoverLimits(), Memory(file)
    fetcher = Fetcher(Router(resolve=resolve, is_private=lambda _: False), most=round(limits.max_kb * 1024))
    found = looking.check(urls, limits, memory, lambda: now, fetcher, patience)
    memory.write(now)
    return [[rule for rule, _ in found[url]] for url in urls]


def test_each_cover_has_its_faults(cdn: Cdn, file: Path) -> None:
    cdn.files = {
        "sound.png": pictures.png(),
        "sound.jpg": pictures.jpeg(),
        "large.png": pictures.png(padding=60_000),
        "huge.png": pictures.png(padding=1_100_000),
        "square.jpg": pictures.jpeg(600, 600),
        "webp.jpg": b"RIFF\x10\0\0\0WEBPVP8 ",
        "page.png": b"<html>not found</html>",
    }
    expected = {
        "sound.png": [],
        "sound.jpg": [],
        "large.png": [covers.COVER_LARGE],
        "huge.png": [covers.COVER_TOO_BIG],
        "square.jpg": [covers.COVER_RATIO],
        "webp.jpg": [covers.COVER_TYPE],
        "page.png": [covers.COVER_TYPE],
        "gone.png": [covers.COVER_UNREACHABLE],
        "signed.png?q-sign-time=1755695441;1755699041": [covers.COVER_EXPIRED],
    }
    assert check([cdn.url(name) for name in expected], file) == list(expected.values())
    assert cdn.server.connections == len(expected) - 1  # nobody is asked for what has ended


def test_a_sound_cover_is_not_fetched_again_within_an_hour(cdn: Cdn, file: Path) -> None:
    cdn.files = {"a.png": pictures.png()}
    for now, connections in [(NOW, 1), (NOW + HOUR - 1, 1), (NOW + HOUR, 2)]:
        assert check([cdn.url("a.png")], file, now=now) == [[]]
        assert cdn.server.connections == connections


def test_a_cover_with_a_fault_is_fetched_again_so_that_mending_it_helps(cdn: Cdn, file: Path) -> None:
    url = cdn.url("a.png")
    assert check([url], file) == [[covers.COVER_UNREACHABLE]]
    cdn.files["a.png"] = pictures.png(padding=60_000)
    assert check([url], file) == [[covers.COVER_LARGE]]
    cdn.files["a.png"] = pictures.png()
    assert check([url], file) == [[]]


def test_what_is_remembered_is_judged_by_the_limits_of_today(cdn: Cdn, file: Path) -> None:
    cdn.files = {"a.png": pictures.png(padding=20_000)}
    assert check([cdn.url("a.png")], file) == [[]]
    assert check([cdn.url("a.png")], file, limits=CoverLimits(warn_kb=10)) == [[covers.COVER_LARGE]]
    assert cdn.server.connections == 2


def test_a_name_that_is_never_resolved_holds_nobody_up(cdn: Cdn, file: Path) -> None:
    cdn.files, never = {"a.png": pictures.png()}, threading.Event()

    def stuck(host: str, port: int) -> Sequence[str]:
        if host == "stuck.example.com":
            never.wait(60)
        return here(host, port)

    begun = time.monotonic()
    urls = [f"http://stuck.example.com/{number}" for number in range(abreast.MOST - 1)]
    found = check([*urls, cdn.url("a.png")], file, resolve=stuck, patience=1)
    assert found == [[covers.COVER_UNREACHABLE]] * len(urls) + [[]]
    assert time.monotonic() - begun < 30
    never.set()
