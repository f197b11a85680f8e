"""However often a send is killed, starved or started twice: nobody gets two cards, nobody is forgotten.

The harness is that of `make soak`; here it runs for seconds.
"""

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import crash

#: Of the moments at which sends are killed.
SEED = 20261201


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[crash.Gateway]:
    with crash.gateway(tmp_path_factory.mktemp("gateway"), SEED) as at:
        yield at


def phones(name: str) -> dict[str, float | None]:
    """Three devices without limits, for one test alone."""
    return dict.fromkeys(f"{name}-{number}" for number in range(3))


def test_killed_again_and_again_it_sends_nothing_twice_loses_nobody_and_knows_what_was_in_flight(
    tmp_path: Path, gateway: crash.Gateway
) -> None:
    chance = random.Random(SEED)
    people = crash.people(200, chance, name="kill")
    project = crash.lay(tmp_path / "project", gateway, people, phones("kill"))
    account = crash.kill_again_and_again(project, 5, signal.SIGKILL, chance)
    assert account.faultless, account
    assert account.kills_in_flight
    assert account.most_left <= len(project.devices)


def test_ended_by_sigterm_it_leaves_nothing_unknown(tmp_path: Path, gateway: crash.Gateway) -> None:
    chance = random.Random(SEED)
    people = crash.people(100, chance, faulty=0, name="term")
    project = crash.lay(tmp_path / "project", gateway, people, phones("term"))
    account = crash.kill_again_and_again(project, 1, signal.SIGTERM, chance)
    assert account.faultless, account
    assert (account.sent, account.unknown) == (100, 0)


#: How many messages a minute each device of the two sends may begin.
LIMITS = {"slow": 100.0, "middle": 150.0, "fast": 240.0}


@dataclass(frozen=True, kw_only=True)
class Race:
    """Two sends that were started at once, after both have ended."""

    project: crash.Project
    codes: tuple[int, ...]


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory, gateway: crash.Gateway) -> Race:
    people = crash.people(15, random.Random(SEED), faulty=0, name="race")
    project = crash.lay(tmp_path_factory.mktemp("race") / "project", gateway, people, LIMITS)
    return Race(project=project, codes=tuple(crash.race(project)))


def test_two_sends_at_once_send_to_everybody_once(raced: Race) -> None:
    assert raced.codes in {(0, 0), (0, 5)}, raced.project.said()
    accepted = raced.project.gateway.received()["accepted"]
    assert [accepted.get(one) for one in raced.project.recipients] == [1] * 15


@pytest.mark.parametrize("device", LIMITS)
def test_no_window_of_any_length_holds_more_than_a_device_may_send(raced: Race, device: str) -> None:
    came = crash.arrivals_of(raced.project.gateway.received())[f"wx_{device}"]
    # half a message for what the network and a busy machine shift: one too many would be a whole one
    assert crash.excess(came, 60_000 / LIMITS[device]) < 0.5


def test_a_full_disk_stops_it_before_the_next_request_and_room_lets_it_go_on(
    tmp_path: Path, gateway: crash.Gateway
) -> None:
    people = crash.people(60, random.Random(SEED), faulty=0, name="disk")
    project = crash.lay(tmp_path / "project", gateway, people, phones("disk"))
    code, account = crash.starve(project)
    assert account.faultless, account
    assert account.unknown <= len(project.devices)
    assert "Traceback" not in project.said()
    assert code == 5, project.said()
