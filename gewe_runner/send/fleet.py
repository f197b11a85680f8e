"""Claims the lanes that a send needs, and gives them back."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gewe_runner import errors, pace
from gewe_runner.exchange import Claim
from gewe_runner.model import Delivery, Device
from gewe_runner.pace import Usage
from gewe_runner.send.scheduler import Job, Lane


class Claims(Protocol):
    """What claiming needs of a ledger."""

    def claim(self, device: str, app_id: str, *, now: int, midnight: int) -> Claim: ...
    def release(self, claims: Iterable[Claim]) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What there is to send: the runs, in their order, and through which devices each goes."""

    jobs: Sequence[Job]
    devices: Mapping[str, Device]
    app_ids: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Waves:
    """The waves of a run that are not over."""

    #: The last `seq` of each.
    ends: Sequence[int]
    #: When the one before them was over (UTC epoch milliseconds); 0: there is none.
    since: int


def job(run: str, delivery: Delivery, devices: Mapping[str, Device], waves: Waves, pending: Mapping[str, int]) -> Job:
    """A run as the scheduler needs it.

    Args:
        devices: Those that still have something to bring to an end for it.
        pending: How many messages each of them has to send.
    """
    wait = round(delivery.wave_wait_minutes * pace.MINUTE)
    return Job(
        id=run,
        paces={name: pace.tightened(device.pace, delivery.pace) for name, device in devices.items()},
        stop_when=delivery.stop_when,
        not_before=_milliseconds(delivery.not_before, default=0),
        not_after=_milliseconds(delivery.not_after, default=pace.NEVER),
        waves=tuple(waves.ends),
        pending=pending,
        wave_wait=wait,
        opens=waves.since + wait if waves.since else 0,
    )


@contextlib.contextmanager
def claimed(
    work: Work, ledger: Claims, now: Callable[[], int], held: Callable[[], None] | None = None
) -> Iterator[list[Lane]]:
    """The lanes of all devices that the runs need, as long as the context lasts.

    Args:
        held: Waits a little when somebody alive owns a lane, which is tried again then; None: do not wait.

    Raises:
        errors.LaneHeldError: somebody alive owns one of them; none is held then.
    """
    lanes: list[Lane] = []
    try:
        for name in dict.fromkeys(name for job in work.jobs for name in job.paces):
            lanes.append(_patiently(name, work, ledger, now, held))  # noqa: PERF401 - those before a refusal are given back
        yield lanes
    finally:
        # a lane that cannot be given back is free as soon as this process has ended
        with contextlib.suppress(errors.LedgerError):
            ledger.release(lane.claim for lane in lanes)


def _patiently(name: str, work: Work, ledger: Claims, now: Callable[[], int], held: Callable[[], None] | None) -> Lane:
    while True:
        try:
            return _claim(name, work, ledger, now())
        except errors.LaneHeldError:
            if held is None:
                raise
            held()


def _claim(name: str, work: Work, ledger: Claims, now: int) -> Lane:
    device = work.devices[name]
    claim = ledger.claim(name, work.app_ids[name], now=now, midnight=pace.day_start(device.pace, now))
    return Lane(
        device=device,
        app_id=work.app_ids[name],
        claim=claim,
        usage=Usage(last_start=claim.last_start, rested_at=claim.rested_at, today=claim.today, counted_at=now),
        jobs=[job for job in work.jobs if name in job.paces],
    )


def _milliseconds(moment: str | None, *, default: int) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else default
