"""How `columns` names a list's columns, and the words for each way to get it wrong."""

import pytest

from gewe_runner.model import Position
from tests.unit.expand.conftest import Project


def test_columns_gives_the_lists_columns_our_names(lists: Project) -> None:
    columns = {"toWxid": "微信id", "town": "城市"}
    (one,) = lists.recipients("a.csv", "微信id,城市,n\nwxid_a,上海,1\n", columns=columns)
    assert one.values == {"toWxid": "wxid_a", "town": "上海", "n": "1"}


def test_two_columns_can_be_exchanged(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid,a,b\nwxid_a,1,2\n", columns={"a": "b", "b": "a"})
    assert one.values == {"toWxid": "wxid_a", "a": "2", "b": "1"}


def test_one_column_can_have_two_names(lists: Project) -> None:
    columns = {"toWxid": "id", "who": "id", "id": "id"}
    (one,) = lists.recipients("a.csv", "id\nwxid_a\n", columns=columns)
    assert one.values == {"toWxid": "wxid_a", "who": "wxid_a", "id": "wxid_a"}


def test_a_named_column_wins_over_one_that_is_called_so(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid,wxid\nold,new\n", columns={"toWxid": "wxid"})
    assert one.to_wxid == "new"


@pytest.mark.parametrize(
    ("header", "columns", "said"),
    [
        (
            "wxid,city",
            {"wxid": "toWxid"},
            "list-columns: `columns` is the wrong way round, it says ours: theirs; write:  columns: {toWxid: wxid}",
        ),
        (
            "wxid,城 市",
            {"wxid": "toWxid", "城 市": "town"},
            (
                "list-columns: `columns` is the wrong way round, it says ours: theirs; "
                "write:  columns: {toWxid: wxid, town: '城 市'}"
            ),
        ),
        (
            "toWxid,city",
            {"toWxid": "wxid"},
            'list-columns: the list calls its column "toWxid" already and has no "wxid"; remove {toWxid: wxid}',
        ),
        (
            "wxid,city",
            {"toWxid": "wxid", "town": "citty"},
            'list-columns: the list has no column "citty" (did you mean "city"?); it has: wxid, city',
        ),
        (
            "name,wx_id",
            {},
            (
                'list-no-id: a.csv has no column "toWxid", it has: name, wx_id; '
                "write beside `file`:  columns: {toWxid: wx_id}"
            ),
        ),
        (
            "id,微信id",
            {"name": "id"},
            (
                'list-no-id: a.csv has no column "toWxid", it has: id, 微信id; '
                "write beside `file`:  columns: {toWxid: 微信id, name: id}"
            ),
        ),
        (
            "wxid_abc,sh",
            {},
            (
                "list-no-id: a.csv begins with a recipient instead of the columns' names; "
                "put a first row above it:  toWxid"
            ),
        ),
    ],
)
def test_columns_that_do_not_fit_are_met_with_the_line_to_paste(
    lists: Project, header: str, columns: dict[str, str], said: str
) -> None:
    place = Position(8, 14)
    assert lists.recipients("a.csv", f"{header}\nx,y\n", columns=columns, columns_position=place) == []
    assert lists.said == [f"a.yaml:8:14: {said}"]


def test_the_columns_of_an_empty_list_are_checked_too(lists: Project) -> None:
    lists.recipients("a.csv", "wxid\n")
    assert [said.split(": ")[1] for said in lists.said] == ["list-no-id"]
