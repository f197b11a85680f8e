"""Lists that a database is asked for: SQLite and PostgreSQL, both for real."""

import datetime
import decimal
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.expand import values
from gewe_runner.model import Position, Query, Recipient, Source
from gewe_runner.rules import sources
from tests.postgres import database, postgres, text
from tests.unit.expand.conftest import Project

__all__ = ["database", "postgres"]

MEMBERS = (
    "create table members (wxid varchar(40), name varchar(40), store integer)",
    "insert into members values ('wxid_a', '林晓雨', 1), (' wxid_b', null, 2)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, lists: Project) -> str:
    """The address of a database with two members."""
    if request.param == "sqlite":
        url = sqlalchemy.make_url(f"sqlite:///{lists.folder / 'crm.db'}")
    else:
        url = request.getfixturevalue("database")
    execute(text(url), *MEMBERS)
    return text(url)


@pytest.fixture(autouse=True)
def crm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that the lists of these tests name, where there is a database."""
    if "address" in request.fixturenames:
        monkeypatch.setenv("CRM_URL", request.getfixturevalue("address"))


def execute(address: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def count(address: str) -> int:
    engine = sqlalchemy.create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select count(*) from members").scalar_one()
    engine.dispose()
    return int(found)


def asked(lists: Project, query: str, parameters: dict[str, Any] | None = None, **fields: Any) -> Source:
    sql = Query(url_env="CRM_URL", text=query, parameters=parameters or {}, position=Position(9, 12))
    return lists.source("recipients[0].sql", path=None, sql=sql, **fields)


def rows(lists: Project, query: str, parameters: dict[str, Any] | None = None, **fields: Any) -> list[Recipient]:
    return list(lists.lazily(asked(lists, query, parameters, **fields)))


@pytest.mark.usefixtures("address")
def test_the_columns_of_a_query_are_the_lists(lists: Project) -> None:
    found = rows(lists, "select wxid, name, store from members order by store", columns={"toWxid": "wxid"})
    assert [(one.to_wxid, one.row, one.values) for one in found] == [
        ("wxid_a", 1, {"toWxid": "wxid_a", "name": "林晓雨", "store": "1"}),
        ("wxid_b", 2, {"toWxid": "wxid_b", "name": "", "store": "2"}),
    ]
    assert lists.said == ["a.yaml:7:5: list-id-trimmed: 1 id was trimmed: spaces or invisible characters around them"]


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("value", ["林晓雨", "' or 1=1 --", "%", "\\"])
def test_a_name_is_bound_and_never_pasted(lists: Project, value: str) -> None:
    found = rows(lists, "select wxid as \"toWxid\" from members where name = :name and '%' = '%'", {"name": value})
    assert [one.to_wxid for one in found] == (["wxid_a"] if value == "林晓雨" else [])


@pytest.mark.usefixtures("address")
def test_a_number_is_bound_as_a_number_and_an_escaped_colon_is_none(lists: Project) -> None:
    found = rows(lists, r"select wxid as toWxid, 'at 12\:30' as t from members where store = :n", {"n": 1}, columns={})
    (one,) = found or rows(lists, r"select wxid, 'at\:30' as t from members where store = :n", {"n": 1}, columns=ID)
    assert one.values["t"] in ("at 12:30", "at:30")


ID = {"toWxid": "wxid"}


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    "query",
    [
        "delete from members",
        "with gone as (delete from members returning wxid) select wxid from gone",
        "select 1; delete from members",
        "delete from members returning wxid",
        "update members set store = 3 returning wxid",
        "drop table members",
        "create table other (a integer)",
    ],
)
def test_a_query_that_writes_is_refused_and_writes_nothing(lists: Project, address: str, query: str) -> None:
    assert rows(lists, query, columns=ID) == []
    assert lists.said[0].startswith("a.yaml:9:12: sql-query: ")
    assert count(address) == 2


def test_a_function_cannot_write_either(lists: Project, database: sqlalchemy.URL, monkeypatch: Any) -> None:
    monkeypatch.setenv("CRM_URL", text(database))
    body = "create function f() returns text language sql as $$ delete from members returning wxid $$"
    execute(text(database), *MEMBERS, body)
    assert rows(lists, "select f() as wxid", columns=ID) == []
    assert "cannot execute DELETE in a read-only transaction" in lists.said[0]
    assert count(text(database)) == 2


# --- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0123", "0123"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (12345678901234567890, "12345678901234567890"),
        (13800000000.0, "13800000000"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (-0.0, "0"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (decimal.Decimal("12.50"), "12.50"),
        (decimal.Decimal("1E+3"), "1000"),
        (datetime.date(2026, 12, 1), "2026-12-01"),
        (datetime.time(9, 30), "09:30:00"),
        (datetime.datetime.fromisoformat("2026-12-01T09:30:00"), "2026-12-01 09:30:00"),
        (datetime.datetime.fromisoformat("2026-12-01T09:30:00+08:00"), "2026-12-01 01:30:00+00:00"),
        (datetime.timedelta(hours=26, minutes=30), "26:30:00"),
        (datetime.timedelta(seconds=-90), "-00:01:30"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ],
)
def test_a_value_becomes_text_in_the_one_way(value: object, expected: str) -> None:
    assert values.text(value) == expected


@pytest.mark.parametrize("value", [b"\x00", [1], {"a": 1}, float("nan"), float("inf"), decimal.Decimal("NaN")])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(values.ValueFault):
        values.text(value)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers() | st.integers(0, 2**53).map(float))
def test_a_number_is_written_out_and_reads_as_itself(number: float) -> None:
    written = values.text(number)
    assert set(written) <= set("0123456789.-")
    assert float(written) == pytest.approx(float(number), rel=1e-14)


def test_values_of_postgresql_become_text(lists: Project, database: sqlalchemy.URL, monkeypatch: Any) -> None:
    monkeypatch.setenv("CRM_URL", text(database))
    query = (
        "select 'wxid_a' as wxid, null as nothing, true as yes, 7::bigint as n, 12.50::numeric(9,2) as price, "
        "0.1::float8 + 0.2::float8 as f, date '2026-12-01' as day, time '09:30' as at, timestamp '2026-12-01 09:30' as "
        "moment, timestamptz '2026-12-01 09:30+08' as instant, interval '26 hours 30 minutes' as length"
    )
    (one,) = rows(lists, query, columns=ID)
    assert list(one.values.values())[:-1] == [
        *("", "true", "7", "12.50", "0.3", "2026-12-01", "09:30:00", "2026-12-01 09:30:00"),
        *("2026-12-01 01:30:00+00:00", "26:30:00"),
    ]


def test_a_value_that_is_no_text_is_a_problem_of_its_row(
    lists: Project, database: sqlalchemy.URL, monkeypatch: Any
) -> None:
    monkeypatch.setenv("CRM_URL", text(database))
    query = "select 'wxid_a' as wxid, array[1] as tags union all select 'wxid_b', null"
    assert [one.to_wxid for one in rows(lists, query, columns=ID)] == ["wxid_b"]
    assert lists.said == [
        (
            "a.yaml:9:12: sql-value: row 1: tags: a value of the kind list is no text; make it one in the query, "
            "for example cast(tags as varchar)"
        )
    ]


# --- problems


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    ("query", "place"),
    [("select wxid from member", "a.yaml:9:12: sql-query: "), ("selec", "a.yaml:9:12: sql-query: ")],
)
def test_a_query_that_the_database_refuses_is_told_in_its_words(lists: Project, query: str, place: str) -> None:
    assert rows(lists, query) == []
    assert lists.said[0].startswith(place + "the database refuses the query: ")


@pytest.mark.usefixtures("address")
def test_a_query_without_the_id_is_met_with_the_columns_to_write(lists: Project) -> None:
    assert rows(lists, "select wxid, name from members") == []
    (said,) = lists.said
    assert 'list-no-id: recipients[0].sql has no column "toWxid", it has: wxid, name; write beside `sql`:' in said


@pytest.mark.usefixtures("address")
def test_two_columns_of_one_name_are_told(lists: Project) -> None:
    assert rows(lists, "select wxid, name, store as name from members", columns=ID) == []
    assert lists.said == ['a.yaml:9:12: list-header: two columns are called "name" (2 and 3); rename or delete one']


@pytest.mark.usefixtures("address")
def test_a_problem_of_a_row_has_its_number(lists: Project) -> None:
    rows(lists, "select '' as wxid from members", columns=ID)
    assert [said.partition(";")[0] for said in lists.said] == [
        "a.yaml:9:12: list-id-empty: row 1: wxid is empty",
        "a.yaml:9:12: list-id-empty: row 2: wxid is empty",
    ]


@pytest.mark.usefixtures("address")
def test_a_query_without_rows_is_an_empty_list(lists: Project) -> None:
    assert rows(lists, "select wxid from members where 1 = 0", columns=ID) == []
    assert lists.said[0].startswith("a.yaml:7:5: list-empty: ")


@pytest.mark.usefixtures("address")
def test_a_suppression_list_of_one_column_needs_no_columns(lists: Project) -> None:
    from gewe_runner import expand

    query = asked(lists, "select wxid from members order by store")
    assert list(expand.ids([query], lists.folder, lists.problems)) == ["wxid_a", "wxid_b"]


SECRET = "hunter2-Zk93"


@pytest.mark.parametrize(
    ("address", "rule", "said"),
    [
        ("", "sql-address", "$CRM_URL: not set, and it is to hold the database's address: postgresql://"),
        (SECRET, "sql-address", "$CRM_URL: no address of a database; write postgresql://"),
        (f"postgresql://me:{SECRET}@x@h/crm", "sql-address", "a password with special characters in it"),
        (f"postgresql://me:x@{SECRET}/x@h/crm", "sql-address", "a password with special characters in it"),
        (f"postgresql://me:x@{SECRET}?x@h/crm", "sql-address", "a password with special characters in it"),
        (f"postgresql://me:{SECRET}@h:port/crm", "sql-address", "no address of a database"),
        (f"postgresql://me:{SECRET}@127.0.0.1:1/crm", "sql-connection", "the database cannot be reached: "),
        (f"postgresql://me@127.0.0.1:1/crm?password={SECRET}", "sql-connection", "the database cannot be reached: "),
        (f"postgresql://me:{SECRET}@127.0.0.1:1/crm?nonsense=1", "sql-connection", "the database cannot be reached: "),
        ("sqlite:///none.db", "sql-connection", "there is no file none.db; a relative path begins at the project's"),
        (f"firebird://me:{SECRET}@h/crm", "list-library", "no library for firebird is installed"),
        (f"mysql+pymysql://me:{SECRET}@h/crm", "list-library", "the library pymysql is not installed"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    lists: Project, monkeypatch: pytest.MonkeyPatch, address: str, rule: str, said: str
) -> None:
    monkeypatch.setenv("CRM_URL", address)
    assert rows(lists, "select 1") == []
    assert len(lists.said) == 1
    assert lists.said[0].startswith(f"a.yaml:7:5: {rule}: ")
    assert said in lists.said[0]
    assert SECRET not in lists.said[0]


def test_a_wrong_password_is_masked_in_the_databases_words(
    lists: Project, database: sqlalchemy.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = database.set(username="nobody-here", password=SECRET)
    monkeypatch.setenv("CRM_URL", text(nobody))
    assert rows(lists, "select 1") == []
    assert 'role "nobody-here" does not exist' in lists.said[0]
    assert SECRET not in lists.said[0]


def test_a_password_in_the_databases_words_is_masked(
    lists: Project, database: sqlalchemy.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_URL", text(database.set(password=SECRET)))
    assert rows(lists, f'select 1 from "{SECRET}"') == []
    assert '"***" does not exist' in lists.said[0]


def test_without_the_library_the_line_that_installs_it_is_told(lists: Project) -> None:
    program = """
import sys; sys.modules["psycopg"] = None
from gewe_runner.expand import database
from pathlib import Path
try: database.Database("postgresql://a@b/c", Path())
except database.Fault as fault: print(fault)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "a library asks PostgreSQL; install it: pip install 'gewe-runner[sql]'\n"


# --- the rules of the file and the database's library agree


@given(st.text("ab:_1 '\\\\\n", max_size=12))
def test_a_parameter_is_what_the_library_takes_for_one(query: str) -> None:
    assert set(sources.parameters(query)) == set(sqlalchemy.text(query).compile().params)


# --- long lists


@pytest.fixture
def long(address: str) -> Iterator[Callable[[int], str]]:
    """A query that gives so many rows."""
    if address.startswith("sqlite"):
        yield (
            lambda number: (
                f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {number}) "
                "select 'wxid_demo' || i as wxid, 'name ' || i as name from n"
            )
        )
    else:
        yield (
            lambda number: (
                f"select 'wxid_demo' || i as wxid, 'name ' || i as name from generate_series(1, {number}) as n(i)"
            )
        )


def peak(lists: Project, query: str, expected: int) -> int:
    tracemalloc.start()
    try:
        assert sum(1 for _ in lists.lazily(asked(lists, query, columns=ID))) == expected
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_rows(lists: Project, long: Callable[[int], str]) -> None:
    peak(lists, long(10), 10)  # what is imported and cached once
    few, many = (peak(lists, long(number), number) for number in (5_000, 20_000))
    assert many < few * 1.3, (few, many)
