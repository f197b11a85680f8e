"""Enters plans in the ledger: as the runs that carry them out."""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gewe_runner import ask, find, prepare, recall, watch
from gewe_runner.consult import Consulted
from gewe_runner.ledger import connect, decide, parts, runs
from gewe_runner.model import Message, Profile
from gewe_runner.watch import Watch


def empty(ledger: connect.Ledger) -> None:
    """Forget every run of a sandbox's ledger."""
    with ledger.writing() as connection:
        runs.empty(connection)


def unpaused(ledger: connect.Ledger, consulted: Sequence[Consulted]) -> None:
    """Make sure that no run is paused which the plans would go on with: nobody shall be asked in vain, none begun.

    Raises:
        errors.StoppedError: one is.
    """
    with ledger.reading() as connection:
        for one in consulted:
            runs.unpaused(connection, ask.identity(one.planned))


def run(ledger: connect.Ledger, one: Consulted, watched: Watch = watch.nobody) -> str:
    """The id of the run that carries the plan out: the one it goes on with, else a new one.

    Whoever is suppressed by now gets nothing: the lists are read again, since the plan, or the question whether to
    send it, may be old.
    """
    planned, now = one.planned, prepare.now()
    who = ask.identity(planned)
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
            registered = runs.register(connection, who, planned.plan.header, lines, run_id=run_id, now=now)
            if planned.campaign.path.suffix in find.SUFFIXES:  # not of a plan file: what it is made of may be elsewhere
                runs.note(connection, registered, noted.notes())
        else:
            registered = joined
        decide.withdraw(connection, registered, prepare.suppressed(planned), now)
        return registered


def _zone(profile: Profile) -> str:
    """The time zone that the profile lives in: that of its first device."""
    return next((device.pace.timezone for device in profile.devices.values()), "UTC")
