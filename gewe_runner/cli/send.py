"""`gewe-runner send`: plans, shows, asks, sends, reports."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gewe_runner import errors, pace, prepare, rehearse, starting
from gewe_runner.cli import options, progress, show, stopping, trying
from gewe_runner.consult import Consulted
from gewe_runner.model import Engine
from gewe_runner.order import Ended, Order
from gewe_runner.problems import Problems
from gewe_runner.send.log import Style
from gewe_runner.watch import Seen

if TYPE_CHECKING:
    from gewe_runner.send import local


@click.command("send")
@click.argument("campaigns", nargs=-1, type=click.Path(path_type=Path), metavar="[CAMPAIGN]...")
@click.option(
    "--plan",
    "plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Send this plan file instead of campaigns.",
)
@options.profile
@options.reports
@click.option("--dry-run", is_flag=True, help="Do everything but send: no connection is made, no ledger written.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--approve",
    "approved",
    multiple=True,
    metavar="DIGEST",
    help="Send without asking if this is the plan's digest; once for each campaign.",
)
@click.option("--locked", is_flag=True, help="Send without asking if the plan is that of the campaign's lock file.")
@click.option(
    "--check-covers/--no-check-covers",
    default=None,
    help="Look at every cover first.  [default: yes, unless the gateway is the sandbox or on this machine]",
)
@click.option("--check-contacts", is_flag=True, help="Warn of recipients who are not among their device's contacts.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Send at most N messages now.")
@click.option("--until", type=options.Moment(), metavar="TIME", help="Begin nothing after TIME, e.g. 21:30.")
@click.option("--for", "duration", type=options.Duration(), metavar="DURATION", help="The same, from now: 5h, 90m.")
@click.option("--stop-after-wave", type=click.IntRange(1), metavar="N", help="End when N waves of each run are out.")
@click.option(
    "--engine",
    type=click.Choice([one.value for one in Engine]),
    help="Who sends: this process, or workers.  [default: local]",
)
@click.option("--detach", is_flag=True, help="With workers: hand the run to them and leave.")
@click.option(
    "--priority", type=int, metavar="N", help="With workers: of runs that share a device the highest goes first."
)
@click.option("--wait", is_flag=True, help="Wait for a device that another send is using.")
@click.option("-v", "--verbose", is_flag=True, help="Show a line for each attempt on stderr.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of run.log."
)
@click.option("--log-recipients", is_flag=True, help="Whole ids in the log; they are shortened otherwise.")
@click.option("--fresh", is_flag=True, help="Empty the ledger first; a sandbox's only.")
@click.option("--new-ledger", is_flag=True, help="Agree to a new ledger, which knows of nobody who was served.")
@click.option("--test-card", is_flag=True, help="Send one card through each device, to yourself, and nothing else.")
@click.option("--row", metavar="FILE:N", help="With --test-card: the card of that row.  [default: the first]")
@click.option("--to", "to_wxid", metavar="WXID", help="With --test-card: to this recipient.  [default: filehelper]")
def command(**given: Any) -> int:
    """Send what is still to be sent: at most one card to each recipient. Run it again to go on."""
    asked = trying.asked(given)
    order, problems = _order(given), Problems()
    approval = {name: given[name] for name in ("yes", "approved", "locked", "new_ledger", "dry_run")}
    view = Terminal(**approval)
    if given["dry_run"] and (given["check_covers"] or given["check_contacts"]):
        click.echo("note: a dry run asks nobody, so covers and contacts are not looked at", err=True)
    try:
        if order.dry_run:
            with stopping.heard():
                ended = rehearse.rehearse(order, view, problems)
        else:
            # here, not above: database and network take longer to load than most plans to make
            with starting.late():
                from gewe_runner.cli import sending

            if asked:
                own = trying.Terminal(given["yes"], given["approved"], view.new_ledger, view.problems)
                return trying.told(sending.test(order, asked, own, problems), own)
            ended = sending.send(order, view, problems)
    finally:
        view.problems(problems)
    for line in show.reports(ended.reports):
        click.echo(line)
    return view.closing(ended)


def _order(given: Mapping[str, Any]) -> Order:
    """What was asked for, once for all who carry it out."""
    if bool(given["campaigns"]) == (given["plan"] is not None):
        raise errors.UsageError("name either campaigns or one plan file", hint="gewe-runner send CAMPAIGN")
    if os.environ.get("CI") == "true" and given["profile"] is None and not given["dry_run"]:
        raise errors.UsageError("in CI the profile must be said", hint="--profile NAME, or set GEWE_PROFILE")
    ends = [given["until"]] if given["until"] is not None else []
    ends += [prepare.now() + given["duration"]] if given["duration"] is not None else []
    same = (
        "plan",
        "locked",
        "profile",
        "dry_run",
        "stop_after_wave",
        "wait",
        "fresh",
        "reports",
        "detach",
        "priority",
        "check_covers",
        "check_contacts",
    )
    return Order(
        **{name: given[name] for name in same},
        paths=given["campaigns"],
        engine=Engine(given["engine"]) if given["engine"] else None,
        limit=pace.NEVER if given["limit"] is None else given["limit"],
        until=min(ends, default=pace.NEVER),
        log=Style(json=given["log_format"] == "json", recipients=given["log_recipients"]),
        log_stream=sys.stderr if given["verbose"] else None,
    )


class Terminal:
    """A send as it is shown on a terminal, or in the log of a CI job."""

    def __init__(self, *, yes: bool, approved: Sequence[str], locked: bool, new_ledger: bool, dry_run: bool) -> None:
        self._yes, self._approved, self._new_ledger, self._dry_run = yes, approved, new_ledger, dry_run
        self._locked = locked
        self._banner = ""
        self._told = False

    def problems(self, problems: Problems) -> None:
        """Show them once, however the send goes on."""
        if not self._told:
            self._told = True
            show.problems(problems)

    def planned(self, consulted: Sequence[Consulted], problems: Problems) -> None:
        self.problems(problems)
        self._banner = show.banner(consulted[0].planned.profile)
        click.echo(self._banner)
        for one in consulted:
            click.echo("\n".join(show.plan(one, samples=self._dry_run)))

    def new_ledger(self, name: str) -> None:
        said = f"{name} is a NEW ledger: it knows of nobody who was served, so everybody would be sent to"
        if self._new_ledger:
            return
        if os.environ.get("CI") == "true":
            raise errors.LedgerError(said, hint="if that is right, say --new-ledger; else find the ledger of old")
        if self._yes or not sys.stdin.isatty():
            click.echo(click.style(f"WARNING: {said}", fg="yellow"), err=True)
            return
        if not click.confirm(f"{said}. Go on?", err=True):
            raise errors.NotApprovedError("not agreed to; nothing was sent")

    def confirm(self, consulted: Sequence[Consulted]) -> None:
        if self._approved:
            self._compare(consulted)
            return
        if self._locked:  # compared already
            return
        if consulted[0].planned.profile.require_approval:
            digests = " ".join(f"--approve {one.planned.plan.digest}" for one in consulted)
            raise errors.NotApprovedError(
                f"profile {consulted[0].planned.profile.name} sends only what was approved; nothing was sent",
                hint=f"look at the plan, then say {digests}, or --locked where it is locked",
            )
        if self._yes:
            return
        left = sum(one.overlay.left for one in consulted)
        if not sys.stdin.isatty():
            listed = (
                source for one in consulted for source in (*one.planned.campaign.recipients, *one.planned.suppress)
            )
            why = "standard input is a list" if any(one.is_stdin for one in listed) else "there is no terminal"
            raise errors.NotApprovedError(
                f"{left:,} messages would be sent, and {why}, so nobody can be asked; nothing was sent",
                hint="look at the plan, then say --yes or --approve DIGEST",
            )
        if not click.confirm(f"{_question(consulted)} through {self._banner.removeprefix('profile ')}?", err=True):
            raise errors.NotApprovedError("not agreed to; nothing was sent")

    def _compare(self, consulted: Sequence[Consulted]) -> None:
        for one in consulted:
            digest = one.planned.plan.digest
            if digest not in self._approved:
                raise errors.NotApprovedError(
                    f"{one.planned.campaign.name}: the plan's digest is {digest}, and that was not approved; "
                    "nothing was sent",
                    hint="if the files have changed since, look at the plan again; then approve its whole digest",
                )

    def warn(self, text: str) -> None:
        click.echo(click.style(f"WARNING: {text}", fg="yellow"), err=True)

    def watching(self, what: str, total: Callable[[], int | None], /) -> contextlib.AbstractContextManager[Seen]:
        return progress.watching(what, total)

    def sending(self, total: int) -> "contextlib.AbstractContextManager[local.Watch]":
        return progress.sending(total)

    def closing(self, ended: Ended) -> int:
        """Say how it ended; the exit code of the contract."""
        if self._dry_run:
            click.echo(f"{self._banner}; DRY RUN - nothing was sent")
            return 0
        if ended.left:
            return self._left(ended)
        if not ended.reports and not ended.stopped:
            click.echo("drafts are planned, never sent")
        elif not (ended.attempted or ended.stopped or ended.stops or ended.interrupted):
            click.echo("nothing left to do")
        for info, _ in ended.reports:
            if unsure := info.counts["unknown"]:
                click.echo(
                    f"{unsure:,} unknown: look at the phone, then gewe-runner resolve {info.id} --as sent|not-sent"
                )
        click.echo(self._banner.replace("nothing reaches", "nothing reached"))
        if ended.interrupted:
            raise errors.Interrupted("interrupted", hint="run the same command again to go on")
        if ended.stopped or ended.stops:
            reasons = [ended.stopped, *(f"{name}: {reason}" for name, reason in ended.stops.items())]
            hint = ended.hint or "run the same command again to go on with what is left"
            raise errors.StoppedError("stopped: " + "; ".join(filter(None, reasons)), hint=hint)
        return 1 if ended.bad else 0

    def _left(self, ended: Ended) -> int:
        """Say that the runs go on, and how to look at them, stop them and get their reports."""
        for run_id in ended.left:
            click.echo(f"run {run_id} goes on with the workers")
            for known in (f"status {run_id} --watch", f"pause {run_id}", f"report {run_id}"):
                click.echo(f"  gewe-runner {known}")
        click.echo(self._banner)
        if ended.interrupted:
            raise errors.Interrupted("left; the run goes on")
        return 0


def _question(consulted: Sequence[Consulted]) -> str:
    """What is asked for, what it takes back included."""
    asked = f"Send {sum(one.overlay.left for one in consulted):,} messages"
    former = sum(one.overlay.supersedes for one in consulted)
    return f"{asked} and cancel {former:,} pending ones of a former plan" if former else asked
