"""The last half of every run: from the ledger, or from a plan that was not sent, to the report."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gewe_runner import errors, expand, pace, provenance, report, watch
from gewe_runner.ledger import connect, rows, runs
from gewe_runner.model import Message, Profile, Record, RunInfo, Skip
from gewe_runner.plan import freeze
from gewe_runner.plan.freeze import Plan
from gewe_runner.watch import Watch

#: Stands where a run's id would.
DRY_RUN = "dry-run"

#: The state of every message of a dry run.
WOULD_SEND = "would_send"


def prepare(reports: Path) -> None:
    """Make the folder of all reports before anything is sent that has to be reported.

    Raises:
        errors.UsageError: it cannot be.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.UsageError(
            f"reports cannot be written to {reports}: {error.strerror}; nothing was sent",
            hint="name another folder with --report DIR",
        ) from error


def folder(reports: Path, campaign: str, run_id: str) -> Path:
    """Where the report of a run lies."""
    return reports / campaign / run_id


def write(
    ledger: connect.Ledger,
    run_id: str,
    profile: Profile,
    project: Path,
    reports: Path,
    formats: Sequence[str] = tuple(report.FORMATS),
    watched: Watch = watch.nobody,
) -> tuple[RunInfo, Path]:
    """Write the report of a run as it stands now.

    Args:
        profile: Whose pace the run keeps.

    Returns:
        The run, and the folder of its report.
    """
    with ledger.reading() as connection:
        info = runs.told(connection, run_id)
        header, devices = runs.header(connection, info.id), runs.devices_of(connection, info.id)
    info = _complete(info, header, profile, devices)
    place = folder(reports, info.campaign, info.id)
    with watched("writing the report", lambda: info.planned + sum(info.skips.values())) as seen:
        report.write(
            place,
            info,
            records=rows.records(ledger, info.id),
            skips=rows.skips(ledger, info.id),
            original=_original(project, info.made.get("sources", {})),
            formats=formats,
            seen=seen,
        )
    return info, place


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """A plan that is not sent."""

    plan: Plan
    #: Its lines, with what the ledger forbids turned into skips; they pass once.
    lines: Iterable[Message | Skip]
    #: How many of them are messages.
    left: int
    #: When it was held, UTC epoch milliseconds.
    at: int


def write_dry(
    dry: Rehearsal, profile: Profile, project: Path, reports: Path, watched: Watch = watch.nobody
) -> tuple[RunInfo, Path]:
    """Write the report of what a plan would send."""
    plan = dry.plan
    info = RunInfo(
        id=DRY_RUN,
        campaign=plan.header["campaign"],
        edition=plan.header["edition"],
        profile=plan.header["profile"],
        gateway=profile.gateway,
        digest=plan.digest,
        state=DRY_RUN,
        created_at=dry.at,
        finished_at=dry.at,
        counts={WOULD_SEND: dry.left},
        skips={},
        made=plan.header["made"],
    )
    info = _complete(info, plan.header, profile, plan.devices)
    place = folder(reports, info.campaign, DRY_RUN)
    original = _original(project, plan.header["made"]["sources"])
    with _apart(dry.lines) as (records, skips), watched("writing the report", plan.lines_total) as seen:
        counted = report.write(place, info, records=records, skips=skips, original=original, seen=seen)
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


def _complete(info: RunInfo, header: Mapping[str, Any], profile: Profile, devices: Iterable[str]) -> RunInfo:
    """What a report shows beside what the ledger counts: waves, the allowed pace, and who writes it."""
    known = [profile.devices[name].pace for name in devices if name in profile.devices]
    intervals = [pace.interval(pace.tightened(one, header["send"].get("pace", {}))) for one in known]
    return dataclasses.replace(
        info,
        waves=tuple(pace.wave_sizes(header["send"].get("waves", []), info.planned)),
        allowed=sum(pace.MINUTE / one for one in intervals) if intervals and all(intervals) else None,
        written_by=provenance.writer(),
    )


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


def _original(
    project: Path, sources: Mapping[str, str]
) -> Callable[[str], Iterator[tuple[int, Mapping[str, str]]] | None]:
    """Gives the rows of a list by its label, as long as the list is what the plan was made of."""

    def rows(label: str) -> Iterator[tuple[int, Mapping[str, str]]] | None:
        file, _ = expand.named(label)
        path = project / file
        if file not in sources or not path.is_file() or provenance.digest(path) != sources[file]:
            return None
        return expand.original(project, label)

    return rows
