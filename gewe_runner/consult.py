"""What the ledger makes of a plan: who is left, which run goes on, and the plan's entry as a run."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from gewe_runner import errors, find, prepare, recall, watch
from gewe_runner.ledger import connect, decide, former, judge, parts, runs
from gewe_runner.model import START, Asked, Campaign, Message, Profile, Skip
from gewe_runner.plan import allow, check
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.rules import plans, policies
from gewe_runner.watch import Seen, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Consulted:
    """A plan, what the ledger makes of it, and when it would be done."""

    planned: Planned
    overlay: judge.Overlay
    forecast: check.Forecast
    ledger: Asked
    #: What was found when it was planned.
    said: Problems = field(default_factory=Problems)


def ledger(
    planned: Planned, environ: Mapping[str, str], agree: Callable[[str], None] | None, *, fresh: bool = False
) -> connect.Ledger | None:
    """The profile's ledger, which has to be the expected one.

    Args:
        agree: Asked before a new ledger is made for a real gateway; raises if it shall not be. None: nothing may be
            written, and there is no ledger then if there was none before.
        fresh: It shall be emptied, which only a sandbox's may.
    """
    profile = planned.profile
    if fresh and not profile.is_sandbox:
        raise errors.UsageError("--fresh empties a ledger, and only a sandbox's may be emptied")
    url = connect.address(profile, planned.project, environ)
    if not connect.exists(url):
        return _new(profile, url, agree) if agree else None
    opened = connect.open(url)
    connect.expect(opened, profile)
    if agree and not profile.is_sandbox and _knows_nobody(opened):
        agree(opened.name)
    return opened


def empty(ledger: connect.Ledger) -> None:
    """Forget every run of a sandbox's ledger."""
    with ledger.writing() as connection:
        runs.empty(connection)


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


def overlays(
    planned: Sequence[Planned],
    ledger: connect.Ledger | None,
    problems: Problems,
    watched: Watch = watch.nobody,
    *,
    known: bool = True,
) -> list[Consulted]:
    """Lay the ledger over plans, read-only.

    Args:
        known: False: nobody said where the ledger is, so there may be one though none is given.

    Raises:
        errors.InvalidError: everybody got another card under this name and edition, or the recipients are not those
            of the last run any more.
    """
    asked = Asked.YES if ledger else Asked.NEW if known else Asked.NO
    said, consulted = Problems(), []
    said.take(problems)
    for one in planned:
        with watched(f"consulting the ledger for {one.campaign.name}", one.plan.lines_total) as seen:
            consulted.append(replace(_consult(one, ledger, asked, problems, seen), said=said))
    problems.raise_errors()
    return consulted


def _consult(
    planned: Planned, ledger: connect.Ledger | None, asked: Asked, problems: Problems, seen: Seen
) -> Consulted:
    campaign = planned.campaign
    overlay = _looked(planned, ledger, problems, seen) if ledger else _unasked(planned, seen)
    if campaign.policy.max_change_percent is not None and (asked is Asked.NO or planned.unread):
        why = "the plan is not whole" if planned.unread else "the ledger was not consulted"
        fault = f"policy.max_change_percent compares with the last run, and {why}"
        place = allow.policy_place(campaign, "max_change_percent")
        problems.add(policies.CHANGE_UNKNOWN.at(campaign.shown, place, fault))
    sent, forbidden = overlay.skips["already_sent"], overlay.skips.total()
    if sent and forbidden == planned.plan.messages and not overlay.same_card and not overlay.joins:
        fault = (
            f"everybody in the plan already got another card as {campaign.name}, edition {campaign.edition}; "
            "raise `edition`, or change `name` if this is another campaign"
        )
        problems.add(plans.EDITION_USED.at(campaign.shown, campaign.positions.get(("edition",)), fault))
    forecast = check.forecast(campaign, planned.profile, overlay.devices, prepare.now())
    return Consulted(planned=planned, overlay=overlay, forecast=forecast, ledger=asked)


def _unasked(planned: Planned, seen: Seen) -> judge.Overlay:
    """Nothing is taken away; without opt-outs since then, the plan has counted its messages already."""
    overlay = judge.Overlay()
    if not planned.withdrawn:
        overlay.devices.update(planned.plan.devices)
        return overlay
    for _ in _counted(watch.over(planned.lines(), seen), overlay):
        pass
    return overlay


def _looked(planned: Planned, ledger: connect.Ledger, problems: Problems, seen: Seen) -> judge.Overlay:
    """What the ledger makes of a plan; what it finds strange becomes a problem."""
    campaign, who = planned.campaign, identity(planned)
    with ledger.reading() as connection:
        if resumed := runs.resumed(connection, who, planned.withdrawn):
            return resumed
        overlay, moves = judge.Overlay(), former.Moves(connection)
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


def laid_over(planned: Planned, ledger: connect.Ledger | None, overlay: judge.Overlay) -> Iterator[Message | Skip]:
    """The plan's lines, with a skip for every message that is withdrawn or that the ledger forbids."""
    return _counted(planned.lines(), overlay) if ledger is None else _read(planned, ledger, overlay)


def _counted(lines: Iterator[Message | Skip], overlay: judge.Overlay) -> Iterator[Message | Skip]:
    for line in lines:
        if isinstance(line, Message):
            overlay.devices[line.device] += 1
        yield line


def _read(planned: Planned, ledger: connect.Ledger, overlay: judge.Overlay) -> Iterator[Message | Skip]:
    with ledger.reading() as connection:
        yield from runs.lay_over(connection, identity(planned), planned.lines(), prepare.now(), overlay)


def identity(planned: Planned) -> runs.Identity:
    """What the ledger knows a plan by."""
    campaign = planned.campaign
    return runs.Identity(
        campaign=campaign.name,
        edition=campaign.edition,
        digest=planned.plan.digest,
        frequency_cap=campaign.frequency_cap,
    )


def unpaused(ledger: connect.Ledger, consulted: Sequence[Consulted]) -> None:
    """Make sure that no run is paused which the plans would go on with: nobody shall be asked in vain, none begun.

    Raises:
        errors.StoppedError: one is.
    """
    with ledger.reading() as connection:
        for one in consulted:
            runs.unpaused(connection, identity(one.planned))


def register(ledger: connect.Ledger, one: Consulted, watched: Watch = watch.nobody) -> str:
    """The id of the run that carries the plan out: the one it goes on with, else a new one.

    Whoever is suppressed by now gets nothing: the lists are read again, since the plan, or the question whether to
    send it, may be old.
    """
    planned, now = one.planned, prepare.now()
    who = identity(planned)
    clock = datetime.datetime.fromtimestamp(now / 1000, ZoneInfo(_zone(planned.profile)))
    with watched("registering the run", planned.plan.lines_total) as seen, ledger.writing() as connection:
        joined = runs.join(connection, who, now)
        if joined is not None:
            parts.take_back(connection, joined)
            messages = (line for line in planned.plan.lines() if isinstance(line, Message))
            decide.readmit(connection, joined, messages)
        if joined is None:
            noted = recall.Noted(planned, one.said)
            lines = noted.over(watch.over(planned.plan.lines(), seen))
            run_id = f"{clock:%Y%m%d-%H%M}-{planned.campaign.name}"
            run = runs.register(connection, who, planned.plan.header, lines, run_id=run_id, now=now)
            if planned.campaign.path.suffix in find.SUFFIXES:  # not of a plan file: what it is made of may be elsewhere
                runs.note(connection, run, noted.notes())
        else:
            run = joined
        decide.withdraw(connection, run, prepare.suppressed(planned), now)
        return run


def _day(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at / 1000, datetime.UTC):%Y-%m-%d}"


def _zone(profile: Profile) -> str:
    """The time zone that the profile lives in: that of its first device."""
    return next((device.pace.timezone for device in profile.devices.values()), "UTC")
