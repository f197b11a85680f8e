"""`gewe-runner resolve`: a person says what became of messages that nobody is sure of."""

import shlex

import click

from gewe_runner import errors
from gewe_runner.cli import deciding, options
from gewe_runner.ledger import decide, runs
from gewe_runner.model import State

_BECAME = {"sent": State.SENT, "not-sent": State.PENDING}


@click.command("resolve")
@click.argument("run_id", metavar="[RUN]", default="latest")
@options.profile
@click.option("--as", "became", type=click.Choice(list(_BECAME)), help="What became of the unknown messages.")
@click.option("--retry-rejected", is_flag=True, help="Send rejected messages once more.")
@click.option("--to", "to_wxid", metavar="WXID", help="Only this recipient's message.")
def command(run_id: str, profile: str | None, became: str | None, retry_rejected: bool, to_wxid: str | None) -> None:
    """Say what became of the unknown messages of RUN (an id, its beginning, or `latest`).

    Look at the phone first: `--as sent` closes them, `--as not-sent` lets the next `send` send them. Each decision
    is kept in the ledger with your user name and the time.
    """
    if (became is None) == (not retry_rejected):
        raise errors.UsageError("say either --as sent, --as not-sent or --retry-rejected")
    was, state = (State.REJECTED, State.PENDING) if became is None else (State.UNKNOWN, _BECAME[became])
    with options.ledger(profile) as ledger, ledger.writing() as connection:
        found = runs.info(connection, run_id)
        count = decide.resolve(connection, found.id, was, state, deciding.who(), to_wxid)
        holder = None if count else decide.holder(connection, found.id, was, to_wxid)
    of_whom = f" to {to_wxid}" if to_wxid else ""
    if not count and found.pruned_at is not None and state is State.PENDING:
        raise errors.UsageError(
            f"run {found.id} was pruned, so its {was} messages cannot be sent again",
            hint="raise the campaign's `edition`",
        )
    if not count:
        fault, hint = f"run {found.id} has no {was} message{of_whom}", f"gewe-runner status {found.id}"
        if holder:
            how = f"--as {became}" if became else "--retry-rejected"
            fault += f"; run {holder} of the same edition has"
            hint = f"gewe-runner resolve {holder} --profile {shlex.quote(found.profile)} {how}"
        raise errors.UsageError(fault, hint=hint)
    done = "is closed as sent" if state is State.SENT else "will be sent by the next `send` of its campaign"
    click.echo(f"run {found.id}: {count:,} {was} message{'' if count == 1 else 's'}{of_whom}: {done}")
