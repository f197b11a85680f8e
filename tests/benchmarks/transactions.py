"""`python -m tests.benchmarks.transactions`: what one message of a worker costs PostgreSQL, transaction by transaction.

Each step is done for many lanes before the next one, so that the server's processor time can be told apart by steps.
Commits wait for the disk. `tests/benchmarks/simulation.py` reckons with the figures.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy
from sqlalchemy import text

from gewe_runner.exchange import Claim, Intent, Mark, Outcome, Streaks, Want
from gewe_runner.ledger import connect, jobs, parts, slices
from gewe_runner.model import State
from tests import postgres
from tests.contract import plans

#: As anybody would run it.
CAREFUL = ("fsync=on", "autovacuum=on")

PROFILE = "sandbox"

_FETCH = text("SELECT id, args ->> 'device' FROM procrastinate_fetch_job_v2(CAST(:queues AS varchar[]), :worker)")
_FINISH = text("SELECT procrastinate_finish_job_v1(:id, 'succeeded', true)")
_WORKER = text("SELECT worker_id FROM procrastinate_register_worker_v1()")

#: A worker's look for work where there is none; no part of a message.
NONE = "look, and find none due"

QUANTITIES = ("server", "client", "waited")

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one call of a step took, in milliseconds."""

    step: str
    #: The server's processor time, and this program's.
    server: float
    client: float
    #: Until the answer was there.
    waited: float

    def __str__(self) -> str:
        return f"{self.step:28} {self.server:8.3f} {self.client:8.3f} {self.waited:8.3f}"


class Bench:
    """A ledger with one run of many devices whose steps are timed.

    Args:
        waiting: Jobs that wait for tomorrow, each older than those of the run.
    """

    def __init__(self, server: postgres.Own, lanes: int, waiting: int, turns: int) -> None:
        self._server, self._lanes = server, lanes
        url = server.database().set(drivername="postgresql+psycopg")
        connect.create(url, PROFILE).close()
        self._ledger = connect.open(url, quick=2)
        self._queue = jobs.queue(PROFILE)
        self.costs: list[Cost] = []
        with self._ledger.writing() as connection:
            jobs.make(connection)
            self._worker = connection.execute(_WORKER).scalar_one()
            tomorrow = _now() + 86_400_000
            jobs.kick(connection, PROFILE, ((f"waits-{n}", tomorrow) for n in range(waiting)))
        people = [plans.message(n + 1, f"wxid_{n}", device=f"d-{n % lanes}") for n in range(turns * lanes)]
        run = plans.register(self._ledger, people)
        with self._ledger.writing() as connection:
            parts.hand(connection, run, parts.Terms(waves=[len(people)]))
        with self._ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        self._slices = slices.Slices(self._ledger, PROFILE)
        self._run, self._last = run, len(people)

    def close(self) -> None:
        self._ledger.close()

    def turn(self) -> None:
        """Every lane sends one message, as worker and engine do it when the pace ends each slice after one."""
        taken = self._step("fetch the job", range(self._lanes), lambda _: self._execute(_FETCH, worker=self._worker))
        devices = [device for _, device in taken]
        self._step("look for what is to do", devices, self._slices.parts)
        claims = self._step("claim (T1)", devices, self._claim)
        intents = self._step("intent (T2)", claims, self._intend)
        self._step("outcome (T3)", list(zip(claims, intents, strict=True)), self._record)
        self._step("hand over (T4)", claims, self._hand_over)
        self._step("finish the job", taken, lambda job: self._execute(_FINISH, id=job[0]))

    def look(self) -> None:
        """As a worker without anything to do looks for it."""
        with self._ledger.writing() as connection:
            connection.execute(text("DELETE FROM procrastinate_jobs WHERE scheduled_at <= now()"))
        self._step(NONE, range(50), lambda _: self._is_any_due())

    def _is_any_due(self) -> None:
        with self._ledger.at_once() as cursor:
            cursor.all(jobs.ANY_DUE, {"queue": self._queue})

    def states(self) -> dict[str, int]:
        """How many messages are in which state."""
        with self._ledger.reading() as connection:
            rows = connection.execute(text("SELECT state, count(*) FROM message GROUP BY state"))
            return {row.state: row[1] for row in rows}

    def _step(self, step: str, of: Sequence[In], call: Callable[[In], Out]) -> list[Out]:
        server, client, begun = self._server.cpu(), time.process_time(), time.perf_counter()
        found = [call(one) for one in of]
        spent = (self._server.cpu() - server, time.process_time() - client, time.perf_counter() - begun)
        server, client, waited = (1000 * one / len(of) for one in spent)
        self.costs.append(Cost(step=step, server=server, client=client, waited=waited))
        return found

    def _execute(self, statement: sqlalchemy.TextClause, **values: object) -> tuple[int, str]:
        with self._ledger.writing() as connection:
            row = connection.execute(statement, {"queues": [self._queue], **values}).one()
        return row[0], row[-1]

    def _claim(self, device: str) -> Claim:
        return self._slices.claim(device, f"wx_{device}", now=_now(), midnight=0)

    def _intend(self, claim: Claim) -> Intent:
        want = Want(
            device=claim.device, app_id=f"wx_{claim.device}", epoch=claim.epoch, run=self._run, limit=self._last,
            now=_now(), next_at=0,
        )  # fmt: skip
        (found,) = self._slices.take([], [want], _mark(claim), {})
        assert isinstance(found, Intent)
        return found

    def _record(self, sent: tuple[Claim, Intent]) -> None:
        claim, intent = sent
        outcome = Outcome(intent=intent, state=State.SENT, text="sent", ended_at=_now(), took=30, next_at=0)
        self._slices.take([outcome], [], _mark(claim), {})

    def _hand_over(self, claim: Claim) -> None:
        assert self._slices.hand_over(claim, _mark(claim), {}, due=0, now=_now())


def _now() -> int:
    return time.time_ns() // 1_000_000


def _mark(claim: Claim) -> Mark:
    return Mark(device=claim.device, epoch=claim.epoch, streaks=Streaks())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.transactions", description=__doc__)
    parser.add_argument("--lanes", type=int, default=1000, help="lanes that have something to do (1000)")
    parser.add_argument("--turns", type=int, default=5, help="of which each step's median is told (5)")
    parser.add_argument("--waiting", type=int, nargs="+", default=[0, 20_000], help="lanes that wait (0 20000)")
    options = parser.parse_args()
    server = postgres.own(CAREFUL)
    print(f"milliseconds a call{'':9} {'server':>8} {'client':>8} {'waited':>8}")
    for waiting in options.waiting:
        bench = Bench(server, options.lanes, waiting, options.turns + 1)
        for turn in range(options.turns + 1):
            bench.turn()
            if not turn:
                bench.costs.clear()  # it only warmed the caches
        bench.look()
        usual = medians(bench.costs)
        whole = {name: sum(getattr(one, name) for one in usual if one.step != NONE) for name in QUANTITIES}
        print(f"{waiting:,} lanes wait", *usual, Cost(step="a message, in all", **whole), sep="\n", flush=True)
        bench.close()


def medians(costs: Sequence[Cost]) -> list[Cost]:
    """One for each step."""
    steps = {one.step: [other for other in costs if other.step == one.step] for one in costs}
    return [
        Cost(step=step, **{name: statistics.median(getattr(one, name) for one in turns) for name in QUANTITIES})
        for step, turns in steps.items()
    ]


if __name__ == "__main__":
    main()
