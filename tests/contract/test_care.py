"""A ledger is brought up to date, moved between databases as it is, and made to forget people."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.exchange import Intent
from gewe_runner.ledger import care, connect, export, forget, restore, rows, runs, tables
from gewe_runner.model import FrequencyCap, Profile, Reason, Skip, State
from tests.conftest import SETTINGS, Cli
from tests.contract import version1
from tests.contract.plans import NOW, identity, lay_over, messages, register, skip, states
from tests.contract.test_lanes import begin, claim, outcome, own
from tests.contract.test_runs import put
from tests.postgres import Server
from tests.postgres import text as whole

PROFILE = Profile(name="sandbox", gateway="sandbox")

#: Stands in an id, a payload and a gateway's text, and nowhere else.
PERSON = "wxid_anna0815"


def full(ledger: connect.Ledger) -> str:
    """Fill a ledger with one of everything; the id of its run."""
    run = register(ledger, [*messages(PERSON, "b", "c"), skip("z")])
    first = begin(ledger, claim(ledger), run)
    own(ledger).step([replace(outcome(first), text=f"{PERSON} 收到")], [])
    with ledger.writing() as connection:
        connection.execute(text("INSERT INTO resolution VALUES (1, 2, 5, 'anna', 'unknown', 'pending')"))
    return run


def exported(ledger: connect.Ledger) -> list[bytes]:
    return list(export.lines(ledger))


def version_one(url: sqlalchemy.URL) -> None:
    database = connect.database(url)
    database.prepare(url)
    engine = database.engine(url, 1)
    version1.make(engine)
    engine.dispose()


def schema(ledger: connect.Ledger) -> Mapping[str, Any]:
    """The tables as the database itself describes them."""
    inspector = sqlalchemy.inspect(ledger.engine)
    return {
        name: (
            [(one["name"], str(one["type"]), one["nullable"]) for one in inspector.get_columns(name)],
            sorted(str(one["name"]) for one in inspector.get_indexes(name)),
            sorted(str(one["name"]) for one in inspector.get_check_constraints(name)),
            inspector.get_pk_constraint(name)["constrained_columns"],
        )
        for name in sorted(inspector.get_table_names())
    }


def test_a_ledger_tells_what_it_holds(ledger: connect.Ledger) -> None:
    full(ledger)
    found = care.info(ledger)
    assert (found.id, found.schema, found.gateway) == (ledger.id, tables.SCHEMA, "sandbox")
    assert (found.runs, found.messages, found.attempts) == ({"open": 1}, {"pending": 2, "sent": 1}, {"sent": 1})
    assert found.size > 0


def test_a_ledger_follows_a_gateway_that_moves(url: sqlalchemy.URL) -> None:
    ledger = connect.create(url, "https://old.invalid")
    care.adopt(ledger, "https://new.invalid")
    ledger.close()
    again = connect.open(url)
    assert again.gateway == "https://new.invalid"
    again.close()


def test_a_sandboxs_ledger_never_becomes_a_real_gateways(ledger: connect.Ledger) -> None:
    with pytest.raises(errors.LedgerError, match="reached nobody"):
        care.adopt(ledger, "https://api.invalid")


# versions


def test_an_older_ledger_is_brought_up_to_date_and_loses_nothing(url: sqlalchemy.URL, kind: str) -> None:
    version_one(url)
    if kind == "postgresql":
        with pytest.raises(errors.LedgerError, match=f"version 1, this program needs {tables.SCHEMA}") as caught:
            connect.open(url)
        assert caught.value.hint == "gewe-runner ledger upgrade"
        assert connect.upgrade(url) == (1, tables.SCHEMA)
    ledger = connect.open(url)
    assert (ledger.id, states(ledger, "old")) == ("0123456789abcdef", {"a": "sent", "b": "pending"})
    assert care.info(ledger).schema == tables.SCHEMA
    ledger.close()
    assert connect.upgrade(url) == (tables.SCHEMA, tables.SCHEMA)


def test_an_upgraded_ledger_has_the_tables_of_a_new_one(url: sqlalchemy.URL, ledger: connect.Ledger) -> None:
    new = schema(ledger)
    with ledger.writing() as connection:
        tables.metadata.drop_all(connection)
    ledger.close()
    version_one(url)
    connect.upgrade(url)
    upgraded = connect.open(url)
    assert schema(upgraded) == new
    upgraded.close()


def test_an_upgrade_that_fails_changes_nothing(url: sqlalchemy.URL) -> None:
    version_one(url)
    engine = connect.database(url).engine(url, 1)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (x TEXT)"))
    with pytest.raises((errors.LedgerError, sqlalchemy.exc.ProgrammingError), match="already exists"):
        connect.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'schema'")).scalar_one() == "1"
    engine.dispose()


def test_a_ledger_of_a_newer_version_is_refused(url: sqlalchemy.URL, ledger: connect.Ledger) -> None:
    with ledger.writing() as connection:
        connection.execute(text("UPDATE meta SET value = '999' WHERE key = 'schema'"))
    for refusing in (connect.open, connect.upgrade):
        with pytest.raises(errors.LedgerError, match="a newer gewe-runner"):
            refusing(url)


def test_another_programs_tables_are_left_alone(url: sqlalchemy.URL) -> None:
    database = connect.database(url)
    database.prepare(url)
    engine = database.engine(url, 1)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE message (x TEXT)"))
    with pytest.raises(errors.LedgerError):
        connect.create(url, "sandbox")
    assert sqlalchemy.inspect(engine).get_table_names() == ["message"]
    engine.dispose()


# export and import


def test_an_export_taken_in_by_the_other_database_is_the_same_ledger(
    ledger: connect.Ledger, other_url: sqlalchemy.URL
) -> None:
    run = full(ledger)
    lines = exported(ledger)
    counts = restore.restore(other_url, lines, replace(PROFILE, ledger_id=ledger.id), "l.jsonl")
    moved = connect.open(other_url)
    assert (moved.id, states(moved, run)) == (ledger.id, {PERSON: "sent", "b": "pending", "c": "pending"})
    assert exported(moved) == lines
    assert counts["attempt"] == counts["resolution"] == 1
    moved.close()


def test_numbering_goes_on_behind_what_was_taken_in(ledger: connect.Ledger, other_url: sqlalchemy.URL) -> None:
    full(ledger)
    restore.restore(other_url, exported(ledger), PROFILE, "l.jsonl")
    moved = connect.open(other_url)
    second = register(moved, messages("n", card="b"), identity("d2" * 32))
    assert begin(moved, claim(moved), second).to_wxid == "n"
    moved.close()


def test_what_was_in_flight_is_unknown_to_who_claims_the_lane_next(
    ledger: connect.Ledger, other_url: sqlalchemy.URL
) -> None:
    run = register(ledger, messages("a"))
    begin(ledger, claim(ledger), run)
    restore.restore(other_url, exported(ledger), PROFILE, "l.jsonl")
    moved = connect.open(other_url)
    assert claim(moved).orphans == 1
    assert states(moved, run) == {"a": "unknown"}
    moved.close()


def test_a_rest_goes_along(ledger: connect.Ledger, other_url: sqlalchemy.URL) -> None:
    run = register(ledger, messages("a"))
    intent = begin(ledger, claim(ledger), run)
    own(ledger).step([replace(outcome(intent, State.PENDING), resting_until=NOW + 3_600_000)], [])
    restore.restore(other_url, exported(ledger), PROFILE, "l.jsonl")
    moved = connect.open(other_url)
    assert claim(moved).rested_at == NOW + 3_600_000
    moved.close()


def _without_last(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _without_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], *lines[4:]]


def _half_a_line(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], lines[4][:9]]


def _altered(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"sent"', b'"pending"') for line in lines]


def _lengthened(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[1]]


def _foreign(lines: list[bytes]) -> list[bytes]:
    return [b'{"format":"something else"}\n', *lines[1:]]


def _garbage(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"\xff\xfe\n", *lines[1:]]


def _unknown_column(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"{", b'{"extra":1,', 1), *lines[2:]]


def _wrong_value(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"state":"open"', b'"state":"spoilt"') for line in lines]


@pytest.mark.parametrize(
    "spoil",
    [
        _without_last,
        _without_one,
        _half_a_line,
        _altered,
        _lengthened,
        _foreign,
        _garbage,
        _unknown_column,
        _wrong_value,
    ],
)
def test_an_export_that_was_cut_off_or_altered_is_refused_whole(
    tmp_path: Path, kind: str, url: sqlalchemy.URL, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    source = connect.create(sqlalchemy.URL.create("sqlite", database=str(tmp_path / "source.db")), "sandbox")
    full(source)
    with pytest.raises(errors.LedgerError, match="cut off or altered, and nothing was taken in"):
        restore.restore(url, spoil(exported(source)), PROFILE, "l.jsonl")
    assert not connect.exists(url)
    source.close()


def test_an_export_goes_only_into_an_empty_ledger(ledger: connect.Ledger, url: sqlalchemy.URL) -> None:
    run = full(ledger)
    lines = exported(ledger)
    with pytest.raises(errors.LedgerError, match="only into a new or empty one"):
        restore.restore(url, lines, PROFILE, "l.jsonl")
    with ledger.writing() as connection:
        runs.empty(connection)
        connection.execute(text("DELETE FROM lane"))
    restore.restore(url, lines, PROFILE, "l.jsonl")
    assert states(ledger, run)[PERSON] == "sent"


@pytest.mark.parametrize(
    ("profile", "said"),
    [(replace(PROFILE, ledger_id="other"), "pins other"), (replace(PROFILE, gateway="https://a.invalid"), "gateway")],
)
def test_an_export_of_another_profile_is_refused(
    ledger: connect.Ledger, other_url: sqlalchemy.URL, profile: Profile, said: str
) -> None:
    with pytest.raises(errors.LedgerError, match=said):
        restore.restore(other_url, exported(ledger), profile, "l.jsonl")
    assert not connect.exists(other_url)


def test_an_export_of_a_newer_version_is_refused(ledger: connect.Ledger, other_url: sqlalchemy.URL) -> None:
    header = json.loads(exported(ledger)[0])
    header["meta"]["schema"] = "999"
    with pytest.raises(errors.LedgerError, match="a newer gewe-runner wrote this export"):
        restore.restore(other_url, [export.canonical(header)], PROFILE, "l.jsonl")


def test_a_ledger_moves_to_postgresql_and_send_finds_nothing_left_to_do(
    cli: Cli, project: Path, postgres: Server
) -> None:
    database = postgres.database()
    there = {"SHOP_LEDGER": whole(database)}
    assert cli("send", "fruit.yaml", "--yes", cwd=project).returncode == 0
    assert cli("ledger", "export", "-o", "ledger.jsonl", cwd=project).returncode == 0
    with_env = SETTINGS.replace("gateway: sandbox\n", "gateway: sandbox\n    ledger_env: SHOP_LEDGER\n")
    (project / "gewe.yaml").write_text(with_env, encoding="utf-8")
    taken_in = cli("ledger", "import", "ledger.jsonl", cwd=project, env=there)
    assert (taken_in.returncode, "3 message" in taken_in.stdout) == (0, True), taken_in.stderr
    again = cli("send", "fruit.yaml", "--yes", cwd=project, env=there)
    assert (again.returncode, "nothing left to do" in again.stdout) == (0, True), again.stderr
    info = json.loads(cli("ledger", "info", "--format", "json", cwd=project, env=there).stdout)
    assert (info["database"], info["messages"], info["attempts"]) == ("postgresql", {"sent": 3}, {"sent": 3})
    postgres.drop(database)


# forgetting


def test_nothing_of_a_forgotten_person_is_left(ledger: connect.Ledger, url: sqlalchemy.URL, kind: str) -> None:
    full(ledger)
    register(ledger, [skip(PERSON)], identity("d2" * 32, edition="2"))
    erased = forget.forget(ledger, PERSON, NOW)
    assert (erased.messages, erased.cancelled, erased.skips, len(erased.runs)) == (1, 0, 1, 2)
    assert PERSON.encode() not in b"".join(exported(ledger))
    ledger.close()
    if kind == "sqlite":
        files = Path(str(url.database)).parent.iterdir()
        assert not [file for file in files if PERSON.encode() in file.read_bytes()]


def test_who_was_served_and_then_forgotten_is_still_served(ledger: connect.Ledger) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    lines, overlay = lay_over(ledger, messages(PERSON, "b", card="new"), identity("d2" * 32))
    assert dict(overlay.skips) == {Reason.ALREADY_SENT: 1}
    assert isinstance(lines[0], Skip)
    assert lines[0].to_wxid.startswith(forget.PREFIX)


@pytest.mark.parametrize("state", ["unknown", "rejected"])
def test_what_was_not_resolved_when_a_person_was_forgotten_is_not_sent_again(
    ledger: connect.Ledger, state: str
) -> None:
    register(ledger, messages(PERSON))
    put(ledger, state)
    forget.forget(ledger, PERSON, NOW)
    second = register(ledger, messages(PERSON, card="b"), identity("d2" * 32))
    assert [one.reason for one in rows.skips(ledger, second)] == [Reason.UNRESOLVED]


def test_what_was_pending_for_a_forgotten_person_is_cancelled_and_never_sent(ledger: connect.Ledger) -> None:
    run = register(ledger, messages(PERSON, "b"))
    assert forget.forget(ledger, PERSON, NOW).cancelled == 1
    assert register(ledger, messages(PERSON, "b")) == run
    assert begin(ledger, claim(ledger), run).to_wxid == "b"
    second = register(ledger, messages(PERSON, card="b"), identity("d2" * 32))
    assert states(ledger, second) == {}


def test_what_is_reopened_for_a_forgotten_person_is_not_sent(ledger: connect.Ledger) -> None:
    run = register(ledger, messages(PERSON, "b"))
    put(ledger, "rejected", PERSON)
    forget.forget(ledger, PERSON, NOW)
    put(ledger, "pending", f"{forget.PREFIX}%")
    assert begin(ledger, claim(ledger), run).to_wxid == "b"


def test_a_skip_of_a_forgotten_person_brings_no_id_back(ledger: connect.Ledger) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    register(ledger, [skip(PERSON)], identity("d2" * 32))
    assert PERSON.encode() not in b"".join(exported(ledger))


def test_a_new_edition_may_reach_a_forgotten_person(ledger: connect.Ledger) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    second = register(ledger, messages(PERSON), identity("d2" * 32, edition="2"))
    assert states(ledger, second) == {PERSON: "pending"}


def test_cards_before_a_person_was_forgotten_count_for_the_cap(ledger: connect.Ledger) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    twice = FrequencyCap(messages=2, days=7)
    assert lay_over(ledger, messages(PERSON), identity("d2" * 32, edition="2", cap=twice))[1].left == 1
    register(ledger, messages(PERSON), identity("d2" * 32, edition="2"))
    put(ledger, "sent", PERSON)
    third = lay_over(ledger, messages(PERSON), identity("d3" * 32, edition="3", cap=twice))[1]
    assert dict(third.skips) == {Reason.FREQUENCY_CAP: 1}


def test_nobody_is_forgotten_while_a_message_is_in_flight(ledger: connect.Ledger) -> None:
    run = register(ledger, messages(PERSON))
    intent = begin(ledger, claim(ledger), run)
    assert isinstance(intent, Intent)
    with pytest.raises(errors.StoppedError, match="in flight; nothing was erased"):
        forget.forget(ledger, PERSON, NOW)
    assert states(ledger, run) == {PERSON: "sending"}


def test_forgetting_again_finds_nothing(ledger: connect.Ledger) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    again = forget.forget(ledger, PERSON, NOW)
    assert (again.messages, again.skips, care.info(ledger).forgotten) == (0, 0, 1)


def test_a_moved_ledger_knows_whom_it_has_forgotten(ledger: connect.Ledger, other_url: sqlalchemy.URL) -> None:
    full(ledger)
    forget.forget(ledger, PERSON, NOW)
    restore.restore(other_url, exported(ledger), PROFILE, "l.jsonl")
    moved = connect.open(other_url)
    assert dict(lay_over(moved, messages(PERSON, card="b"), identity("d2" * 32))[1].skips) == {Reason.ALREADY_SENT: 1}
    moved.close()


def test_two_ledgers_call_a_forgotten_person_by_different_names(
    ledger: connect.Ledger, other_url: sqlalchemy.URL
) -> None:
    other = connect.create(other_url, "sandbox")
    names = set()
    for one in (ledger, other):
        run = full(one)
        forget.forget(one, PERSON, NOW)
        names |= {name for name in states(one, run) if name.startswith(forget.PREFIX)}
    assert len(names) == 2
    other.close()
