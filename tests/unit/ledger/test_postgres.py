"""A ledger in PostgreSQL: reached with patience, refused in plain words, and never with its password."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.exchange import Intent, Want
from gewe_runner.ledger import connect, holder, lanes
from gewe_runner.model import Profile
from tests.contract.plans import identity, messages, register, states
from tests.postgres import Server
from tests.postgres import text as whole
from tests.unit.ledger import founders

PROFILE = Profile(name="production", gateway="sandbox", ledger_env="LEDGER")


def address(value: str) -> sqlalchemy.URL:
    return connect.address(PROFILE, Path(), {"LEDGER": value})


@pytest.fixture
def url(request: pytest.FixtureRequest) -> sqlalchemy.URL:
    """Of an empty database, or of the one that `ledger` is in."""
    given: sqlalchemy.URL = request.getfixturevalue("laid_url" if "ledger" in request.fixturenames else "database")
    return address(whole(given))


@pytest.fixture
def ledger(url: sqlalchemy.URL) -> Iterator[connect.Ledger]:
    opened = connect.open(url)
    yield opened
    opened.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


#: Makes a ledger when it is told to, and tells its id.


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_every_spelling_of_the_address_leads_to_the_same_driver(scheme: str) -> None:
    assert address(f"{scheme}://u@h/d").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://u:s3cret@127.0.0.1:1/d",
        "postgresql://u:s3%40cret@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1/d?user=u&password=s3cret",
    ],
)
def test_the_password_is_never_shown(value: str) -> None:
    url = address(value)
    with pytest.raises(errors.LedgerError) as caught:
        connect.exists(url)
    shown = connect.shown(url) + caught.value.message + caught.value.hint
    assert "cret" not in shown
    assert "127.0.0.1:1/d" in shown


@pytest.mark.parametrize(
    "value", ["postgresql://u:s3@cret@h/d", "postgresql://u:s3cret@h", "postgresql://u:s3cret@h:x/d"]
)
def test_an_address_that_cannot_be_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(errors.LedgerError) as caught:
        address(value)
    assert "cret" not in caught.value.message + caught.value.hint


def test_a_missing_driver_is_said_with_the_line_that_installs_it() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "import sqlalchemy; from gewe_runner import errors; from gewe_runner.ledger import connect\n"
        "try: connect.exists(sqlalchemy.make_url('postgresql+psycopg://u@127.0.0.1:1/d'))\n"
        "except errors.LedgerError as error: print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "pip install 'gewe-runner[postgres]'\n"


def test_a_database_that_nobody_runs() -> None:
    with pytest.raises(errors.LedgerError, match="no database listens there") as caught:
        connect.open(address(f"postgresql://u@127.0.0.1:{free_port()}/d"))
    assert "start it" in caught.value.hint


def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(errors.LedgerError, match="host is not known"):
        connect.open(address("postgresql://u@ledger.invalid/d"))


def test_a_database_that_does_not_exist(postgres: Server) -> None:
    with pytest.raises(errors.LedgerError, match="there is no such database"):
        connect.open(address(whole(postgres.url.set(database="nowhere"))))


def test_a_database_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(errors.LedgerError, match=r"does not answer|connection to the database broke"):
            connect.open(address(f"postgresql://u@127.0.0.1:{port}/d?connect_timeout=2"))


def test_an_empty_database_holds_no_ledger_yet(url: sqlalchemy.URL) -> None:
    assert not connect.exists(url)
    with pytest.raises(errors.LedgerError, match="there is no ledger yet"):
        connect.open(url)


def test_processes_that_start_at_once_make_one_ledger(url: sqlalchemy.URL) -> None:
    ids = founders.ids(whole(url))
    assert len(ids) == 1
    assert ids != {""}


def test_a_writer_is_durable_and_does_not_stand_still(ledger: connect.Ledger) -> None:
    with ledger.writing() as connection:
        rows = connection.exec_driver_sql("SELECT name, setting FROM pg_settings")
        settings = {row.name: row.setting for row in rows}
    assert settings["synchronous_commit"] == "on"
    assert settings["idle_in_transaction_session_timeout"] == "4000"
    assert settings["lock_timeout"] == "15000"
    assert settings["application_name"] == "gewe-runner"


def test_who_enters_a_plan_may_wait_for_a_list_of_another_database(ledger: connect.Ledger) -> None:
    with ledger.registering() as piece, piece() as connection:
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
    with ledger.writing() as connection:
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "4s"


def test_a_reader_sees_one_moment_and_writes_nothing(ledger: connect.Ledger) -> None:
    with ledger.reading() as connection:
        before = connection.execute(text("SELECT count(*) FROM meta")).scalar_one()
        with ledger.writing() as other:
            other.execute(text("INSERT INTO meta VALUES ('x', 'y')"))
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar_one() == before
    with pytest.raises(errors.LedgerError, match="read-only"), ledger.reading() as connection:
        connection.execute(text("DELETE FROM meta"))


def test_what_the_driver_has_prepared_outlives_a_reader(ledger: connect.Ledger) -> None:
    for number in range(8):
        with ledger.reading() as connection:
            connection.execute(text("SELECT CAST(:number AS INT)"), {"number": number})
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() > 0


def test_a_connection_that_drops_is_said_and_the_next_one_works(ledger: connect.Ledger, postgres: Server) -> None:
    def torn() -> None:
        with ledger.writing() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('x', 'y')"))
            _end_others(ledger)
            connection.execute(text("SELECT 1"))

    with pytest.raises(errors.LedgerError, match=r"shuts down|connection to the database broke") as caught:
        torn()
    assert "run this again" in caught.value.hint
    with ledger.writing() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta WHERE key = 'x'")).scalar_one() == 0


def test_a_connection_that_dropped_while_nobody_used_it_is_not_noticed(ledger: connect.Ledger) -> None:
    _end_others(ledger)
    with ledger.writing() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def _end_others(ledger: connect.Ledger) -> None:
    """End every connection to the ledger's database, as a server that shuts down would."""
    end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    plain = ledger.engine.url.set(drivername="postgresql")
    with psycopg.connect(whole(plain), autocommit=True) as connection:
        connection.execute(f"{end}pg_backend_pid()".encode())


def test_a_locked_row_is_waited_for_and_then_said(url: sqlalchemy.URL, ledger: connect.Ledger) -> None:
    hasty = connect.open(url, patience=0.1)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE meta SET value = value WHERE key = 'id'"))
        with pytest.raises(errors.LedgerError, match="another program has locked"), hasty.writing() as other:
            other.execute(text("UPDATE meta SET value = value WHERE key = 'id'"))
    hasty.close()


def test_a_host_whose_clock_is_wrong_claims_nothing(ledger: connect.Ledger) -> None:
    now = time.time_ns() // 1_000_000
    with pytest.raises(errors.StoppedError, match=r"clock: this host's clock and the ledger's are 1[12]\d s apart"):
        lanes.Lanes(ledger).claim("east", "wx_east", now=now + 120_000, midnight=now)


def test_the_databases_clock_says_whether_an_owner_elsewhere_lives(ledger: connect.Ledger) -> None:
    now = time.time_ns() // 1_000_000
    slow = now - lanes.CLOCK // 2  # this host's clock, within what is allowed
    mine = lanes.Lanes(ledger)
    mine.claim("east", "wx_east", now=slow, midnight=slow)
    with ledger.writing() as connection:
        dead = {"holder": "elsewhere/1/1", "at": now - holder.STALE - 1_000}
        connection.execute(text("UPDATE lane SET holder = :holder, heartbeat_at = :at"), dead)
    assert mine.claim("east", "wx_east", now=slow, midnight=slow).epoch == 2


def test_messages_that_another_transaction_withdraws_are_passed_over(ledger: connect.Ledger) -> None:
    now = time.time_ns() // 1_000_000
    run = register(ledger, messages("a", "b"))
    mine = lanes.Lanes(ledger)
    claim = mine.claim("east", "wx_east", now=now, midnight=now)
    want = Want(device="east", app_id="x", epoch=claim.epoch, run=run, limit=9, now=now, next_at=now)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE message SET state = 'cancelled' WHERE to_wxid = 'a'"))
        (intent,) = mine.step([], [want])
    assert isinstance(intent, Intent)
    assert states(ledger, run) == {"a": "cancelled", "b": "sending"}


def test_plans_that_are_registered_at_once_supersede_each_other_in_turn(ledger: connect.Ledger) -> None:
    people = [f"wxid_{number}" for number in range(300)]
    start, runs = threading.Barrier(3), list[str]()

    def one(number: int) -> None:
        start.wait()
        runs.append(register(ledger, messages(*people, card=str(number)), identity(f"{number}" * 64)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    standing = sorted(set(states(ledger, run).values()) == {"pending"} for run in runs)
    assert standing == [False, False, True]
