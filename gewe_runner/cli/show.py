"""Puts problems, plans and runs on the terminal; hostile text is made harmless here."""

import datetime
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gewe_runner import find
from gewe_runner.cli import refusals
from gewe_runner.model import Asked, Level, Problem, Profile, RunInfo
from gewe_runner.problems import Problems

if TYPE_CHECKING:  # whoever shows problems only must not wait for the database
    from gewe_runner.consult import Consulted
    from gewe_runner.tell import plans

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTICE: "cyan"}

_UNASKED = {
    Asked.NEW: "none yet: it knows of nobody who was served",
    Asked.NO: "not consulted: who was served already is not known here",
}


def problems(found: Problems, *, err: bool = True) -> None:
    """Every problem as `path:line:column: rule: message`, on stderr unless they are the command's result."""
    for problem in found:
        click.echo(_problem(problem), err=err)
    for (path, rule), count in found.unshown().items():
        click.echo(f"{plain(path)}: {rule}: {count:,} more of these", err=err)


def _problem(problem: Problem) -> str:
    place = ":".join(str(part) for part in (problem.path, problem.line, problem.column) if part is not None)
    level = "" if problem.level is Level.ERROR else f" {click.style(problem.level, fg=_COLOURS[problem.level])}:"
    return f"{plain(place)}: {click.style(problem.rule, fg=_COLOURS[problem.level])}:{level} {plain(problem.message)}"


def plain(text: str) -> str:
    """The text without anything that a terminal would obey, on one line."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def banner(profile: Profile) -> str:
    """The first and last line of every send."""
    if profile.is_sandbox:
        return f"profile {profile.name}: SANDBOX - nothing reaches WeChat"
    return f"profile {profile.name}: {profile.gateway}"


def plan(one: "Consulted", *, samples: bool = True) -> Iterator[str]:
    """A plan as lines that somebody who decides can read."""
    planned, overlay, header = one.planned, one.overlay, one.planned.plan.header
    campaign = planned.campaign
    draft = "   DRAFT: planned, never sent" if campaign.draft else ""
    yield f"campaign {campaign.name}, edition {campaign.edition}{draft}"
    if campaign.description:
        yield f"  {plain(campaign.description)}"
    yield f"  to send   {overlay.left:>9,}" + _instead(one)
    if overlay.supersedes:
        yield f"  replaces  {overlay.supersedes:>9,}   pending messages of a former plan, which are cancelled"
    if planned.withdrawn:
        yield f"  withdrawn {len(planned.withdrawn):>9,}   to people who were suppressed after the plan was made"
    yield from _counted("device", header["counts"]["devices"])
    yield from _counted("variant", header["counts"]["variants"])
    # Of a run that goes on, what was sent is its own doing; it is no news that it is not sent again.
    yield from _counted("skipped", {**planned.plan.skips, **({} if overlay.joins else overlay.skips)})
    if samples:
        for message in planned.plan.samples:
            place = f"{plain(message.source)}, row {message.row}"
            yield f"  sample    {plain(message.to_wxid)} through {message.device} ({place})"
            yield f"            {plain(message.payload)}"
    yield f"  forecast  {_forecast(one)}"
    if unasked := _UNASKED.get(one.ledger):
        yield f"  ledger    {unasked}"
    for label in planned.unread:
        yield f"  unread    {plain(label)}: the plan lacks what stands there"
    yield f"  digest    {'none: the plan is not whole' if planned.unread else planned.plan.digest}"


def plan_json(one: "Consulted") -> dict[str, Any]:
    """A plan as a JSON object: its header, and what is known beside it."""
    header, overlay, devices = one.planned.plan.header, one.overlay, one.forecast.devices
    return {
        **header,
        "left": overlay.left,
        "continues": overlay.joins,
        "unread": list(one.planned.unread),
        "ledger": {"consulted": one.ledger is Asked.YES, "state": one.ledger, "skips": dict(overlay.skips)},
        "forecast": {name: moment(at) for name, at in devices.items()},
        "samples": [
            {"toWxid": m.to_wxid, "device": m.device, "variant": m.variant, "source": m.source, "row": m.row}
            | {"payload": json.loads(m.payload), "sha256": m.sha256}
            for m in one.planned.plan.samples
        ],
    }


def seen(one: "Consulted", more: Sequence[str] = ()) -> "plans.Seen":
    """A plan as a comment on a pull request tells it."""
    from gewe_runner.tell import plans

    planned, overlay, counts = one.planned, one.overlay, one.planned.plan.header["counts"]
    return plans.Seen(
        campaign=planned.campaign.name,
        edition=planned.campaign.edition,
        draft=planned.campaign.draft,
        profile=planned.profile.name,
        gateway=planned.profile.gateway,
        planned=planned.plan.messages,
        left=overlay.left,
        replaces=overlay.supersedes,
        devices=counts["devices"],
        variants=counts["variants"],
        skips={**planned.plan.skips, **({} if overlay.joins else overlay.skips)},
        samples=planned.plan.samples,
        forecast=_forecast(one),
        unasked=_UNASKED.get(one.ledger, ""),
        digest=planned.plan.digest,
        unread=planned.unread,
        more=more,
    )


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "rule": problem.rule,
        "level": str(problem.level),
        "message": problem.message,
    }


def moment(at: int | None) -> str | None:
    """A time as ISO 8601 in UTC; None for one that never comes."""
    from gewe_runner import pace

    if at is None or at >= pace.NEVER:
        return None
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).isoformat(timespec="seconds")


def _instead(one: "Consulted") -> str:
    total = one.planned.plan.messages
    if one.overlay.left == total:
        return ""
    goes_on = f", run {one.overlay.joins} goes on" if one.overlay.joins else ""
    return f"   of {total:,} planned{goes_on}"


def _counted(what: str, counts: Any) -> Iterator[str]:
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count:
            yield f"  {what:<9} {count:>9,}   {plain(name)}"


def _forecast(one: "Consulted") -> str:
    from gewe_runner import pace

    if not one.overlay.left:
        return "nothing left to do"
    now = datetime.datetime.now(datetime.UTC).timestamp() * 1000
    finish = one.forecast.finish
    if finish >= pace.NEVER:
        return "never done: a device may send nothing (per_day: 0)"
    seconds = max(0, round((finish - now) / 1000))
    local = datetime.datetime.fromtimestamp(finish / 1000).astimezone()
    return f"done in about {_duration(seconds)}, {local:%Y-%m-%d %H:%M %Z}"


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{max(seconds, 1)} s"
    if seconds < 2 * 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def reports(written: Sequence[tuple[RunInfo, Path]]) -> Iterator[str]:
    """What became of each run, and where its report lies."""
    from gewe_runner import report  # brings the formats of all reports along

    for info, folder in written:
        yield f"{info.campaign}: {info.id}" if info.id == info.state else f"run {info.id} ({info.state})"
        yield from (f"  {line}" for line in itertools.chain(report.summary(info).splitlines(), refusals.told(info)))
        yield f"  report: {find.shown(folder)}"
