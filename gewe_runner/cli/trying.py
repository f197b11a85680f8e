"""A test card on the terminal: which cards would go where, the question, and what became of each."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gewe_runner import errors
from gewe_runner.cli import show
from gewe_runner.model import Message, State
from gewe_runner.order import FILE_HELPER, Trial
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems

if TYPE_CHECKING:
    from gewe_runner.trial import Tried

#: Options that mean nothing for a single card.
_OTHERS = ("plan", "dry_run", "locked", "limit", "stop_after_wave", "fresh", "reports", "engine", "detach", "priority")


def asked(options: Mapping[str, Any]) -> Trial | None:
    """The test card that the options of `send` ask for, if they do.

    Raises:
        errors.UsageError: they do not go together.
    """
    if not options["test_card"]:
        if given := [name for name in ("row", "to_wxid") if options[name]]:
            raise errors.UsageError(f"{_option(given[0])} goes with --test-card only")
        return None
    if given := [name for name in _OTHERS if options[name]]:
        raise errors.UsageError(f"--test-card and {_option(given[0])} do not go together")
    return Trial(to_wxid=(options["to_wxid"] or FILE_HELPER).strip(), row=_row(options["row"]))


def _option(name: str) -> str:
    return {"reports": "--report", "to_wxid": "--to"}.get(name, f"--{name.replace('_', '-')}")


def _row(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        raise errors.UsageError(f"--row {text} is no row", hint="write FILE:N, for example --row lists/shanghai.csv:17")
    return name, int(number)


@dataclass(slots=True)
class Terminal:
    """A test as it is shown on a terminal, or in the log of a CI job."""

    yes: bool
    approved: tuple[str, ...]
    new_ledger: Callable[[str], None]
    #: Shows problems, once.
    tell: Callable[[Problems], None]
    banner: str = ""

    def trying(self, planned: Planned, cards: Mapping[str, Message], problems: Problems) -> None:
        self.tell(problems)
        self.banner = show.banner(planned.profile)
        click.echo(self.banner)
        for device, card in sorted(cards.items()):
            click.echo(f"  test card through {device} to {show.plain(card.to_wxid)}: the card of {_place(card)}")
            click.echo(f"            {show.plain(card.payload)}")
        to_wxid = next(iter(cards.values())).to_wxid
        if planned.profile.require_approval and to_wxid != FILE_HELPER:
            self._approve(planned)
        elif not self.yes:
            self._ask(len(cards), to_wxid)

    def _approve(self, planned: Planned) -> None:
        if planned.plan.digest not in self.approved:
            raise errors.NotApprovedError(
                f"profile {planned.profile.name} sends only what was approved to others than {FILE_HELPER}; "
                "nothing was sent",
                hint=f"look at the card, then say --approve {planned.plan.digest}",
            )

    def _ask(self, count: int, to_wxid: str) -> None:
        if not sys.stdin.isatty():
            raise errors.NotApprovedError(
                f"{_cards(count)} would be sent, and there is no terminal to ask on; nothing was sent",
                hint="look at the card, then say --yes",
            )
        where = self.banner.removeprefix("profile ")
        if not click.confirm(f"Send {_cards(count)} to {show.plain(to_wxid)} through {where}?", err=True):
            raise errors.NotApprovedError("not agreed to; nothing was sent")


def told(tried: "Tried", view: Terminal) -> int:
    """Say what became of the test cards; the exit code of the contract."""
    last = {one.intent.device: one for one in tried.outcomes}  # those before did not leave and were tried again
    for device, one in sorted(last.items()):
        said = ": ".join(filter(None, [one.reason if one.state is not State.SENT else "", one.text]))
        state = "not sent" if one.state is State.PENDING else str(one.state)
        click.echo(f"  {device:<16} {state:<9} {one.took:>6,} ms  {show.plain(said)}".rstrip())
    click.echo(view.banner.replace("nothing reaches", "nothing reached"))
    if tried.interrupted:
        raise errors.Interrupted("interrupted", hint="run the same command again")
    unsent = {name: one.reason for name, one in last.items() if one.state is State.PENDING}
    if tried.stopped or tried.stops or unsent:
        reasons = [tried.stopped] if tried.stopped else [f"{n}: {why}" for n, why in {**unsent, **tried.stops}.items()]
        raise errors.StoppedError("stopped: " + "; ".join(reasons), hint=tried.hint or "run the same command again")
    return 1 if tried.bad else 0


def _place(card: Message) -> str:
    return f"{show.plain(card.source)}, row {card.row}"


def _cards(count: int) -> str:
    return f"{count:,} test card{'' if count == 1 else 's'}"
