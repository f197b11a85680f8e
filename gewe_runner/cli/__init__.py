"""The command line: options in, one call, an exit code out; the only place that prints."""

import importlib
import sys

import click

import gewe_runner

#: Command → what `--help` says of it. Each stands in the module of its name, loaded only when it is asked for.
COMMANDS = {
    "validate": "Tell every problem of campaigns, settings and lists.",
    "plan": "Show who would get what, who would not and why.",
    "send": "Send what is still to be sent.",
    "status": "List the runs and how far they are.",
    "report": "Write the report of a run again.",
    "resolve": "Say what became of messages that nobody is sure of.",
    "pause": "Let a run begin no more messages for now.",
    "resume": "Let a paused run go on.",
    "cancel": "End a run for good.",
    "ledger": "Look at the ledger and take care of it.",
    "sandbox": "Play GeWe on this machine, to rehearse a campaign.",
    "schema": "Print a JSON Schema.",
}


class Commands(click.Group):
    """Loads a command's module only when the command is used: `--help` must not wait for databases and sockets."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(gewe_runner.__version__, prog_name="gewe-runner")
def cli() -> None:
    """Send WeChat mini-program cards as campaign files declare them, each at most once.

    Start with `gewe-runner validate`, look at `gewe-runner plan CAMPAIGN`, then `gewe-runner send CAMPAIGN`.
    """


def main() -> None:
    """Run the program and end the process with the contract's exit code."""
    from gewe_runner.cli import ending

    sys.exit(ending.code_of(cli))
