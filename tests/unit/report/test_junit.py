"""junit.xml: a suite a device, a failure for what went wrong, the rest as counts."""

from pathlib import Path
from xml.etree import ElementTree

from gewe_runner.model import State
from gewe_runner.report import junit

from . import build


def suites(path: Path) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring((path / "junit.xml").read_text(encoding="utf-8")))


def test_each_device_has_a_suite_whose_counts_are_its_totals(tmp_path: Path) -> None:
    records = [
        build.record(1),
        build.record(2, State.REJECTED, device="west", gateway_text="不是好友"),
        build.record(3, State.PENDING, device="west"),
    ]
    build.write(tmp_path, records)
    told = [[one.get(name) for name in ("name", "tests", "failures", "skipped")] for one in suites(tmp_path)]
    assert told == [["shop-east", "1", "0", "0"], ["west", "2", "1", "1"]]


def test_a_failure_names_recipient_row_and_what_the_gateway_said(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(7, State.UNKNOWN, reason="no clear answer", gateway_text="超时")])
    (failure,) = suites(tmp_path)[0].iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("unknown", "no clear answer: 超时")
    assert failure.text == "lists/a.csv, row 8"
    (case,) = suites(tmp_path)[0].iter("testcase")
    assert case.get("name") == "7 wxid_person0007"


def test_failures_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(number, State.REJECTED) for number in range(junit.TOLD + 3)])
    (suite,) = suites(tmp_path)
    assert len(list(suite.iter("failure"))) == junit.TOLD
    assert "3 failures more" in (suite.findtext("system-out") or "")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(1, State.REJECTED, gateway_text=build.HOSTILE + "\ud800")])
    (failure,) = suites(tmp_path)[0].iter("failure")
    assert "<script>alert(1)</script>" in (failure.get("message") or "")
