"""The composition root: the steps of a send, in order; those of a dry run stand in `rehearse`."""

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gewe_runner import conclude, consult, delegate, errors, foresee, pace, prepare, reach, recall, register, write
from gewe_runner.consult import Consulted
from gewe_runner.ledger import connect, lanes, runs
from gewe_runner.model import RunInfo
from gewe_runner.order import Ended, Order, View
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.send import fleet, local
from gewe_runner.send.log import Log
from gewe_runner.send.scheduler import Job, Scheduler


def send(
    order: Order, view: View, stop: local.Stop, problems: Problems, environ: Mapping[str, str] = os.environ
) -> Ended:
    """Plan, check, show, ask, register, deliver, report: each step only after the one before has gone well."""
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder, contextlib.ExitStack() as parts:
        planned = _planned(order, Path(folder), problems, view, environ)
        sendable = [one for one in planned if not one.campaign.draft]
        order.check(planned)
        # a send that cannot be leaves no ledger behind
        way = reach.addresses(sendable, environ)
        for one in planned:
            write.prepare(order.place(one.project))
        first, agree = planned[0], view.new_ledger if sendable else None
        shared = order.is_for_workers(first.profile)
        books = consult.ledger(first.profile, first.project, environ, agree, fresh=order.fresh, shared=shared)
        if books is not None:
            parts.callback(books.close)
        known = None if order.fresh else books
        consulted = consult.overlays(planned, known, problems, view.watching)
        foresee.before_sending(consulted, known, problems, check_covers=order.check_covers)
        if order.check_contacts and sendable:
            with reach.patient(sendable[0].profile, way[0]) as asker:
                foresee.contacts(consulted, known, problems, asker, way[1])
        view.planned(consulted, problems)
        going = [one for one in consulted if not one.planned.campaign.draft]
        return _carry_out(order, going, books.ledger, view, stop, environ) if books and going else Ended()


def _planned(
    order: Order, folder: Path, problems: Problems, view: View, environ: Mapping[str, str]
) -> Sequence[Planned]:
    """A run that goes on is recalled, if it can be; a plan file is read."""
    can_be_recalled = order.plan is None and not order.fresh
    recalled = recall.plans_of(order.paths, order.profile, folder, problems, environ) if can_be_recalled else []
    return recalled or prepare.planned(order.paths, order.plan, order.profile, folder, problems, view.watching)


def _carry_out(
    order: Order,
    going: Sequence[Consulted],
    ledger: connect.Ledger,
    view: View,
    stop: local.Stop,
    environ: Mapping[str, str],
) -> Ended:
    if not order.fresh:
        register.unpaused(ledger, going)
    left = sum(one.overlay.left for one in going)
    if left or any(one.overlay.supersedes for one in going):
        view.confirm(going)
    if order.fresh:
        register.empty(ledger)
    done = [(one, register.run(ledger, one, view.watching)) for one in going]
    try:
        if order.is_for_workers(going[0].planned.profile):
            ended = delegate.deliver(order, done, ledger, view, stop)
            if ended.left:
                return ended
        else:
            ended = _deliver(order, done, ledger, view, stop, environ)
    except errors.Interrupted:
        ended = Ended(interrupted=True)
    except (errors.StoppedError, errors.LedgerError) as error:
        ended = Ended(stopped=error.message, hint=error.hint)
    try:
        return dataclasses.replace(ended, reports=[_finish(order, one, ledger, run, ended, view) for one, run in done])
    except (errors.LedgerError, errors.UsageError) as error:
        # what was sent stays sent and is told first: that it cannot be written down in full is no usage error now
        reasons = "; ".join(filter(None, [ended.stopped, *ended.stops.values(), error.message]))
        return dataclasses.replace(ended, stopped=reasons, hint=ended.hint or error.hint, stops={})


def _deliver(
    order: Order,
    done: Sequence[tuple[Consulted, str]],
    ledger: connect.Ledger,
    view: View,
    stop: local.Stop,
    environ: Mapping[str, str],
) -> Ended:
    """Claim the lanes, send until nothing may be sent any more, and say how it ended."""
    # without a pending message there may still be one that a dead sender left in flight
    jobs = [job for one, run in done if (job := _job(order, one, ledger, run)).paces and job.waves]
    if not jobs:
        return Ended()
    profile = done[0][0].planned.profile
    token, app_ids = reach.addresses([one.planned for one, _ in done], environ)
    work = fleet.Work(jobs=jobs, devices=profile.devices, app_ids=app_ids)
    own = lanes.Lanes(ledger)
    total = min(order.limit, sum(sum((job.pending or {}).values()) for job in jobs))
    with (
        fleet.claimed(work, own, prepare.now, stop.pause if order.wait else None) as claimed,
        reach.gateway(profile, token) as client,
        reach.offline(client.gateway, profile, token, app_ids, view.warn) as offline,
        _logged(order, done) as log,
        view.sending(total) as shown,
    ):
        scheduler = Scheduler(lanes=claimed, limit=order.limit, until=order.until)
        watch = local.Both(shown, log)
        engine = local.Engine(
            own, client, app_ids=app_ids, refusals=profile.refusals, stop=stop, watch=watch, offline=offline
        )
        tally = local.deliver(scheduler, engine)
    return Ended(
        attempted=tally.attempted,
        bad=tally.bad + sum(lane.claim.orphans for lane in claimed),
        stops=scheduler.stops(),
        stopped=scheduler.stopped,
        hint=scheduler.hint,
        interrupted=stop.asked > 0,
    )


@contextlib.contextmanager
def _logged(order: Order, done: Sequence[tuple[Consulted, str]]) -> Iterator[Log]:
    """The log of each run, beside its report."""
    with contextlib.ExitStack() as files:
        opened = {}
        for one, run in done:
            folder = write.folder(order.place(one.planned.project), one.planned.campaign.name, run)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / "run.log").touch(mode=0o600)
            opened[run] = files.enter_context((folder / "run.log").open("a", encoding="utf-8"))
        yield Log(style=order.log, files=opened, all=order.log_stream)


def _finish(
    order: Order, one: Consulted, ledger: connect.Ledger, run: str, ended: Ended, view: View
) -> tuple[RunInfo, Path]:
    reasons = [ended.stopped, *(f"{name}: {reason}" for name, reason in ended.stops.items())]
    reasons += ["interrupted"] if ended.interrupted else []
    planned = one.planned
    if not order.is_for_workers(planned.profile):  # the workers say themselves how their runs end
        with ledger.writing() as connection:
            runs.finish(connection, run, now=prepare.now(), stopped="; ".join(filter(None, reasons)))
    place = order.place(planned.project)
    return conclude.report_of(ledger, run, planned.profile, planned.project, place, watched=view.watching)


def _job(order: Order, one: Consulted, ledger: connect.Ledger, run: str) -> Job:
    """The run as the scheduler needs it: what still has to be sent for it, in waves."""
    delivery = one.planned.campaign.send
    with ledger.reading() as connection:
        planned, pending = runs.left(connection, run)
        sizes = pace.wave_sizes(delivery.waves, planned)
        waves, since = runs.places(connection, run, sizes)
    if order.stop_after_wave is not None:
        waves = waves[: max(0, order.stop_after_wave - (len(sizes) - len(waves)))]
    devices = {name: one.planned.profile.devices[name] for name in pending}
    return fleet.job(run, delivery, devices, fleet.Waves(ends=waves, since=since), pending)
