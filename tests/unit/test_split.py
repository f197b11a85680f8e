"""Checks are split among processes, and nobody can tell from what they find."""

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from gewe_runner import errors, split, watch
from gewe_runner.model import Level, Position, Problem
from gewe_runner.problems import Problems
from gewe_runner.rules import lists
from gewe_runner.watch import Watch

MANY = range(4 * split.WORTH)


def check(numbers: Sequence[int], problems: Problems, _: Watch) -> None:
    for number in numbers:
        problems.add(lists.ROW.at("a.csv", Position(len(MANY) - number, 1), str(number)))
        problems.add(lists.ROW.at(f"{number}.csv", None, "too long"))


def told(processes: int, things: Sequence[int] = MANY) -> tuple[list[Problem], dict[tuple[str, str], int], int]:
    problems = Problems(keep=5)
    split.over(things, check, problems, watch.nobody, processes)
    return list(problems), dict(problems.unshown()), problems.count(Level.ERROR)


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_find_what_one_finds(processes: int) -> None:
    assert told(processes) == told(1)


def test_more_things_than_parts_are_all_checked() -> None:
    things = range(3 * split.PARTS + 1)
    assert told(2, things) == told(1, things)


def checkers(tmp_path: Path, count: int, processes: int | None = 2) -> set[str]:
    """The processes that took part."""

    def note(_numbers: Sequence[int], _problems: Problems, _watched: Watch) -> None:
        (tmp_path / str(os.getpid())).touch()

    split.over(range(count), note, Problems(), watch.nobody, processes)
    return {file.name for file in tmp_path.iterdir()}


def test_few_things_are_checked_by_this_process_alone(tmp_path: Path) -> None:
    assert checkers(tmp_path, 2 * split.WORTH - 1) == {str(os.getpid())}


def test_a_process_with_threads_is_not_copied(tmp_path: Path) -> None:
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert checkers(tmp_path, len(MANY), processes=None) == {str(os.getpid())}
    finally:
        end.set()
        other.join()


def test_what_a_helper_did_not_tell_is_checked_again() -> None:
    here, problems = os.getpid(), Problems(keep=5)

    def check_here(numbers: Sequence[int], problems: Problems, watched: Watch) -> None:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        check(numbers, problems, watched)

    split.over(MANY, check_here, problems, watch.nobody, 3)
    assert (list(problems), problems.unshown(), problems.count(Level.ERROR)) == told(1)


def test_what_is_raised_anywhere_is_raised_here(capfd: pytest.CaptureFixture[str]) -> None:
    def refuse(numbers: Sequence[int], _problems: Problems, _watched: Watch) -> None:
        if MANY[-1] in numbers:
            raise errors.UsageError("no such profile")

    before = psutil.Process().children()
    with pytest.raises(errors.UsageError, match="no such profile"):
        split.over(MANY, refuse, Problems(), watch.nobody, 2)
    assert capfd.readouterr() == ("", "")
    assert psutil.Process().children() == before


def test_helpers_are_not_watched() -> None:
    here = os.getpid()

    def look(_numbers: Sequence[int], problems: Problems, by: Watch) -> None:
        if os.getpid() != here and by is not watch.nobody:
            problems.add(lists.ROW.at("a.csv", None, "shown"))

    def shown(what: str, total: object) -> object:
        raise AssertionError(what, total)

    problems = Problems()
    split.over(MANY, look, problems, shown, 2)  # type: ignore[arg-type]
    assert not list(problems)
