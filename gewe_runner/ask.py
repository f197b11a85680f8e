"""Asks a ledger what planning has to know of it; where there is none, this module is not loaded, and so no database."""

import datetime
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gewe_runner import errors, prepare, watch
from gewe_runner.ledger import connect, decide, forget, former, jobs, judge, rows, runs
from gewe_runner.ledger.tables import NOTES
from gewe_runner.model import START, Campaign, Message, Profile, Reason, Skip
from gewe_runner.overlay import Overlay
from gewe_runner.plan import allow, freeze
from gewe_runner.plan.difference import Side
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.rules import plans, policies
from gewe_runner.watch import Seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """A run whose plan can be recalled."""

    id: str
    #: Of the plan.
    header: Mapping[str, Any]
    #: What was said of the plan.
    notes: Mapping[str, Any]
    #: The plan's first messages.
    samples: tuple[Message, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What the ledger knows of somebody."""

    #: Why it forbids the card; None where it does not, or the files give none.
    forbids: Reason | None
    #: The run that the plan goes on with.
    joins: str | None
    #: What became of cards of this campaign and edition, the newest run first, as `decide.person` tells it.
    cards: Sequence[Mapping[str, Any]]
    #: The cards that count for the frequency cap, the newest first, as `judge.counted` tells them.
    counted: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Books:
    """A ledger as planning asks it; nothing is changed."""

    ledger: connect.Ledger

    def close(self) -> None:
        self.ledger.close()

    def overlay(self, planned: Planned, problems: Problems, seen: Seen) -> Overlay:
        """What the ledger makes of a plan; what it finds strange becomes a problem."""
        campaign, who = planned.campaign, identity(planned)
        with self.ledger.reading() as connection:
            if resumed := runs.resumed(connection, who, planned.withdrawn):
                return resumed
            overlay, moves = Overlay(), former.Moves(connection)
            lines = runs.lay_over(connection, who, watch.over(planned.lines(), seen), prepare.now(), overlay)
            for _ in moves.over(lines) if moves.possible(planned.plan.devices) else lines:
                pass
            _tell_moves(campaign, moves, problems)
            most = campaign.policy.max_change_percent
            # a run that goes on was judged when it was registered
            if most is not None and overlay.joins is None and not planned.unread:
                change = former.change(connection, campaign.name, planned.lines())
                if change is not None and change.percent > most:
                    _tell_change(campaign, change, most, problems)
        return overlay

    def lines(self, planned: Planned, overlay: Overlay) -> Iterator[Message | Skip]:
        """The plan's lines, with a skip for every message that is withdrawn or that the ledger forbids."""
        with self.ledger.reading() as connection:
            yield from runs.lay_over(connection, identity(planned), planned.lines(), prepare.now(), overlay)

    def newest(self, campaign: Campaign, profile: str) -> Newest | None:
        """The newest run that the campaign's plan could go on with, if its plan can be recalled."""
        with self.ledger.reading() as connection:
            found = runs.newest(connection, campaign.name, campaign.edition, profile)
        if found is None or "pruned" in found[1] or NOTES not in found[1]:
            return None
        run, header = found
        samples = tuple(itertools.islice(rows.messages(self.ledger, run), freeze.SAMPLES))
        if any(one.payload == forget.NOTHING for one in samples):
            return None
        return Newest(id=run, header=header, notes=header.pop(NOTES), samples=samples)

    def pending(self, run: str) -> Iterator[Message]:
        """The run's messages that are still to be sent."""
        return rows.pending(self.ledger, run)

    def former(self, run_id: str) -> Side:
        """A run as a plan is compared with it.

        Args:
            run_id: Its id, a unique prefix, or `latest`.

        Raises:
            errors.UsageError: there is no such run, or it was pruned.
        """
        with self.ledger.reading() as connection:
            run = runs.info(connection, run_id).id
            header = runs.header(connection, run)
        if "pruned" in header:
            raise errors.UsageError(
                f"--against {run_id}: run {run} was pruned: what it sent is not kept any more",
                hint="compare with a plan file or git:REVISION",
            )
        return Side(name=run, header=header, lines=functools.partial(rows.messages, self.ledger, run))

    def standing(self, planned: Planned, person: str, lines: Iterable[Message | Skip]) -> Standing:
        """What is known of somebody.

        Args:
            lines: Those of the plan that name them.
        """
        campaign, now, overlay = planned.campaign, prepare.now(), Overlay()
        with self.ledger.reading() as connection:
            messages = [line for line in lines if isinstance(line, Message)]
            left = list(runs.lay_over(connection, identity(planned), messages, now, overlay))
            cards = [
                card
                for card in decide.person(connection, person)
                if (card["campaign"], card["edition"]) == (campaign.name, campaign.edition)
            ]
            cap = campaign.frequency_cap
            return Standing(
                forbids=next((one.reason for one in left if isinstance(one, Skip)), None),
                joins=overlay.joins,
                cards=cards,
                counted=judge.counted(connection, cap, person, now) if cap else (),
            )


def books(
    profile: Profile, project: Path, environ: Mapping[str, str], agree: Callable[[str], None] | None, *, shared: bool
) -> Books | None:
    """The profile's ledger; see `consult.ledger`."""
    url = connect.address(profile, project, environ)
    if shared:
        jobs.expect_address(url)
    if not connect.exists(url):
        return Books(_new(profile, url, agree)) if agree else None
    opened = connect.open(url)
    connect.expect(opened, profile)
    if agree and not profile.is_sandbox and _knows_nobody(opened):
        agree(opened.name)
    return Books(opened)


def identity(planned: Planned) -> runs.Identity:
    """What the ledger knows a plan by."""
    campaign = planned.campaign
    return runs.Identity(
        campaign=campaign.name,
        edition=campaign.edition,
        digest=planned.plan.digest,
        frequency_cap=campaign.frequency_cap,
    )


def _knows_nobody(ledger: connect.Ledger) -> bool:
    """Whether a send that was broken off made the ledger and nothing more."""
    with ledger.reading() as connection:
        return not runs.any_there(connection)


def _new(profile: Profile, url: connect.Address, agree: Callable[[str], None]) -> connect.Ledger:
    if profile.ledger_id is not None:
        raise errors.LedgerError(
            f"{connect.shown(url)}: there is no ledger, and profile {profile.name} pins ledger {profile.ledger_id}",
            hint="restore that ledger, or remove `ledger_id` if it is gone for good",
        )
    if not profile.is_sandbox:
        agree(connect.shown(url))
    return connect.create(url, profile.gateway)


def _tell_change(campaign: Campaign, change: former.Change, most: float, problems: Problems) -> None:
    fault = (
        f"{change.added:,} new and {change.gone:,} gone since run {change.run}, of {change.before:,} recipients then, "
        f"are {change.percent:,.1f} percent; policy.max_change_percent allows {most:g}"
    )
    place = allow.policy_place(campaign, "max_change_percent")
    problems.add(policies.MAX_CHANGE.at(campaign.shown, place, fault))


def _tell_moves(campaign: Campaign, moves: former.Moves, problems: Problems) -> None:
    if not moves.count:
        return
    named = [f"{one.to_wxid} through {one.before} ({_day(one.at)}), now {one.now}" for one in moves.first]
    more = [f"{moves.count - len(named):,} more"] if moves.count > len(named) else []
    people = "recipient" if moves.count == 1 else "recipients"
    fault = f"{moves.count:,} {people} last got a card through another device: {'; '.join([*named, *more])}"
    place = campaign.positions.get(("send", "devices")) or campaign.positions.get(("send", "device"), START)
    problems.add(plans.OTHER_DEVICE.at(campaign.shown, place, fault))


def _day(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at / 1000, datetime.UTC):%Y-%m-%d}"
