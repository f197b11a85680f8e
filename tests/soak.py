"""`make soak`: sends that are killed, starved and paced for a long time, counted from the gateway's side."""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from tests import audience, postgres, soak_fleet, soak_plans
from tests.crash import (
    Account,
    arrivals_of,
    excess,
    gateway,
    judge,
    kill_again_and_again,
    lay,
    people,
    race,
    starve,
)


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of that size, for root.

    Raises:
        OSError, subprocess.CalledProcessError: it cannot be mounted.
    """
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


def main() -> None:
    options = _arguments()
    chance = random.Random(options.seed)
    faultless = True
    for name in options.only or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}:", flush=True)
            faultless &= PARTS[name](Path(folder), options, chance)
    sys.exit(0 if faultless else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Kill, starve and pace sends for long.")
    parser.add_argument("--kills", type=int, default=1000, help="SIGKILLs (default 1000); a tenth as many SIGTERMs")
    parser.add_argument("--seed", type=int, default=1, help="of the moments, and of what goes wrong (default 1)")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=60, help="that workers are counted for (default 60)")
    parser.add_argument("--size", type=float, default=1, help="share of the workers' lanes and messages (default 1)")
    parser.add_argument("--worker", default="", metavar="OPTIONS", help="more of them, as '--threads 60 --linger 0.2'")
    return parser.parse_args()


def _rounds(folder: Path, kills: int, number: signal.Signals, chance: random.Random) -> bool:
    """Several campaigns, each killed up to 50 times: a list that lasts for 1,000 would take long to plan each time."""
    total, begun = Account(), time.monotonic()
    while total.kills < kills:
        place = folder / str(total.recipients)
        place.mkdir()
        planned = min(50, kills - total.kills)
        with gateway(place, seed=chance.randrange(2**31)) as at:
            devices: dict[str, float | None] = dict.fromkeys(f"phone-{n}" for n in range(8))
            project = lay(place / "project", at, people(planned * 60 + 100, chance), devices)
            total.add(kill_again_and_again(project, planned, number, chance))
        print(f"  {total.kills} of {kills}, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(f"{number.name}, 8 devices, {time.monotonic() - begun:.0f} s")
    for name in Account.__slots__:
        value = getattr(total, name)
        print(f"  {name.replace('_', ' '):20} {len(value) if isinstance(value, list) else value:8,}")
    held = number is signal.SIGKILL or not total.unknown_by_kill
    return total.faultless and held and total.unknown_by_kill <= total.kills * 8


def _kill(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    return _rounds(folder, options.kills, signal.SIGKILL, chance)


def _term(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    return _rounds(folder, max(options.kills // 10, 1), signal.SIGTERM, chance)


def _both(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """Pairs of sends, of which one is killed half of the time."""
    good, ends = True, []
    with gateway(folder, seed=options.seed) as at:
        for turn in range(max(options.kills // 50, 3)):
            ids = people(120, chance, faulty=0, name=f"pair{turn}n")
            project = lay(folder / str(turn), at, ids, dict.fromkeys(f"t{turn}-{n}" for n in range(4)))
            codes = race(project)
            ends.append(codes)
            received = at.received()["accepted"]
            good &= codes[0] == 0 and codes[1] in (0, 5) and all(received.get(one) == 1 for one in ids)
    print(f"two sends at once, {len(ends)} times: exit codes {sorted(map(tuple, ends))}, everybody once: {good}")
    return good


def _disk(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    good = True
    with gateway(folder, seed=options.seed) as at:
        devices: dict[str, float | None] = dict.fromkeys(("disk-1", "disk-2", "disk-3"))
        project = lay(folder / "limited", at, people(300, chance, faulty=0), devices)
        code, account = starve(project)
        good &= code == 5 and account.faultless
        print(f"file size limit: exit {code}, {account.unknown} unknown, as it should be: {account.faultless}")
    try:
        with small_disk("16m") as disk, gateway(folder, seed=options.seed) as at:
            ids = people(300, chance, faulty=0, name="small")
            project = lay(disk / "project", at, ids, dict.fromkeys(devices))
            first = project.send("--limit", "3")
            filler = disk / "filler"
            filler.write_bytes(bytes(max(shutil.disk_usage(disk).free - 160 * 1024, 0)))
            code = project.send()
            in_flight = project.in_flight()
            filler.unlink()
            last = project.send()
            account = judge(project, in_flight)
    except (OSError, subprocess.CalledProcessError) as exc:
        print(f"small disk: left out ({exc})")
        return good
    print(f"small disk: exits {first}, {code}, {last}; {account.unknown} unknown, as it should be: {account.faultless}")
    return good and code == 5 and account.faultless


def _pace(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """30 devices with different limits, seen from the gateway."""
    devices = {f"pace-{n}": float(20 + 6 * n) for n in range(30)}
    with gateway(folder, seed=options.seed) as at:
        project = lay(folder / "project", at, people(30 * 150, chance, faulty=0), devices)
        project.send("--for", "30s")
        arrivals = arrivals_of(at.received())
    shares, worst = [], 0.0
    for name, limit in devices.items():
        came, interval = arrivals[f"wx_{name}"], 60_000 / limit
        shares.append(interval * (len(came) - 1) / (came[-1] - came[0]))
        worst = max(worst, excess(came, interval))
    mean = sum(shares) / len(shares)
    print(f"pace, 30 devices at 20 to 194 a minute, {sum(map(len, arrivals.values())):,} messages:")
    print(f"  mean rate {mean:.2%} of what is allowed, least {min(shares):.2%}, most {max(shares):.2%}")
    print(f"  the fullest window of any length holds {worst:.3f} messages more than allowed")
    return worst < 0.5 and mean >= 0.99


def _lanes(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """1,000 lanes at 30 a minute in one process."""
    devices: dict[str, float | None] = {f"lane-{n:04}": 30 for n in range(1000)}
    with gateway(folder, seed=options.seed) as at:
        project = lay(folder / "project", at, people(20_000, chance, faulty=0), devices)
        with project.start("--for", "40s") as process:
            watched = psutil.Process(process.pid)
            while not at.journal.stat().st_size and process.poll() is None:
                time.sleep(0.05)
            time.sleep(5)
            before, begun, first = watched.cpu_times(), time.monotonic(), at.received()["requests"]
            time.sleep(20)
            after, seconds, last = watched.cpu_times(), time.monotonic() - begun, at.received()["requests"]
            threads = watched.num_threads()
            process.terminate()
        worst = max(excess(came, 2000) for came in arrivals_of(at.received()).values())
    used = (after.user - before.user + after.system - before.system) / seconds
    print(f"1,000 lanes at 30 a minute, {seconds:.0f} s: {(last - first) / seconds:.0f} messages/s of 500")
    print(f"  the sender used {used:.2f} of one core of {os.cpu_count()}, with {threads} threads")
    print(f"  the fullest window of any length holds {worst:.3f} messages more than allowed")
    return worst < 0.5


def _audience(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """A campaign with a list of every kind and 50,000 rows: one digest on two machines, every row accounted for."""
    server, digests, whole = postgres.running(), set(), True
    for place in (folder / "here", folder / "there" / "project"):
        env, rows = audience.lay(place, 55_000, postgres.text(server.database()))
        for _ in range(2):
            command = (sys.executable, "-m", "gewe_runner", "plan", "audience.yaml", "--format", "json")
            done = subprocess.run(command, cwd=place, env={**os.environ, **env}, capture_output=True, check=True)
            (plan,) = json.loads(done.stdout)["plans"]
            counts = plan["counts"]
            digests.add(plan["digest"])
            whole &= rows == counts["messages"] + sum(counts["skips"].values())
    skips = ", ".join(f"{reason} {count:,}" for reason, count in counts["skips"].items())
    print(f"{rows:,} rows of 6 lists: {counts['messages']:,} messages, {skips}; {len(digests)} digest in 4 plans")
    return whole and len(digests) == 1


PARTS: Mapping[str, Callable[[Path, argparse.Namespace, random.Random], bool]] = {
    "kill": _kill,
    "term": _term,
    "both": _both,
    "disk": _disk,
    "pace": _pace,
    "lanes": _lanes,
    "audience": _audience,
    **soak_plans.PARTS,
    **soak_fleet.PARTS,
}


if __name__ == "__main__":
    main()
