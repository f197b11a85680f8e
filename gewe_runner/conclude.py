"""The last half of every run that was sent: from the ledger to the report."""

from collections.abc import Sequence
from pathlib import Path

from gewe_runner import report, watch, write
from gewe_runner.ledger import connect, rows, runs
from gewe_runner.model import Profile, RunInfo
from gewe_runner.watch import Watch


def report_of(
    ledger: connect.Ledger,
    run_id: str,
    profile: Profile,
    project: Path,
    reports: Path,
    formats: Sequence[str] = report.FORMATS,
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
    run = write.Run(
        info=info,
        header=header,
        devices=devices,
        records=rows.records(ledger, info.id),
        skips=rows.skips(ledger, info.id),
        total=lambda: info.planned + sum(info.skips.values()),
    )
    info, place, _ = write.files(run, profile, project, reports, formats, watched)
    return info, place
