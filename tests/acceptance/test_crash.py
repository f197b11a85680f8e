"""However often a send is killed, starved or started twice: nobody gets two cards, nobody is forgotten.

The harness is that of `make soak`; here it runs for seconds.
"""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import soak

#: Of the moments at which sends are killed.
SEED = 20261201


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[soak.Gateway]:
    with soak.gateway(tmp_path, SEED) as at:
        yield at


def phones(count: int) -> dict[str, float | None]:
    return dict.fromkeys(f"phone-{number}" for number in range(count))


def test_killed_again_and_again_it_sends_nothing_twice_loses_nobody_and_knows_what_was_in_flight(
    tmp_path: Path, gateway: soak.Gateway
) -> None:
    chance = random.Random(SEED)
    project = soak.lay(tmp_path / "project", gateway, soak.people(400, chance), phones(4))
    account = soak.kill_again_and_again(project, 5, signal.SIGKILL, chance)
    assert account.faultless, account
    assert account.kills_in_flight
    assert account.most_left <= len(project.devices)


def test_ended_by_sigterm_again_and_again_it_leaves_nothing_unknown(tmp_path: Path, gateway: soak.Gateway) -> None:
    chance = random.Random(SEED)
    project = soak.lay(tmp_path / "project", gateway, soak.people(250, chance, faulty=0), phones(4))
    account = soak.kill_again_and_again(project, 2, signal.SIGTERM, chance)
    assert account.faultless, account
    assert account.kills
    assert (account.sent, account.unknown) == (250, 0)


def test_of_two_sends_at_once_one_does_it_all_or_both_share_it(tmp_path: Path, gateway: soak.Gateway) -> None:
    people = soak.people(60, random.Random(SEED), faulty=0)
    project = soak.lay(tmp_path / "project", gateway, people, phones(3))
    first, second = soak.race(project)
    assert (first, second) in {(0, 0), (0, 5)}, project.said()
    assert gateway.received()["accepted"] == dict.fromkeys(people, 1)


def test_a_full_disk_stops_it_before_the_next_request_and_room_lets_it_go_on(
    tmp_path: Path, gateway: soak.Gateway
) -> None:
    project = soak.lay(tmp_path / "project", gateway, soak.people(200, random.Random(SEED), faulty=0), phones(3))
    code, account = soak.starve(project)
    assert account.faultless, account
    assert account.unknown <= len(project.devices)
    assert "Traceback" not in project.said()
    assert code == 5, project.said()


def test_no_window_of_any_length_holds_more_than_a_device_may_send(tmp_path: Path, gateway: soak.Gateway) -> None:
    limits = {"slow": 60.0, "middle": 100.0, "fast": 150.0}
    people = soak.people(12, random.Random(SEED), faulty=0)
    project = soak.lay(tmp_path / "project", gateway, people, dict(limits))
    assert project.send() == 0
    for app_id, came in soak.arrivals_of(gateway.received()).items():
        interval = 60_000 / limits[app_id.removeprefix("wx_")]
        # half a message for what the network and a busy machine shift: a burst would be a whole one
        assert soak.excess(came, interval) < 0.5
