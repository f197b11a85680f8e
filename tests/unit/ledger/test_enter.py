"""A plan becomes a run in SQLite a piece at a time: others send meanwhile, and what they do counts."""

import contextlib
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.ledger import care, connect, decide, enter, export, forget, restore, rows, runs, sqlite
from gewe_runner.model import FrequencyCap, Message, Profile, Reason, RunState, Skip, State
from tests import program
from tests.contract.plans import HEADER, NOW, identity, lay_over, message, messages, register, settle, skip, states
from tests.contract.test_lanes import begin, claim, outcome, own
from tests.contract.test_runs import put

SECOND = identity("d2" * 32)

#: Lines of a piece in another process.
FEW = 500

#: Registers a plan whose second half comes when somebody says so.
_SLOW = f"""
import sys
import sqlalchemy
from gewe_runner.ledger import connect, enter
from tests.contract.plans import identity, message, register
enter.PIECE = {FEW}
def lines():
    for seq in range({FEW}):
        yield message(seq + 1, "w" + str(seq), device="west")
    print("half", flush=True)
    sys.stdin.readline()
    yield message({FEW + 1}, "last", device="west")
print(register(connect.open(sqlalchemy.make_url(sys.argv[1])), lines(), identity("d2" * 32, edition="2")))
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[connect.Ledger]:
    made = connect.create(sqlalchemy.URL.create("sqlite", database=str(tmp_path / "ledger.db")), "sandbox")
    yield made
    made.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines are a piece."""
    monkeypatch.setattr(enter, "PIECE", 2)


def interrupted(
    first: list[Message], meanwhile: Callable[[], object], *then: Message | Skip
) -> Iterator[Message | Skip]:
    """Lines of which the first are down in the ledger when something else happens."""
    yield from first
    meanwhile()
    yield from then


def send(ledger: connect.Ledger, run: str) -> str:
    """Send the next message of a run, as another process would; to whom it went."""
    mine = claim(ledger)
    intent = begin(ledger, mine, run)
    own(ledger).step([outcome(intent)], [])
    own(ledger).release([mine])
    return intent.to_wxid


def reasons(ledger: connect.Ledger, run: str) -> dict[str, str]:
    return {one.to_wxid: str(one.reason) for one in rows.skips(ledger, run)}


def rows_left(ledger: connect.Ledger) -> int:
    with ledger.reading() as connection:
        both = "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM skip)"
        return int(connection.execute(text(both)).scalar_one())


def test_another_process_sends_while_a_registration_waits_for_its_source(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    hasty = connect.open(ledger.engine.url, patience=0)
    with program.script(_SLOW, str(ledger.engine.url)) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "half\n"
        assert send(hasty, first) == "a"
        with ledger.reading() as connection:
            assert [one.id for one in runs.infos(connection)] == [first]
        process.stdin.write("go on\n")
        process.stdin.flush()
        second = process.stdout.readline().strip()
    hasty.close()
    assert states(ledger, second) == dict.fromkeys([*(f"w{seq}" for seq in range(FEW)), "last"], "pending")


@pytest.mark.usefixtures("short")
def test_who_gets_the_card_from_the_former_run_meanwhile_does_not_get_it_again(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b", "c"))
    new = messages("a", "b", "c", "d", card="b")
    second = register(ledger, interrupted(new[:2], lambda: send(ledger, first), *new[2:]), SECOND)
    assert states(ledger, first) == {"a": "sent", "b": "cancelled", "c": "cancelled"}
    assert states(ledger, second) == dict.fromkeys("bcd", "pending")
    assert reasons(ledger, second) == {"a": Reason.ALREADY_SENT}
    assert [send(ledger, second) for _ in range(3)] == ["b", "c", "d"]


@pytest.mark.usefixtures("short")
def test_what_is_in_flight_from_the_former_run_is_unresolved(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b"))
    new = messages("a", "b", card="b")
    second = register(ledger, interrupted(new, lambda: begin(ledger, claim(ledger), first)), SECOND)
    assert states(ledger, first) == {"a": "sending", "b": "cancelled"}
    assert (states(ledger, second), reasons(ledger, second)) == ({"b": "pending"}, {"a": Reason.UNRESOLVED})


@pytest.mark.usefixtures("short")
def test_who_gets_a_card_of_another_campaign_meanwhile_is_kept_out_by_the_cap(ledger: connect.Ledger) -> None:
    other = register(ledger, messages("b"), identity(edition="other"))
    capped = replace(SECOND, frequency_cap=FrequencyCap(messages=1, days=7))
    new = messages("a", "b", "c")
    second = register(ledger, interrupted(new, lambda: send(ledger, other)), capped)
    assert states(ledger, second) == {"a": "pending", "c": "pending"}
    assert [(one.to_wxid, one.reason, one.row) for one in rows.skips(ledger, second)] == [
        ("b", Reason.FREQUENCY_CAP, new[1].row)
    ]


@pytest.mark.usefixtures("short")
def test_who_waits_for_the_former_run_is_kept_out_by_the_cap_as_well(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    other = register(ledger, messages("a"), identity(edition="other"))
    capped = replace(SECOND, frequency_cap=FrequencyCap(messages=1, days=7))
    second = register(ledger, interrupted(messages("a", "b", card="b"), lambda: send(ledger, other)), capped)
    assert (states(ledger, second), reasons(ledger, second)) == ({"b": "pending"}, {"a": Reason.FREQUENCY_CAP})


@pytest.mark.usefixtures("short")
def test_who_is_forgotten_meanwhile_is_left_alone(ledger: connect.Ledger) -> None:
    new = messages("a", "b", "c")
    run = register(ledger, interrupted(new, lambda: forget.forget(ledger, "a", NOW)), SECOND)
    assert [(one.to_wxid[:10], one.payload) for one in rows.messages(ledger, run)] == [
        ("forgotten:", forget.NOTHING),
        ("b", new[1].payload),
        ("c", new[2].payload),
    ]
    assert list(states(ledger, run).values()) == ["cancelled", "pending", "pending"]


@pytest.mark.usefixtures("short")
def test_a_registration_that_fails_in_a_later_piece_leaves_no_row(ledger: connect.Ledger) -> None:
    def fail() -> None:
        assert rows_left(ledger) == 2
        raise OSError("the plan's file is gone")

    with pytest.raises(OSError, match="is gone"):
        register(ledger, interrupted(messages("a", "b"), fail))
    assert rows_left(ledger) == 0


def test_what_a_killed_registration_has_left_is_nobodys_and_goes_with_the_next(ledger: connect.Ledger) -> None:
    with program.script(_SLOW, str(ledger.engine.url)) as process:
        assert process.stdout
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert rows_left(ledger) == FEW
    assert care.info(ledger).messages == {}
    assert len(list(export.lines(ledger))) == 2
    run = register(ledger, [*messages("w1", "w2"), skip("z")])
    assert states(ledger, run) == {"w1": "pending", "w2": "pending"}
    assert rows_left(ledger) == 3


@pytest.mark.usefixtures("short")
def test_an_export_goes_into_a_ledger_that_holds_only_what_a_killed_registration_has_left(
    ledger: connect.Ledger,
) -> None:
    run = register(ledger, messages("a"))
    exported = list(export.lines(ledger))
    with ledger.registering() as piece, piece() as connection:
        runs.empty(connection)
        connection.execute(text("DELETE FROM lane"))
    with ledger.engine.connect() as connection:
        connection.connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            text(
                "INSERT INTO message (run_n, edition_id, seq, to_wxid, device, source, row, payload, sha256, state) "
                "VALUES (1, 1, 1, 'a', 'east', 'l.csv', 1, '{}', '', 'pending')"
            )
        )
        connection.commit()
        connection.connection.execute("PRAGMA foreign_keys=ON")
    restore.restore(ledger.engine.url, exported, Profile(name="sandbox", gateway="sandbox"), "l.jsonl")
    assert states(ledger, run) == {"a": "pending"}


@pytest.mark.usefixtures("short")
def test_a_run_that_was_cut_short_after_it_was_made_gets_its_people_when_it_is_joined(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a", "b", "c"))
    new = messages("a", "b", "c", "d", card="b")
    with ledger.registering() as piece:
        second = enter.new(piece, SECOND, HEADER, new, run_id="second", now=NOW)
    assert states(ledger, second) == {"d": "pending"}
    with ledger.reading() as connection:
        assert runs.info(connection, first).state == "superseded"
    assert lay_over(ledger, new, SECOND)[1].left == 4
    assert register(ledger, new, SECOND) == second
    assert settle(ledger, second, new) == 3
    assert states(ledger, first) == dict.fromkeys("abc", "cancelled")
    assert states(ledger, second) == dict.fromkeys("abcd", "pending")


@pytest.fixture
def unsettled(ledger: connect.Ledger) -> str:
    """A run that goes on while its person `a` is free again, after nobody knew what a former run did to them."""
    first = register(ledger, messages("a"))
    mine = claim(ledger)
    intent = begin(ledger, mine, first)
    second = register(ledger, messages("a", "b", card="b"), SECOND)
    own(ledger).step([outcome(intent, State.PENDING)], [])
    own(ledger).release([mine])
    assert (states(ledger, first), states(ledger, second)) == ({"a": "cancelled"}, {"b": "pending"})
    return second


def rejoin(ledger: connect.Ledger, meanwhile: Callable[[], object], suppressed: Collection[str] = ()) -> None:
    """Go on with the run as another process would, and do that before its people are taken in."""
    plan = messages("a", "b", card="b")
    with ledger.registering() as piece:
        run = enter.join(piece, SECOND, NOW)
        assert run
        meanwhile()
        enter.settle(piece, run, lambda: plan, NOW, lambda few: [one for one in few if one in suppressed])


def state(ledger: connect.Ledger, run: str) -> str:
    with ledger.reading() as connection:
        return runs.info(connection, run).state


def test_a_run_that_its_sender_has_finished_goes_on_when_somebody_is_taken_in(
    ledger: connect.Ledger, unsettled: str
) -> None:
    def finish() -> None:
        send(ledger, unsettled)
        with ledger.writing() as connection:
            runs.finish(connection, unsettled, now=NOW, stopped="")
        assert state(ledger, unsettled) == "finished"

    rejoin(ledger, finish)
    assert state(ledger, unsettled) == "open"
    assert send(ledger, unsettled) == "a"


def test_a_run_that_is_cancelled_meanwhile_takes_nobody_in(ledger: connect.Ledger, unsettled: str) -> None:
    def cancel() -> None:
        with ledger.writing() as connection:
            decide.put(connection, unsettled, RunState.CANCELLED, decide.Who(name="me", at=NOW))

    rejoin(ledger, cancel)
    assert (state(ledger, unsettled), states(ledger, unsettled)) == ("cancelled", {"b": "cancelled"})


def test_who_is_suppressed_is_never_pending_in_a_run_that_another_process_sends(
    ledger: connect.Ledger, unsettled: str
) -> None:
    rejoin(ledger, lambda: None, ["a"])
    assert states(ledger, unsettled) == {"a": "cancelled", "b": "pending"}


@pytest.mark.usefixtures("short")
def test_plans_that_are_registered_at_once_supersede_each_other_in_turn(ledger: connect.Ledger) -> None:
    people = [f"wxid_{number}" for number in range(9)]
    start, made = threading.Barrier(3), list[str]()

    def one(number: int) -> None:
        start.wait()
        made.append(register(ledger, messages(*people, card=str(number)), identity(f"{number}" * 64)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    standing = sorted(set(states(ledger, run).values()) == {"pending"} for run in made)
    assert standing == [False, False, True]


def test_a_registration_waits_for_another_one_however_long_that_takes(
    ledger: connect.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_TURN", 0)
    with ThreadPoolExecutor(1) as other:
        with ledger.registering():
            waiting = other.submit(register, ledger, messages("a"))
            assert wait([waiting], timeout=0.2).done == set()
        assert states(ledger, waiting.result()) == {"a": "pending"}


def test_whoever_may_write_a_ledger_may_enter_a_plan(tmp_path: Path) -> None:
    shared = tmp_path / "shared.db"
    shared.touch()
    shared.chmod(0o660)
    with sqlite.registering(sqlalchemy.URL.create("sqlite", database=str(shared))):
        assert stat.S_IMODE((tmp_path / "shared.db-registering").stat().st_mode) == 0o660


@contextlib.contextmanager
def somebody() -> Iterator[None]:
    """Be no user who may do everything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_lock_that_cannot_be_written_is_none(ledger: connect.Ledger) -> None:
    with tempfile.TemporaryDirectory() as folder:  # others may look into it
        Path(folder).chmod(0o755)
        lock = Path(folder) / "ledger.db-registering"
        lock.touch()
        lock.chmod(0o444)
        url = sqlalchemy.URL.create("sqlite", database=str(lock).removesuffix("-registering"))
        with ledger.registering():
            pass  # all that it takes is loaded
        with somebody(), pytest.raises(errors.LedgerError, match="cannot be written"), sqlite.registering(url):
            pass


@contextlib.contextmanager
def begun(connection: sqlalchemy.Connection) -> Iterator[sqlalchemy.Connection]:
    with connection.begin():
        yield connection


@pytest.mark.usefixtures("short")
def test_a_run_is_not_made_of_rows_that_somebody_has_removed(ledger: connect.Ledger) -> None:
    def sweep() -> None:
        assert rows_left(ledger) == 2
        with ledger.engine.connect() as connection:
            sqlite._sweep(lambda: begun(connection))

    with pytest.raises(errors.LedgerError, match="another send has entered a plan at the same time"):
        register(ledger, interrupted(messages("a", "b"), sweep, message(3, "c")))
    assert rows_left(ledger) == 0


def test_requests_that_are_judged_again_are_those_since_the_registration_began(ledger: connect.Ledger) -> None:
    first = register(ledger, messages("a"))
    send(ledger, first)
    with ledger.reading() as connection:
        assert list(enter._served(connection, NOW)) == ["a"]
        assert list(enter._served(connection, NOW + 1)) == []


def test_a_former_run_has_all_withdrawn_in_pieces(ledger: connect.Ledger, short: None) -> None:
    first = register(ledger, [message(seq, f"w{seq}") for seq in range(1, 8)])
    put(ledger, "sent", "w3")
    register(ledger, messages("x"), SECOND)
    assert states(ledger, first) == {f"w{seq}": "sent" if seq == 3 else "cancelled" for seq in range(1, 8)}
