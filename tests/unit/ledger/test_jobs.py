"""The workers' queue gives the lane that is due for longest, and none that waits."""

import time
from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner.ledger import connect, jobs
from tests.postgres import database, postgres

__all__ = ["database", "postgres"]

#: UTC epoch milliseconds, long ago and far away.
PAST, FUTURE = 1_600_000_000_000, 3_900_000_000_000

_FETCH = text("SELECT args ->> 'device' FROM procrastinate_fetch_job_v2(CAST(:queues AS varchar[]), NULL)")


@pytest.fixture
def connection(database: sqlalchemy.URL) -> Iterator[sqlalchemy.Connection]:
    ledger = connect.create(database.set(drivername="postgresql+psycopg"), "sandbox")
    with ledger.writing() as found:
        jobs.make(found)
        yield found
    ledger.close()


def is_any_due(connection: sqlalchemy.Connection, queue: str = jobs.queue("live")) -> bool | None:
    """What a worker hears that asks whether a job is due; None: the queue holds none."""
    found = connection.exec_driver_sql(jobs.ANY_DUE, {"queue": queue}).scalar_one_or_none()
    return None if found is None else bool(found)


def fetched(connection: sqlalchemy.Connection) -> list[str]:
    """The lanes that a worker would be given, one after the other."""
    found = iter(lambda: connection.execute(_FETCH, {"queues": [jobs.queue("live")]}).scalar_one(), None)
    return list(found)


def test_the_lane_that_is_due_for_longest_goes_first(connection: sqlalchemy.Connection) -> None:
    jobs.kick(connection, "live", [("late", PAST + 5_000), ("waits", FUTURE)])
    jobs.kick(connection, "live", [("later", PAST + 1_000), ("reaped", 0), ("due", PAST + 9_000)])
    assert fetched(connection) == ["reaped", "later", "late", "due"]


def test_a_lane_that_is_kicked_again_is_brought_forward_and_never_put_off(connection: sqlalchemy.Connection) -> None:
    jobs.kick(connection, "live", [("early", FUTURE), ("other", PAST + 5_000), ("kept", PAST)])
    assert jobs.kick(connection, "live", [("early", PAST + 1_000), ("kept", FUTURE)]) == 2
    assert fetched(connection) == ["kept", "early", "other"]


def test_a_lane_that_is_kicked_while_it_is_worked_on_is_due(connection: sqlalchemy.Connection) -> None:
    jobs.kick(connection, "live", [("kicked", PAST), ("quiet", PAST), ("later", PAST)])
    fetched(connection)
    jobs.kick(connection, "live", [("kicked", PAST), ("later", FUTURE), ("elsewhere", PAST)])
    assert jobs.due(connection, "live", ["kicked", "quiet", "later"]) == ["kicked"]
    assert jobs.due(connection, "live", []) == []


def test_a_worker_looks_for_a_job_only_where_one_is_due(connection: sqlalchemy.Connection) -> None:
    assert is_any_due(connection) is None
    jobs.kick(connection, "live", [("waits", FUTURE)])
    jobs.kick(connection, "other", [("elsewhere", PAST)])
    assert is_any_due(connection) is False
    jobs.kick(connection, "live", [("due", PAST), ("waits", FUTURE)])
    assert is_any_due(connection) is True
    fetched(connection)
    assert is_any_due(connection) is False


def test_to_look_whether_a_job_is_due_reads_past_none_that_waits(connection: sqlalchemy.Connection) -> None:
    jobs.kick(connection, "live", ((f"waits-{n}", FUTURE) for n in range(1000)))
    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {jobs.ANY_DUE}", {"queue": jobs.queue("live")})
    (limit,) = rows.scalar_one()[0]["Plan"]["Plans"]
    assert (limit["Index Name"], limit["Actual Rows"]) == ("gewe_due_job", 1)


def test_a_lane_that_a_worker_keeps_is_late_by_its_pace(connection: sqlalchemy.Connection) -> None:
    now = round(time.time() * 1000)
    jobs.kick(connection, "live", [("kept", now - 600_000)])
    fetched(connection)
    due = text(
        "INSERT INTO lane (device, next_at) VALUES ('kept', :at) ON CONFLICT (device) DO UPDATE SET next_at = :at"
    )
    connection.execute(due, {"at": now + 60_000})
    assert jobs.status(connection).lateness == 0
    connection.execute(due, {"at": now - 30_000})
    assert 25 < jobs.status(connection).lateness < 300
