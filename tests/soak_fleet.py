"""The parts of `make soak` in which workers share a ledger: killed, frozen, without a database, and very many lanes."""

import argparse
import contextlib
import functools
import itertools
import os
import random
import shlex
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psutil

from tests import crash, fleet, postgres

#: A worker that was silent for so long is gone (seconds): as short as tests have it, and as long as it usually is.
SHORT, USUAL = 4.0, 20.0

#: PostgreSQL as anybody would run it.
CAREFUL = ("fsync=on", "autovacuum=on")

#: Planning may take that long (seconds).
_PLANNING = 3600


@dataclass(kw_only=True, slots=True)
class Crew:
    """Workers that somebody starts again when they end, as systemd would."""

    own: fleet.Fleet
    options: tuple[str, ...]
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)
    #: Exit codes of those that were started again.
    ended: list[int] = field(default_factory=list)

    def start(self, count: int) -> None:
        self.processes += [self._one() for _ in range(count)]

    def tend(self) -> None:
        """Start again whoever has ended."""
        for number, process in enumerate(self.processes):
            if process.poll() is not None:
                self.ended.append(process.returncode)
                self.processes[number] = self._one()

    def complete(self) -> bool:
        """Whether all that were ever started have begun to work, so that no signal comes before they can hear it."""
        return self.own.project.said().count('"worker_started"') >= len(self.ended) + len(self.processes)

    def _one(self) -> "subprocess.Popen[str]":
        return self.own.start("worker", "--log-recipients", *self.options)

    def wait(self, until: Callable[[], bool], every: float = 0.2, patience: float = _PLANNING) -> None:
        give_up = time.monotonic() + patience
        while True:
            with contextlib.suppress(Exception):  # the database may be away
                if until():
                    return
            assert time.monotonic() < give_up, self.own.project.said()[-4000:]
            self.tend()
            time.sleep(every)

    def cpu(self) -> float:
        """Processor seconds of those that live."""
        times = [psutil.Process(one.pid).cpu_times() for one in self.processes]
        return float(sum(one.user + one.system for one in times))

    def end(self) -> list[int]:
        """Tell all of them to end; their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        return [process.wait(300) for process in self.processes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A gateway, a database, a project that was handed to the workers, and the workers."""

    gateway: crash.Gateway
    server: postgres.Own
    own: fleet.Fleet
    crew: Crew

    def sent(self) -> int:
        return self.own.counts().get("sent", 0)


@contextlib.contextmanager
def scene(
    folder: Path,
    options: argparse.Namespace,
    *,
    devices: Mapping[str, float | None],
    messages: int,
    workers: int = 4,
    api: float = 30,
    stale: float = SHORT,
    settings: tuple[str, ...] = postgres.HASTY,
) -> Iterator[Scene]:
    """Everything planned and handed over, and so many workers started."""
    server = postgres.own(settings)
    with crash.gateway(folder, seed=options.seed, median_ms=api) as gateway:
        ids = crash.people(messages, random.Random(options.seed), faulty=0)
        own = fleet.lay(folder / "project", gateway, server.database(), ids, devices)
        crew = Crew(own=own, options=("--stale", str(stale), *shlex.split(options.worker)))
        begun = time.monotonic()
        own.hand(patience=_PLANNING)
        print(f"  {messages:,} messages planned and handed over in {time.monotonic() - begun:.0f} s")
        try:
            crew.start(workers)
            yield Scene(gateway=gateway, server=server, own=own, crew=crew)
        finally:
            crew.end()
            server.stop()


def lanes(count: float, per_minute: float | None) -> dict[str, float | None]:
    return {f"lane-{number:04}": per_minute for number in range(max(int(count), 4))}


def judged(at: Scene, in_flight: set[str], *, all_sent: bool = False) -> bool:
    """Say how everybody fared, counted by the gateway: nobody twice, nobody lost, unknown only what was in flight."""
    received, states = at.gateway.received(), at.own.states()
    accepted: dict[str, int] = received["accepted"]
    unknown = {one for one, state in states.items() if state == "unknown"}
    twice = sum(times > 1 for times in accepted.values())
    lost = sum(state not in ("sent", "unknown") for state in states.values())
    untrue = sum(one not in accepted for one, state in states.items() if state == "sent")
    unexplained = len(unknown - in_flight)
    print(
        f"  of {len(states):,}: {twice} twice, {lost} lost, {untrue} said to be sent and not, {received['overlaps']} "
        f"overlaps; {len(unknown)} unknown, of which {unexplained} were not in flight at a kill and "
        f"{len(unknown & accepted.keys())} had arrived"
    )
    good = not (twice or lost or untrue or unexplained or received["overlaps"])
    return good and not (all_sent and unknown)


def kill(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """A random worker of four is killed every few seconds, until 5,000 messages through 200 devices are sent."""
    with scene(folder, options, devices=lanes(200 * options.size, 60), messages=int(5000 * options.size)) as at:
        in_flight: set[str] = set()
        kills = 0
        at.crew.wait(lambda: at.sent() > 0)
        while not at.own.over():
            victim = chance.choice(at.crew.processes)
            victim.kill()
            victim.wait()
            kills += 1
            in_flight |= at.own.in_flight()
            at.crew.tend()
            time.sleep(chance.uniform(2, 5))
            at.crew.wait(at.crew.complete)
        longest = max(gaps(at))
        print(f"workers killed: {kills} SIGKILLs; no lane stood still for longer than {longest:.1f} s, its pace is 1 s")
        # a lane whose new worker dies as well waits twice
        return judged(at, in_flight) and longest <= 1 + 2 * (SHORT + SHORT / 10 + 1)


def freeze(folder: Path, options: argparse.Namespace, chance: random.Random) -> bool:
    """A worker stands still for 15 s and goes on: pace kept, late outcomes accepted."""
    with scene(folder, options, devices=lanes(200 * options.size, 60), messages=int(5000 * options.size)) as at:
        for turn in range(3):
            at.crew.wait(functools.partial(_has_sent, at, (turn + 1) * 1000 * options.size))
            victim = chance.choice(at.crew.processes)
            victim.send_signal(signal.SIGSTOP)
            time.sleep(15)
            victim.send_signal(signal.SIGCONT)
        at.crew.wait(at.own.over)
        smallest = min(gaps(at))
        print(f"a worker frozen for 15 s, three times; smallest gap {smallest:.3f} s of 1.000")
        return judged(at, set(), all_sent=True) and smallest > 0.9


def away(folder: Path, options: argparse.Namespace, _chance: random.Random) -> bool:
    """PostgreSQL crashes and is away for 45 s: workers end and are started again, nobody twice, nobody lost."""
    with scene(folder, options, devices=lanes(200 * options.size, 60), messages=int(5000 * options.size)) as at:
        at.crew.wait(lambda: at.sent() >= 1500 * options.size)
        in_flight = at.own.in_flight()
        at.server.end()
        gone = time.monotonic()
        while time.monotonic() - gone < 45:
            at.crew.tend()
            time.sleep(0.2)
        at.server.start()
        in_flight |= at.own.in_flight()
        back, before = time.monotonic(), at.sent()
        at.crew.wait(lambda: at.sent() > before)
        print(f"database away for 45 s; sends again {time.monotonic() - back:.1f} s after it is back")
        at.crew.wait(at.own.over)
        print(f"  workers ended meanwhile with {sorted(at.crew.ended)}")
        return judged(at, in_flight) and set(at.crew.ended) <= {3, 5}


def roll(folder: Path, options: argparse.Namespace, _chance: random.Random) -> bool:
    """Each worker is told to end and started anew, again and again: nothing becomes unknown."""
    with scene(folder, options, devices=lanes(200 * options.size, 60), messages=int(5000 * options.size)) as at:
        took = []
        for number in itertools.cycle(range(4)):
            at.crew.wait(at.crew.complete)
            time.sleep(2)
            if at.own.over():
                break
            begun = time.monotonic()
            at.crew.processes[number].terminate()
            at.crew.processes[number].wait(60)
            took.append(time.monotonic() - begun)
            at.crew.tend()
        print(f"{len(took)} rolling SIGTERMs, {statistics.median(took):.1f} s each, at most {max(took):.1f} s")
        return judged(at, set(), all_sent=True) and set(at.crew.ended) == {0}


def pace(folder: Path, options: argparse.Namespace, _chance: random.Random) -> bool:
    """1,000 lanes at a message in 6 s: the rate, the gaps, and what it costs."""
    count = max(int(1000 * options.size), 4)
    each = int((options.seconds + 40) / 6) + 2
    with scene(folder, options, devices=lanes(count, 10), messages=count * each, stale=USUAL, settings=CAREFUL) as at:
        # a lane's first message waits until it is found, with a thousand others
        at.crew.wait(lambda: at.sent() >= 3 * count)
        begun = {device: len(came) for device, came in crash.arrivals_of(at.gateway.received()).items()}
        rate, workers, ledger = measured(at, options.seconds)
        whole, steady = gaps(at), gaps(at, begun)
        share = 6 / statistics.fmean(steady)
        # lanes that were begun at once send at once ever after, so a count over some seconds tells little of their rate
        print(f"{count:,} lanes at a message in 6 s: {share:.1%} of the allowed rate of {count / 6:.1f} messages/s")
        print(f"  smallest gap {min(steady):.3f} s; processors: workers {workers:.2f}, PostgreSQL {ledger:.2f}")
        print(f"  from the start, when all are found at once: {6 / statistics.fmean(whole):.1%}, {min(whole):.3f} s")
        print(f"  a message: workers {1000 * workers / rate:.1f} ms, PostgreSQL {1000 * ledger / rate:.1f} ms")
        return share >= 0.97 and min(whole) >= 5.9


def crowd(folder: Path, options: argparse.Namespace, _chance: random.Random) -> bool:
    """5,000 lanes and a million messages, more than two cores can do: what they do, and whether every lane gets its
    turn; then the same when PostgreSQL has no statistics."""
    count, many = max(int(5000 * options.size), 20), int(1_000_000 * options.size)
    with scene(folder, options, devices=lanes(count, 10), messages=many, stale=USUAL) as at:
        good = True
        for name in ("with statistics", "with none, and workers started anew"):
            enough = at.sent() + count
            at.crew.wait(functools.partial(_has_sent, at, enough))
            rate, workers, ledger = measured(at, options.seconds)
            turns = at.own.ask("SELECT count(*) FILTER (WHERE state <> 'pending') FROM message GROUP BY device")
            least, most = min(turns)[0], max(turns)[0]
            print(f"{count:,} lanes, {many:,} messages, {name}: {rate:.0f} messages/s of {count / 6:.0f} by the pace")
            print(f"  a lane has sent {least} to {most}; processors: workers {workers:.2f}, PostgreSQL {ledger:.2f}")
            good &= most - least <= 3
            at.own.ask("DELETE FROM pg_statistic")
            for process in at.crew.processes:
                process.terminate()
        received = at.gateway.received()
        return good and max(received["accepted"].values()) == 1 and not received["overlaps"]


def scale(folder: Path, options: argparse.Namespace, _chance: random.Random) -> bool:
    """Messages a second with 1, 2 and 4 workers; the gateway takes 30 ms, 200 devices have no pace."""
    count = max(int(200 * options.size), 20)
    print("| workers | messages/s | workers' processors | PostgreSQL's | of |")
    print("|---|---|---|---|---|")
    good = True
    for workers in (1, 2, 4):
        many = int(options.seconds * 700) + 1000
        place = folder / str(workers)
        place.mkdir()
        with scene(place, options, devices=lanes(count, None), messages=many, workers=workers, settings=CAREFUL) as at:
            at.crew.wait(lambda: at.sent() >= 300)
            rate, used, ledger = measured(at, options.seconds)
            print(f"| {workers} | {rate:.0f} | {used:.2f} | {ledger:.2f} | {os.cpu_count()} |", flush=True)
            received = at.gateway.received()
            good &= max(received["accepted"].values()) == 1 and not received["overlaps"]
    return good


def _has_sent(at: Scene, enough: float) -> bool:
    return at.sent() >= enough


def measured(at: Scene, seconds: float) -> tuple[float, float, float]:
    """Messages a second by the gateway's count; processors that the workers and PostgreSQL use."""
    before, workers, ledger = at.gateway.received()["requests"], at.crew.cpu(), at.server.cpu()
    begun = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begun
    workers, ledger = at.crew.cpu() - workers, at.server.cpu() - ledger
    return (at.gateway.received()["requests"] - before) / took, workers / took, ledger / took


def gaps(at: Scene, begun: Mapping[str, int] = MappingProxyType({})) -> list[float]:
    """Seconds between two requests of a device, for all of them.

    Args:
        begun: So many requests of each device go by without being counted.
    """
    arrivals = crash.arrivals_of(at.gateway.received())
    counted = (came[max(begun.get(device, 0) - 1, 0) :] for device, came in arrivals.items())
    return [(b - a) / 1000 for came in counted for a, b in itertools.pairwise(came)]


PARTS = {
    "workers-kill": kill,
    "workers-freeze": freeze,
    "workers-away": away,
    "workers-roll": roll,
    "workers-pace": pace,
    "workers-crowd": crowd,
    "workers-scale": scale,
}
