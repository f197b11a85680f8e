"""`gewe-runner init`: a repository to start from."""

from pathlib import Path

import click

from gewe_runner import find, init
from gewe_runner.cli import show


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@click.option("--ci", "service", type=click.Choice(list(init.SERVICES)), help="Also a workflow for this service.")
@click.option(
    "--approval",
    type=click.Choice(list(init.APPROVALS)),
    default=init.APPROVALS[0],
    show_default=True,
    help="How the workflow knows what was approved: by lock files in git, or by a protected environment.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(folder: Path, service: str | None, approval: str, force: bool) -> None:
    """Lay out a campaign repository in DIR, by default in this folder."""
    written = init.write(folder, init.contents(service, approval), force=force)
    for path in written:
        click.echo(show.plain(find.shown(path.absolute())))
    click.echo("\nnext: gewe-runner validate, then gewe-runner plan campaigns/first.yaml")
