"""`gewe-runner status`: the runs of a ledger and how far they are."""

import dataclasses
import itertools
import json

import click

from gewe_runner import report
from gewe_runner.cli import options, refusals, show
from gewe_runner.ledger import decide, runs
from gewe_runner.model import RunInfo


@click.command("status")
@click.argument("run_id", metavar="[RUN]", required=False)
@options.profile
@click.option("--watch", is_flag=True, help="Follow the lanes of RUN (else the newest) live, until it is over.")
@click.option("--to", "to_wxid", metavar="WXID", help="Every card that this person was planned for, got or missed.")
@options.form
def command(run_id: str | None, profile: str | None, watch: bool, to_wxid: str | None, form: str) -> None:
    """List the runs of the profile's ledger, newest first; with RUN (an id, its beginning, or `latest`) that one."""
    if to_wxid is not None:
        _person(to_wxid, profile, form)
        return
    if watch:
        from gewe_runner.cli import watching

        with options.ledger(profile) as ledger:
            watching.run(ledger, options.chosen(profile), run_id or "latest")
        return
    with options.ledger(profile) as ledger, ledger.reading() as connection:
        found = runs.infos(connection) if run_id is None else [runs.told(connection, run_id)]
    if form == "json":
        click.echo(json.dumps([_json(info, whole=run_id is not None) for info in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no run yet")
    for info in found:
        click.echo(f"{info.id}  {info.state}  edition {info.edition}  {show.moment(info.created_at)}")
        for line in itertools.chain(report.summary(info).splitlines(), refusals.told(info)):
            click.echo(f"  {line}")


def _json(info: RunInfo, *, whole: bool) -> dict[str, object]:
    tree = dataclasses.asdict(info)
    if not whole:  # a list of runs does not look for them
        del tree["refusals"]
    return tree | {name: show.moment(getattr(info, name)) for name in ("created_at", "finished_at", "pruned_at")}


def _person(to_wxid: str, profile: str | None, form: str) -> None:
    with options.ledger(profile) as ledger, ledger.reading() as connection:
        cards = list(decide.person(connection, to_wxid))
    if form == "json":
        tree = [card | {"at": show.moment(card["at"])} for card in cards]
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    for card in cards:
        why = ": ".join(filter(None, [card["reason"], show.plain(card["gateway_text"])]))
        through = f" through {card['device']}" if card["device"] else ""
        told = f"{card['campaign']}, edition {card['edition']}: {card['state']}{through}" + (f" ({why})" if why else "")
        click.echo(f"{show.moment(card['at']) or '-'}  {told}")
        click.echo(f"  run {card['run']}")
    if not cards:
        click.echo(f"the ledger knows of no card for {to_wxid}")
