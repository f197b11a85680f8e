"""Workbooks as people and programs save them: read as they are meant, or met with sheet and cell."""

import datetime
import io
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from gewe_runner import expand
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from tests.conftest import ROOT
from tests.unit.expand.conftest import Project

Rows = Sequence[Sequence[Any]]

HEAD = ["toWxid", "name"]

MORNING = datetime.datetime.fromisoformat("2026-12-01T09:30")
NOON = datetime.datetime.fromisoformat("2026-12-01T12:00")


def book(*rows: Sequence[Any], change: Callable[[Worksheet], None] = lambda _: None, **sheets: Rows) -> bytes:
    """A workbook of one sheet, `members`, and of others by name."""
    made = openpyxl.Workbook()
    first = made.active
    assert isinstance(first, Worksheet)
    first.title = "members"
    for row in rows:
        first.append(list(row))
    change(first)
    for name, content in sheets.items():
        other = made.create_sheet(name)
        for row in content:
            other.append(list(row))
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def edited(packed: bytes, **parts: Callable[[str], str]) -> bytes:
    """The workbook with the XML of some of its parts changed, each named by the last word of its path."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = parts.get(Path(name).stem, str)
            new.writestr(name, change(old.read(name).decode()))
    return stream.getvalue()


def shared(packed: bytes) -> bytes:
    """The workbook with its texts in the table that cells share, as Excel writes it."""
    texts: list[str] = []

    def moved(xml: str) -> str:
        def number(found: re.Match[str]) -> str:
            texts.append(found[1])
            return f't="s"><v>{len(texts) - 1}</v>'

        return re.sub('t="inlineStr"><is>(.*?)</is>', number, xml)

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    stream = io.BytesIO(edited(packed, sheet1=moved, **{"[Content_Types]": lambda xml: xml.replace("</Types>", part)}))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        items = "".join(f"<si>{text}</si>" for text in texts)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{items}</sst>')
    return stream.getvalue()


def sheet(rows: str, more: str = "") -> bytes:
    """A workbook whose only sheet is written out as XML."""
    xml = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return edited(book(HEAD), sheet1=lambda _: f"{xml}<sheetData>{rows}</sheetData>{more}</worksheet>")


def values(lists: Project, content: bytes, **fields: Any) -> list[Mapping[str, str]]:
    return [one.values for one in lists.recipients("a.xlsx", content, **fields)]


def one(lists: Project, value: Any, number_format: str | None = None) -> str:
    """What a cell of that value and format is read as."""

    def change(cells: Worksheet) -> None:
        if number_format:
            cells["B2"].number_format = number_format

    return values(lists, book(HEAD, ["wxid_a", value], change=change))[0]["name"]


# --- what is read


def test_a_workbook_is_read_as_its_rows(lists: Project) -> None:
    found = lists.recipients("a.xlsx", book(HEAD, ["wxid_a", "林晓雨"], ["wxid_b", None], [" wxid_c ", "a_x0041_b"]))
    assert [(one.to_wxid, one.row, one.values["name"]) for one in found] == [
        ("wxid_a", 2, "林晓雨"),
        ("wxid_b", 3, ""),
        ("wxid_c", 4, "aAb"),
    ]
    assert lists.said == ["a.xlsx: list-id-trimmed: 1 id was trimmed: spaces or invisible characters around them"]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (13800000000, None, "13800000000"),
        (13800000000.0, "General", "13800000000"),
        (0.1 + 0.2, None, "0.3"),
        (19.9 * 3, "0.00", "59.7"),
        (1e-7, None, "0.0000001"),
        (-12, None, "-12"),
        (7, "0000", "0007"),
        (7.5, "0000", "7.5"),
        (0.15, "0%", "0.15"),
        (12.5, '"¥"#,##0.00', "12.5"),
        (True, None, "true"),
        (datetime.date(2026, 12, 1), None, "2026-12-01"),
        (MORNING, "yyyy-mm-dd hh:mm", "2026-12-01 09:30:00"),
        (MORNING, 'yyyy"年"m"月"d"日"', "2026-12-01"),
        (MORNING, "[$-804]h:mm AM/PM", "09:30:00"),
        (datetime.time(9, 30), None, "09:30:00"),
        (datetime.timedelta(hours=26, minutes=30), None, "26:30:00"),
        (46357, '[Red]#,##0 "days"', "46357"),
        ("0123", None, "0123"),
        ("1.38E+10", "@", "1.38E+10"),
    ],
)
def test_a_value_becomes_text_in_the_one_way(
    lists: Project, value: object, number_format: str | None, text: str
) -> None:
    assert one(lists, value, number_format) == text


@pytest.mark.parametrize(("format_id", "text"), [(31, "2026-12-01"), (58, "2026-12-01"), (32, "12:00:00")])
def test_the_formats_that_chinese_programs_have_no_text_for_are_dates(
    lists: Project, format_id: int, text: str
) -> None:
    content = book(HEAD, ["wxid_a", NOON])
    styled = edited(content, styles=lambda xml: xml.replace('<xf numFmtId="164"', f'<xf numFmtId="{format_id}"'))
    assert values(lists, styled)[0]["name"] == text


def test_dates_count_from_1904_where_the_workbook_says_so(lists: Project) -> None:
    content = book(HEAD, ["wxid_a", NOON])
    later = edited(content, workbook=lambda xml: xml.replace("<workbookPr", '<workbookPr date1904="1"', 1))
    assert values(lists, later)[0]["name"] == "2030-12-02 12:00:00"


def test_numbers_as_programs_write_them_stay_exact(lists: Project) -> None:
    rows = '<row r="1"><c t="inlineStr"><is><t>toWxid</t></is></c></row>'
    rows += "".join(
        f"<row><c><v>{number}</v></c></row>" for number in ("13800000000.0", "1.38E+10", "12345678901234567")
    )
    assert [one["toWxid"] for one in values(lists, sheet(rows))] == ["13800000000", "13800000000", "12345678901234567"]


def test_an_id_that_lost_its_digits_is_warned_of(lists: Project) -> None:
    rows = '<row r="1"><c t="inlineStr"><is><t>toWxid</t></is></c></row><row><c><v>1.2345678901234499E+17</v></c></row>'
    assert values(lists, sheet(rows)) == [{"toWxid": "123456789012345000"}]
    assert [said.split(": ")[1] for said in lists.said] == ["list-id-damaged"]


def test_the_pieces_of_a_text_are_one_and_its_pronunciation_is_none(lists: Project) -> None:
    text = "<r><t>上</t></r><r><t>海</t></r><rPh sb='0' eb='1'><t>シャン</t></rPh>"
    content = edited(book(HEAD, ["wxid_a", "x"]), sheet1=lambda xml: xml.replace("<t>x</t>", text))
    assert [values(lists, one)[0]["name"] for one in (content, shared(content))] == ["上海", "上海"]


@pytest.mark.parametrize("pack", [bytes, shared], ids=["inline", "shared"])
def test_texts_are_what_was_meant_by_their_escapes(lists: Project, pack: Callable[[bytes], bytes]) -> None:
    rows = [["wxid_a", "a_x000a_b"], ["wxid_x005F_x12AB_c", "_x0041"], ["wxid_d", "_xD800_"]]
    found = values(lists, pack(book(HEAD, *rows)))
    assert [tuple(one.values()) for one in found] == [
        ("wxid_a", "a\nb"),
        ("wxid_x12AB_c", "_x0041"),
        ("wxid_d", "_xD800_"),
    ]


def test_a_formula_gives_the_value_that_was_saved_with_it(lists: Project) -> None:
    formulas = '<c r="A2" t="str"><f>A9</f><v>wxid_a</v></c><c r="B2"><f>1+1</f><v>2</v></c>'
    formulas += '<c r="C2" t="str"><f>""</f><v></v></c>'
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in (*HEAD, "note"))
    found = values(lists, sheet(f"<row>{head}</row><row>{formulas}</row>"))
    assert (found, lists.said) == ([{"toWxid": "wxid_a", "name": "2", "note": ""}], [])


def test_blank_rows_and_columns_around_a_table_are_nothing(lists: Project) -> None:
    content = book([], [None, "toWxid", "name", None], [], [None, "wxid_a", "x", "  "], [None, "", "", ""], [])
    (found,) = lists.recipients("a.xlsx", content)
    assert (found.row, found.values, lists.said) == (4, {"toWxid": "wxid_a", "name": "x"}, [])


def test_rows_of_blanks_are_nothing(lists: Project) -> None:
    content = book([" ", None], HEAD, ["wxid_a", "x"], [" ", "\u3000"], ["", " "])
    assert values(lists, content) == [{"toWxid": "wxid_a", "name": "x"}]
    assert lists.said == []


def test_a_sheet_that_says_it_is_smaller_than_it_is_is_read_whole(lists: Project) -> None:
    content = edited(book(HEAD, ["wxid_a", "x"]), sheet1=lambda xml: xml.replace('ref="A1:B2"', 'ref="A1"'))
    assert values(lists, content) == [{"toWxid": "wxid_a", "name": "x"}]


def test_the_strict_dialect_is_read(lists: Project) -> None:
    def strict(xml: str) -> str:
        return xml.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
        )

    content = edited(shared(book(HEAD, ["wxid_a", "x"])), sheet1=strict, sharedStrings=strict)
    assert values(lists, content) == [{"toWxid": "wxid_a", "name": "x"}]


@pytest.mark.parametrize("name", ["a.xlsx.gz", "A.XLSX"])
def test_a_workbook_may_be_packed(lists: Project, name: str) -> None:
    import gzip

    content = book(HEAD, ["wxid_a", "x"])
    assert len(lists.recipients(name, gzip.compress(content) if name.endswith("gz") else content)) == 1


# --- which sheet


def test_the_sheet_is_chosen_by_name(lists: Project) -> None:
    content = book(HEAD, 上海=[["toWxid"], ["wxid_b"]])
    assert [one["toWxid"] for one in values(lists, content, sheet="上海")] == ["wxid_b"]


def test_a_sheet_that_is_not_there_is_met_with_those_that_are(lists: Project) -> None:
    assert values(lists, book(HEAD, other=[]), sheet="Sheet1") == []
    assert lists.said == ['a.yaml:7:5: list-sheet: a.xlsx: there is no sheet "Sheet1"; there are: members, other']


def test_hidden_sheets_are_read_only_when_named(lists: Project) -> None:
    def hide(cells: Worksheet) -> None:
        cells.sheet_state = "hidden"

    content = book(HEAD, ["wxid_a", "x"], change=hide, seen=[["toWxid"], ["wxid_b"]])
    assert [one["toWxid"] for one in values(lists, content)] == ["wxid_b"]
    assert [one["toWxid"] for one in values(lists, content, sheet="members")] == ["wxid_a"]
    assert lists.said == []


def test_other_sheets_with_something_in_them_are_noticed(lists: Project) -> None:
    values(lists, book(HEAD, ["wxid_a", "x"], empty=[], 北京=[["toWxid"], ["wxid_b"]]))
    expected = 'a.yaml:7:5: list-other-sheets: the sheet "members" is read, and not: 北京; choose with `sheet`'
    assert lists.said == [expected]


def test_problems_of_a_named_sheet_name_it(lists: Project) -> None:
    values(lists, book(HEAD, ["", "x"]), sheet="members")
    assert lists.said[0].startswith("a.xlsx:2:1: list-id-empty: sheet members: toWxid is empty")


def test_problems_of_a_sheet_that_is_not_named_name_it(lists: Project) -> None:
    (one,) = lists.recipients("a.xlsx", book(HEAD, ["wxid_a", "x"], ["", "合计"]))
    assert lists.said[0].startswith("a.xlsx:3:1: list-id-empty: sheet members: toWxid is empty")
    assert one.source.label == "a.xlsx", "what the plan calls the list is what the campaign calls it"


# --- what cannot be read


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"])
def test_an_error_is_named_with_sheet_and_cell(lists: Project, error: str) -> None:
    assert values(lists, book(HEAD, ["wxid_a", error])) == []
    (said,) = lists.said
    assert said == (
        f"a.xlsx:2:2: list-cell: sheet members, cell B2: holds the error {error}; "
        "correct it, or the formula that gives it"
    )


def test_a_formula_that_was_never_calculated_is_named_with_sheet_and_cell(lists: Project) -> None:
    assert values(lists, book(HEAD, ["wxid_a", "=1+1"])) == []
    assert "a.xlsx:2:2: list-cell: sheet members, cell B2: holds a formula without its result" in lists.said[0]


def test_a_merged_title_is_named_with_what_to_do(lists: Project) -> None:
    content = book(["会员名单"], HEAD, ["wxid_a", "x"], change=lambda cells: cells.merge_cells("A1:B1"))
    assert values(lists, content) == []
    assert (
        'a.xlsx:1:1: list-header: sheet members, cell A1: "会员名单" is all that the first row holds' in lists.said[0]
    )


def test_merged_cells_in_the_table_are_named(lists: Project) -> None:
    def merge(cells: Worksheet) -> None:
        cells.merge_cells("B2:B3")
        cells.merge_cells("D2:E3")
        cells.merge_cells("A9:B9")

    values(lists, book(HEAD, ["wxid_a", "上海"], ["wxid_b", None], change=merge))
    (said,) = lists.said
    assert said == (
        "a.xlsx:2:2: list-cell: sheet members, cell B2: the cells B2:B3 are merged, so only one of them has a value; "
        "unmerge and fill them"
    )


def test_a_date_before_all_dates_is_named(lists: Project) -> None:
    assert one_said(lists, -3, "yyyy-mm-dd").endswith(
        "cell B2: is to be a date, and there is none of the number -3; correct it"
    )


def one_said(lists: Project, value: object, number_format: str) -> str:
    def change(cells: Worksheet) -> None:
        cells["B2"].number_format = number_format

    assert values(lists, book(HEAD, ["wxid_a", value], change=change)) == []
    return lists.said[0]


def test_a_cell_beside_the_table_is_named(lists: Project) -> None:
    assert values(lists, book(HEAD, ["wxid_a", "x", None, "call first"])) == []
    assert lists.said[0].startswith("a.xlsx:2:4: list-cell: sheet members, cell D2: the cell stands beside")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (["toWxid", None, "name"], "a.xlsx:1:2: list-header: sheet members, cell B1: column 2 has no name"),
        (["toWxid", "a", "a"], 'a.xlsx:1:3: list-header: sheet members, cell C1: two columns are called "a" (2 and 3)'),
        (["toWxid", "#N/A"], "a.xlsx:1:2: list-cell: sheet members, cell B1: holds the error #N/A"),
    ],
)
def test_a_header_that_cannot_be_used_is_named(lists: Project, head: list[str | None], said: str) -> None:
    assert values(lists, book(head, ["wxid_a", "x", "y"])) == []
    assert lists.said[0].startswith(said)


def test_rows_that_a_filter_hides_are_read_and_warned_of(lists: Project) -> None:
    def hide(cells: Worksheet) -> None:
        cells.row_dimensions[3].hidden = True

    assert len(values(lists, book(HEAD, ["wxid_a", "x"], ["wxid_b", "y"], ["wxid_c", "z"], change=hide))) == 3
    assert lists.said[0].startswith("a.xlsx:3:1: list-hidden-rows: sheet members: 1 row is hidden")


# --- what is no workbook


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "this is no workbook"),
        (b"toWxid\nwxid_a\n", "this is no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old workbook, or one with a password"),
        (book(HEAD)[:-200], "the workbook is damaged"),
        (b"PK\x03\x04" + bytes(100), "the workbook is damaged"),
        (edited(book(HEAD), sheet1=lambda xml: xml[:-30]), "the workbook is damaged"),
        (edited(shared(book(HEAD)), sheet1=lambda xml: xml.replace("<v>0</v>", "<v>7</v>")), "has no text number 7"),
        (edited(book(HEAD), workbook=lambda _: "<workbook/>"), "every sheet is hidden"),
        (edited(book(HEAD), sheet1=lambda xml: "<!DOCTYPE a [<!ENTITY b 'c'>]>" + xml.partition("?>")[2]), "damaged"),
    ],
    ids=["empty", "csv", "old", "cut", "zip", "xml", "text", "sheets", "entities"],
)
def test_what_is_no_workbook_is_told(lists: Project, content: bytes, said: str) -> None:
    assert values(lists, content) == []
    assert len(lists.said) == 1
    assert said in lists.said[0]


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_ends_in_anything_but_rows_or_problems(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.xlsx"
    path.write_bytes(content)
    problems = Problems()
    rows = list(expand.recipients([Source(label="a", name="a", where=(), path=path)], path.parent, problems))
    assert rows or problems.errors


def stored(packed: bytes) -> bytes:
    """The workbook without compression or checks in the way: what is changed in it reaches the reader."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if "theme" not in name:
                new.writestr(name, old.read(name))
    return stream.getvalue()


WHOLE = stored(shared(book(HEAD, ["wxid_a", 3.5], ["wxid_b", datetime.date(2026, 12, 1)])))


@given(st.text('<>/ar0="vcs', max_size=30), st.sampled_from(["sheet1", "sharedStrings", "workbook", "styles"]))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_xml_ends_in_anything_but_rows_or_problems(
    tmp_path_factory: pytest.TempPathFactory, instead: str, part: str
) -> None:
    content = edited(WHOLE, **{part: lambda xml: re.sub(r'(?<==")\w+|(?<=<v>)\d+', lambda _: instead, xml, count=4)})
    path = tmp_path_factory.getbasetemp() / "odd.xlsx"
    path.write_bytes(content)
    problems = Problems()
    rows = list(expand.recipients([Source(label="a", name="a", where=(), path=path)], path.parent, problems))
    assert rows or problems.errors


def test_without_the_library_the_line_that_installs_it_is_told(lists: Project) -> None:
    lists.write("a.xlsx", book(HEAD, ["wxid_a", "x"]))
    program = f"""
import sys; sys.modules["openpyxl"] = None
from pathlib import Path
from gewe_runner import expand
from gewe_runner.model import Source
from gewe_runner.problems import Problems
found = Problems()
folder = Path({str(lists.folder)!r})
list(expand.recipients([Source(label="a", name="a.xlsx", where=(), path=folder / "a.xlsx")], folder, found))
print(*(one.message for one in found))
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "a.xlsx: a library reads workbooks; install it: pip install 'gewe-runner[xlsx]'\n"


# --- the rows again, as they stand in the workbook


def test_the_original_rows_of_a_sheet_are_found_by_its_label(lists: Project) -> None:
    lists.write("a.xlsx", book(HEAD, ["wxid_a", 7], other=[["wxid"], ["wxid_b"]]))
    assert list(expand.original(lists.folder, "a.xlsx")) == [(2, {"toWxid": "wxid_a", "name": "7"})]
    assert list(expand.original(lists.folder, "a.xlsx[other]")) == [(2, {"wxid": "wxid_b"})]


# --- long sheets


def peak(lists: Project, rows: int) -> int:
    """The most memory that reading a sheet of that many different people takes, in bytes."""
    people = ([f"wxid_demo{number:09}a", f"客人{number}"] for number in range(rows))
    lists.write("long.xlsx", shared(book(HEAD, *people)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in lists.lazily(lists.source("long.xlsx"))) == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_sheet(lists: Project) -> None:
    peak(lists, 10)  # what is imported and cached once
    few, many = peak(lists, 5_000), peak(lists, 15_000)
    assert many < few * 1.2, (few, many)
