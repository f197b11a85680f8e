"""Sending: `send`, ledger and all, beside a bare pool of sessions and beside what the gateway can take at all.

The speed is counted by the gateway, from the first request to the last. All sides send the same payloads through as
many connections.
"""

import contextlib
import csv
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import jinja2
import requests

from gewe_runner import sandbox
from tests.benchmarks import lists, measure
from tests.benchmarks.figures import Measured, Taken, Target
from tests.benchmarks.sides import Group, Options, Side

DEVICES = 16
WRK = "wrk"
_WRK_SECONDS = 5
_WRK_SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-GEWE-TOKEN"] = "tok-bench"
wrk.body = [==[{body}]==]
"""
_NO_WRK = "NOT MEASURED: wrk is not installed; Debian and Ubuntu: apt-get install wrk, macOS: brew install wrk"


@contextlib.contextmanager
def sides(folder: Path, options: Options) -> Iterator[Sequence[Side]]:
    with sandbox.started() as url:
        senders = [
            Sender(lists.live_project(folder / str(count), url, DEVICES), url, count)
            for count in sorted(options.messages)
        ]
        longest = senders[-1]
        split = Split(longest, options.warm_ups)
        yield [
            *(side for sender in senders for side in _pair(sender, is_judged=sender is longest)),
            Side(name="gewe-runner send, watched", take=split.send, rows=longest.count, more=split.parts),
            Side(name=WRK, take=longest.wrk, rows=longest.count, targets=[Target(against=_pool(longest), of="speed")])
            if shutil.which("wrk")
            else Side(name=WRK, note=_NO_WRK),
        ]


def _pair(sender: "Sender", *, is_judged: bool) -> Iterator[Side]:
    """The bare pool and our side with the same messages.

    Args:
        is_judged: The target holds: so long a send says what a message takes, and hardly what its start does.
    """
    yield Side(name=_pool(sender), take=sender.pool, rows=sender.count)
    target = Target(against=_pool(sender), of="speed", limit=0.9 if is_judged else None, least=True)
    yield Side(
        name=f"gewe-runner send, {sender.count:,} messages", take=sender.send, rows=sender.count, targets=[target]
    )


def _pool(sender: "Sender") -> str:
    return f"a bare requests pool, {sender.count:,}"


class Sender:
    """One project, its payloads as requests, and a gateway that takes them.

    Args:
        folder: Of a project with `DEVICES` devices.
        url: The gateway's.
        count: How many messages there are.
    """

    def __init__(self, folder: Path, url: str, count: int) -> None:
        self.folder = folder
        self.count = count
        self._url = url
        self._account = f"{url.removesuffix('/gewe/v2/api')}/sandbox"
        self.campaign = lists.lay(folder, count, devices=DEVICES)
        everything = list(bodies(folder / f"{count}.csv"))
        (folder / "requests.jsonl").write_bytes(b"\n".join(everything))
        (folder / "wrk.lua").write_text(_WRK_SCRIPT.format(body=everything[0].decode()), encoding="utf-8")

    def pool(self) -> Taken:
        pool = str(Path(__file__).parent / "peers" / "pool.py")
        return self.counted((sys.executable, pool, self._url, "requests.jsonl", str(DEVICES)))

    def send(self) -> Taken:
        return self.send_by(measure.PROGRAM)

    def send_by(self, program: Sequence[str]) -> Taken:
        """Send everything, as if nothing had been sent before."""
        for left in (".gewe", "reports"):
            shutil.rmtree(self.folder / left, ignore_errors=True)
        return self.counted((*program, "send", str(self.campaign), "--yes", "--new-ledger"))

    def counted(self, argv: Sequence[str]) -> Taken:
        """One execution; its time is that between the first request and the last, by the gateway's clock."""
        requests.post(f"{self._account}/reset", timeout=60).raise_for_status()
        taken = measure.command(argv, self.folder, environment=lists.LIVE_ENVIRONMENT)
        received = requests.get(f"{self._account}/received", timeout=60).json()
        if received["requests"] != self.count:
            raise measure.MeasuringError(f"{received['requests']} requests came instead of {self.count}: {argv}")
        return replace(taken, seconds=max(received["last_at"] - received["first_at"], 1) / 1000)

    def wrk(self) -> Taken:
        """As many messages as the gateway takes in a few seconds, converted to the time of ours."""
        target = f"{self._url}/message/postMiniApp"
        argv = ("wrk", "-t1", f"-c{DEVICES}", f"-d{_WRK_SECONDS}s", "-s", str(self.folder / "wrk.lua"), target)
        said = subprocess.run(argv, capture_output=True, encoding="utf-8", check=True).stdout
        found = re.search(r"^Requests/sec:\s*([\d.]+)", said, re.MULTILINE)
        if found is None or "Non-2xx" in said:
            raise measure.MeasuringError(f"{' '.join(argv)}:\n{said}")
        return Taken(seconds=self.count / float(found[1]))


class Split:
    """Where the processor time of `send` goes, by watching it.

    Args:
        warm_ups: So many turns do not count.
    """

    def __init__(self, sender: Sender, warm_ups: int) -> None:
        self._sender = sender
        self._warm_ups = warm_ups
        self._spent: list[Counter[str]] = []

    def send(self) -> Taken:
        file = self._sender.folder / "split.json"
        taken = self._sender.send_by((sys.executable, "-m", "tests.benchmarks.split", str(file)))
        self._spent.append(Counter(json.loads(file.read_text(encoding="utf-8"))))
        return taken

    def parts(self) -> Sequence[Measured]:
        """Processor seconds of each part in all turns that count."""
        turns = self._spent[self._warm_ups :]
        return [self._part(name, [turn[name] for turn in turns]) for name in sorted(turns[0])]

    def _part(self, name: str, seconds: Sequence[float]) -> Measured:
        whole = sum(turn.total() for turn in self._spent[self._warm_ups :])
        each = sum(seconds) / len(seconds) / self._sender.count * 1000
        note = f"{each:.2f} ms a message, {sum(seconds) / whole:.0%} of its processor time"
        taken = [Taken(seconds=one, cpu=one) for one in seconds]
        return Measured(group="", name=f"  of that, {name}", taken=taken, note=note)


def bodies(file: Path) -> Iterator[bytes]:
    """The campaign's messages as requests."""
    templates = {field: jinja2.Template(text) for field, text in lists.CARD.items()}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            card = {field: template.render(minutes=29, **row) for field, template in templates.items()}
            body = {"appId": f"wx_{row['device']}", "toWxid": row["wxid"], **card}
            yield json.dumps(body, ensure_ascii=False).encode()


GROUP = Group(
    title=lambda _: f"sending through {DEVICES} devices, no pace, loopback",
    sides=sides,
    laying=lambda _: 1.0,
    turn=lambda options: 10 + sum(options.messages) * 3.5e-3 + max(options.messages) * 2e-3,
)
