"""What every test gets: a closed network, a clean environment, a small project, and the program itself."""

import gc
import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest

from tests import program, surroundings

ROOT = Path(__file__).parent.parent

# A busy machine is no reason to fail, so no example has a deadline.
hypothesis.settings.register_profile("gewe-runner", deadline=None)
hypothesis.settings.load_profile("gewe-runner")

# What pytest has made of a test's file is kept whatever the shell says: each worker makes it of all files.
sys.dont_write_bytecode = False

# Thousands of tests are collected and stay; to look through them for garbage again and again finds none.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Path) -> None:
    """A home of one's own, UTC, no proxy, and nothing that the developer's shell or CI has set."""
    for name in surroundings.foreign():
        monkeypatch.delenv(name)
    home = tempfile.mkdtemp(dir=homes)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_CACHE_HOME", f"{home}/.cache")
    monkeypatch.setenv("XDG_CONFIG_HOME", f"{home}/.config")
    monkeypatch.setenv("XDG_STATE_HOME", f"{home}/.local/state")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def _refuse(address: object) -> None:
    raise AssertionError(f"a test reached for {address!r}; only this machine's loopback is open to tests")


def _guard_address(family: int, address: Any) -> None:
    if family == socket.AF_UNIX:
        return
    host = str(address[0])
    if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        _refuse(address)


def _guard_name(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return
    if name.endswith(".invalid"):  # promised never to exist (RFC 6761), so nobody has to be asked
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        _refuse(name)


@pytest.fixture(autouse=True, scope="session")
def closed_network() -> Iterator[None]:
    """Fail a test that connects or resolves a name beyond loopback; names under `.invalid` do not resolve."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _guard_address(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _guard_address(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: str | bytes | None, *args: Any, **kwargs: Any) -> Any:
        _guard_name(host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(socket.socket, "connect", guarded_connect)
        monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


SETTINGS = """\
version: 1
default_profile: sandbox
profiles:
  sandbox:
    gateway: sandbox
    devices:
      shop-east: {appId: wx_sandbox_shop_east}
"""

CAMPAIGN = """\
version: 1
name: fruit
edition: 1
card:
  miniAppId: wx1f9ea355b47256dd
  userName: gh_690acf47ea05@app
  displayName: 百果园+
  title: "{{ name }}，水果到家"
  pagePath: pages/index.html?store={{ store | urlencode }}
  coverImgUrl: https://cdn.example.com/covers/fruit.jpg
recipients:
  - file: lists/members.csv
    columns: {toWxid: wxid}
send:
  device: shop-east
"""

MEMBERS = """\
wxid,name,store
wxid_demo000000001a,林晓雨,徐家汇店
wxid_demo000000002b,陈默,静安寺店
wxid_demo000000003c,王思远,五角场店
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a small valid project: `gewe.yaml`, `fruit.yaml` and its three members in `lists/members.csv`."""
    folder = tmp_path / "project"
    (folder / "lists").mkdir(parents=True)
    (folder / "gewe.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "fruit.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "lists" / "members.csv").write_text(MEMBERS, encoding="utf-8")
    return folder


class Cli(Protocol):
    """Runs `gewe-runner ARGS…` as a user would, in a process of its own, and waits for it."""

    def __call__(
        self, *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program; `cwd` is the test's folder unless said, `env` is laid over the clean environment."""

    def run(
        *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        own = {**os.environ, **(env or {})}
        with program.start(*args, cwd=cwd or tmp_path, env=own, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(stdin, timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run
