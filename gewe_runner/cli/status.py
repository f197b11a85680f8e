"""`gewe-runner status`: the runs of a ledger and how far they are."""

import dataclasses
import json

import click

from gewe_runner import report
from gewe_runner.cli import options, show
from gewe_runner.ledger import runs
from gewe_runner.model import RunInfo


@click.command("status")
@click.argument("run_id", metavar="[RUN]", required=False)
@options.profile
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
def command(run_id: str | None, profile: str | None, form: str) -> None:
    """List the runs of the profile's ledger, newest first; with RUN (an id, its beginning, or `latest`) that one."""
    with options.ledger(profile) as ledger, ledger.reading() as connection:
        found = runs.infos(connection) if run_id is None else [runs.info(connection, run_id)]
    if form == "json":
        click.echo(json.dumps([_json(info) for info in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no run yet")
    for info in found:
        click.echo(f"{info.id}  {info.state}  edition {info.edition}  {show.moment(info.created_at)}")
        for line in report.summary(info).splitlines():
            click.echo(f"  {line}")


def _json(info: RunInfo) -> dict[str, object]:
    tree = dataclasses.asdict(info)
    return tree | {"created_at": show.moment(info.created_at), "finished_at": show.moment(info.finished_at)}
