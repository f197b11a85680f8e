"""The engine under the workers: decides who works on a lane and when; the lane's epoch decides who may send.

A lane that waits for its pace stays with the worker that has it, without a thread: to give it back, find, take and
claim it again would cost more than its message.
"""

import asyncio
import concurrent.futures
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import procrastinate
import psycopg_pool
from procrastinate import exceptions, manager, worker

from gewe_runner import errors
from gewe_runner.send.keeper import Timing
from gewe_runner.send.slots import Slots

#: What a lane has to do, step by step: after each it gives for how long it waits (milliseconds).
Steps = Generator[int, None, None]

#: How long a worker that is told to end waits for its slices (seconds): longer than a slice offers an outcome to a
#: database that is away.
GRACE = 150

#: How long a worker waits for a database that is away (seconds).
AWAY = 30

_NO_LIMIT = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Where jobs come from and what they are called."""

    #: The database as libpq takes it, and options for each connection.
    address: str
    options: Mapping[str, str]
    name: str
    task: str
    #: Gives a row with `due` where the queue named `queue` holds a job.
    any_due: str


class Quit:
    """A request to end, from a signal handler or another thread."""

    def __init__(self) -> None:
        self.asked = 0
        self._heard: list[Callable[[int], None]] = []

    def heard(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with how often it was asked, each time from now on."""
        self._heard.append(listener)

    def ask(self) -> None:
        self.asked += 1
        for listener in self._heard:
            listener(self.asked)


def run(queue: Queue, handler: Callable[[str], Steps], timing: Timing, threads: int, quit_: Quit) -> None:
    """Work on lanes until somebody asks to end.

    Args:
        handler: Takes a device and gives its lane's steps; each is done in one of so many threads. Once somebody has
            asked to end, no wait is waited for.

    Raises:
        errors.StoppedError: the database was away for too long.
    """
    try:
        asyncio.run(_run(queue, handler, timing, threads, quit_))
    except (exceptions.ConnectorException, psycopg_pool.PoolTimeout) as error:
        if not quit_.asked:
            raise _away() from error
    if not quit_.asked:
        raise _away()


def _away() -> errors.StoppedError:
    return errors.StoppedError(
        "the database was away for too long; whatever runs this worker has to start it again",
        hint="docs/operations.md shows how",
    )


async def _run(queue: Queue, handler: Callable[[str], Steps], timing: Timing, threads: int, quit_: Quit) -> None:
    connector = procrastinate.PsycopgConnector(
        # each call is one statement
        conninfo=queue.address, kwargs={**queue.options, "autocommit": True}, min_size=1, max_size=4, timeout=AWAY
    )  # fmt: skip
    app, crew = procrastinate.App(connector=connector), _Crew(threads)
    app.job_manager = _Jobs(connector, crew, queue)

    async def slice_(device: str) -> None:
        await crew.work(handler(device))

    app.task(name=queue.task, queue=queue.name)(slice_)
    async with app.open_async():
        own = worker.Worker(
            app=app,
            queues=[queue.name],
            concurrency=_NO_LIMIT,
            fetch_job_polling_interval=timing.poll,
            # nobody aborts a job
            abort_job_polling_interval=_NO_LIMIT,
            # jobs that become due tell nobody, so listening would only cost
            listen_notify=False,
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE,
            update_heartbeat_interval=timing.beat,
            stalled_worker_timeout=20 * timing.stale,
        )
        running = asyncio.ensure_future(own.run())  # type: ignore[no-untyped-call]
        loop = asyncio.get_running_loop()

        def stop() -> None:
            crew.end()
            own.stop()  # type: ignore[no-untyped-call]

        def end(_times: int) -> None:
            # a loop that has ended needs no call
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop)

        quit_.heard(end)
        if quit_.asked:
            loop.call_soon(stop)
        await running


class _Crew:
    """The threads of a worker, and the lanes that it has."""

    def __init__(self, threads: int) -> None:
        self._threads = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="slice")
        #: One for each thread.
        self.slots = Slots(threads)
        self.ending = asyncio.Event()

    def end(self) -> None:
        """Let nobody wait any longer, neither for the pace nor for lanes that somebody might find."""
        self.ending.set()
        self.slots.found(math.inf)

    async def work(self, steps: Steps) -> None:
        """Do a lane's steps; it has a slot, which is free afterwards."""
        loop = asyncio.get_running_loop()
        try:
            while (pause := await loop.run_in_executor(self._threads, next, steps, None)) is not None:
                due = time.time() + pause / 1000
                self.slots.give()
                try:
                    await self._wait(pause)
                finally:
                    await self.slots.go_on(due)
        finally:
            self.slots.give()

    async def _wait(self, pause: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause / 1000):
                await self.ending.wait()


class _Jobs(manager.JobManager):
    """The engine's jobs, looked for only where one is due and there is a slot for its lane."""

    def __init__(self, connector: procrastinate.PsycopgConnector, crew: _Crew, queue: Queue) -> None:
        super().__init__(connector)
        self._crew, self._queue = crew, queue
        #: Since when the database has been away (monotonic seconds).
        self._lost: float | None = None

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Any:
        slots, job = self._crew.slots, None
        await slots.look()
        try:
            if not self._crew.ending.is_set() and await self._patiently(self._is_any_due()):
                job = await self._patiently(super().fetch_job(queues, worker_id))
        finally:
            if job is None:
                slots.give()
            due = math.inf
            if job is not None and job.scheduled_at is not None and not self._crew.ending.is_set():
                due = job.scheduled_at.timestamp()
            slots.found(due)
        return job

    async def update_heartbeat(self, worker_id: int) -> None:
        await self._patiently(super().update_heartbeat(worker_id))

    async def _patiently(self, asked: Awaitable[T]) -> T | None:
        """What the database says; None where it has gone away meanwhile, as long as that is not too long ago.

        The engine itself waits for a connection, but ends with one that breaks while it is in use.
        """
        began = time.monotonic()
        try:
            said = await asked
        except exceptions.ConnectorException:
            self._lost = began if self._lost is None else self._lost
            if time.monotonic() - self._lost >= AWAY:
                raise
            return None
        self._lost = None
        return said

    async def _is_any_due(self) -> bool:
        look: Any = self._queue.any_due
        rows = await self.connector.execute_query_all_async(look, queue=self._queue.name)
        return bool(rows and rows[0]["due"])
