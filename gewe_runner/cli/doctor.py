"""`gewe-runner doctor`: what can be known before a send, a line a check and what to do next."""

import dataclasses
import json
import os
from pathlib import Path

import click

from gewe_runner import examine, find
from gewe_runner.cli import options, show
from gewe_runner.examine import Check, Health
from gewe_runner.problems import Problems

_COLOURS = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "red"}


@click.command("doctor")
@click.argument("campaigns", nargs=-1, type=click.Path(path_type=Path), metavar="[CAMPAIGN]...")
@options.profile
@click.option(
    "--check-contacts", is_flag=True, help="Also whom the devices know, and who of the recipients is unknown."
)
@options.form
def command(campaigns: tuple[Path, ...], profile: str | None, check_contacts: bool, form: str) -> int:
    """Check all that can be known before a send, without sending anything.

    Settings, variables, ledger, gateway, token and devices; with CAMPAIGN also its lists, and only the devices that it
    sends through. The exit code is that with which a send would end.
    """
    problems, done = Problems(), []
    settings = find.settings(campaigns[0] if campaigns else Path())
    order = examine.Examination(settings=settings, profile=profile, paths=campaigns, check_contacts=check_contacts)
    try:
        for check in examine.examine(order, problems, os.environ):
            done.append(check)
            if form == "text":
                click.echo(_shown(check))
    finally:
        show.problems(problems)
    code = examine.exit_code(done)
    if form == "json":
        tree = {"checks": [dataclasses.asdict(check) for check in done], "exit_code": code}
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
    return code


def _shown(check: Check) -> str:
    health = click.style(f"{check.health:<4}", fg=_COLOURS[check.health])
    about = " ".join(filter(None, [check.about, check.name]))
    hint = f"\n      {show.plain(check.hint)}" if check.hint else ""
    return f"{health}  {about}: {show.plain(check.text)}{hint}"
