"""How .jsonl lists are read, and what is said about lines that cannot be."""

import itertools

import pytest

from tests.unit.expand.conftest import Project


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"x"', "x"),
        ("9007199254740993000", "9007199254740993000"),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1E400", "1E400"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
    ],
)
def test_values_are_text_as_written(lists: Project, written: str, text: str) -> None:
    (one,) = lists.recipients("a.jsonl", f'{{"toWxid": "wxid_a", "v": {written}}}\n')
    assert one.values["v"] == text


def test_rows_are_counted_by_line_and_blank_lines_skipped(lists: Project) -> None:
    rows = lists.recipients("a.jsonl", b'\xef\xbb\xbf{"toWxid": "a"}\r\n\r\n{"toWxid": "b"}')
    assert [(one.row, one.to_wxid) for one in rows] == [(1, "a"), (3, "b")]
    assert lists.said == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"toWxid": "a" "b": 1}', ":16: list-json: this is not JSON (expecting ',' delimiter)"),
        ("[1]", ":1: list-json: the line is no object"),
        ("{}", ":1: list-json: the line is no object"),
        ('{"toWxid": "a", "x": {"y": 1}}', ':1: list-json: "x" is an object'),
        ('{"toWxid": "a", "x": [1]}', ':1: list-json: "x" is a list'),
        ('{"toWxid": "a", "toWxid": "b"}', ':1: list-json: "toWxid" stands twice'),
        ('{"toWxid": "a", "x": NaN}', ":1: list-json: NaN is not JSON"),
        ('{"toWxid": "a", "x": "\\ud800"}', ":1: list-json: an escape "),
        ("[" * 100_000, ":1: list-json: "),
        ('{"toWxid": "b", "x": "' + "x" * 1_000_000, ":1: list-size: "),
    ],
)
def test_a_faulty_line_is_named_with_its_place(lists: Project, line: str, said: str) -> None:
    rows = lists.recipients("a.jsonl", f'{{"toWxid": "a"}}\n{line}\n')
    assert len(rows) == 1
    assert lists.said[0].startswith(f"a.jsonl:2{said}")


def test_the_lines_after_a_faulty_one_are_read(lists: Project) -> None:
    rows = lists.recipients("a.jsonl", b'x\n{"toWxid": "\xff"}\n{"toWxid": "a"}\n')
    assert [one.row for one in rows] == [3]
    assert [said.split(": ")[1] for said in lists.said] == ["list-json", "list-encoding"]


def test_an_emoji_in_two_escapes_is_one_character(lists: Project) -> None:
    (one,) = lists.recipients("a.jsonl", '{"toWxid": "a", "x": "\\ud83c\\udf4e"}\n')
    assert one.values["x"] == "🍎"


def test_a_row_without_an_id_is_named(lists: Project) -> None:
    rows = lists.recipients("a.jsonl", '{"toWxid": "a"}\n{"wxid": "b"}\n')
    assert len(rows) == 1
    assert lists.said == ['a.jsonl:2:1: list-no-id: the row has no "toWxid", it has: wxid; add it']


def test_lines_are_read_one_at_a_time(lists: Project) -> None:
    lists.write("a.jsonl", '{"toWxid": "a"}\n' * 50_000 + "x\n")
    assert len(list(itertools.islice(lists.lazily(lists.source("a.jsonl")), 10))) == 10
    assert lists.said == []
