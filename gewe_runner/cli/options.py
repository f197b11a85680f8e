"""Arguments and options that several commands share."""

import contextlib
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gewe_runner import find, gather
from gewe_runner.cli import show
from gewe_runner.model import Profile
from gewe_runner.problems import Problems

if TYPE_CHECKING:
    from gewe_runner.ledger import connect

profile = click.option(
    "--profile", metavar="NAME", envvar="GEWE_PROFILE", show_envvar=True, help="Profile of gewe.yaml to use."
)

campaigns = click.argument("campaigns", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CAMPAIGN...")

form = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)

reports = click.option(
    "-o",
    "--report",
    "reports",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where reports go.  [default: reports, beside gewe.yaml]",
)


class Duration(click.ParamType[int]):
    """`5h`, `90m`, `1h30m`, `45s`, as milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", str(value).strip())
        if not found or not any(found.groups()):
            self.fail(f"{value!r} is no duration; write for example 5h, 90m, 1h30m or 45s", param, ctx)
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return 1000 * (86_400 * days + 3600 * hours + 60 * minutes + seconds)


class Moment(click.ParamType[int]):
    """`21:30` (the next time the clock says so) or `2026-12-01T21:30+08:00`, as UTC epoch milliseconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text, now = str(value).strip(), datetime.datetime.now().astimezone()
        try:
            if re.fullmatch(r"\d?\d:\d\d", text):
                hour, minute = map(int, text.split(":"))
                moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
                moment += datetime.timedelta(days=moment <= now)
            else:
                moment = datetime.datetime.fromisoformat(text)
                moment = moment if moment.tzinfo else moment.astimezone()
        except ValueError:
            self.fail(f"{value!r} is no time; write for example 21:30 or 2026-12-01T21:30+08:00", param, ctx)
        return round(moment.timestamp() * 1000)


def project() -> Path:
    """The folder of the gewe.yaml that counts here."""
    return find.settings(Path()).parent


def chosen(profile: str | None) -> Profile:
    """The profile that counts here."""
    found = Problems()
    try:
        return gather.choose(gather.settings(project() / find.SETTINGS, found), profile)
    finally:
        show.problems(found)


@contextlib.contextmanager
def ledger(profile: str | None) -> Iterator["connect.Ledger"]:
    """The existing ledger of the profile that counts here."""
    from gewe_runner.ledger import connect  # the database takes longer to load than all the rest

    own = chosen(profile)
    opened = connect.open(connect.address(own, project()))
    try:
        connect.expect(opened, own)
        yield opened
    finally:
        opened.close()
