"""What delivery promises holds under every engine: the same assertions, counted from the gateway's side."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy

from gewe_runner.model import Engine
from tests import crash, fleet
from tests.postgres import database, postgres

__all__ = ["database", "postgres"]


@dataclass(frozen=True)
class Sender:
    """A project that is sent by one of the engines."""

    own: fleet.Fleet
    engine: Engine

    def send(self, *options: str) -> int:
        return self.own.run("send", "fruit.yaml", "--yes", "--engine", self.engine, *options)

    def says(self, send: str) -> None:
        """Put more into the campaign's `send`."""
        path = self.own.project.folder / "fruit.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("stop_when: {failures_in_a_row: 1000}", send), encoding="utf-8")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[crash.Gateway]:
    with crash.gateway(tmp_path_factory.mktemp("gateway"), seed=7, median_ms=10) as found:
        yield found


@pytest.fixture(params=list(Engine))
def sender(
    request: pytest.FixtureRequest, tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> Iterator[Sender]:
    gateway.reset()
    own = fleet.lay(tmp_path / "p", gateway, database, [], {"t-0": 240, "t-1": 240})
    if request.param is Engine.LOCAL:
        yield Sender(own, request.param)
        return
    with own.workers(2):
        yield Sender(own, request.param)


def members(sender: Sender, ids: Sequence[str]) -> list[str]:
    """Write the list; recipients take turns on the devices."""
    named = [f"wxid_{sender.engine}{number:03}_{end}" for number, end in enumerate(ids)]
    rows = [f"{one},客人,徐家汇店,t-{number % 2}" for number, one in enumerate(named)]
    text = "\n".join(["wxid,name,store,device", *rows, ""])
    (sender.own.project.folder / "lists" / "members.csv").write_text(text, encoding="utf-8")
    return named


def test_everybody_is_served_once_and_a_second_send_has_nothing_to_do(sender: Sender) -> None:
    ids = members(sender, ["fine"] * 12)
    assert sender.send() == 0, sender.own.project.said()
    assert sender.send() == 0
    assert sender.own.states() == dict.fromkeys(ids, "sent")
    assert set(sender.own.project.gateway.received()["accepted"].values()) == {1}


def test_the_pace_is_kept_from_start_to_start(sender: Sender) -> None:
    members(sender, ["fine"] * 16)
    assert sender.send() == 0, sender.own.project.said()
    arrivals = crash.arrivals_of(sender.own.project.gateway.received())
    gaps = [b - a for came in arrivals.values() for a, b in itertools.pairwise(came)]
    assert min(gaps) > 250 - 100


def test_failures_in_a_row_stop_their_lane_and_no_other(sender: Sender) -> None:
    sender.says("stop_when: {failures_in_a_row: 3}")
    ids = members(sender, ["refused", "fine"] * 8)
    assert sender.send() == 5, sender.own.project.said()
    states = sender.own.states()
    assert [states[one] for one in ids[::2]] == ["rejected"] * 3 + ["pending"] * 5
    assert {states[one] for one in ids[1::2]} == {"sent"}
    # counted anew
    assert sender.send() == 5
    assert list(sender.own.states().values()).count("rejected") == 6


def test_a_share_of_failures_over_all_lanes_stops_the_run(sender: Sender) -> None:
    sender.says("stop_when: {failures_in_a_row: 1000, failure_percent: 30}")
    members(sender, ["refused", "fine"] * 20)
    assert sender.send() == 5, sender.own.project.said()
    counts = sender.own.counts()
    assert 20 <= counts["rejected"] + counts["sent"] <= 22


def test_a_wave_begins_when_all_devices_are_done_with_the_one_before(sender: Sender) -> None:
    sender.says("waves: [4, 8], wave_wait_minutes: 0.05")
    ids = members(sender, ["fine"] * 12)
    assert sender.send() == 0, sender.own.project.said()
    rows = dict(sender.own.ask("SELECT to_wxid, started_at FROM message"))
    waves = [[rows[one] for one in part] for part in (ids[:4], ids[4:8], ids[8:])]
    for former, later in itertools.pairwise(waves):
        assert min(later) - max(former) >= 3_000


def test_what_nobody_knows_is_sent_again_only_when_a_person_says_so(sender: Sender) -> None:
    ids = members(sender, ["fine", "garbage"])
    assert sender.send() == 1, sender.own.project.said()
    assert sender.send() == 0
    assert sender.own.states() == {ids[0]: "sent", ids[1]: "unknown"}
    assert sender.own.run("resolve", "latest", "--as", "not-sent") == 0
    assert sender.send() == 1
    assert sender.own.project.gateway.received()["accepted"] == {ids[0]: 1, ids[1]: 2}
