"""Enters plans in the ledger: as the runs that carry them out."""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gewe_runner import ask, batches, find, prepare, recall, watch
from gewe_runner.consult import Consulted
from gewe_runner.ledger import connect, decide, enter, forget, parts, runs
from gewe_runner.model import Profile
from gewe_runner.plan.ids import Ids
from gewe_runner.watch import Seen, Watch


def empty(ledger: connect.Ledger) -> None:
    """Forget every run of a sandbox's ledger."""
    with ledger.registering() as piece, piece() as connection:
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
    send it, may be old. They are read before anything is changed, for they may be unreadable by now; and at the end,
    for somebody may be suppressed meanwhile.
    """
    planned, now = one.planned, prepare.now()
    with Ids() as ids:
        ids.suppress(prepare.suppressed(planned))
        with watched("registering the run", planned.plan.lines_total) as seen, ledger.registering() as piece:
            registered = enter.join(piece, ask.identity(planned), now)
            if registered is None:
                registered = _new(piece, one, seen, now)
            else:
                with piece() as connection:
                    parts.take_back(connection, registered)
            enter.settle(piece, registered, planned.plan.lines, now, ids.suppressed)
            for some in batches.of(prepare.suppressed(planned), enter.PIECE):
                with piece() as connection:
                    decide.withdraw(connection, registered, some, now)
            return registered


def _new(piece: connect.Piece, one: Consulted, seen: Seen, now: int) -> str:
    """The id of a new run, which knows what was said of its plan."""
    planned = one.planned
    clock = datetime.datetime.fromtimestamp(now / 1000, ZoneInfo(_zone(planned.profile)))
    noted = recall.Noted(planned, one.said)
    lines = noted.over(watch.over(planned.plan.lines(), seen))
    run_id = f"{clock:%Y%m%d-%H%M}-{planned.campaign.name}"
    with piece() as connection:
        forgotten = forget.count(connection)
    made = enter.new(piece, ask.identity(planned), planned.plan.header, lines, run_id=run_id, now=now)
    if planned.campaign.path.suffix in find.SUFFIXES:  # not of a plan file: what it is made of may be elsewhere
        with piece() as connection:
            if forget.count(connection) == forgotten:  # else it might quote whoever was forgotten meanwhile
                runs.note(connection, made, noted.notes())
    return made


def _zone(profile: Profile) -> str:
    """The time zone that the profile lives in: that of its first device."""
    return next((device.pace.timezone for device in profile.devices.values()), "UTC")
