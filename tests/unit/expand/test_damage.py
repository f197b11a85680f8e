"""Ids that a spreadsheet has damaged are counted in a warning; whatever may be an id passes."""

import pytest

from gewe_runner.model import Level
from tests.unit.expand.conftest import Project

DAMAGED = [
    "1.23457E+17",
    "1,23457E+17",
    "1e+17",
    "9.9E+100",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "########",
    "12345678901234500000",
    "123456789012345000",
    "123456789012345000.0",
]

WHOLE = [
    "wxid_a",
    "filehelper",
    "1e5",
    "12E17",
    "1234567890@chatroom",
    "12345678901234500000@chatroom",
    "1234567890000000",
    "123456789012345600",
    "12345678901234500",
    "#1",
    "#na",
    "E+17",
]


@pytest.mark.parametrize("wxid", DAMAGED)
def test_a_damaged_id_is_told_where_it_stands(lists: Project, wxid: str) -> None:
    content = f'name,toWxid\nA,wxid_a\nB,"{wxid}"\nC,"{wxid}"\n'
    assert len(lists.recipients("a.csv", content)) == 3
    (said,) = lists.said
    assert said.startswith("a.csv:3:2: list-id-damaged: toWxid: ")
    assert f'2 ids were damaged by a spreadsheet, first "{wxid}"' in said
    assert lists.problems.count(Level.WARNING) == 1


@pytest.mark.parametrize("wxid", WHOLE)
def test_what_may_be_an_id_passes(lists: Project, wxid: str) -> None:
    lists.recipients("a.csv", f"toWxid\n{wxid}\n")
    assert lists.said == []


def test_one_damaged_id_is_told_as_one(lists: Project) -> None:
    lists.recipients("a.csv", "wxid,n\n1.2E+18,1\n", columns={"toWxid": "wxid"})
    assert "wxid: 1 id was damaged" in lists.said[0]


def test_a_damaged_id_in_a_suppression_list_is_told_as_well(lists: Project) -> None:
    assert lists.ids("a.csv", "wxid\nwxid_a\n1.2E+18\n") == ["wxid_a", "1.2E+18"]
    assert lists.said[0].startswith("a.csv:3:1: list-id-damaged")


def test_a_row_that_nobody_wants_may_be_damaged(lists: Project) -> None:
    lists.recipients("a.csv", "toWxid,n\n#N/A,0\nwxid_a,1\n", condition='n == "1"')
    assert lists.said == []


def test_a_number_in_json_lines_is_judged_as_written(lists: Project) -> None:
    lists.recipients("a.jsonl", '{"toWxid": 1.2E+18}\n{"toWxid": "wxid_a"}\n')
    assert [line.split(": ")[1] for line in lists.said] == ["list-id-damaged"]


def test_a_long_damaged_id_is_shortened(lists: Project) -> None:
    lists.recipients("a.csv", f"toWxid\n123456789012345{'0' * 5000}\n")
    assert len(lists.said[0]) < 200
