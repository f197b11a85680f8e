"""Who holds a lane, and whether they live: judged by real processes, and by the heartbeat where none can be seen."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gewe_runner.ledger import holder

NOW = 1_796_000_000_000

#: Times of a heartbeat: just heard of, and silent for too long.
FRESH, SILENT = NOW - holder.STALE + 1, NOW - holder.STALE

SCRIPT = "from gewe_runner.ledger import holder; print(holder.me(), flush=True); input()"


@contextlib.contextmanager
def process(program: str = sys.executable) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that lives until it is ended, and its own name for itself."""
    with subprocess.Popen(
        [program, "-c", SCRIPT],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as started:
        assert started.stdout
        yield started, started.stdout.readline().strip()
        started.kill()


def mark(name: str) -> str:
    """The part of a holder's name that tells a process from a later one of the same number."""
    return name.rsplit("/", 1)[1].partition("@")[0]


def of_old(pid: int, start: float, world: str = "") -> str:
    """A holder as older versions wrote it."""
    return f"{socket.gethostname()}/{pid}/{round(start * 1000)}{world}"


def test_a_process_knows_itself_alive_however_long_it_was_silent() -> None:
    assert holder.alive(holder.me(), 0, NOW)


def test_a_process_has_one_name_all_its_life() -> None:
    assert holder.me() == holder.me()


def test_a_name_says_host_and_process() -> None:
    assert holder.me().startswith(f"{socket.gethostname()}/{os.getpid()}/")


def test_another_process_that_runs_is_alive_however_long_it_was_silent() -> None:
    with process() as (_, name):
        assert holder.alive(name, 0, NOW)


def test_a_killed_process_is_dead_at_once() -> None:
    with process() as (one, name):
        one.kill()
        one.wait()
        assert not holder.alive(name, NOW, NOW)


def test_a_process_that_has_ended_is_dead_before_anybody_asked_for_its_exit_code() -> None:
    with process() as (one, name):
        os.kill(one.pid, signal.SIGKILL)
        while psutil.Process(one.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.001)
        assert not holder.alive(name, NOW, NOW)


def test_a_stopped_process_is_alive_for_it_may_go_on() -> None:
    with process() as (one, name):
        os.kill(one.pid, signal.SIGSTOP)
        assert holder.alive(name, 0, NOW)


def test_a_later_process_of_the_same_number_is_somebody_else() -> None:
    name = holder.me()
    later = re.sub(r"/(\d+)(t?@)", lambda found: f"/{int(found[1]) - 10_000}{found[2]}", name)
    assert later != name
    assert not holder.alive(later, NOW, NOW)


def test_on_linux_the_start_is_told_in_ticks_which_no_clock_moves() -> None:
    assert re.fullmatch(r"\d+t" if sys.platform == "linux" else r"\d+", mark(holder.me()))


def test_a_program_whose_name_looks_like_other_fields_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "a) R 1 (b").symlink_to(sys.executable)
    with process(str(tmp_path / "a) R 1 (b")) as (_, name):
        assert holder.alive(name, 0, NOW)


@pytest.mark.parametrize("shift", [-1.9, 0, 1.9])
def test_a_holder_of_an_older_version_is_known_by_the_wall_clock_with_tolerance(shift: float) -> None:
    start = psutil.Process().create_time() + shift
    world = "@" + holder.me().partition("@")[2]
    assert holder.alive(of_old(os.getpid(), start, world), 0, NOW)
    assert holder.alive(of_old(os.getpid(), start), 0, NOW)


@pytest.mark.parametrize("shift", [-60, 60])
def test_a_holder_of_an_older_version_with_another_start_is_dead(shift: float) -> None:
    assert not holder.alive(of_old(os.getpid(), psutil.Process().create_time() + shift), NOW, NOW)


@pytest.mark.parametrize(
    "name",
    [
        "elsewhere/1/1",
        "elsewhere/1/1t@00000000",
        "else/where/1/1",
        f"{socket.gethostname()}/1/1t@00000000",
        f"{socket.gethostname()}/{os.getpid()}/1@00000000",
        "",
        "nonsense",
        f"{socket.gethostname()}/-1/1",
    ],
    ids=["another host", "of ticks", "slashes", "another world", "our number", "nothing", "nonsense", "no number"],
)
def test_whom_nobody_here_can_see_lives_by_the_heartbeat(name: str) -> None:
    assert holder.alive(name, FRESH, NOW)
    assert not holder.alive(name, SILENT, NOW)


def test_a_number_that_no_process_can_have_is_nobodys() -> None:
    assert not holder.alive(f"{socket.gethostname()}/{10**18}/1", NOW, NOW)
