"""The crash harness: sends that are killed, starved or started twice, counted from the gateway's side.

The acceptance tests use it for seconds, `make soak` for as long as one likes.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from gewe_runner import sandbox
from tests import program
from tests.conftest import CAMPAIGN

#: How long anything may take that has no reason to, in seconds.
PATIENCE = 120

SETTINGS = """\
version: 1
default_profile: live
profiles:
  live:
    gateway: {gateway}
    allow_http: true
    token_env: GEWE_TOKEN
    pace: {{per_minute: null, gap_seconds: null, per_half_hour: null, per_day: null, quiet_hours: null,
           cool_down_minutes: null}}
    devices:
{devices}
"""

#: By the end of a recipient's id: what goes wrong for them, so that the end of each message is known beforehand.
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "before": {"reset": "before"},
    "after": {"reset": "after"},
    "garbage": {"garbage": True},
    "refused": {"refuse": {"code": "-4", "inner": "用户不存在"}},
}

#: Of these nobody can know whether the message arrived.
DOUBTFUL = ("before", "after", "garbage")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A sandbox in a process of its own."""

    url: str
    #: Grows with each message that was accepted.
    journal: Path

    @property
    def account(self) -> str:
        return f"{self.url.removesuffix('/gewe/v2/api')}/sandbox"

    def received(self) -> dict[str, Any]:
        tree: dict[str, Any] = requests.get(f"{self.account}/received?arrivals=1", timeout=PATIENCE).json()
        return tree

    def reset(self) -> None:
        requests.post(f"{self.account}/reset", timeout=PATIENCE).raise_for_status()


@contextlib.contextmanager
def gateway(folder: Path, seed: int, median_ms: float = 20) -> Iterator[Gateway]:
    """A gateway that takes that long for most answers, and does `FAULTS`."""
    faults = {
        "version": 1,
        "seed": seed,
        "latency": {"median_ms": median_ms, "p99_ms": 6 * median_ms},
        "faults": [{"match": {"to": f"*_{end}"}, **what} for end, what in FAULTS.items()],
    }
    journal = folder / "accepted.jsonl"
    with program.sandboxed(sandbox.Options(faults=faults, journal=journal)) as url:
        yield Gateway(url=url, journal=journal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A campaign to the recipients, spread over the devices, sent to a gateway."""

    folder: Path
    gateway: Gateway
    recipients: Sequence[str]
    #: Each device's `per_minute`; None: no limit.
    devices: Mapping[str, float | None]

    @property
    def ledger(self) -> Path:
        return self.folder / ".gewe" / "live.db"

    def start(self, *options: str, prepare: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
        """`gewe-runner send`, running; what it says on stderr is added to `said`."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        with (self.folder / "said").open("a", encoding="utf-8") as said:
            return program.start(
                *("send", "fruit.yaml", "--yes", *options),
                cwd=self.folder,
                env={**environment, "GEWE_TOKEN": "tok-soak"},
                stdout=subprocess.DEVNULL,
                stderr=said,
                prepare=prepare,
            )

    def send(self, *options: str, prepare: Callable[[], None] | None = None) -> int:
        """`gewe-runner send` and its exit code."""
        with self.start(*options, prepare=prepare) as process:
            return process.wait(PATIENCE)

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def states(self) -> dict[str, str]:
        """What became of everybody, by the report of the only run."""
        (file,) = (self.folder / "reports" / "fruit").glob("*/report.json")
        return {one["toWxid"]: one["state"] for one in json.loads(file.read_text(encoding="utf-8"))["messages"]}

    def in_flight(self) -> set[str]:
        """Whose message is begun and has no outcome; looked up in a copy, so that what a dead sender left stays."""
        with tempfile.TemporaryDirectory() as name:
            for end in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{self.ledger}{end}", name)
            with contextlib.closing(sqlite3.connect(Path(name) / self.ledger.name)) as ledger:
                if not ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'message'").fetchone():
                    return set()
                return {one for (one,) in ledger.execute("SELECT to_wxid FROM message WHERE state = 'sending'")}


def people(count: int, chance: random.Random, *, faulty: float = 0.08, name: str = "soak") -> list[str]:
    """Ids with a name in them, that share of them with something that goes wrong."""
    ends = [chance.choice(list(FAULTS)) if chance.random() < faulty else "fine" for _ in range(count)]
    return [f"wxid_{name}{number:06}_{end}" for number, end in enumerate(ends)]


def lay(folder: Path, at: Gateway, recipients: Sequence[str], devices: Mapping[str, float | None]) -> Project:
    """Write the project; recipients take turns on the devices."""
    (folder / "lists").mkdir(parents=True)
    listed = "\n".join(
        f"      {name}: {{appId: wx_{name}, pace: {{per_minute: {limit or 'null'}}}}}"
        for name, limit in devices.items()
    )
    (folder / "gewe.yaml").write_text(SETTINGS.format(gateway=at.url, devices=listed), encoding="utf-8")
    tail = f"send: {{devices: [{', '.join(devices)}], stop_when: {{failures_in_a_row: 1000}}}}\n"
    campaign = CAMPAIGN.replace("send:\n  device: shop-east\n", tail)
    (folder / "fruit.yaml").write_text(campaign, encoding="utf-8")
    names = list(devices)
    with (folder / "lists" / "members.csv").open("w", encoding="utf-8") as file:
        file.write("wxid,name,store,device\n")
        file.writelines(
            f"{one},客人{number},徐家汇店,{names[number % len(names)]}\n" for number, one in enumerate(recipients)
        )
    return Project(folder=folder, gateway=at, recipients=recipients, devices=devices)


@dataclass(kw_only=True, slots=True)
class Account:
    """What many killed sends came to, by the gateway's count and the report."""

    recipients: int = 0
    kills: int = 0
    #: `kills` after which at least one message was begun and had no outcome.
    kills_in_flight: int = 0
    sent: int = 0
    rejected: int = 0
    unknown: int = 0
    #: Unknown because a kill came in between, and how many of those the gateway had accepted.
    unknown_by_kill: int = 0
    accepted_of_those: int = 0
    #: What must be empty: accepted more than once; left without an end; reported other than it was; unknown
    #: without a reason; sent while another request of the device was under way.
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    misreported: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    overlaps: int = 0
    #: The largest number of `in flight` messages left by one kill.
    most_left: int = 0

    def add(self, other: "Account") -> None:
        most = max(self.most_left, other.most_left)
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.most_left = most

    @property
    def faultless(self) -> bool:
        return not (self.twice or self.lost or self.misreported or self.unexplained or self.overlaps)


def judge(project: Project, in_flight: set[str]) -> Account:
    """Compare the report with what the gateway took in and with what was in flight when a sender died."""
    received, states = project.gateway.received(), project.states()
    accepted = {one: times for one, times in received["accepted"].items() if one in states}
    doubtful = {one for one in project.recipients if one.endswith(DOUBTFUL)}
    by = {name: {one for one, state in states.items() if state == name} for name in ("sent", "rejected", "unknown")}
    expected = {one: "unknown" if one in doubtful | in_flight else "sent" for one in project.recipients}
    expected.update({one: "rejected" for one in expected if one.endswith("refused") and one not in in_flight})
    untrue = {one for one in by["sent"] if accepted.get(one) != 1} | (by["rejected"] & accepted.keys())
    return Account(
        recipients=len(project.recipients),
        sent=len(by["sent"]),
        rejected=len(by["rejected"]),
        unknown=len(by["unknown"]),
        unknown_by_kill=len(by["unknown"] & in_flight),
        accepted_of_those=len(by["unknown"] & in_flight & accepted.keys()),
        twice=[one for one, times in accepted.items() if times > 1],
        lost=[one for one in project.recipients if states.get(one) not in by],
        misreported=sorted(untrue | {one for one, state in states.items() if state != expected.get(one)}),
        unexplained=sorted(by["unknown"] - doubtful - in_flight),
        overlaps=received["overlaps"],
    )


def kill_again_and_again(project: Project, kills: int, number: signal.Signals, chance: random.Random) -> Account:
    """Send, end it so at a random moment, and again; after so many times the last one is left alone."""
    in_flight: set[str] = set()
    done = with_flight = most = 0
    while True:
        with project.start() as process:
            if done < kills:
                _wait_for_the_moment(project, process, chance)
                process.send_signal(number)
            code = process.wait(PATIENCE)
        if code in (0, 1):
            break
        assert code in (-number, 130), f"exit {code}: {project.said()}"
        done += 1
        left = project.in_flight() - in_flight
        with_flight, most = with_flight + bool(left), max(most, len(left))
        in_flight |= left
    account = judge(project, in_flight)
    account.kills, account.kills_in_flight, account.most_left = done, with_flight, most
    return account


def _wait_for_the_moment(project: Project, process: "subprocess.Popen[str]", chance: random.Random) -> None:
    """A random moment: now and then in the start, mostly a little after the first message is accepted."""
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 1.2))
        return
    before = project.gateway.journal.stat().st_size
    while project.gateway.journal.stat().st_size == before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.3))


def starve(project: Project) -> tuple[int, Account]:
    """Send with a disk that is full after the first few messages, then with room; the first exit code."""
    assert project.send("--limit", "3") == 0
    room = project.ledger.stat().st_size + 48 * 1024

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    code = project.send(prepare=limit)
    in_flight = project.in_flight()
    assert project.send() in (0, 1), project.said()
    return code, judge(project, in_flight)


def excess(arrivals: Sequence[float], interval: float) -> float:
    """By how many messages the fullest window, of any length, holds more than a device may send in it.

    Args:
        arrivals: Milliseconds, in order.
        interval: The least milliseconds between two starts.
    """
    # a window from arrival i to j holds j - i + 1; the best i for each j is the one with the largest slack
    worst, slack = 0.0, float("-inf")
    for number, at in enumerate(arrivals):
        slack = max(slack, at / interval - number)
        worst = max(worst, number - at / interval + slack)
    return worst


def arrivals_of(received: Mapping[str, Any]) -> dict[str, list[float]]:
    """Milliseconds by appId."""
    found: dict[str, list[float]] = {}
    for app_id, at in received["arrivals"]:
        found.setdefault(app_id, []).append(at)
    return found


def race(project: Project) -> list[int]:
    """Two sends at once; their exit codes, the smaller first."""
    with project.start() as one, project.start() as other:
        return sorted(process.wait(PATIENCE) for process in (one, other))
