"""`gewe-runner report`: writes the report of a run again."""

from pathlib import Path

import click

from gewe_runner import conclude, errors, find, report
from gewe_runner.cli import options, progress


@click.command("report")
@click.argument("run_id", metavar="[RUN]", default="latest")
@options.profile
@click.option(
    "--format",
    "formats",
    default=",".join(report.FORMATS),
    show_default=True,
    metavar="LIST",
    help="Formats to write, separated by commas.",
)
@options.reports
def command(run_id: str, profile: str | None, formats: str, reports: Path | None) -> None:
    """Write the report of RUN (an id, its beginning, or `latest`) from the ledger."""
    chosen = [name.strip() for name in formats.split(",")]
    unknown = [name for name in chosen if name not in report.FORMATS]
    if unknown:
        raise errors.UsageError(
            f"--format: there is no format {unknown[0]!r}", hint=f"there are {', '.join(report.FORMATS)}"
        )
    with options.ledger(profile) as ledger:
        project = options.project()
        own = options.chosen(profile)
        place = reports or project / "reports"
        info, folder = conclude.report_of(ledger, run_id, own, project, place, chosen, progress.watching)
    click.echo(report.summary(info))
    click.echo(f"report: {find.shown(folder)}")
