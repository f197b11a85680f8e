"""Batches are pressed on all cores, and nobody can tell from what comes out."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gewe_runner import batches, render
from gewe_runner import processes as others
from gewe_runner.model import Assignment, Message
from gewe_runner.problems import Problems
from gewe_runner.render import processes
from gewe_runner.render.press import Memory, Press, Sheet, Slip
from tests.conftest import ROOT
from tests.unit.render.test_render import CAMPAIGN, PROFILE, SOURCE, campaign, given

#: As many templates take a value of their own in each row as make other processes worth it.
BUSY = campaign(card={"title": "{{ store }}"})
#: More than this process does alone, so that others are started.
MANY = processes.ALONE // processes.WORTH + 3 * batches.SIZE


def sheets(numbers: range) -> list[Sheet]:
    slips: list[Slip] = [(n, f"wxid_{n}", "east", None, (f"S {n}", f"wxid_{n}")) for n in numbers]
    return [Sheet(SOURCE.where, "a.csv", ("store", "toWxid"), slips)]


def test_other_processes_give_what_this_one_gives_in_the_same_order() -> None:
    press, laid = Press(BUSY, PROFILE), [sheets(range(n, n + 500)) for n in range(2, MANY, 500)]
    found = [one for pressed in processes.pressed(BUSY, PROFILE, press, laid) for one in pressed.payloads]
    assert found == [one for batch in laid for one in press.press(batch).payloads]
    assert all(found)


def test_slips_whose_values_come_again_need_no_other_process() -> None:
    press = Press(CAMPAIGN, PROFILE, Memory())
    slips: list[Slip] = [(n, f"wxid_{n}", "east", None, (f"S {n % 9}", f"wxid_{n}")) for n in range(2, 2 * MANY)]
    laid = [[Sheet(SOURCE.where, "a.csv", ("store", "toWxid"), slips[at : at + 500])] for at in range(0, 2 * MANY, 500)]
    assert all(pressed.payloads for pressed in processes.pressed(CAMPAIGN, PROFILE, press, laid))
    assert press.renders == 10


def test_a_problem_far_down_a_list_is_told_at_its_row() -> None:
    problems, told = Problems(), Problems()
    rows = [given(n, store="" if n == MANY - 1 else f"S {n}") for n in range(2, MANY)]
    one = campaign(card={"title": "{{ 29 // (store | length) }}"}, vars={})
    found = list(render.messages(one, PROFILE, rows, problems))
    render.check(one, PROFILE, rows, told)
    assert len(found) == MANY - 3
    assert [(one.rule, one.line) for one in problems if one.level == "error"] == [("template-value", MANY - 1)]
    assert told.kept() == problems.kept()


def test_no_more_batches_are_read_than_are_under_way() -> None:
    read = 0

    def rows() -> Iterator[Assignment]:
        nonlocal read
        for n in range(2, 20 * MANY):
            read = n
            yield given(n, store=f"S {n}")

    found = render.messages(BUSY, PROFILE, rows(), Problems())
    taken = sum(isinstance(next(found), Message) for _ in range(MANY))
    found.close()  # type: ignore[attr-defined]
    assert read - taken <= (2 * others.AHEAD * others.others() + 3) * batches.SIZE


SCRIPT = """
import itertools, sys, time
from gewe_runner.problems import Problems
from gewe_runner import batches, render
from gewe_runner import processes as others
from tests.unit.render.test_processes import BUSY
from tests.unit.render.test_render import PROFILE, given

def rows():
    for number in itertools.count(2):
        if number == {many}:
            print("under way", flush=True)
            time.sleep(60)
        yield given(number, store=f"S {{number}}")

if __name__ == "__main__":
    for _ in render.messages(BUSY, PROFILE, rows(), Problems()):
        pass
"""


def test_a_killed_program_leaves_no_process_behind(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.fail("this needs two cores")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(many=MANY), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
