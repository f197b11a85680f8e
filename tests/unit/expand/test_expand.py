"""What holds for every kind of list: order, ids, empty lists, suppression, and where a list may lie."""

import gzip
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner import expand
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from tests.unit.expand.conftest import Project


def test_lists_come_in_their_order(lists: Project) -> None:
    lists.write("b.csv", "toWxid\nwxid_b\n")
    lists.write("a.jsonl", '{"toWxid": "wxid_a"}\n')
    sources = lists.rows({"toWxid": "wxid_c"}), lists.source("b.csv"), lists.source("a.jsonl")
    assert [(one.to_wxid, one.row, one.source) for one in lists.lazily(*sources)] == [
        ("wxid_c", 1, sources[0]),
        ("wxid_b", 2, sources[1]),
        ("wxid_a", 1, sources[2]),
    ]


def test_one_faulty_list_hides_no_other(lists: Project) -> None:
    lists.write("b.csv", "toWxid\nwxid_b\n")
    rows = list(lists.lazily(lists.source("a.csv"), lists.source("b.csv"), lists.source("c.csv")))
    assert ([one.to_wxid for one in rows], lists.problems.errors) == (["wxid_b"], 2)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("wxid,name,name\nwxid_a,1,2\n", "list-header"),
        (",name\nwxid_a,1\n", "list-header"),
        ("wxid,b\na\n", "list-row"),
    ],
)
def test_a_faulty_list_that_is_read_again_is_no_other_kind_of_faulty(lists: Project, text: str, rule: str) -> None:
    lists.write("a.csv", text)
    source = lists.source("a.csv", columns={"toWxid": "wxid"})
    assert list(lists.lazily(source, source)) == []
    assert [said.split(": ")[1] for said in lists.said] == [rule]


def test_a_later_list_is_not_opened_before_its_turn(lists: Project) -> None:
    rows = lists.lazily(lists.rows({"toWxid": "wxid_a"}), lists.source("missing.csv"))
    assert len(list(itertools.islice(rows, 1))) == 1
    assert lists.said == []


def test_inline_rows_have_their_place_in_the_campaign_file(lists: Project) -> None:
    rows = list(lists.lazily(lists.rows({"toWxid": " a "}, {"toWxid": ""}, {"store": "x"}, {"toWxid": "weixin"})))
    assert [one.to_wxid for one in rows] == ["a", "weixin"]
    assert [said.split(": ")[:2] for said in lists.said] == [
        ["a.yaml:7:5", "list-id-trimmed"],
        ["a.yaml:11:9", "list-id-empty"],
        ["a.yaml:12:9", "list-no-id"],
        ["a.yaml:13:9", "wxid-builtin"],
    ]


def test_an_empty_id_is_a_problem_of_its_row(lists: Project) -> None:
    lists.recipients("a.csv", "n,wxid\n1,\u200b\n2,wxid_a\n", columns={"toWxid": "wxid"})
    assert "a.csv:2:2: list-id-empty: wxid is empty; fill it in" in lists.said[1]


def test_an_id_that_can_be_nobodys_is_named_with_its_column(lists: Project) -> None:
    lists.recipients("a.csv", "n,wxid\n1,wxid_a wxid_b\n", columns={"toWxid": "wxid"})
    assert lists.said[0].startswith("a.csv:2:2: wxid-space: wxid ")


@pytest.mark.parametrize(("name", "content"), [("a.csv", ""), ("a.csv", "toWxid\n\n"), ("a.jsonl", "\n")])
def test_a_list_without_rows_is_a_problem_of_recipients_only(lists: Project, name: str, content: str) -> None:
    assert lists.ids(name, content) == []
    assert lists.said == []
    assert lists.recipients(name, content) == []
    assert lists.said == [f"{name}: list-empty: the list has no rows; fill it, or remove it from the campaign"]


def test_a_list_of_faulty_rows_is_not_called_empty(lists: Project) -> None:
    lists.recipients("a.csv", "toWxid\na,b\n")
    assert [said.split(": ")[1] for said in lists.said] == ["list-row"]


# --- suppression


def test_suppressed_ids_are_cleaned_and_chosen_as_recipients_are(lists: Project) -> None:
    content = "wxid,why\n wxid_a,left\nwxid_b,\n"
    assert lists.ids("a.csv", content, columns={"toWxid": "wxid"}, condition='why != ""') == ["wxid_a"]


def test_a_suppression_list_of_one_column_needs_no_columns(lists: Project) -> None:
    assert lists.ids("a.csv", "wxid\nwxid_a\nwxid_b\n") == ["wxid_a", "wxid_b"]


def test_a_suppression_list_without_a_header_loses_nobody(lists: Project) -> None:
    assert lists.ids("a.csv", "zhangchuan2288\nwxid_b\n") == ["zhangchuan2288", "wxid_b"]


def test_an_empty_suppressed_id_is_a_problem(lists: Project) -> None:
    lists.ids("a.csv", "toWxid,why\n,left\n")
    assert lists.problems.errors == 1


# --- where a list may lie


def test_a_missing_list_is_met_with_its_likely_neighbour(lists: Project) -> None:
    lists.write("shanghai.csv", "")
    list(lists.lazily(lists.source("shangai.csv")))
    expected = 'a.yaml:7:5: list-file: shangai.csv: there is no such file; did you mean "shanghai.csv"?'
    assert lists.said == [expected]


def test_a_missing_folder_is_named(lists: Project) -> None:
    list(lists.lazily(lists.source("list/a.csv")))
    assert 'there is no folder "list" either' in lists.said[0]


@pytest.mark.parametrize("way", ["path", "file link", "folder link"])
def test_a_list_outside_the_project_is_refused(lists: Project, tmp_path: Path, way: str) -> None:
    (tmp_path / "members.csv").write_text("toWxid\nwxid_a\n", encoding="utf-8")
    (lists.folder / "link.csv").symlink_to(tmp_path / "members.csv")
    (lists.folder / "out").symlink_to(tmp_path)
    name = {"path": "../members.csv", "file link": "link.csv", "folder link": "out/members.csv"}[way]
    assert list(lists.lazily(lists.source(name))) == []
    assert lists.said == [
        f"a.yaml:7:5: list-outside: {name}: lies outside the project (shop/); copy the list into it",
    ]


def test_a_link_within_the_project_is_followed(lists: Project) -> None:
    (lists.folder / "latest.csv").symlink_to(lists.write("2026.csv", "toWxid\nwxid_a\n"))
    assert len(list(lists.lazily(lists.source("latest.csv")))) == 1


def test_a_folder_is_told(lists: Project) -> None:
    (lists.folder / "a.csv").mkdir()
    list(lists.lazily(lists.source("a.csv")))
    assert "is a folder" in lists.said[0]


def test_a_pipe_is_not_waited_for(lists: Project) -> None:
    os.mkfifo(lists.folder / "a.csv")
    list(lists.lazily(lists.source("a.csv")))
    assert "is not an ordinary file" in lists.said[0]


@pytest.mark.parametrize("name", ["loop.csv", "x" * 300 + ".csv", "a\0b.csv"])
def test_a_path_that_cannot_be_read_is_told(lists: Project, name: str) -> None:
    (lists.folder / "loop.csv").symlink_to("loop.csv")
    list(lists.lazily(lists.source(name)))
    assert [said.split(": ")[1] for said in lists.said] == ["list-file"]


@pytest.mark.parametrize("name", ["a.doc", "a.doc.gz", "members", "members.gz"])
def test_a_format_that_cannot_be_read_is_met_with_those_that_can(lists: Project, name: str) -> None:
    lists.recipients(name, "toWxid\nwxid_a\n")
    assert lists.said[0].startswith("a.yaml:7:5: list-format: ")
    assert lists.said[0].endswith("; save it as one of: .csv .tsv .jsonl .xlsx, also with .gz")


# --- the rows again, as they stand in the file


def test_the_original_rows_keep_the_lists_own_names(lists: Project) -> None:
    lists.write("a.csv", "wxid,n\n wxid_a,1\n\nx\nwxid_b,2\n")
    rows = [(2, {"wxid": " wxid_a", "n": "1"}), (5, {"wxid": "wxid_b", "n": "2"})]
    assert list(expand.original(lists.folder, "a.csv")) == rows


@pytest.mark.parametrize("name", ["a.csv.gz", "A.TSV.GZ", "a.jsonl.gz"])
def test_a_packed_list_is_read_as_the_list_itself(lists: Project, name: str) -> None:
    content = {"a.csv.gz": "toWxid,n\nwxid_a,水\n", "A.TSV.GZ": "toWxid\tn\nwxid_a\t水\n"}
    text = content.get(name, '{"toWxid": "wxid_a", "n": "水"}\n')
    (found,) = lists.recipients(name, gzip.compress(text.encode()))
    assert (found.to_wxid, found.values["n"], lists.said) == ("wxid_a", "水", [])


def test_a_packed_gb18030_list_is_read_with_the_same_notice(lists: Project) -> None:
    (found,) = lists.recipients("a.csv.gz", gzip.compress("toWxid,城市\nwxid_a,上海\n".encode("gb18030")))
    assert found.values["城市"] == "上海"
    assert [said.split(": ")[1] for said in lists.said] == ["list-gb18030"]


PACKED = gzip.compress(b"toWxid\n" + b"".join(b"wxid_%d\n" % number for number in range(10_000)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"toWxid\nwxid_a\n", "Not a gzipped file"),
        (PACKED[: len(PACKED) // 2], "it ends too early"),
        (PACKED[:-8] + bytes(8), "CRC check failed"),
        (PACKED[:500] + b"\xff" * 20 + PACKED[520:], "cannot be unpacked"),
        (PACKED + b"more", "Not a gzipped file"),
    ],
    ids=["plain", "cut", "checksum", "bytes", "tail"],
)
@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_damaged_archive_is_a_problem_of_the_list(lists: Project, name: str, content: bytes, said: str) -> None:
    list(lists.lazily(lists.source(name, path=lists.write(name, content))))
    told = [one for one in lists.said if ": list-packed: " in one]
    assert len(told) == 1
    assert told[0].startswith(f"{name}: list-packed: cannot be unpacked (")
    assert said in told[0]


CONTENT = st.binary(max_size=80) | st.text("toWxid,;\"'\n\r\t{}[]:1水\u200b", max_size=80).map(str.encode)


@given(content=CONTENT, name=st.sampled_from([*(name for name in expand.KINDS if name[0] == "."), ".csv.gz"]))
def test_no_content_ends_in_anything_but_recipients_or_problems(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{name}"
    path.write_bytes(content)
    problems = Problems()
    source = Source(label=name, name=name, where=(), path=path)
    rows = list(expand.recipients([source], path.parent, problems))
    assert rows or problems.errors
