"""failed.csv gives the rows of the lists back."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gewe_runner.model import State

from . import build

LISTS: dict[str, list[tuple[int, dict[str, str]]]] = {
    "lists/a.csv": [(row, {"toWxid": f"wxid_person{row - 1:04}", "store": f"S{row}"}) for row in range(2, 12)],
    "lists/b.csv": [(row, {"wxid": f"wxid_b{row}", "state": "NY", "source": "fair"}) for row in range(2, 5)],
}


class Shelf:
    """The lists, and how often each was opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, source: str) -> Iterator[tuple[int, Mapping[str, str]]] | None:
        self.opened.append(source)
        rows: list[tuple[int, dict[str, str]]] | None = LISTS.get(source)
        return iter(rows) if rows is not None else None


def test_a_failed_message_gives_back_its_row_with_state_reason_and_text(tmp_path: Path) -> None:
    records = [build.record(1), build.record(2, State.REJECTED, reason="refused", gateway_text="用户不存在")]
    build.write(tmp_path, records, original=Shelf())
    assert build.read_csv(tmp_path / "failed.csv") == [
        {
            "toWxid": "wxid_person0002",
            "store": "S3",
            "state": "rejected",
            "reason": "refused",
            "gateway_text": "用户不存在",
        }
    ]


@pytest.mark.parametrize(
    ("state", "given_back"),
    [(state, state in (State.REJECTED, State.UNKNOWN, State.CANCELLED)) for state in State] + [("would_send", False)],
)
def test_what_the_run_did_not_bring_is_given_back_and_what_it_still_will_is_not(
    state: str, given_back: bool, tmp_path: Path
) -> None:
    build.write(tmp_path, [build.record(1, state)], original=Shelf())
    assert len(build.read_csv(tmp_path / "failed.csv")) == given_back


def test_a_list_that_changed_leaves_id_source_and_row(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(1, State.UNKNOWN, reason="timeout")], original=build.no_list)
    assert build.read_csv(tmp_path / "failed.csv") == [
        {
            "toWxid": "wxid_person0001",
            "source": "lists/a.csv",
            "row": "2",
            "state": "unknown",
            "reason": "timeout",
            "gateway_text": "",
        }
    ]


@pytest.mark.parametrize("fields", [{"to_wxid": "wxid_other"}, {"row": 400}])
def test_a_row_that_is_another_persons_or_gone_is_not_given_back(fields: dict[str, object], tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(1, State.REJECTED, **fields)], original=Shelf())
    row = build.read_csv(tmp_path / "failed.csv")[0]
    assert (row["source"], row.get("store", "")) == ("lists/a.csv", "")


def test_lists_of_different_columns_share_a_header_and_keep_their_names(tmp_path: Path) -> None:
    records = [
        build.record(1, State.REJECTED),
        build.record(2, State.REJECTED, source="lists/b.csv", row=3, to_wxid="wxid_b3"),
        build.record(3, State.REJECTED, source="gone.csv", row=7),
    ]
    build.write(tmp_path, records, original=Shelf())
    rows = build.read_csv(tmp_path / "failed.csv")
    assert list(rows[0]) == [
        *("toWxid", "store", "wxid", "state", "source"),
        *("gewe_source", "row", "gewe_state", "reason", "gateway_text"),
    ]
    assert [(row["toWxid"], row["wxid"], row["state"], row["gewe_state"]) for row in rows] == [
        ("wxid_person0001", "", "", "rejected"),
        ("wxid_b3", "wxid_b3", "NY", "rejected"),
        ("wxid_person0003", "", "", "rejected"),
    ]


def test_each_list_is_walked_once(tmp_path: Path) -> None:
    shelf = Shelf()
    records = [build.record(n, State.REJECTED) for n in range(1, 10)]
    records += [build.record(n, State.REJECTED, source="gone.csv", row=n) for n in range(10, 20)]
    build.write(tmp_path, records, original=shelf)
    assert shelf.opened == ["lists/a.csv", "gone.csv"]


def test_a_list_named_twice_is_walked_again_from_its_top(tmp_path: Path) -> None:
    rows = [5, 9, 2, 4]
    records = [
        build.record(n, State.REJECTED, row=row, to_wxid=f"wxid_person{row - 1:04}") for n, row in enumerate(rows, 1)
    ]
    build.write(tmp_path, records, original=Shelf())
    assert [row["store"] for row in build.read_csv(tmp_path / "failed.csv")] == ["S5", "S9", "S2", "S4"]


def test_no_list_is_opened_when_nothing_failed(tmp_path: Path) -> None:
    shelf = Shelf()
    build.write(tmp_path, [build.record(1), build.record(2, State.PENDING)], original=shelf)
    assert shelf.opened == []
    assert (tmp_path / "failed.csv").read_bytes() == b"\xef\xbb\xbftoWxid,state,reason,gateway_text\r\n"


def test_a_formula_in_a_list_or_a_refusal_is_defused(tmp_path: Path) -> None:
    def original(source: str) -> Iterator[tuple[int, Mapping[str, str]]]:
        return iter([(2, {"toWxid": "wxid_person0001", "note": "=1+1", "off": "-50%"})])

    build.write(tmp_path, [build.record(1, State.REJECTED, gateway_text="@SUM(A1)\r\n=2")], original=original)
    row = build.read_csv(tmp_path / "failed.csv")[0]
    assert (row["note"], row["off"], row["gateway_text"]) == ("'=1+1", "-50%", "'@SUM(A1) =2")
