"""The part of `make soak` in which plans supersede each other while they are entered, sent and killed."""

import argparse
import collections
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests import crash, program

#: The program, which enters a plan in many pieces however short it is.
_IN_PIECES = "from gewe_runner import cli; from gewe_runner.ledger import enter; enter.PIECE = 25; cli.main()"


def _change(project: crash.Project, chance: random.Random) -> None:
    """Make it another plan, or one that there was before."""
    campaign = project.folder / "fruit.yaml"
    words = campaign.read_text(encoding="utf-8").split("水果到家")
    campaign.write_text(f"{words[0]}水果到家{chance.randrange(3)}{words[1].lstrip('0123456789')}", encoding="utf-8")


def _start(project: crash.Project) -> "subprocess.Popen[bytes]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    with (project.folder / "said").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-c", _IN_PIECES, "send", "fruit.yaml", "--yes"],
            cwd=project.folder,
            env={**environment, "GEWE_TOKEN": "tok-soak", "PYTHONPATH": str(program.ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )


def _moment(project: crash.Project, sends: "list[subprocess.Popen[bytes]]", chance: random.Random) -> None:
    """While a plan is entered, or after the first message is accepted."""
    time.sleep(chance.uniform(0.5, 1.5))
    if chance.random() < 0.5:
        before = project.gateway.journal.stat().st_size
        while project.gateway.journal.stat().st_size == before and any(one.poll() is None for one in sends):
            time.sleep(0.005)


def _unknown(project: crash.Project) -> set[str]:
    with contextlib.closing(sqlite3.connect(project.ledger)) as ledger:
        return {one for (one,) in ledger.execute("SELECT to_wxid FROM message WHERE state = 'unknown'")}


def _plans(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """Two senders of one campaign, each through its own devices, with plans that take each other's place."""
    kills, codes = 0, collections.Counter[int]()
    with crash.gateway(folder, seed=options.seed, median_ms=60) as at:
        people = crash.people(min(options.kills, 100) * 20 + 200, chance, faulty=0)
        devices: list[dict[str, float | None]] = [dict.fromkeys(f"{side}-{n}" for n in range(2)) for side in "ab"]
        projects = [crash.lay(folder / str(number), at, people, own) for number, own in enumerate(devices)]
        projects[0].ledger.parent.mkdir()
        projects[1].ledger.parent.symlink_to(projects[0].ledger.parent)
        while kills < min(options.kills, 100):
            sends = list[subprocess.Popen[bytes]]()
            for project in projects:
                _change(project, chance)
                sends.append(_start(project))
                time.sleep(chance.uniform(0, 0.5))
            _moment(projects[0], sends, chance)
            for process in sends:
                process.kill()
                codes[process.wait(crash.PATIENCE)] += 1
                kills += process.returncode < 0
        with _start(projects[0]) as last:
            codes[last.wait()] += 1
        accepted, unknown = at.received()["accepted"], _unknown(projects[0])
    twice = sum(times > 1 for times in accepted.values())
    lost = sum(one not in accepted and one not in unknown for one in people)
    print(f"{len(people)} people, {kills} kills, exit codes {dict(codes)}: {len(unknown)} unknown, ", end="")
    print(f"{twice} twice, {lost} forgotten")
    return not (twice or lost) and last.returncode in (0, 1)


PARTS: Mapping[str, Callable[[Path, argparse.Namespace, random.Random], bool]] = {"plans": _plans}
