"""What holds for the report as a whole."""

import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from gewe_runner import errors, report
from gewe_runner.model import Record, Skip, State

from . import build


def test_the_files_are_named_by_format_and_failed_csv_is_always_written(tmp_path: Path) -> None:
    written = report.write(
        tmp_path / "r",
        build.run(),
        records=lambda: iter(()),
        skips=lambda: iter(()),
        original=build.no_list,
        formats=["markdown", "markdown"],
    )
    assert [path.name for path in written] == ["report.md", "failed.csv"]
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["failed.csv", "report.md"]


def test_all_formats_are_written_unless_some_are_named(tmp_path: Path) -> None:
    names = [path.name for path in build.write(tmp_path, [build.record()])]
    assert names == ["report.json", "messages.csv", "report.md", "report.html", "junit.xml", "failed.csv"]


def test_only_the_owner_can_read_a_report(tmp_path: Path) -> None:
    directory = tmp_path / "reports" / "campaign" / "run"
    written = build.write(directory, [build.record()])
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    build.write(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_report_that_breaks_off_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    passes = iter(range(9))

    def breaking() -> Iterator[Record]:
        yield build.record(1)
        if next(passes) > 0:
            raise KeyboardInterrupt
        yield build.record(2)

    with pytest.raises(KeyboardInterrupt):
        report.write(tmp_path, build.run(), records=breaking, skips=lambda: iter(()), original=build.no_list)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_writing_again_replaces_the_files(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(state=State.REJECTED)])
    build.write(tmp_path, [build.record(state=State.SENT)])
    assert build.read_json(tmp_path)["totals"]["sent"] == 1
    assert build.read_csv(tmp_path / "failed.csv") == []


@pytest.mark.parametrize(
    ("below", "why"), [("r", "a file stands where"), (".", "a file stands where"), ("r/r", "Not a directory")]
)
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(below: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(errors.UsageError, match=f"cannot be written to .*file.*: {why}") as caught:
        build.write(tmp_path / "file" / below)
    assert "name a folder" in caught.value.hint


def test_no_format_holds_all_rows(tmp_path: Path) -> None:
    rows = 1_000

    def records() -> Iterator[Record]:
        states = (State.SENT, State.REJECTED, State.UNKNOWN, State.CANCELLED)
        for seq in range(1, rows):
            yield build.record(seq, states[seq % 4], gateway_text=f"{seq} " + "x" * 5_000)

    def skips() -> Iterator[Skip]:
        for row in range(2, rows):
            yield build.skip(row, text="y" * 5_000)

    def original(source: str) -> Iterator[tuple[int, dict[str, str]]]:
        return ((row, {"toWxid": f"wxid_person{row - 1:04}", "note": "z" * 5_000}) for row in range(2, rows + 2))

    tracemalloc.start()
    try:
        report.write(tmp_path, build.run(), records=records, skips=skips, original=original)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000 < 8_000_000 < (tmp_path / "report.json").stat().st_size
