"""The composition root of a worker: the ledger, the gateway and the engine put together."""

import contextlib
import dataclasses
import functools
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from gewe_runner import errors, reach
from gewe_runner.exchange import Outcome
from gewe_runner.ledger import connect, heal, jobs, runs, slices, watched
from gewe_runner.model import Delivery, Device, Profile
from gewe_runner.plan import files
from gewe_runner.send import address, fleet, keeper, procrastinate
from gewe_runner.send.log import Style, line
from gewe_runner.send.measure import Meter
from gewe_runner.send.procrastinate import Quit
from gewe_runner.send.scheduler import Job
from gewe_runner.send.slices import Lanes, Tools, work

#: Transactions of several statements, and of one, that a worker has at once.
_CONNECTIONS, _QUICK = 5, 10

#: After how many seconds a device is asked about again.
_OLD = 3600

_LOG = logging.getLogger("gewe_runner.worker")


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkOrder:
    """What a worker was asked for."""

    profile: Profile
    project: Path
    #: Lanes that it works on at once.
    threads: int = 20
    #: A lane that waits no longer stays with this worker (milliseconds).
    linger: int = 30_000
    timing: keeper.Timing = field(default_factory=keeper.Timing)
    #: Where `GET /metrics` is answered; None: nowhere.
    metrics: tuple[str, int] | None = None
    log: Style = field(default_factory=Style)
    log_stream: TextIO | None = None


def serve(order: WorkOrder, quit_: Quit, environ: Mapping[str, str]) -> None:
    """Work on the lanes of the profile's ledger until somebody asks to end.

    Raises:
        errors.LedgerError: the ledger is not one that workers can use.
        errors.StoppedError: the database was away for too long.
    """
    profile = order.profile
    url = connect.address(profile, order.project, environ)
    token = address.token(profile, environ)
    app_ids = _app_ids(profile, environ)
    with contextlib.ExitStack() as parts:
        ledger = connect.open(url, connections=_CONNECTIONS, quick=min(order.threads, _QUICK))
        parts.callback(ledger.close)
        connect.expect(ledger, profile)
        jobs.expect(ledger)
        meter = Meter(functools.partial(watched.gauges, ledger)) if order.metrics else None
        if meter and order.metrics:
            meter.serve(order.metrics[1], order.metrics[0])
        client = parts.enter_context(reach.gateway(profile, token))
        offline = parts.enter_context(reach.offline(client.gateway, profile, token, app_ids, _unclear))
        own = slices.Slices(ledger, profile.name, silent=round(order.timing.stale * 1000))
        clock, lanes = keeper.Clock(), Lanes()
        clock.set(own.beat(()), clock.now())
        tools = Tools(
            ledger=own, gateway=client, refusals=profile.refusals, watch=_Watch(order, meter), devices=profile.devices,
            app_ids=app_ids, job=_Jobs(ledger), now=clock.now, lanes=lanes,
            linger=order.linger, offline=_NowAndThen(offline).ask,
        )  # fmt: skip
        quit_.heard(functools.partial(_end, tools))
        house = keeper.Keeper(
            house=_House(own, ledger, meter), busy=lanes.busy, call=lanes.call, clock=clock, timing=order.timing
        )
        parts.callback(house.ended.set)
        house.start()
        queue = procrastinate.Queue(
            address=url.set(drivername="postgresql").render_as_string(hide_password=False),
            options=ledger.database.options(url), name=jobs.queue(profile.name), task=jobs.TASK, any_due=jobs.ANY_DUE,
        )  # fmt: skip
        _LOG.info("worker with %d threads", order.threads, extra={"action": "worker_started"})
        procrastinate.run(queue, functools.partial(_slice, tools=tools), order.timing, order.threads, quit_)


def _end(tools: Tools, times: int) -> None:
    """Once asked, slices end after the message in flight; twice, they also give up what the ledger does not take."""
    tools.stop.set()
    if times > 1:
        tools.give_up.set()


def _slice(device: str, tools: Tools) -> procrastinate.Steps:
    try:
        yield from work(device, tools)
    except errors.GeweRunnerError as error:
        # the housekeeping comes back to the lane
        _LOG.warning("the slice of %s ended: %s", device, error.message, extra={"action": "slice_ended"})


def _app_ids(profile: Profile, environ: Mapping[str, str]) -> dict[str, str]:
    """The appIds that the environment of this worker gives; lanes of other devices stop and say so."""
    known = [name for name, one in profile.devices.items() if not one.app_id_env or environ.get(one.app_id_env)]
    return address.app_ids(profile, known, environ)


class _NowAndThen:
    """Asks about a device before the first message through it, and then not before the last answer is old."""

    def __init__(self, offline: Callable[[str], str]) -> None:
        self._offline = offline
        #: When nothing spoke against each (monotonic seconds).
        self._well: dict[str, float] = {}

    def ask(self, device: str) -> str:
        now = time.monotonic()
        if now - self._well.get(device, -math.inf) < _OLD:
            return ""
        why = self._offline(device)
        if not why:
            self._well[device] = now
        return why


def _unclear(text: str) -> None:
    _LOG.warning("%s", text, extra={"action": "presence_unclear"})


class _Jobs:
    """Each run's job for a device: what its plan's header says, which never changes, is read once."""

    def __init__(self, ledger: connect.Ledger) -> None:
        self._ledger = ledger
        self._delivery = functools.lru_cache(maxsize=1000)(self._read)

    def __call__(self, run_id: str, device: Device) -> Job:
        waves = fleet.Waves(ends=(0,), since=0)
        return dataclasses.replace(
            fleet.job(run_id, self._delivery(run_id), {device.name: device}, waves, {}), pending=None
        )

    def _read(self, run_id: str) -> Delivery:
        with self._ledger.reading() as connection:
            return files.delivery(runs.header(connection, run_id)["send"])


@dataclass(frozen=True, slots=True)
class _House:
    """The ledger as the housekeeping sees it."""

    lanes: slices.Slices
    ledger: connect.Ledger
    meter: Meter | None

    def beat(self, devices: Iterable[str]) -> int:
        return self.lanes.beat(devices)

    def called(self, devices: Iterable[str]) -> list[str]:
        return self.lanes.called(devices)

    def heal(self, *, silent: float, reaps: bool, thorough: bool) -> None:
        healed = heal.heal(self.ledger, silent=silent, reaps=reaps, thorough=thorough)
        if healed is None:
            return
        if self.meter:
            self.meter.healed(healed.reaped, healed.kicked)
        if healed != heal.Healed():
            _LOG.info("housekeeping: %s", healed, extra={"action": "healed", **dataclasses.asdict(healed)})


@dataclass(frozen=True, slots=True)
class _Watch:
    """Logs what the slices do, and counts it."""

    order: WorkOrder
    meter: Meter | None

    def note(self, outcome: Outcome) -> None:
        if self.meter:
            self.meter.note(outcome)
        self._write(outcome)

    def lost(self, outcome: Outcome) -> None:
        # whoever restores a backup afterwards has to know that the request was made
        self._write(outcome)
        about = {"action": "not_stored", "run": outcome.intent.run, "device": outcome.intent.device}
        _LOG.error("the ledger does not take what became of message %d", outcome.intent.seq, extra=about)

    def _write(self, outcome: Outcome) -> None:
        if self.order.log_stream:
            with contextlib.suppress(OSError):  # a log on a full disk ends no send
                self.order.log_stream.write(f"{line(outcome, self.order.log)}\n")
                self.order.log_stream.flush()

    def fenced(self, device: str) -> None:
        if self.meter:
            self.meter.fenced()
        _LOG.warning("the lane of %s was taken over", device, extra={"action": "fenced", "device": device})
