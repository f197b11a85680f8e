"""`gewe-runner plan`: what would be sent, read-only."""

import contextlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from gewe_runner import consult, errors, prepare
from gewe_runner.cli import options, show
from gewe_runner.ledger import connect
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems


@click.command("plan")
@options.campaigns
@options.profile
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
def command(campaigns: Sequence[Path], profile: str | None, form: str) -> None:
    """Show who would get what, who would not and why, and when it would be done. Nothing is sent."""
    problems = Problems()
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder, contextlib.ExitStack() as parts:
        try:
            planned = prepare.plan_all(campaigns, profile, Path(folder), problems)
            ledger = _ledger(planned[0])
            if ledger:
                parts.callback(ledger.close)
            consulted = consult.overlays(planned, ledger, problems)
        finally:
            show.problems(problems)
        if form == "json":
            tree = {
                "plans": [show.plan_json(one) for one in consulted],
                "problems": [show.problem_json(problem) for problem in problems],
            }
            click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
            return
        click.echo(show.banner(consulted[0].planned.profile))
        for one in consulted:
            click.echo("\n".join(show.plan(one)))


def _ledger(planned: Planned) -> connect.Ledger | None:
    """The ledger if there is one; a plan makes none, and does without one that it cannot find."""
    try:
        url = connect.address(planned.profile, planned.project)
    except errors.LedgerError as error:
        click.echo(f"ledger not consulted: {error.message}", err=True)
        return None
    if not connect.exists(url):
        return None
    ledger = connect.open(url)
    connect.expect(ledger, planned.profile)
    return ledger
