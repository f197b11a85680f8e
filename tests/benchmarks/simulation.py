"""`make simulate`: where PostgreSQL becomes the limit of a fleet larger than any here, by a seeded simulation. Pure.

Lanes wait for their pace, then for a thread, for their worker's processor and for the ledger's, and for the gateway.
What each step costs was measured by `tests/benchmarks/transactions.py`.
"""

import argparse
import dataclasses
import heapq
import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

#: Commits of an intent, and of an outcome; of finding a lane's job and claiming it, and of handing it over and the
#: job's end.
COMMITS_BEFORE, COMMITS_AFTER, COMMITS_FIND, COMMITS_GIVE = 1, 1, 2, 2

#: The part of a day that is open for sending, from 8:00 to 21:30 (seconds).
DAY = 13.5 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What one message costs, in milliseconds of a processor, where nothing else is said."""

    #: PostgreSQL: to see that no job is due; to find one, see what is to do and claim the lane; to hand it over and end
    #: the job.
    none: float = 0.2
    find: float = 2.4
    give: float = 1.7
    #: PostgreSQL: intent; outcome. Heartbeats are in it.
    before: float = 0.8
    after: float = 0.8
    #: The worker, on the one processor that a Python process uses: to find and claim a lane, and to hand it over.
    take: float = 3.5
    leave: float = 3.0
    #: The worker: until the request leaves, and from the answer on.
    ready: float = 2.0
    record: float = 2.0
    #: Until a commit is on the disk; no processor works meanwhile.
    commit: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Workers and the one ledger that they share."""

    devices: int
    workers: int = 50
    threads: int = 60
    #: Processors of the ledger's PostgreSQL.
    cores: int = 8
    #: A device's shortest time from one start to the next (seconds), and how long requests take (median, ms).
    gap: float = 6.0
    api: float = 300.0
    #: How often a worker with a free thread asks for work (seconds).
    poll: float = 1.0
    #: A worker keeps a lane that waits no longer (seconds), for so many messages.
    linger: float = 30.0
    slice: int = 20
    #: Messages of each device; None: more than are ever sent.
    messages: int | None = None
    costs: Costs = field(default_factory=Costs)


@dataclass(kw_only=True, slots=True)
class Seen:
    """What was seen between the end of the warm-up and the end."""

    seconds: float = 0
    #: Messages begun by each device that began any, and the shortest time between two of one, from the very beginning.
    sent: Counter[int] = field(default_factory=Counter)
    shortest_gap: float = math.inf
    #: How late each request left, in seconds.
    late: list[float] = field(default_factory=list)
    #: Processor seconds of the ledger, and of all workers.
    busy: float = 0
    worked: float = 0
    commits: int = 0

    def share(self, fleet: Fleet) -> float:
        """How much of the ledger's processors is used."""
        return self.busy / (self.seconds * fleet.cores)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.late) / self.seconds

    def lateness(self, percent: float) -> float:
        if not self.late:
            return math.nan
        return sorted(self.late)[min(int(len(self.late) * percent / 100), len(self.late) - 1)]


#: What happens: takes the moment (seconds), the device, the worker, and since when its lane is due or its request under
#: way. -1 and 0 where that means nothing.
_Happens = Callable[[float, int, int, float], None]


class _Run:
    """The fleet while it runs: events in the order of their times (seconds)."""

    def __init__(self, fleet: Fleet, seed: int, warm: float) -> None:
        self.fleet, self.costs, self.seen = fleet, fleet.costs, Seen()
        self._chance, self._warm, self._until = random.Random(seed), warm, math.inf
        self._events: list[tuple[float, int, _Happens, int, int, float]] = []
        self._order = itertools.count()
        #: When each of the ledger's processors, and each worker's, is free again.
        self._cores = [0.0] * fleet.cores
        self._processors = [0.0] * fleet.workers
        self._threads = [fleet.threads] * fleet.workers
        #: Workers by free threads, the most first; an entry whose count is no longer true counts for nothing.
        self._idle = [(-fleet.threads, worker) for worker in range(fleet.workers)]
        #: A worker looks for one job at a time: whether it does, and which lanes it will find next.
        self._looking = [False] * fleet.workers
        self._to_find: list[deque[tuple[int, float]]] = [deque() for _ in range(fleet.workers)]
        #: Lanes that are due, and that no worker keeps.
        self._queue: deque[tuple[int, float]] = deque()
        self._started: dict[int, float] = {}
        #: The worker that keeps a lane, and for how many more messages.
        self._kept: dict[int, tuple[int, int]] = {}
        #: Lanes that their workers keep, that are due and have no thread.
        self._back: list[deque[tuple[int, float]]] = [deque() for _ in range(fleet.workers)]
        self._left = dict.fromkeys(range(fleet.devices), math.inf if fleet.messages is None else fleet.messages)

    def go(self, until: float) -> Seen:
        for device in range(self.fleet.devices):
            self._at(self._chance.uniform(0, self.fleet.gap), self._due, device)
        for worker in range(self.fleet.workers):
            self._at(self._chance.uniform(0, self.fleet.poll), self._poll, worker=worker)
        self._until = until
        while self._left and self._events[0][0] <= until:
            now, _, happens, device, worker, since = heapq.heappop(self._events)
            happens(now, device, worker, since)
        self.seen.seconds = (until if self._left else max(self._cores)) - self._warm
        return self.seen

    def _at(self, time: float, happens: _Happens, device: int = -1, worker: int = -1, since: float = 0) -> None:
        heapq.heappush(self._events, (time, next(self._order), happens, device, worker, since))

    def _visit(self, now: float, cost: float, commits: int) -> float:
        """When the ledger has done so much work, one thing after the other on each of its processors."""
        work = self._chance.expovariate(1) * cost / 1000
        end = max(now, heapq.heappop(self._cores)) + work
        heapq.heappush(self._cores, end)
        self.seen.busy += self._seen(end - work, end)
        if now >= self._warm:
            self.seen.commits += commits
        return end + commits * self.costs.commit / 1000

    def _work(self, now: float, worker: int, cost: float) -> float:
        """When the worker has done so much work on its processor."""
        end = self._processors[worker] = max(now, self._processors[worker]) + cost / 1000
        self.seen.worked += self._seen(end - cost / 1000, end)
        return end

    def _seen(self, begin: float, end: float) -> float:
        """How much of that time is looked at."""
        return max(min(end, self._until) - max(begin, self._warm), 0)

    def _due(self, now: float, device: int, _worker: int, _since: float) -> None:
        if device in self._kept:
            worker, _ = self._kept[device]
            self._back[worker].append((device, now))
            self._go_on(now, worker)
        else:
            self._queue.append((device, now))
            self._give(now)

    def _go_on(self, now: float, worker: int) -> None:
        """Go on with a lane that the worker keeps, where it has a thread for it."""
        if self._threads[worker] and self._back[worker]:
            device, due = self._back[worker].popleft()
            self._threads[worker] -= 1
            heapq.heappush(self._idle, (-self._threads[worker], worker))
            self._at(self._work(now, worker, self.costs.ready), self._begin, device, worker, due)

    def _give(self, now: float) -> None:
        """Give the lanes that are due for longest to the workers with the most free threads."""
        while self._queue and (worker := self._most_idle()) is not None:
            device, due = self._queue.popleft()
            self._threads[worker] -= 1
            if self._threads[worker]:
                heapq.heappush(self._idle, (-self._threads[worker], worker))
            # a lane that found a free thread waits for the next look of any worker
            wait = self._chance.uniform(0, self.fleet.poll / self.fleet.workers) if now == due else 0
            self._at(now + wait, self._look, device, worker, due)

    def _most_idle(self) -> int | None:
        while self._idle:
            free, worker = heapq.heappop(self._idle)
            if -free == self._threads[worker] > 0:
                return worker
        return None

    def _look(self, now: float, device: int, worker: int, due: float) -> None:
        self._to_find[worker].append((device, due))
        self._look_on(now, worker)

    def _look_on(self, now: float, worker: int) -> None:
        if not self._looking[worker] and self._to_find[worker]:
            self._looking[worker] = True
            device, due = self._to_find[worker].popleft()
            self._at(self._visit(now, self.costs.find, COMMITS_FIND), self._found, device, worker, due)

    def _found(self, now: float, device: int, worker: int, due: float) -> None:
        self._looking[worker] = False
        # at first as if the fleet had sent for long, so that not all lanes are handed over at once
        left = self.fleet.slice if device in self._started else self._chance.randint(1, self.fleet.slice)
        self._kept[device] = (worker, left)
        self._at(self._work(now, worker, self.costs.take + self.costs.ready), self._begin, device, worker, due)
        self._look_on(now, worker)

    def _begin(self, now: float, device: int, worker: int, due: float) -> None:
        started = self._visit(now, self.costs.before, COMMITS_BEFORE)
        if now >= self._warm:
            self.seen.late.append(started - due)
        self.seen.sent[device] += 1
        self.seen.shortest_gap = min(self.seen.shortest_gap, started - self._started.get(device, -math.inf))
        self._started[device] = started
        took = self.fleet.api / 1000 * self._chance.lognormvariate(0, 0.4)
        self._at(started + took, self._answer, device, worker, started)

    def _answer(self, now: float, device: int, worker: int, started: float) -> None:
        self._at(self._work(now, worker, self.costs.record), self._end, device, worker, started)

    def _end(self, now: float, device: int, worker: int, started: float) -> None:
        end = self._visit(now, self.costs.after, COMMITS_AFTER)
        self._left[device] -= 1
        _, left = self._kept[device]
        self._kept[device] = (worker, left - 1)
        due = max(end, started + self.fleet.gap)
        if left == 1 or due - end > self.fleet.linger or not self._left[device]:
            self._at(end, self._leave, device, worker, started)
        else:
            self._at(due, self._due, device)
            self._at(end, self._free, worker=worker)

    def _leave(self, now: float, device: int, worker: int, started: float) -> None:
        self._at(self._work(now, worker, self.costs.leave), self._hand_over, device, worker, started)

    def _hand_over(self, now: float, device: int, worker: int, started: float) -> None:
        end = self._visit(now, self.costs.give, COMMITS_GIVE)
        del self._kept[device]
        if self._left[device]:
            self._at(max(end, started + self.fleet.gap), self._due, device)
        else:
            del self._left[device]
        self._at(end, self._free, worker=worker)

    def _free(self, now: float, _device: int, worker: int, _since: float) -> None:
        self._threads[worker] += 1
        heapq.heappush(self._idle, (-self._threads[worker], worker))
        self._go_on(now, worker)
        self._give(now)

    def _poll(self, now: float, _device: int, worker: int, _since: float) -> None:
        """A worker with a free thread looks for work until it sees that there is no more."""
        if self._threads[worker] and not self._looking[worker]:
            self._looking[worker] = True
            self._at(self._visit(now, self.costs.none, 0), self._found_none, worker=worker)
        self._at(now + self.fleet.poll, self._poll, worker=worker)

    def _found_none(self, now: float, _device: int, worker: int, _since: float) -> None:
        self._looking[worker] = False
        self._look_on(now, worker)


def simulate(fleet: Fleet, *, seed: int = 1, seconds: float = 60, warm: float = 0) -> Seen:
    """Let the fleet send for so long after a warm-up, or until everything is sent."""
    return _Run(fleet, seed, warm).go(warm + seconds)


def main() -> None:
    usual = Costs()
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20, help="that are looked at, after as many to warm up (20)")
    for one in dataclasses.fields(Costs):
        option = f"--{one.name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=getattr(usual, one.name), metavar="MS", help=f"{one.default}")
    parsed = parser.parse_args()
    costs = Costs(**{one.name: getattr(parsed, one.name) for one in dataclasses.fields(Costs)})
    print("| fleet | messages/s | allowed | commits/s | ledger busy | workers busy | late: median | 95 % | 99 % |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, fleet, ledgers in scenarios(costs):
        seen = simulate(fleet, seed=parsed.seed, seconds=parsed.seconds, warm=parsed.seconds)
        print(row(name, fleet, ledgers, seen), flush=True)


def scenarios(costs: Costs) -> Iterator[tuple[str, Fleet, int]]:
    """What to call it, the fleet of one ledger, and how many ledgers there are."""
    usual = Fleet(devices=1, costs=costs)
    for devices in (1_000, 5_000, 10_000, 20_000, 50_000):
        yield f"{devices:,} devices, 6 s, one ledger", replace(usual, devices=devices), 1
    yield "2,000 devices, 6 s, one ledger, gateway 30 ms", replace(usual, devices=2_000, api=30), 1
    yield "2,000 devices, 12 a minute, one ledger", replace(usual, devices=2_000, gap=5), 1
    for ledgers in (5, 10):
        part = replace(usual, devices=100_000 // ledgers, workers=2 * 50 // ledgers)
        yield f"100,000 devices, 6 s, {ledgers} ledgers, 2 workers a host", part, ledgers
    yield "100,000 devices, 200 a day, one ledger", replace(usual, devices=100_000, gap=DAY / 200), 1


def row(name: str, fleet: Fleet, ledgers: int, seen: Seen) -> str:
    """The scenario as a row of the table; rates are those of all ledgers together."""
    falls_behind = fleet.gap and seen.rate < 0.9 * fleet.devices / fleet.gap
    late = " | ".join("grows" if falls_behind else f"{seen.lateness(percent):.2f} s" for percent in (50, 95, 99))
    allowed = f"{fleet.devices / fleet.gap * ledgers:,.0f}" if fleet.gap else "any"
    workers = seen.worked / (seen.seconds * fleet.workers)
    rates = f"{seen.rate * ledgers:,.0f} | {allowed} | {seen.commits / seen.seconds * ledgers:,.0f}"
    return f"| {name} | {rates} | {seen.share(fleet):.0%} | {workers:.0%} | {late} |"


if __name__ == "__main__":
    main()
