"""Writes the report of a run where it belongs, whoever knows the run: the ledger, or a plan that was not sent."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gewe_runner import errors, expand, pace, provenance, report, watch
from gewe_runner.model import Profile, Record, RunInfo, Skip
from gewe_runner.report.tally import Tally
from gewe_runner.watch import Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a report is made of."""

    #: As far as its keeper knows it.
    info: RunInfo
    #: Of its plan.
    header: Mapping[str, Any]
    devices: Iterable[str]
    #: Its messages in plan order, and then its skips; they pass once.
    records: Iterable[Record]
    skips: Iterable[Skip]
    #: How many they are.
    total: Callable[[], int | None]


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


def files(
    run: Run,
    profile: Profile,
    project: Path,
    reports: Path,
    formats: Sequence[str] = report.FORMATS,
    watched: Watch = watch.nobody,
) -> tuple[RunInfo, Path, Tally]:
    """Write the report.

    Args:
        profile: Whose pace the run keeps.

    Returns:
        The run, the folder of its report, and what was counted on the way.
    """
    info = _complete(run.info, run.header, profile, run.devices)
    place = folder(reports, info.campaign, info.id)
    with watched("writing the report", run.total) as seen:
        counted = report.write(
            place,
            info,
            records=run.records,
            skips=run.skips,
            rows=run.total(),
            original=_original(project, info.made.get("sources", {})),
            formats=formats,
            seen=seen,
        )
    return info, place, counted


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
