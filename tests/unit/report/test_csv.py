"""messages.csv is safe to open and says what the run says."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.model import Reason
from gewe_runner.report import cells

from . import build

#: Anything that UTF-8 holds, often beginning as a formula does.
TEXT = st.builds(str.__add__, st.sampled_from(["", *"=+-@\t\r\n＝＋－＠'\","]), st.text(st.characters(codec="utf-8")))


def test_the_file_begins_with_the_mark_and_ends_lines_as_excel_does(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(gateway_text="操作成功")])
    data = (tmp_path / "messages.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfseq,toWxid,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2


def test_messages_come_first_then_skips_with_their_reason(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()], [build.skip(), build.skip(reason=Reason.BY_TEMPLATE, text="no store")])
    rows = build.read_csv(tmp_path / "messages.csv")
    assert [(row["seq"], row["state"], row["reason"]) for row in rows] == [
        ("1", "sent", ""),
        ("", "skipped", "duplicate"),
        ("", "skipped", "by_template: no store"),
    ]


@pytest.mark.parametrize("start", "=+-@\t\r\n＝＋－＠")
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert cells.safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "-5", "+8613800000000", "-12.50", "-1,000", "-50%", "a=b", "wxid_a-b"])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert cells.safe(text) == text


@pytest.mark.parametrize("text", ["-", "-1-1", "+1+cmd()", "=1", "--1", "-1\n", "-٣"])
def test_what_only_looks_like_a_number_is_defused(text: str) -> None:
    assert cells.safe(text) == f"'{text}"


def test_an_id_longer_than_a_spreadsheet_number_stays_text(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(new_msg_id="5271007655758710001", msg_id="769533801")])
    row = build.read_csv(tmp_path / "messages.csv")[0]
    assert (row["newMsgId"], row["msgId"]) == ("'5271007655758710001", "769533801")


@given(TEXT, TEXT)
def test_any_text_comes_back_but_for_the_apostrophe_and_nul(first: str, second: str) -> None:
    text = cells.written([[cells.exact(first), cells.exact(second)]])
    [row] = csv.reader(io.StringIO(text, newline=""))
    for text, cell in zip((first, second), row, strict=True):
        assert cell in (text.replace("\0", "\ufffd"), "'" + text.replace("\0", "\ufffd"))
        assert cell[:1] not in tuple("=@\t\r\n＝＋－＠")


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3))
def test_lines_that_are_joined_are_those_that_are_written_with_care(rows: list[tuple[str, str]]) -> None:
    written = cells.written((number, *map(cells.exact, row)) for number, row in enumerate(rows))
    text = cells.joined([",".join((str(number), *row)) for number, row in enumerate(rows)], 3)
    assert text in (None, written)


def test_plain_lines_are_joined() -> None:
    assert cells.joined(["1,wxid_a,,操作成功 a-b", "2,-5x,,"], 4) is None
    assert cells.joined(["1,wxid_a,,操作成功 a-b", "2,b,,"], 4) == "1,wxid_a,,操作成功 a-b\r\n2,b,,\r\n"
