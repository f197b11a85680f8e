"""How .csv and .tsv lists are read, and what is said about those that cannot be."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.expand import clean
from tests.unit.expand.conftest import Project


def test_a_row_becomes_a_recipient_with_its_columns_as_text(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid,store,n\nwxid_a,S001,007\n")
    assert (one.to_wxid, one.row, one.wanted) == ("wxid_a", 2, True)
    assert one.values == {"toWxid": "wxid_a", "store": "S001", "n": "007"}
    assert lists.said == []


def test_a_tsv_is_separated_by_tabs(lists: Project) -> None:
    (one,) = lists.recipients("a.tsv", "toWxid\tcity\nwxid_a\tsh, cn\n")
    assert one.values["city"] == "sh, cn"


def test_a_record_with_line_breaks_is_one_row(lists: Project) -> None:
    rows = lists.recipients("a.csv", 'toWxid,note\nwxid_a,"one\ntwo"\nwxid_b,x\n')
    assert [(one.row, one.values["note"]) for one in rows] == [(2, "one\ntwo"), (3, "x")]


def test_blank_rows_are_skipped_but_counted(lists: Project) -> None:
    rows = lists.recipients("a.csv", "toWxid,n\n\nwxid_a,1\n,\n   \nwxid_b,2\n")
    assert [one.row for one in rows] == [3, 6]


def test_rows_and_columns_of_blanks_around_a_table_are_nothing(lists: Project) -> None:
    rows = lists.recipients("a.csv", " ,,,\ntoWxid,n,, \nwxid_a,1,,\nwxid_b,2, ,\n , ,,\n,\u3000\n")
    assert [(one.row, one.values) for one in rows] == [
        (3, {"toWxid": "wxid_a", "n": "1"}),
        (4, {"toWxid": "wxid_b", "n": "2"}),
    ]
    assert lists.said == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(lists: Project, end: str) -> None:
    assert len(lists.recipients("a.csv", f"toWxid{end}wxid_a{end}wxid_b")) == 2


def test_a_byte_order_mark_is_no_part_of_the_first_name(lists: Project) -> None:
    assert lists.recipients("a.csv", b"\xef\xbb\xbftoWxid\nwxid_a\n")[0].to_wxid == "wxid_a"
    assert lists.said == []


# --- encodings


def test_a_list_in_gb18030_is_read_with_a_notice(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid,城市\nwxid_a,上海\n".encode("gb18030"))
    assert one.values["城市"] == "上海"
    assert lists.said == ["a.csv: list-gb18030: not UTF-8, so read as GB18030; check the names in the preview"]
    assert lists.problems.errors == 0


def test_one_wrong_byte_late_in_a_utf8_list_is_named_with_row_and_column(lists: Project) -> None:
    head = "toWxid,城市\n" + "wxid_a,上海\n" * 70_000
    rows = lists.recipients("a.csv", head.encode() + b"wxid_b,\xff\nwxid_c,x\n")
    assert (len(rows), rows[-1].to_wxid, rows[-1].values["城市"]) == (70_001, "wxid_c", "x")
    (said,) = lists.said
    assert said.startswith("a.csv:70002:2: list-encoding: byte 0xff ")


def test_a_list_in_no_known_encoding_is_refused(lists: Project) -> None:
    assert lists.recipients("a.csv", b"toWxid,n\nwxid_a,\xff\xff\n") == []
    assert lists.said == [
        "a.csv: list-encoding: neither UTF-8 nor GB18030 (byte 0xff at offset 16); save the list as UTF-8"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("toWxid\n".encode("utf-16"), "list-encoding: the list is UTF-16"),
        (b"PK\x03\x04\x14\0", "list-binary: this is an Excel workbook or ZIP archive"),
        (b"toWxid\nwxid_a\nwxid\0b\n", "list-binary: a NUL byte in line 3"),
    ],
)
def test_what_is_no_text_is_told(lists: Project, content: bytes, said: str) -> None:
    assert lists.recipients("a.csv", content) == []
    assert lists.said[0].startswith(f"a.csv: {said}")


# --- headers


def test_spaces_around_names_are_ignored_with_a_warning(lists: Project) -> None:
    (one,) = lists.recipients("a.csv", "toWxid, city\u200b\nwxid_a,sh\n")
    assert one.values["city"] == "sh"
    assert lists.said == ['a.csv:1:2: list-header-space: spaces around the column\'s name "city" are ignored']


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("toWxid,city,city", 'a.csv:1:3: list-header: two columns are called "city" (2 and 3); rename or delete one'),
        ("toWxid,,city", "a.csv:1:2: list-header: column 2 has no name; name it or delete the column"),
        ("toWxid;city", "a.csv:1:1: list-delimiter: separate the columns by commas, not semicolons"),
        ("toWxid\tcity", "a.csv:1:1: list-delimiter: separate the columns by commas, not tabs, or name the file .tsv"),
        ("toWxid，city", "a.csv:1:1: list-delimiter: separate the columns by commas, not full-width commas"),
    ],
)
def test_a_header_that_cannot_be_used_is_told(lists: Project, header: str, said: str) -> None:
    assert lists.recipients("a.csv", f"{header}\nwxid_a,x,y\n") == []
    assert lists.said == [said]


@pytest.mark.parametrize("title", ["会员名单", "会员名单,,", "会员名单 ,"])
def test_a_title_above_the_names_is_met_with_what_to_do(lists: Project, title: str) -> None:
    assert lists.recipients("a.csv", f"{title}\ntoWxid,city\nwxid_a,x\n") == []
    (said,) = lists.said
    assert said.startswith('a.csv:1:1: list-header: "会员名单')
    assert "delete a title above the columns' names" in said


# --- rows


def test_a_ragged_row_is_left_out_and_named(lists: Project) -> None:
    rows = lists.recipients("a.csv", "toWxid,city\nwxid_a,sh,cn\nwxid_b\nwxid_c,x\n")
    assert [one.to_wxid for one in rows] == ["wxid_c"]
    assert [said[:20] for said in lists.said] == ["a.csv:2:3: list-row:", "a.csv:3:2: list-row:"]


def test_a_quote_that_is_never_closed_is_named_where_it_opens(lists: Project) -> None:
    lists.recipients("a.csv", 'toWxid,note\nwxid_a,x\nwxid_b,"y\nwxid_c,z\n')
    assert lists.said == ["a.csv:3:1: list-quote: a quote that opens in this row is never closed; close it"]


def test_text_behind_a_quote_is_told(lists: Project) -> None:
    lists.recipients("a.csv", 'toWxid,note\nwxid_a,"x" y\n')
    assert lists.said[0].startswith("a.csv:2:1: list-quote: text follows a closing quote")


@pytest.mark.parametrize("field", ["x" * 200_000, '"' + "x\n" * 100_000, "x" * 2_000_000])
def test_a_giant_field_is_told_and_not_held(lists: Project, field: str) -> None:
    lists.recipients("a.csv", f"toWxid,note\nwxid_a,{field}")
    (said,) = lists.said
    assert said.startswith("a.csv:2:1: list-size: ")


def test_rows_are_read_one_at_a_time(lists: Project) -> None:
    lists.write("a.csv", "toWxid\n" + "wxid_a\n" * 100_000 + "a,b\n")
    assert len(list(itertools.islice(lists.lazily(lists.source("a.csv")), 10))) == 10
    assert lists.said == []


# --- ids


def test_what_cannot_be_seen_around_an_id_is_removed_and_counted(lists: Project) -> None:
    rows = lists.recipients("a.csv", "toWxid\n\u3000wxid_a\u200b\n\ufeffwxid_b \nwxid_c\n")
    assert [one.to_wxid for one in rows] == [one.values["toWxid"] for one in rows] == ["wxid_a", "wxid_b", "wxid_c"]
    assert lists.said == ["a.csv: list-id-trimmed: 2 ids were trimmed: spaces or invisible characters around them"]


def test_everything_that_is_space_to_unicode_is_space() -> None:
    spaces = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
    assert clean.edges(f"{spaces}a b{spaces}") == "a b"


@given(st.text())
def test_cleaning_takes_from_the_ends_only(text: str) -> None:
    assert clean.edges(text) in text
    assert clean.edges(clean.edges(text)) == clean.edges(text)
