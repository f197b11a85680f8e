"""The measuring itself works: small lists, one turn, every group."""

import contextlib
import itertools
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import lists, measure, split
from tests.benchmarks.figures import Taken
from tests.benchmarks.sides import Group, Options, Side, measured
from tests.conftest import ROOT


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=240
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of everything but what only `make bench` installs."""
    file = tmp_path_factory.mktemp("bench") / "run.json"
    sizes = ("--rows", "20", "--sizes", "10", "--campaigns", "2", "--messages", "20", "40", "--ledger", "20")
    turns = ("--warm-ups", "0", "--pairs", "1")
    done = run("tests.benchmarks", *turns, *sizes, "--only", "^(?!mailmerge|wrk)", "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("about ")
    assert "targets: " in done.stdout
    return file


def test_every_side_is_measured_as_often_as_asked(kept: Path) -> None:
    sides = json.loads(kept.read_text(encoding="utf-8"))["sides"]
    assert {len(side["taken"]) for side in sides} == {1}
    assert {side["group"].split()[0] for side in sides} == {
        "start-up", "planning", "validating", "sending", "growth", "resuming",
    }  # fmt: skip


def test_turns_that_warm_the_caches_do_not_count(tmp_path: Path) -> None:
    turns = itertools.count()
    side = Side(name="a", take=lambda: Taken(seconds=next(turns)))
    group = Group(
        title=lambda _: "g",
        sides=lambda _folder, _options: contextlib.nullcontext([side]),
        laying=lambda _: 100,
        turn=lambda _: 10,
    )
    options = Options(pairs=3, warm_ups=2)
    (found,) = measured(group, options, tmp_path, lambda _: True)
    assert [one.seconds for one in found.taken] == [2, 3, 4]
    assert group.about(options) == 150


def test_of_sends_of_several_lengths_the_longest_has_to_meet_the_target(kept: Path) -> None:
    sides = json.loads(kept.read_text(encoding="utf-8"))["sides"]
    ours = [side for side in sides if re.fullmatch(r"gewe-runner send, \d+ messages", side["name"])]
    assert [(side["rows"], [one["limit"] for one in side["targets"]]) for side in ours] == [(20, [None]), (40, [0.9])]


def test_every_program_has_a_size_and_a_processor_time(kept: Path) -> None:
    sides = json.loads(kept.read_text(encoding="utf-8"))["sides"]
    assert not [side["name"] for side in sides for one in side["taken"] if not one["cpu"]]
    assert all(one["peak"] > 1e6 for side in sides for one in side["taken"] if not side["name"].startswith("  of that"))


def test_a_run_compared_with_itself_has_not_changed(kept: Path) -> None:
    done = run("tests.benchmarks.compare", str(kept), str(kept))
    assert done.stdout.endswith("slower or larger, beyond the spread of both: nothing\n")


def test_what_is_no_run_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    done = run("tests.benchmarks.compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'a.json'} is no run kept with: ")


def test_memory_is_that_of_all_processes_of_a_side_together(tmp_path: Path) -> None:
    hold = "held = b'x' * 40_000_000; import time; time.sleep(0.5)"
    both = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; child.wait()"
    assert 80e6 < measure.command((sys.executable, "-c", both), tmp_path).peak < 160e6


def test_a_program_that_ends_before_it_can_be_looked_at_has_a_size_all_the_same(tmp_path: Path) -> None:
    assert measure.command(("true",), tmp_path).peak > 1e6


def test_a_side_that_fails_ends_the_run_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(measure.MeasuringError, match="exit 3\nno luck"):
        measure.command((sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"), tmp_path)


def test_lists_are_the_same_every_time_and_a_longer_one_begins_like_a_shorter_one() -> None:
    assert list(lists.members(30))[:11] == list(lists.members(10))


def test_a_preset_gives_way_to_what_is_said() -> None:
    parsed = bench.parser().parse_args(["--quick", "--rows", "7"])
    found = bench.options_of(parsed)
    assert (found.rows, found.pairs) == (7, bench.QUICK.pairs)


def test_every_amount_can_be_chosen() -> None:
    parsed = vars(bench.parser().parse_args([]))
    assert {field.name for field in fields(Options)} <= set(parsed)


def test_processor_time_is_booked_by_the_innermost_file_that_says_what_it_is_for() -> None:
    assert split.part(iter(["json/decoder.py", "urllib3/x.py", "/gewe_runner/send/gewe.py"])) == "requests"
    assert split.part(iter(["/gewe_runner/ledger/raw.py", "/gewe_runner/send/local.py"])) == "ledger"
    assert split.part(iter(["/gewe_runner/send/scheduler.py"])) == "rest"
