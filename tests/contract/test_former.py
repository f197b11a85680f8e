"""How a plan stands to the last run of its campaign, and to the devices through which people got their cards."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy
from hypothesis import strategies as st
from sqlalchemy import insert, update

from gewe_runner.ledger import connect, forget, former, tables
from gewe_runner.model import FrequencyCap, Message, Skip
from tests.contract.plans import NOW, identity, messages, register, skip
from tests.contract.test_runs import put

DAY = 86_400_000


def change(ledger: connect.Ledger, lines: Sequence[Message | Skip]) -> former.Change | None:
    with ledger.reading() as connection:
        return former.change(connection, "fruit", lines)


def moves(ledger: connect.Ledger, lines: Sequence[Message | Skip]) -> former.Moves:
    with ledger.reading() as connection:
        found = former.Moves(connection)
        assert list(found.over(lines)) == list(lines)
        return found


def sent(ledger: connect.Ledger, at: int) -> None:
    """Bring what is pending to its end."""
    with ledger.writing() as connection:
        connection.execute(
            update(tables.message).where(tables.message.c.state == "pending").values(state="sent", started_at=at)
        )


def test_a_first_run_has_nothing_to_differ_from(ledger: connect.Ledger) -> None:
    assert change(ledger, messages("a")) is None
    register(ledger, [skip("a")])
    assert change(ledger, messages("a")) is None


def test_who_is_new_and_who_is_gone_are_counted_together(ledger: connect.Ledger) -> None:
    run = register(ledger, messages("a", "b", "c", "d"))
    found = change(ledger, [*messages("a", "b", "e"), skip("d")])
    assert found == former.Change(run=run, before=4, added=1, gone=2)
    assert found.percent == 75


def test_whom_the_ledger_left_out_was_a_recipient_all_the_same(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "sent")
    register(ledger, [*messages("a", "b"), skip("x")], identity("d2" * 32, cap=FrequencyCap(messages=1, days=1)))
    found = change(ledger, messages("a", "b"))
    assert found is not None
    assert (found.before, found.percent) == (2, 0)


def test_the_newest_run_counts_whatever_its_edition_and_campaigns_are_apart(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    newest = register(ledger, messages("a", "b", "c"), identity("d2" * 32, edition="2"))
    found = change(ledger, messages("a", "b", "c"))
    assert found == former.Change(run=newest, before=3, added=0, gone=0)
    with ledger.reading() as connection:
        assert former.change(connection, "pear", messages("a")) is None


def test_the_forgotten_are_still_the_same_people(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b"))
    put(ledger, "sent")
    forget.forget(ledger, "a", NOW)
    found = change(ledger, messages("a", "b"))
    assert found is not None
    assert found.percent == 0


EDITIONS = itertools.count(1)
IDS = st.sets(st.sampled_from("abcdefghij"), min_size=1).map(sorted)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[connect.Ledger]:
    """One ledger for all examples; a law about sets needs one database."""
    opened = connect.create(sqlalchemy.URL.create("sqlite", database=str(tmp_path / "ledger.db")), "sandbox")
    yield opened
    opened.close()


@hypothesis.given(IDS, IDS)
@hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_the_change_is_the_symmetric_difference(shared: connect.Ledger, then: list[str], now: list[str]) -> None:
    edition = str(next(EDITIONS))  # an example may come again, and its plan would go on with its own run
    register(shared, messages(*then), identity(f"{edition:0>64}", edition=edition))
    found = change(shared, messages(*now))
    assert found is not None
    assert found.percent == pytest.approx(100 * len(set(then) ^ set(now)) / len(then))


def test_the_last_device_of_each_person_is_compared(ledger: connect.Ledger) -> None:
    register(ledger, messages("a", "b", "c", device="east"))
    sent(ledger, NOW)
    register(ledger, messages("b", device="west"), identity("d2" * 32, edition="2"), now=NOW + DAY)
    sent(ledger, NOW + DAY)
    found = moves(ledger, [*messages("a", "b", "z", device="east"), skip("c")])
    assert found.count == 1
    assert found.first == [former.Move(to_wxid="b", before="west", now="east", at=NOW + DAY)]


def test_only_the_first_are_named_and_all_are_counted(ledger: connect.Ledger) -> None:
    ids = [f"id{number:04}" for number in range(600)]
    register(ledger, messages(*ids))
    sent(ledger, NOW)
    found = moves(ledger, messages(*ids, device="west"))
    assert found.count == 600
    assert [one.to_wxid for one in found.first] == ids[:3]


def test_what_was_not_sent_makes_nobody_known_to_a_device(ledger: connect.Ledger) -> None:
    register(ledger, messages("a"))
    put(ledger, "rejected")
    assert moves(ledger, messages("a", device="west")).count == 0


@pytest.mark.parametrize(
    ("used", "planned", "expected"),
    [([], ["east", "west"], False), (["east"], ["east"], False), (["east"], ["west"], True), (["east"], [], False)],
)
def test_nobody_is_looked_up_where_nobody_can_have_moved(
    ledger: connect.Ledger, used: list[str], planned: list[str], expected: bool
) -> None:
    with ledger.writing() as connection:
        for name in used:
            connection.execute(insert(tables.lane).values(device=name))
        assert former.Moves(connection).possible(planned) is expected
