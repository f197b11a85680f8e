"""What holds for the report as a whole."""

import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gewe_runner import errors, processes, report
from gewe_runner.model import Record, Skip, State
from gewe_runner.report import shown

from . import build


def test_the_files_are_named_by_format_and_failed_csv_is_always_written(tmp_path: Path) -> None:
    named = ["markdown", "markdown"]
    report.write(tmp_path / "r", build.run(), records=(), skips=(), rows=0, original=build.no_list, formats=named)
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["failed.csv", "report.md"]


def test_all_formats_are_written_unless_some_are_named(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()])
    names = {"report.json", "messages.csv", "report.md", "report.html", "junit.xml", "failed.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_only_the_owner_can_read_a_report(tmp_path: Path) -> None:
    directory = tmp_path / "reports" / "campaign" / "run"
    build.write(directory, [build.record()])
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    build.write(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_report_that_breaks_off_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def breaking() -> Iterator[Record]:
        yield from (build.record(number) for number in range(1, 5_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report.write(tmp_path, build.run(), records=breaking(), skips=(), rows=0, original=build.no_list)
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
    rows = 4_000

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
        report.write(tmp_path, build.run(), records=records(), skips=skips(), rows=2 * rows, original=original)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000 < 30_000_000 < (tmp_path / "report.json").stat().st_size


def test_rows_pass_once_and_are_told_of_as_they_pass(tmp_path: Path) -> None:
    passed: list[int] = []
    records = (build.record(number) for number in range(1, 2_501))
    skips = (build.skip() for _ in range(3))
    counted = report.write(
        tmp_path, build.run(), records=records, skips=skips, rows=None, original=build.no_list, seen=passed.append
    )
    assert (sum(passed), counted.totals["sent"], counted.skips) == (2_503, 2_500, {"duplicate": 3})
    assert len(build.read_json(tmp_path)["messages"]) == len(build.read_csv(tmp_path / "messages.csv")) - 3 == 2_500


def test_what_another_process_shows_of_rows_is_what_this_one_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = (shown.ALONE + 5) * 1_000
    records = [
        build.record(n, (State.SENT, State.REJECTED, State.CANCELLED)[n % 3], gateway_text="操作,成功" * (n % 2))
        for n in range(1, count)
    ]
    skips = [build.skip(n, text=build.HOSTILE) for n in range(count)]
    monkeypatch.setattr(shown, "MANY", 3 * count)
    build.write(tmp_path / "alone", records, skips)
    monkeypatch.setattr(shown, "MANY", 2 * count - 1)
    build.write(tmp_path / "shared", records, skips)
    assert processes.others() > 0, "this needs two cores"
    for path in (tmp_path / "alone").iterdir():
        assert (tmp_path / "shared" / path.name).read_bytes() == path.read_bytes()


def test_whoever_is_skipped_counts_for_whether_another_process_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "ALONE", 1)
    skips = [build.skip(n) for n in range(shown.MANY)]
    others: set[int] = set()

    def family() -> set[int]:
        return {one.pid for one in psutil.Process().children(recursive=True)}

    before = family()

    def seen(_rows: int) -> None:
        others.update(family() - before)

    nothing_counted = build.run()  # as for a dry run, whose ledger decides while the rows pass
    report.write(tmp_path, nothing_counted, records=(), skips=skips, rows=len(skips), original=build.no_list, seen=seen)
    assert others
