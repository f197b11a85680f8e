"""Steps that take long show a bar on a terminal, and nothing anywhere else."""

import os
import pty
import subprocess
import sys

import pytest

from gewe_runner import watch
from tests.conftest import ROOT

SCRIPT = """
import time
from gewe_runner.cli import progress
asked = []
def total():
    asked.append(1)
    return 1_000
with progress.watching("planning fruit", total) as seen:
    seen(100)
    time.sleep({sleep})
    seen(150)
print(len(asked))
"""


def shown(sleep: float, *, terminal: bool = True) -> tuple[str, str]:
    """What a step of so many seconds writes to stderr, and how often it asked how long it is."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SCRIPT.format(sleep=sleep)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(
        command, env=environ, stdout=subprocess.PIPE, stderr=theirs if terminal else subprocess.PIPE, check=True
    )
    os.close(theirs)
    told = b""
    while terminal:
        try:
            told += os.read(ours, 4096)
        except OSError:  # all of it was read, and nobody holds the other end any more
            break
    os.close(ours)
    return (told if terminal else done.stderr).decode(), done.stdout.decode().strip()


def test_a_step_of_more_than_a_second_shows_how_far_it_is_and_how_fast() -> None:
    told, asked = shown(1.1)
    assert asked == "1"
    for part in ("planning fruit", "250/1000", "/s"):
        assert part in told


@pytest.mark.parametrize(("sleep", "terminal"), [(0, True), (1.1, False)])
def test_a_short_step_and_one_that_nobody_sees_show_nothing(sleep: float, terminal: bool) -> None:
    assert shown(sleep, terminal=terminal) == ("", "0")


def test_rows_are_told_of_as_they_pass() -> None:
    passed: list[int] = []
    assert list(watch.over(range(1_203), passed.append)) == list(range(1_203))
    assert sum(passed) == 1_203
    assert len(passed) == 3
