"""What the ledger makes of a plan, if there is one: who is left, and which run goes on."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gewe_runner import errors, prepare, starting, watch
from gewe_runner.ledger import place
from gewe_runner.model import Asked, Message, Profile, Skip
from gewe_runner.overlay import Overlay
from gewe_runner.plan import allow, check
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.rules import plans, policies
from gewe_runner.watch import Seen, Watch

if TYPE_CHECKING:
    from gewe_runner.ask import Books


@dataclass(frozen=True, kw_only=True, slots=True)
class Consulted:
    """A plan, what the ledger makes of it, and when it would be done."""

    planned: Planned
    overlay: Overlay
    forecast: check.Forecast
    ledger: Asked
    #: What was found when it was planned.
    said: Problems = field(default_factory=Problems)


def ledger(
    profile: Profile,
    project: Path,
    environ: Mapping[str, str] = os.environ,
    agree: Callable[[str], None] | None = None,
    *,
    fresh: bool = False,
    shared: bool = False,
) -> "Books | None":
    """The profile's ledger, which has to be the expected one.

    Args:
        agree: Asked before a new ledger is made for a real gateway; raises if it shall not be. None: nothing may be
            written, and there is no ledger then if there was none before.
        fresh: It shall be emptied, which only a sandbox's may.
        shared: Workers shall use it, so it has to be one that can be shared.
    """
    if fresh and not profile.is_sandbox:
        raise errors.UsageError("--fresh empties a ledger, and only a sandbox's may be emptied")
    if agree is None and not shared and not place.may_exist(profile, project, environ):
        return None
    # here, not above: a database takes longer to load than most plans to make
    with starting.late():
        from gewe_runner import ask

    return ask.books(profile, project, environ, agree, shared=shared)


def overlays(
    planned: Sequence[Planned],
    ledger: "Books | None",
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


def _consult(planned: Planned, ledger: "Books | None", asked: Asked, problems: Problems, seen: Seen) -> Consulted:
    campaign = planned.campaign
    overlay = ledger.overlay(planned, problems, seen) if ledger else _unasked(planned, seen)
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


def _unasked(planned: Planned, seen: Seen) -> Overlay:
    """Nothing is taken away; without opt-outs since then, the plan has counted its messages already."""
    overlay = Overlay()
    if not planned.withdrawn:
        overlay.devices.update(planned.plan.devices)
        return overlay
    for _ in _counted(watch.over(planned.lines(), seen), overlay):
        pass
    return overlay


def laid_over(planned: Planned, ledger: "Books | None", overlay: Overlay) -> Iterator[Message | Skip]:
    """The plan's lines, with a skip for every message that is withdrawn or that the ledger forbids."""
    return _counted(planned.lines(), overlay) if ledger is None else ledger.lines(planned, overlay)


def _counted(lines: Iterator[Message | Skip], overlay: Overlay) -> Iterator[Message | Skip]:
    for line in lines:
        if isinstance(line, Message):
            overlay.devices[line.device] += 1
        yield line
