"""Arguments and options that several commands share."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from gewe_runner import find, prepare
from gewe_runner.cli import show
from gewe_runner.ledger import connect
from gewe_runner.problems import Problems

profile = click.option(
    "--profile", metavar="NAME", envvar="GEWE_PROFILE", show_envvar=True, help="Profile of gewe.yaml to use."
)

campaigns = click.argument("campaigns", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CAMPAIGN...")

reports = click.option(
    "-o",
    "--report",
    "reports",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where reports go.  [default: reports, beside gewe.yaml]",
)


def project() -> Path:
    """The folder of the gewe.yaml that counts here."""
    return find.settings(Path()).parent


@contextlib.contextmanager
def ledger(profile: str | None) -> Iterator[connect.Ledger]:
    """The existing ledger of the profile that counts here."""
    found = Problems()
    try:
        chosen = prepare.choose(prepare.settings(project() / find.SETTINGS, found), profile)
    finally:
        show.problems(found)
    opened = connect.open(connect.address(chosen, project()))
    try:
        connect.expect(opened, chosen)
        yield opened
    finally:
        opened.close()
