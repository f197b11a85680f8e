"""The composition root of a dry run: all steps of a send but for the sending, so without a gateway."""

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gewe_runner import consult, prepare, write
from gewe_runner.consult import Consulted
from gewe_runner.model import Message, Record, RunInfo, Skip
from gewe_runner.order import Ended, Order, View
from gewe_runner.overlay import Overlay
from gewe_runner.plan import freeze
from gewe_runner.problems import Problems
from gewe_runner.report.tally import WOULD_SEND
from gewe_runner.watch import Watch

if TYPE_CHECKING:
    from gewe_runner.ask import Books

#: Stands where a run's id and its state would.
DRY_RUN = "dry-run"


def rehearse(order: Order, view: View, problems: Problems, environ: Mapping[str, str] = os.environ) -> Ended:
    """Plan, check, show, report."""
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder, contextlib.ExitStack() as parts:
        planned = prepare.planned(order.paths, order.plan, order.profile, Path(folder), problems, view.watching)
        order.check(planned)
        for one in planned:
            write.prepare(order.place(one.project))
        first, shared = planned[0], order.is_for_workers(planned[0].profile)
        ledger = consult.ledger(first.profile, first.project, environ, fresh=order.fresh, shared=shared)
        if ledger is not None:
            parts.callback(ledger.close)
        known = None if order.fresh else ledger
        consulted = consult.overlays(planned, known, problems, view.watching)
        view.planned(consulted, problems)
        return Ended(reports=[_report(order, one, known, view.watching) for one in consulted])


def _report(order: Order, one: Consulted, ledger: "Books | None", watched: Watch) -> tuple[RunInfo, Path]:
    """Write the report of what would be sent."""
    planned, plan, now = one.planned, one.planned.plan, prepare.now()
    info = RunInfo(
        id=DRY_RUN,
        campaign=plan.header["campaign"],
        edition=plan.header["edition"],
        profile=plan.header["profile"],
        gateway=planned.profile.gateway,
        digest=plan.digest,
        state=DRY_RUN,
        created_at=now,
        finished_at=now,
        counts={WOULD_SEND: one.overlay.left},
        skips={},
        made=plan.header["made"],
    )
    with _apart(consult.laid_over(planned, ledger, Overlay())) as (records, skips):
        run = write.Run(
            info=info,
            header=plan.header,
            devices=plan.devices,
            records=records,
            skips=skips,
            total=plan.lines_total,
        )
        info, place, counted = write.files(
            run, planned.profile, planned.project, order.place(planned.project), watched=watched
        )
    return dataclasses.replace(info, counts={WOULD_SEND: counted.totals[WOULD_SEND]}, skips=counted.skips), place


@contextlib.contextmanager
def _apart(lines: Iterable[Message | Skip]) -> Iterator[tuple[Iterator[Record], Iterator[Skip]]]:
    """The messages of a plan, and then its skips, which wait on the disk while the messages pass."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as waiting:

        def records() -> Iterator[Record]:
            for one in lines:
                if isinstance(one, Message):
                    yield _would_send(one)
                else:
                    waiting.write(freeze.line(one))

        def skips() -> Iterator[Skip]:
            waiting.seek(0)
            yield from (one for one in map(freeze.parse, waiting) if isinstance(one, Skip))

        yield records(), skips()


def _would_send(message: Message) -> Record:
    return Record(
        seq=message.seq,
        to_wxid=message.to_wxid,
        device=message.device,
        variant=message.variant,
        source=message.source,
        row=message.row,
        sha256=message.sha256,
        state=WOULD_SEND,
    )
