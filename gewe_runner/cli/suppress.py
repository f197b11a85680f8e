"""`gewe-runner suppress`: the people who get nothing."""

import datetime

import click

from gewe_runner import errors, find, gather, prepare, suppress
from gewe_runner.cli import options, show
from gewe_runner.model import Settings
from gewe_runner.problems import Problems


@click.group("suppress")
def command() -> None:
    """Keep the list of people who get nothing: `suppressed.csv` beside gewe.yaml."""


@command.command("add")
@click.argument("wxid")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for whoever reviews the list.")
@options.profile
def add(wxid: str, reason: str, profile: str | None) -> None:
    """Put WXID onto the list, and cancel what is pending for them.

    The list counts for every profile, so the ledgers of all profiles are looked through unless one is named.
    """
    settings = _settings()
    profiles = list(settings.profiles.values()) if profile is None else [gather.choose(settings, profile)]
    today = datetime.datetime.now().astimezone().date()
    entry = suppress.Entry.create(wxid, reason, today.isoformat())
    written = suppress.listed(settings.project, entry)
    name = show.plain(find.shown(written.path))
    click.echo(f"{name}: {entry.to_wxid} {'added' if written.new else 'is there already'}")
    if not written.reason_kept:
        click.echo(f"{name} has no column `reason`, so the reason is not kept", err=True)
    faults = []
    for one in suppress.cancelled(profiles, settings.project, entry.to_wxid, prepare.now()):
        if one.fault:
            faults.append(one)
        else:
            messages = "1 message" if one.messages == 1 else f"{one.messages:,} messages"
            click.echo(f"profile {one.profile}: {messages} cancelled")
    for one in faults:
        click.echo(f"profile {one.profile}: ledger not consulted: {one.fault}", err=True)
    if written.new:
        click.echo(f"commit {name}: every run reads it when it starts or goes on", err=True)
    if faults and profile is not None:
        raise errors.LedgerError(
            f"what is pending for {entry.to_wxid} may still be sent by a run that is under way",
            hint="make the ledger reachable, then run this again",
        )


def _settings() -> Settings:
    found = Problems()
    try:
        return gather.settings(options.project() / find.SETTINGS, found)
    finally:
        show.problems(found)
