"""`gewe-runner` itself: the group of all commands, each loaded only when it is asked for."""

import importlib
import os
from collections.abc import Mapping
from typing import Any

import click

import gewe_runner
from gewe_runner import starting

_HELP = """Send WeChat mini-program cards as campaign files declare them, each at most once.

Start with `gewe-runner validate`, look at `gewe-runner plan CAMPAIGN`, then `gewe-runner send CAMPAIGN`.
"""


class Commands(click.Group):
    """Loads a command's module only when the command is used: `--help` must not wait for databases and sockets."""

    def __init__(self, *, told: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._told = told

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._told)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in self._told:
            return None
        command: click.Command = importlib.import_module(f"gewe_runner.cli.{name}").command
        starting.done()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self._told.items()))


def of(told: Mapping[str, str]) -> click.Command:
    """The program.

    Args:
        told: What `--help` says of each command, by its name, which is also that of its module.
    """
    settings: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    if os.environ.get("NO_COLOR"):  # without it colours are for terminals alone
        settings["color"] = False
    group = Commands(told=told, name="gewe-runner", help=_HELP, context_settings=settings)
    return click.version_option(gewe_runner.__version__, prog_name="gewe-runner")(group)
