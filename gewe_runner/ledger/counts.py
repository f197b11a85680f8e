"""Counts what a run holds by index alone: a run of a million messages is told of as fast as one of ten."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import func, select, text

from gewe_runner import batches
from gewe_runner.ledger.tables import message, run, skip
from gewe_runner.model import Reason, State

#: Messages by state and device.
Standing = Mapping[tuple[str, str], int]

_STATES = ", ".join(f"('{state}')" for state in State)

# From one device to the next along the index, then each count along it: GROUP BY would take twice as long.
_STANDING = text(
    f"WITH RECURSIVE state (name) AS (VALUES {_STATES}), found (state, device) AS ("  # noqa: S608 - our own words
    "  SELECT name, (SELECT min(device) FROM message WHERE run_n = :run AND state = name) FROM state"
    "  UNION ALL"
    "  SELECT state, (SELECT min(device) FROM message WHERE run_n = :run AND message.state = found.state"
    "    AND device > found.device) FROM found WHERE device IS NOT NULL) "
    "SELECT state, device, (SELECT count(*) FROM message WHERE run_n = :run AND message.state = found.state"
    "  AND message.device = found.device) FROM found WHERE device IS NOT NULL"
)

# The head of each device's queue.
_FIRST = text(
    "WITH RECURSIVE found (device) AS ("
    "  SELECT min(device) FROM message WHERE run_n = :run AND state = 'pending'"
    "  UNION ALL"
    "  SELECT (SELECT min(device) FROM message WHERE run_n = :run AND state = 'pending' AND device > found.device)"
    "  FROM found WHERE device IS NOT NULL) "
    "SELECT min((SELECT min(seq) FROM message WHERE run_n = :run AND state = 'pending'"
    "  AND message.device = found.device)) FROM found WHERE device IS NOT NULL"
)


def standing(connection: sqlalchemy.Connection, number: int) -> Standing:
    """A run's messages by state and device, without the pairs that there are none of."""
    return {(state, device): count for state, device, count in connection.execute(_STANDING, {"run": number})}


def states(found: Standing) -> dict[str, int]:
    """Every state with the number of its messages."""
    counts = dict.fromkeys(map(str, State), 0)
    for (state, _device), count in found.items():
        counts[state] += count
    return counts


def devices(found: Standing) -> dict[str, int]:
    """Messages that are pending, by device; 0 where there is only one in flight, or was."""
    unfinished = sorted({device for state, device in found if state in (State.PENDING, State.SENDING)})
    return {device: found.get((State.PENDING, device), 0) for device in unfinished}


def skips(connection: sqlalchemy.Connection, number: int) -> dict[str, int]:
    """A run's skipped rows by reason, those included that were pruned."""
    header = json.loads(connection.execute(select(run.c.header).where(run.c.n == number)).scalar_one())
    planned, pruned = _skips(header.get("counts", {})), _skips(header.get("pruned", {}))
    own = skip.c.run_n == number
    rows = connection.execute(select(func.count()).where(own)).scalar_one()
    if rows + pruned.total() == planned.total():
        return dict(planned)  # none but those that the plan counts
    left = connection.execute(select(skip.c.reason, func.count().label("number")).where(own).group_by(skip.c.reason))
    return dict(pruned + Counter({row.reason: row.number for row in left}))


def first_unfinished(connection: sqlalchemy.Connection, number: int) -> int | None:
    """The least `seq` of a run that is pending or in flight."""
    pending = connection.execute(_FIRST, {"run": number}).scalar_one()
    # few at most, and all of them: a database that looks for the least of them might go through the whole run
    flying = select(message.c.seq).where(message.c.run_n == number, message.c.state == State.SENDING)
    found = [*connection.execute(flying).scalars(), *([] if pending is None else [pending])]
    return min(found, default=None)


def withdrawn(connection: sqlalchemy.Connection, number: int, seqs: Sequence[int]) -> Counter[str]:
    """Of these messages of a run those that are pending, by device."""
    counts: Counter[str] = Counter()
    for batch in batches.of(seqs):
        # not by their state: a database might go through all that is pending
        own = (message.c.run_n == number) & message.c.seq.in_(batch)
        rows = connection.execute(select(message.c.device, message.c.state).where(own))
        counts.update(row.device for row in rows if row.state == State.PENDING)
    return counts


def _skips(tree: Mapping[str, Any]) -> Counter[str]:
    """The skips that a part of a run's header counts."""
    reasons = set(map(str, Reason))
    return Counter({reason: count for reason, count in tree.get("skips", {}).items() if reason in reasons})
