"""What the acceptance tests share: sandboxes that stand for a real gateway, and a shop that sends to them."""

import csv
import itertools
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from gewe_runner import sandbox
from tests import program
from tests.conftest import CAMPAIGN, ROOT

#: Must appear nowhere but in the environment and in the request's header.
TOKEN = "tok-5e1f-Zk93-unmistakable"

#: How long anything may take that has no reason to, in seconds.
PATIENCE = 40

SETTINGS = """\
version: 1
profiles:
  live:
    gateway: {gateway}
    allow_http: true
    token_env: GEWE_TOKEN
    devices:
      shop-east: {{appId: wx_east}}
      shop-west: {{appId: wx_west}}
      shop-north: {{appId: wx_north}}
    pace: {{per_minute: null, gap_seconds: null, per_half_hour: null, per_day: null, quiet_hours: null,
           cool_down_minutes: null}}
    timeouts: {{connect: 5, read: {read}}}
"""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Gateway:
    """A sandbox that a profile takes for the real thing, and its own account of what came in."""

    url: str

    def received(self) -> dict[str, Any]:
        origin = self.url.removesuffix("/gewe/v2/api")
        tree: dict[str, Any] = requests.get(f"{origin}/sandbox/received?bodies=1", timeout=PATIENCE).json()
        return tree


@dataclass(frozen=True)
class Shop:
    """A project whose only profile, `live`, sends to a gateway; its recipients are its own, however many share that."""

    folder: Path
    gateway: Gateway
    #: Laid over the environment of everything that the shop runs.
    env: dict[str, str] = field(default_factory=lambda: {"GEWE_TOKEN": TOKEN})
    number: int = field(default_factory=lambda: next(_numbers))

    def id(self, behaviour: str) -> str:
        """The id of somebody for whom the gateway behaves so."""
        return f"sandbox_{behaviour}_shop{self.number:03}"

    def friends(self, count: int) -> list[str]:
        """The ids of people who are simply served."""
        return [f"wxid_shop{self.number:03}n{index:04}" for index in range(count)]

    def members(self, *ids: str, device: str = "shop-east") -> None:
        """Write the campaign's list; `add` lengthens it."""
        with (self.folder / "lists" / "members.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("wxid", "name", "store", "device")])
        self.add(*ids, device=device)

    def add(self, *ids: str, device: str) -> None:
        with (self.folder / "lists" / "members.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((one, f"客人{number}", "徐家汇店", device) for number, one in enumerate(ids, 1))

    def write(self, file: str, content: str | bytes) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text(encoding="utf-8")
        assert old in text
        (self.folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """`gewe-runner ARGUMENTS…`, running."""
        return program.start(*arguments, cwd=self.folder, env={**self.clean(), **self.env, **(env or {})})

    def clean(self) -> dict[str, str]:
        """An environment with nothing in it that anybody has set; tests of a module may share a shop."""
        home = self.folder.parent / "home"
        path = os.environ["PATH"]
        return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """`gewe-runner ARGUMENTS…` and how it ended."""
        with self.start(*arguments, env=env) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def send(self, *options: str | Path, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        return self.run("send", "fruit.yaml", "--yes", *options, env=env)

    def report(self, run: str = "*") -> dict[str, Any]:
        """The report of the campaign's only run, or of that one."""
        (file,) = (self.folder / "reports" / "fruit").glob(f"{run}/report.json")
        tree: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return tree

    def states(self) -> dict[str, str]:
        """What became of everybody, by the report of the only run."""
        return {one["toWxid"]: one["state"] for one in self.report()["messages"]}

    def runs(self) -> list[dict[str, Any]]:
        """What `status` tells of every run, the newest first."""
        tree: list[dict[str, Any]] = json.loads(self.run("status", "--format", "json").stdout)
        return tree

    def accepted(self) -> Counter[str]:
        """How many cards each of the shop's people may have got."""
        mark = f"shop{self.number:03}"
        return Counter({one: count for one, count in self.gateway.received()["accepted"].items() if mark in one})

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the payload that came in for each of the shop's people."""
        mark = f"shop{self.number:03}"
        return {b["toWxid"]: b["sha256"] for b in self.gateway.received()["bodies"] if mark in b["toWxid"]}


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Look again and again until it is so, as long as the process lives that shall make it so."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def open_shop(folder: Path, gateway: Gateway, *, read: float = 30) -> Shop:
    """A shop with three friends on its list and the campaign `fruit.yaml`, which goes through each row's device."""
    (folder / "lists").mkdir(parents=True)
    (folder / "gewe.yaml").write_text(SETTINGS.format(gateway=gateway.url, read=read), encoding="utf-8")
    (folder / "fruit.yaml").write_text(CAMPAIGN, encoding="utf-8")
    shop = Shop(folder, gateway)
    shop.members(*shop.friends(3))
    return shop


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """A gateway that answers at once."""
    with program.sandboxed() as url:
        yield Gateway(url)


@pytest.fixture(scope="session")
def slow_gateway() -> Iterator[Gateway]:
    """A gateway that takes its time for every answer, long enough to come in between."""
    with program.sandboxed(sandbox.Options(latency=0.25)) as url:
        yield Gateway(url)


@pytest.fixture
def shop(tmp_path: Path, gateway: Gateway) -> Shop:
    return open_shop(tmp_path / "shop", gateway)


@pytest.fixture
def slow_shop(tmp_path: Path, slow_gateway: Gateway) -> Shop:
    return open_shop(tmp_path / "shop", slow_gateway)
