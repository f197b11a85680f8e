"""The engine under the workers: decides who works on a lane and when; the lane's epoch decides who may send."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import procrastinate
import psycopg_pool
from procrastinate import exceptions, worker

from gewe_runner import errors
from gewe_runner.send.keeper import Timing

#: How long a worker that is told to end waits for its slices (seconds): longer than a slice offers an outcome to a
#: database that is away.
GRACE = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Where jobs come from and what they are called."""

    #: The database as libpq takes it, and options for each connection.
    address: str
    options: Mapping[str, str]
    name: str
    task: str


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


def run(queue: Queue, handler: Callable[[str], None], timing: Timing, threads: int, quit_: Quit) -> None:
    """Work on lanes until somebody asks to end.

    Args:
        handler: Takes a device and works on its lane; called in that many threads at once.

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


async def _run(queue: Queue, handler: Callable[[str], None], timing: Timing, threads: int, quit_: Quit) -> None:
    loop = asyncio.get_running_loop()
    # the engine runs its tasks in the loop's executor, which otherwise has a few threads whatever it was asked for
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="slice"))
    connector = procrastinate.PsycopgConnector(
        conninfo=queue.address, kwargs=dict(queue.options), min_size=1, max_size=4, timeout=30
    )
    app = procrastinate.App(connector=connector)

    def slice_(device: str) -> None:
        handler(device)

    app.task(name=queue.task, queue=queue.name)(slice_)
    async with app.open_async():
        own = worker.Worker(
            app=app,
            queues=[queue.name],
            concurrency=threads,
            fetch_job_polling_interval=timing.poll,
            # jobs that become due tell nobody, so listening would only cost
            listen_notify=False,
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE,
            update_heartbeat_interval=timing.beat,
            stalled_worker_timeout=20 * timing.stale,
        )
        running = asyncio.ensure_future(own.run())  # type: ignore[no-untyped-call]

        def end(_times: int) -> None:
            # a loop that has ended needs no call
            if not loop.is_closed():
                loop.call_soon_threadsafe(own.stop)

        quit_.heard(end)
        if quit_.asked:
            loop.call_soon(own.stop)
        await running
