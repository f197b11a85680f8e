"""Workers share a ledger: nobody is served twice or forgotten, whatever happens to them; counted from the gateway."""

import itertools
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from tests import crash, fleet
from tests.postgres import Own, Server, database, postgres, text

__all__ = ["database", "postgres"]

#: Connections that wait for a lock on the jobs.
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'procrastinate_jobs'::regclass"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[crash.Gateway]:
    with crash.gateway(tmp_path_factory.mktemp("gateway"), seed=7, median_ms=10) as found:
        yield found


@pytest.fixture
def gateway(started: crash.Gateway) -> crash.Gateway:
    """A gateway that nothing has come to yet."""
    started.reset()
    return started


def people(count: int, faulty: float = 0) -> list[str]:
    return crash.people(count, random.Random(3), faulty=faulty)


def judged(own: fleet.Fleet, in_flight: set[str] = frozenset()) -> crash.Account:  # type: ignore[assignment]
    own.run("report")
    return crash.judge(own.project, set(in_flight))


def test_a_run_of_two_workers_serves_everybody_once(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.write(tmp_path / "p", gateway, database, people(120, 0.1), dict.fromkeys(f"t-{n}" for n in range(8)))
    assert own.run("ledger", "upgrade") == 0, own.project.said()
    with own.workers(2):
        assert own.run("send", "fruit.yaml", "--yes", "--engine", "procrastinate") == 1, own.project.said()
    account = crash.judge(own.project, set())
    assert account.faultless, account


def test_killed_workers_leave_unknown_what_was_in_flight_and_nothing_else(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(160), {f"t-{n}": 120 for n in range(16)})
    in_flight: set[str] = set()
    with own.workers(3) as workers:
        own.hand()
        for number in range(2):
            own.wait(lambda seen=20 * (number + 1): own.counts().get("sent", 0) >= seen)  # type: ignore[misc]
            workers[number].kill()
            workers[number].wait()
            in_flight |= own.in_flight()
        own.wait()
    states, accepted = own.states(), gateway.received()["accepted"]
    unknown = {one for one, state in states.items() if state == "unknown"}
    assert not {one for one, times in accepted.items() if times > 1}
    assert set(states.values()) <= {"sent", "unknown"}
    assert {one for one, state in states.items() if state == "sent"} <= accepted.keys()
    assert unknown <= in_flight
    assert gateway.received()["overlaps"] == 0


def test_a_frozen_worker_loses_its_lanes_and_its_late_news_counts(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(64), {f"t-{n}": 60 for n in range(8)})
    with own.workers(2) as workers:
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 16)
        workers[0].send_signal(signal.SIGSTOP)
        time.sleep(7)
        workers[0].send_signal(signal.SIGCONT)
        own.wait()
    received = gateway.received()
    assert own.counts() == {"sent": 64}
    assert received["overlaps"] == 0
    assert max(received["accepted"].values()) == 1
    gaps = [b - a for came in crash.arrivals_of(received).values() for a, b in itertools.pairwise(came)]
    assert min(gaps) > 900


def test_a_worker_that_is_told_to_end_finishes_what_is_in_flight(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(120), {f"t-{n}": 240 for n in range(8)})
    with own.workers(1) as workers:
        own.hand()
        for seen in (20, 50):
            own.wait(lambda seen=seen: own.counts().get("sent", 0) >= seen)  # type: ignore[misc]
            workers.append(own.start("worker", "--stale", "4"))
            workers[-2].terminate()
            assert workers[-2].wait(fleet.PATIENCE) == 0, own.project.said()[-3000:]
        own.wait()
    assert own.counts() == {"sent": 120}


def test_pause_resume_and_cancel_reach_every_worker(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(200), {f"t-{n}": 120 for n in range(8)})
    with own.workers(2):
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 16)
        assert own.run("pause", "latest") == 0
        time.sleep(1)
        paused = own.counts()
        time.sleep(2)
        assert own.counts() == paused
        assert own.run("resume", "latest") == 0
        own.wait(lambda: own.counts()["sent"] > paused["sent"] + 8)
        assert own.run("cancel", "latest") == 0
    assert set(own.counts()) == {"sent", "cancelled"}


def test_a_lane_whose_job_was_lost_is_worked_on_again(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(60), {f"t-{n}": 120 for n in range(4)})
    with own.workers(1):
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 8)
        own.ask("DELETE FROM procrastinate_jobs")
        own.ask("DELETE FROM part WHERE device = 't-0'")
        own.wait()
    assert own.counts() == {"sent": 60}


def test_a_lane_whose_job_a_worker_took_without_knowing_is_worked_on_again(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(30), {f"t-{n}": 120 for n in range(2)})
    with own.workers(1):
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 4)
        # as where the database gives a job out and crashes before the worker hears of it
        own.ask(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers) "
            "WHERE status = 'todo'"
        )
        own.wait()
    assert own.counts() == {"sent": 30}
    assert gateway.received()["overlaps"] == 0


def test_workers_need_a_ledger_that_they_can_share(tmp_path: Path, gateway: crash.Gateway) -> None:
    project = crash.lay(tmp_path / "p", gateway, people(3), {"t-0": None})
    assert project.send("--engine", "procrastinate") == 3
    assert "workers need a ledger in PostgreSQL" in project.said()
    assert not project.ledger.exists()
    assert project.send("--engine", "procrastinate", "--limit", "1") == 2


def test_a_database_that_crashes_costs_nobody_a_card(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL, postgres: Server
) -> None:
    if not isinstance(postgres, Own):
        pytest.skip("somebody else's server is not ended")
    own = fleet.lay(tmp_path / "p", gateway, database, people(120), {f"t-{n}": 120 for n in range(8)})
    with own.workers(2) as workers:
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 24)
        postgres.end()
        time.sleep(3)
        postgres.start()
        own.wait()
        assert [process.poll() for process in workers] == [None, None]
    received = gateway.received()
    assert max(received["accepted"].values()) == 1
    assert received["overlaps"] == 0
    assert set(own.counts()) <= {"sent", "unknown"}
    assert own.counts().get("unknown", 0) <= 8


def test_a_worker_outlives_connections_that_break_in_use(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(30), {f"t-{n}": 120 for n in range(2)})
    with own.workers(1) as workers, psycopg.connect(text(own.url.set(drivername="postgresql"))) as locker:
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 4)
        locker.execute("LOCK TABLE procrastinate_jobs")
        for _ in range(100):  # the engine itself tries again a few times
            own.ask(f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting")
            time.sleep(0.05)
        locker.rollback()
        own.wait()
        assert workers[0].poll() is None
    assert own.counts() == {"sent": 30}


def test_of_two_runs_on_a_device_the_one_with_priority_goes_first(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(20), {"t-0": 120})
    folder = own.project.folder
    first = (folder / "fruit.yaml").read_text(encoding="utf-8")
    (folder / "urgent.yaml").write_text(first.replace("name: fruit", "name: urgent"), encoding="utf-8")
    own.hand()
    own.hand("--priority", "5", campaign="urgent.yaml")
    with own.workers(1):
        own.wait(lambda: own.counts().get("sent", 0) >= 8)
    ahead = own.ask("SELECT run.priority FROM run JOIN message ON run_n = n WHERE message.state = 'sent'")
    assert ahead.count((5,)) >= 8
    assert ahead.count((0,)) == 0 or ahead.count((5,)) == 20


def test_lanes_that_are_done_at_once_do_not_wait_for_each_other(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(120), dict.fromkeys(f"t-{n}" for n in range(60)))
    with own.workers(2):
        own.hand()
        own.wait()
    assert own.counts() == {"sent": 120}
    assert "stood in each other's way" not in own.project.said()


def test_a_run_with_priority_gets_a_lane_that_a_worker_has_kept(
    tmp_path: Path, gateway: crash.Gateway, database: sqlalchemy.URL
) -> None:
    own = fleet.lay(tmp_path / "p", gateway, database, people(20), {"t-0": 120})
    folder = own.project.folder
    first = (folder / "fruit.yaml").read_text(encoding="utf-8")
    (folder / "urgent.yaml").write_text(first.replace("name: fruit", "name: urgent"), encoding="utf-8")
    with own.workers(1):
        own.hand()
        own.wait(lambda: own.counts().get("sent", 0) >= 1)
        own.hand("--priority", "5", campaign="urgent.yaml")
        urgent = "SELECT 1 FROM run JOIN message ON run_n = n WHERE priority = 5 AND message.state = 'sent'"
        own.wait(lambda: len(own.ask(urgent)) >= 2)
    assert own.counts()["sent"] <= 18
