"""What the ledger makes of a plan: who is left, which run goes on, and the plan's entry as a run."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gewe_runner import errors, prepare
from gewe_runner.ledger import connect, decide, judge, parts, runs
from gewe_runner.model import Message, Profile, Skip
from gewe_runner.plan import check
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.rules import plans


@dataclass(frozen=True, kw_only=True, slots=True)
class Consulted:
    """A plan, what the ledger makes of it, and when it would be done."""

    planned: Planned
    overlay: judge.Overlay
    forecast: check.Forecast
    #: False: there is no ledger yet, so it knows of nobody.
    ledger: bool


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
        return not runs.infos(connection, 1)


def _new(profile: Profile, url: connect.Address, agree: Callable[[str], None]) -> connect.Ledger:
    if profile.ledger_id is not None:
        raise errors.LedgerError(
            f"{connect.shown(url)}: there is no ledger, and profile {profile.name} pins ledger {profile.ledger_id}",
            hint="restore that ledger, or remove `ledger_id` if it is gone for good",
        )
    if not profile.is_sandbox:
        agree(connect.shown(url))
    return connect.create(url, profile.gateway)


def overlays(planned: Sequence[Planned], ledger: connect.Ledger | None, problems: Problems) -> list[Consulted]:
    """Lay the ledger over plans, read-only.

    Raises:
        errors.InvalidError: everybody got another card under this name and edition.
    """
    found = [_consult(one, ledger, problems) for one in planned]
    problems.raise_errors()
    return found


def _consult(planned: Planned, ledger: connect.Ledger | None, problems: Problems) -> Consulted:
    overlay = _resumed(planned, ledger) if ledger else None
    if overlay is None:
        overlay = judge.Overlay()
        for _ in laid_over(planned, ledger, overlay):
            pass
    plan, campaign = planned.plan, planned.campaign
    sent, forbidden = overlay.skips["already_sent"], overlay.skips.total()
    if sent and forbidden == plan.messages and not overlay.same_card and not overlay.joins:
        fault = (
            f"everybody in the plan already got another card as {campaign.name}, edition {campaign.edition}; "
            "raise `edition`, or change `name` if this is another campaign"
        )
        problems.add(plans.EDITION_USED.at(campaign.shown, campaign.positions.get(("edition",)), fault))
    forecast = check.forecast(campaign, planned.profile, overlay.devices, prepare.now())
    return Consulted(planned=planned, overlay=overlay, forecast=forecast, ledger=ledger is not None)


def _resumed(planned: Planned, ledger: connect.Ledger) -> judge.Overlay | None:
    """What the ledger makes of a plan whose run goes on; None where that has to be found line by line."""
    with ledger.reading() as connection:
        return runs.resumed(connection, _identity(planned), planned.withdrawn)


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
        yield from runs.lay_over(connection, _identity(planned), planned.lines(), prepare.now(), overlay)


def _identity(planned: Planned) -> runs.Identity:
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
            runs.unpaused(connection, _identity(one.planned))


def register(ledger: connect.Ledger, one: Consulted) -> str:
    """The id of the run that carries the plan out: the one it goes on with, else a new one.

    Whoever is suppressed by now gets nothing: the lists are read again, since the plan, or the question whether to
    send it, may be old.
    """
    planned, now = one.planned, prepare.now()
    identity = _identity(planned)
    clock = datetime.datetime.fromtimestamp(now / 1000, ZoneInfo(_zone(planned.profile)))
    with ledger.writing() as connection:
        joined = runs.join(connection, identity, now)
        if joined is not None:
            parts.take_back(connection, joined)
            messages = (line for line in planned.plan.lines() if isinstance(line, Message))
            decide.readmit(connection, joined, messages)
        run = joined or runs.register(
            connection,
            identity,
            planned.plan.header,
            planned.plan.lines(),
            run_id=f"{clock:%Y%m%d-%H%M}-{planned.campaign.name}",
            now=now,
        )
        decide.withdraw(connection, run, prepare.suppressed(planned), now)
        return run


def _zone(profile: Profile) -> str:
    """The time zone that the profile lives in: that of its first device."""
    return next((device.pace.timezone for device in profile.devices.values()), "UTC")
