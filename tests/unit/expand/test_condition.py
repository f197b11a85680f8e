"""How `where` chooses rows."""

import pytest

from gewe_runner.model import Position
from tests.unit.expand.conftest import Project

LIST = "toWxid,opted_in\nwxid_a,yes\nwxid_b,no\n"


def test_rows_that_where_leaves_out_are_given_as_unwanted(lists: Project) -> None:
    rows = lists.recipients("a.csv", LIST, condition='opted_in == "yes"')
    assert [one.wanted for one in rows] == [True, False]


def test_where_sees_the_row_after_columns_over_the_lists_vars(lists: Project) -> None:
    rows = lists.recipients(
        "a.csv", LIST, columns={"ok": "opted_in"}, vars={"ok": "hidden", "want": "no"}, condition="ok == want"
    )
    assert [one.wanted for one in rows] == [False, True]


def test_where_sees_the_cleaned_id(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid,n\n wxid_a,1\n", condition='toWxid == "wxid_a"')
    assert one.wanted


def test_text_is_refused_in_its_own_words(lists: Project) -> None:
    assert lists.recipients("a.csv", LIST, condition="opted_in") == []
    assert lists.said[1] == (
        'a.csv:3:1: list-where: where: it gave the text "no", and any text counts as true; '
        'compare it: where: opted_in == "yes"'
    )


@pytest.mark.parametrize("condition", ["opted_in | length", "none", "[opted_in]"])
def test_anything_but_true_and_false_is_refused(lists: Project, condition: str) -> None:
    assert lists.recipients("a.csv", LIST, condition=condition) == []
    assert all("neither true nor false" in said for said in lists.said)


def test_an_undefined_name_is_told_at_its_row(lists: Project) -> None:
    assert lists.recipients("a.csv", LIST, condition="opted == 1") == []
    assert lists.said[0].startswith("a.csv:2:1: list-where: where: ")
    assert "opted" in lists.said[0]


def test_an_expression_that_cannot_be_read_is_told_where_it_stands(lists: Project) -> None:
    lists.recipients("a.csv", LIST, condition='opted_in = "yes"', condition_position=Position(9, 12))
    (said,) = lists.said
    assert said.startswith("a.yaml:9:12: list-where: where: ")


def test_a_row_that_is_not_wanted_needs_no_valid_id(lists: Project) -> None:
    rows = lists.recipients("a.csv", "toWxid,n\n,1\nweixin,2\nwxid_a,3\n", condition='n == "3"')
    assert [one.wanted for one in rows] == [False, False, True]
    assert lists.said == []
