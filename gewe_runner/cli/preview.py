"""`gewe-runner preview`: the cards as their recipients will see them."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from gewe_runner import errors, expand, prepare
from gewe_runner.cards import distinct, page
from gewe_runner.cli import options, progress, show
from gewe_runner.model import Message, Skip
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems

#: Cards that are drawn unless told.
_DRAWN = 5


@click.command("preview")
@click.argument("campaign", type=click.Path(path_type=Path), metavar="CAMPAIGN")
@options.profile
@click.option("--to", "to_wxid", metavar="WXID", help="Only what this recipient gets, or why nothing.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help=f"Show at most N cards.  [default: {_DRAWN}]")
@click.option("--json", "as_json", is_flag=True, help="The messages with their payloads, as JSON; all unless --limit.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page that shows all cards, and finds recipients.",
)
def command(
    campaign: Path, profile: str | None, to_wxid: str | None, limit: int | None, as_json: bool, html: Path | None
) -> None:
    """Show the cards of a campaign as recipients will see them: one of each kind, with who gets it."""
    if html is not None and (to_wxid or limit or as_json):
        raise errors.UsageError("--html shows all cards; leave out --to, --limit and --json")
    problems = Problems()
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder:
        try:
            extent = expand.Extent.KNOWN
            planned = prepare.plan_all([campaign], profile, Path(folder), problems, extent, progress.watching)
        finally:
            show.problems(problems)
        if len(planned) != 1:
            raise errors.UsageError(f"{campaign} holds {len(planned)} campaigns", hint="name one of them")
        if html is not None:
            _write(planned[0], html)
        elif as_json:
            _json(planned[0], to_wxid, limit)
        else:
            _draw(planned[0], to_wxid, limit or _DRAWN)


def _write(planned: Planned, path: Path) -> None:
    facts = page.facts(planned.plan.header, planned.profile.gateway, draft=planned.campaign.draft)
    try:
        # ids of people are in it: its owner's alone
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            page.write(facts, planned.lines(), stream)
    except OSError as error:
        raise errors.UsageError(f"{path}: cannot be written: {error.strerror}", hint="name another file") from error
    click.echo(f"{show.plain(str(path))}: holds WeChat ids, which are personal data", err=True)


def _json(planned: Planned, to_wxid: str | None, limit: int | None) -> None:
    """A JSON array, element by element."""
    before = "["
    for one in page.samples(planned.lines(), to_wxid, limit):
        told = {"seq": one.seq, "toWxid": one.to_wxid, "device": one.device, "variant": one.variant}
        told |= {"source": one.source, "row": one.row, "sha256": one.sha256, "payload": json.loads(one.payload)}
        click.echo(f"{before}{json.dumps(told, ensure_ascii=False)}", nl=False)
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def _draw(planned: Planned, to_wxid: str | None, limit: int) -> None:
    from rich.console import Console

    from gewe_runner.cards import terminal

    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    click.echo(show.banner(planned.profile))
    found = distinct.distinct(_wanted(planned, to_wxid), limit)
    for card in found.cards:
        console.print(terminal.panel(card.fields))
        for line in _told(card, terminal.path(card.fields)):
            click.echo(f"  {line}")
    if to_wxid is not None:
        _missed(planned, to_wxid, got=bool(found.cards))
    elif found.others:
        click.echo(f"{found.others:,} messages more have other cards: --limit N, or --html FILE for all of them")


def _wanted(planned: Planned, to_wxid: str | None) -> Iterator[Message | Skip]:
    return (line for line in planned.lines() if to_wxid in (None, line.to_wxid))


def _told(card: distinct.Card, path: str) -> Iterator[str]:
    names = ", ".join(show.plain(one.to_wxid) for one in card.messages)
    yield f"to {names}" + (f" and {card.count - len(card.messages):,} more" if card.count > len(card.messages) else "")
    first = card.messages[0]
    variant = f", variant {first.variant}" if first.variant is not None else ""
    yield f"through {first.device}{variant}; first in {show.plain(first.source)}, row {first.row}"
    yield f"opens {path}"


def _missed(planned: Planned, to_wxid: str, *, got: bool) -> None:
    """Say of somebody why no card is meant for them."""
    reasons = [line for line in planned.lines() if isinstance(line, Skip) and line.to_wxid == to_wxid]
    for skip in reasons:
        text = f": {show.plain(skip.text)}" if skip.text else ""
        click.echo(f"  skipped in {show.plain(skip.source)}, row {skip.row}: {skip.reason}{text}")
    if not got and not reasons:
        raise errors.UsageError(f"{show.plain(to_wxid)} is in no list of this campaign")
