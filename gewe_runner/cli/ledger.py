"""`gewe-runner ledger`: what the ledger is, its upgrade, its way into another database, making room, forgetting."""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gewe_runner import errors, find, gather, prepare
from gewe_runner.cli import options, progress, show
from gewe_runner.ledger import care, connect, export, forget, jobs, prune, restore
from gewe_runner.model import Profile
from gewe_runner.problems import Problems
from gewe_runner.report import files
from gewe_runner.rules import settings

#: Runs that are named before they are pruned.
_NAMED = 10


@click.group("ledger")
def command() -> None:
    """Look at the ledger and take care of it: who was sent what, and what may not be sent again."""


@command.command("info")
@options.profile
@click.option("--adopt-gateway", "gateway", metavar="URL", help="From now on the ledger belongs to this gateway.")
@options.form
def info(profile: str | None, gateway: str | None, form: str) -> None:
    """Tell what the ledger is and holds."""
    chosen = _profile(profile)
    with _open(chosen) as ledger:
        if gateway is not None:
            care.adopt(ledger, _adopted(gateway, chosen))
        found = care.info(ledger)
    if form == "json":
        tree = dataclasses.asdict(found) | {"created_at": show.moment(found.created_at)}
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(_told(found)))


@command.command("upgrade")
@options.profile
def upgrade(profile: str | None) -> None:
    """Bring the ledger's tables up to date; in an empty PostgreSQL database, make a new ledger."""
    chosen = _profile(profile)
    url = connect.address(chosen, options.project())
    name = connect.shown(url)
    if not connect.exists(url):
        if chosen.ledger_id is not None:
            raise errors.LedgerError(
                f"{name}: there is no ledger, and profile {chosen.name} pins ledger {chosen.ledger_id}",
                hint="gewe-runner ledger import FILE, or remove `ledger_id` if that ledger is gone for good",
            )
        connect.create(url, chosen.gateway).close()
        click.echo(f"{name}: a new ledger; it knows of nobody who was served")
        _upgrade_engine(url)
        return
    was, became = connect.upgrade(url)
    click.echo(f"{name}: " + (f"version {was} became {became}" if was != became else f"is up to date (version {was})"))
    _upgrade_engine(url)


def _upgrade_engine(url: connect.Address) -> None:
    """Make or renew the workers' tables, where there can be workers."""
    if url.get_backend_name() != "postgresql":
        return
    with connect.founding(url) as connection:
        version = jobs.make(connection)
    name = f"{jobs.PACKAGE} {version}" if version else "none: pip install 'gewe-runner[workers]'"
    click.echo(f"  workers' tables: {name}")


@command.command("export")
@options.profile
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file, whole."
)
def write(profile: str | None, output: Path | None) -> None:
    """Write the whole ledger as JSON lines, to keep it or to take it into another database."""
    chosen = _profile(profile)
    with _open(chosen) as ledger:
        connect.expect(ledger, chosen)
        busy = care.in_flight(ledger)
        if output is None:
            for line in export.lines(ledger):
                click.echo(line, nl=False)
        else:
            _write(output, ledger)
    if busy:
        click.echo(f"WARNING: {busy} messages are in flight; what becomes of them is not in the export", err=True)


@command.command("import")
@options.profile
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def read(profile: str | None, file: Path) -> None:
    """Take an export into a new or empty ledger; the ledger keeps its id."""
    chosen = _profile(profile)
    url = connect.address(chosen, options.project())
    try:
        with file.open("rb") as lines:
            counts = restore.restore(url, lines, chosen, find.shown(file))
    except OSError as error:
        raise errors.LedgerError(f"{find.shown(file)}: cannot be read: {error.strerror}") from error
    shown = ", ".join(f"{number:,} {table}" for table, number in counts.items() if number)
    click.echo(f"{connect.shown(url)}: taken in: {shown or 'an empty ledger'}")


@command.command("prune")
@options.profile
@click.option(
    "--older-than", type=options.Duration(), required=True, metavar="DURATION", help="Of runs that ended before: 90d."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def make_room(profile: str | None, older_than: int, yes: bool) -> None:
    """Remove payloads, attempts, skipped rows and the gateway's texts of old runs; who was served stays known."""
    if older_than < prune.LEAST:
        raise errors.UsageError("--older-than: at least 2d, since younger requests count against the devices' budgets")
    chosen, now = _profile(profile), prepare.now()
    with _open(chosen) as ledger:
        connect.expect(ledger, chosen)
        bulk = prune.look(ledger, now - older_than)
        if not bulk:
            click.echo(f"{ledger.name}: nothing to prune: no run that ended by {show.moment(now - older_than)} has any")
            return
        click.echo("\n".join(_bulk(bulk, now - older_than)))
        if not yes:
            _agree(ledger.name)
        before = care.size(ledger)
        with progress.watching("pruning", lambda: bulk.payloads + bulk.skips) as seen:
            prune.prune(ledger, bulk, now - older_than, now, seen)
        click.echo(f"{ledger.name}: pruned; {before:,} bytes became {care.size(ledger):,}")


@command.command("forget")
@options.profile
@click.argument("wxid")
def erase(profile: str | None, wxid: str) -> None:
    """Erase what the ledger knows of a person, except that a card was sent; it is never sent to them again."""
    chosen = _profile(profile)
    with _open(chosen) as ledger:
        connect.expect(ledger, chosen)
        erased = forget.forget(ledger, wxid, prepare.now())
    click.echo(
        f"forgotten: {erased.messages:,} messages ({erased.cancelled:,} of them cancelled) and {erased.skips:,} skips"
    )
    click.echo("lists, suppressed.csv, logs and reports that name the person are yours to clean", err=True)
    for run in erased.runs:
        click.echo(f"  gewe-runner report {run}", err=True)


def _profile(name: str | None) -> Profile:
    found = Problems()
    try:
        return gather.choose(gather.settings(options.project() / find.SETTINGS, found), name)
    finally:
        show.problems(found)


@contextlib.contextmanager
def _open(profile: Profile) -> Iterator[connect.Ledger]:
    """The profile's ledger, whichever gateway it belongs to."""
    ledger = connect.open(connect.address(profile, options.project()))
    try:
        yield ledger
    finally:
        ledger.close()


def _bulk(bulk: prune.Bulk, before: int) -> Iterator[str]:
    yield f"of {len(bulk.runs):,} runs that ended before {show.moment(before)}:"
    yield from (f"  {name}" for name in bulk.runs[:_NAMED])
    if len(bulk.runs) > _NAMED:
        yield f"  and {len(bulk.runs) - _NAMED:,} more"
    yield "to be removed:"
    yield f"  {bulk.payloads:>11,}   payloads and texts of the gateway, {bulk.characters:,} characters"
    yield f"  {bulk.attempts:>11,}   attempts"
    yield f"  {bulk.skips:>11,}   skipped rows"
    yield "kept: who was served, when and the hash of what; and whole, whatever is pending, unknown or unresolved"


def _agree(name: str) -> None:
    if not sys.stdin.isatty():
        raise errors.NotApprovedError(
            "there is no terminal to ask on; nothing was removed", hint="look at what would be, then say --yes"
        )
    if not click.confirm(f"Remove this from {name} for good?", err=True):
        raise errors.NotApprovedError("not agreed to; nothing was removed")


def _adopted(url: str, profile: Profile) -> str:
    """The gateway in its one form; it has to be the profile's, else the profile could not use its ledger."""
    fault = settings.gateway_fault(url, allow_http=True)
    if fault:
        raise errors.UsageError(f"--adopt-gateway: {fault}")
    if settings.gateway(url) != profile.gateway:
        raise errors.UsageError(
            f"--adopt-gateway: profile {profile.name} has the gateway {profile.gateway}",
            hint="change the profile's `gateway` first",
        )
    return profile.gateway


def _write(output: Path, ledger: connect.Ledger) -> None:
    try:
        with files.replacing(output) as stream:
            stream.writelines(line.decode() for line in export.lines(ledger))
    except OSError as error:
        raise errors.UsageError(f"{find.shown(output)}: cannot be written: {error.strerror}") from error
    click.echo(f"{find.shown(output)}: {output.stat().st_size:,} bytes", err=True)


def _told(found: care.Info) -> Iterator[str]:
    yield f"ledger {found.id}"
    yield f"  where     {show.plain(found.where)}"
    yield f"  database  {found.database}, tables of version {found.schema}, {found.size:,} bytes"
    yield f"  gateway   {found.gateway}"
    yield f"  created   {show.moment(found.created_at)}"
    for table, size in sorted(found.sizes.items(), key=lambda entry: -entry[1]):
        yield f"    {table:<12} {size:>15,} bytes"
    for what, counts in (("runs", found.runs), ("messages", found.messages), ("attempts", found.attempts)):
        shown = ", ".join(f"{name} {number:,}" for name, number in counts.items())
        yield f"  {what:<9} {sum(counts.values()):,}" + (f": {shown}" if shown else "")
    if found.forgotten:
        yield f"  forgotten {found.forgotten:,}"
