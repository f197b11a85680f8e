"""What `pause`, `resume`, `cancel` and `resolve` share: who decides, and how a run's state is changed."""

import getpass

import click

from gewe_runner import prepare
from gewe_runner.cli import options
from gewe_runner.ledger import decide, parts, runs
from gewe_runner.model import RunState


def who() -> decide.Who:
    """The user of this machine, now."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run a user id without a name
        name = "unknown"
    return decide.Who(name=name, at=prepare.now())


def changing(name: str, state: RunState, help: str) -> click.Command:
    """The command that brings a run into a state."""

    @click.command(name, help=help)
    @click.argument("run_id", metavar="RUN")
    @options.profile
    def command(run_id: str, profile: str | None) -> None:
        with options.ledger(profile) as ledger, ledger.writing() as connection:
            found = runs.info(connection, run_id)
            changed = decide.put(connection, found.id, state, who())
            if state is RunState.OPEN:
                changed |= parts.again(connection, found.id) and bool(found.stopped)
        click.echo(f"run {found.id} is {state}" + ("" if changed else " already"))

    return command
