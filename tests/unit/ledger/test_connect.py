"""Opening a ledger: the expected one, or one line that says why not."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.ledger import connect
from gewe_runner.model import Profile
from tests.unit.ledger import founders

PROFILE = Profile(name="production", gateway="https://api.example.com/gewe/v2/api")


def url(path: Path) -> sqlalchemy.URL:
    return sqlalchemy.URL.create("sqlite", database=str(path))


#: Makes a ledger when it is told to, and tells its id.


def test_a_ledger_lies_in_the_project_under_the_profiles_name(tmp_path: Path) -> None:
    assert connect.address(PROFILE, tmp_path, {}).database == str(tmp_path / ".gewe" / "production.db")


def test_the_environment_says_where_a_shared_ledger_is(tmp_path: Path) -> None:
    shared = replace(PROFILE, ledger_env="LEDGER")
    assert connect.address(shared, tmp_path, {"LEDGER": "sqlite:////srv/l.db"}).database == "/srv/l.db"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "is not set"),
        ("nonsense", "holds no database URL"),
        ("mysql://u:secret@h/d", "names a mysql database"),
        ("postgresql://u:p@secret/p@h/d", "is no complete postgresql address"),
        ("postgresql://u:p@secret?p@h/d", "is no complete postgresql address"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_showing_it(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(errors.LedgerError, match=said) as caught:
        connect.address(replace(PROFILE, ledger_env="LEDGER"), tmp_path, {"LEDGER": value})
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_new_ledger_has_an_id_of_its_own(tmp_path: Path) -> None:
    first, second = (connect.create(url(tmp_path / name), "sandbox") for name in ("a.db", "b.db"))
    assert first.id != second.id
    for one in (first, second):
        one.close()


def test_processes_that_start_at_once_make_one_ledger(tmp_path: Path) -> None:
    ids = founders.ids(str(url(tmp_path / "l.db")))
    assert len(ids) == 1
    assert ids != {""}


def test_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    ledger = connect.create(url(tmp_path / "l.db"), "sandbox")
    with ledger.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    ledger.close()


def test_there_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(errors.LedgerError, match="there is no ledger yet"):
        connect.open(url(tmp_path / "l.db"))


def test_an_empty_file_is_no_ledger_yet(tmp_path: Path) -> None:
    (tmp_path / "l.db").touch()
    assert not connect.exists(url(tmp_path / "l.db"))


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(errors.LedgerError, match="is a folder"):
        connect.open(url(tmp_path))


def test_a_file_that_is_no_database_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"PK\3\4" * 200)
    with pytest.raises(errors.LedgerError, match="the file is not a ledger"):
        connect.open(url(tmp_path / "l.db"))


def test_another_programs_database_is_no_ledger(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "l.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(errors.LedgerError, match="not a gewe-runner ledger"):
        connect.open(url(tmp_path / "l.db"))


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    ledger = connect.create(url(tmp_path / "l.db"), "sandbox")
    with ledger.writing() as connection:
        connection.execute(text("UPDATE meta SET value = '999' WHERE key = 'schema'"))
    ledger.close()
    with pytest.raises(errors.LedgerError, match="a newer gewe-runner"):
        connect.open(url(tmp_path / "l.db"))


def test_a_ledger_whose_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.LedgerError, match="folder cannot be made"):
        connect.create(url(tmp_path / "file" / "l.db"), "sandbox")


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        (replace(PROFILE, gateway="sandbox", ledger_id="other"), "pins other"),
        (PROFILE, "belongs to the gateway sandbox"),
    ],
)
def test_another_ledger_than_the_profiles_is_refused(tmp_path: Path, profile: Profile, said: str) -> None:
    ledger = connect.create(url(tmp_path / "l.db"), "sandbox")
    with pytest.raises(errors.LedgerError, match=said):
        connect.expect(ledger, profile)
    ledger.close()


def test_a_locked_ledger_is_said(tmp_path: Path) -> None:
    connect.create(url(tmp_path / "l.db"), "sandbox").close()
    ledger = connect.open(url(tmp_path / "l.db"), patience=0.1)
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.LedgerError, match="another program has locked the ledger"), ledger.writing():
        pass
    other.close()
    ledger.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    ledger = connect.create(url(tmp_path / "l.db"), "sandbox")

    def torn() -> None:
        with ledger.writing() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('x', 'y')"))
            raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        torn()
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta WHERE key = 'x'")).scalar_one() == 0
    ledger.close()


def test_a_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    connect.create(url(tmp_path / ".gewe" / "l.db"), "sandbox").close()
    assert (tmp_path / ".gewe" / "l.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / ".gewe").stat().st_mode & 0o077 == 0


def test_a_relative_address_is_one_in_the_project(tmp_path: Path) -> None:
    shared = replace(PROFILE, ledger_env="LEDGER")
    assert connect.address(shared, tmp_path, {"LEDGER": "sqlite:///l.db"}).database == str(tmp_path / "l.db")


def test_a_mistyped_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(errors.LedgerError, match="folder cannot be made"):
        connect.create(url(tmp_path / "mistyped" / "deep" / "l.db"), "sandbox")
    assert not (tmp_path / "mistyped").exists()
