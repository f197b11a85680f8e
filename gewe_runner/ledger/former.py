"""How a plan stands to what was before it: to the campaign's last run, and to the devices that people know."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func, select

from gewe_runner import batches
from gewe_runner.ledger import forget
from gewe_runner.ledger.tables import edition, lane, message, run, skip
from gewe_runner.model import Message, Reason, Skip, State

#: People who are named; the others are only counted.
NAMED = 3

#: Whom the files chose and the ledger left out.
_LEFT_OUT = (Reason.ALREADY_SENT, Reason.UNRESOLVED, Reason.FREQUENCY_CAP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How the recipients of a plan differ from those of the campaign's last run."""

    #: That run, and how many recipients it had; never 0.
    run: str
    before: int
    added: int
    gone: int

    @property
    def percent(self) -> float:
        return 100 * (self.added + self.gone) / self.before


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Somebody who would get a card through another device than the last time."""

    to_wxid: str
    before: str
    now: str
    #: When the last one was begun, UTC epoch milliseconds.
    at: int


def change(connection: sqlalchemy.Connection, campaign: str, lines: Iterable[Message | Skip]) -> Change | None:
    """Compare the recipients of a plan with those of the newest run of that campaign, of any edition, that had any.

    Returns:
        None where there is no such run.
    """
    last = _last(connection, campaign)
    if last is None:
        return None
    number, run_id, before = last
    key, now, kept = forget.key(connection), 0, 0
    for batch in batches.of(line.to_wxid for line in lines if isinstance(line, Message)):
        names = [*batch, *forget.aliases(connection, key, batch).values()]
        now += len(batch)
        kept += _recipients(connection, number, names)
    return Change(run=run_id, before=before, added=now - kept, gone=before - kept)


def _last(connection: sqlalchemy.Connection, campaign: str) -> tuple[int, str, int] | None:
    """Number, id and recipients of the run."""
    own = select(run.c.n, run.c.id).join(edition, edition.c.id == run.c.edition_id)
    for number, run_id in connection.execute(own.where(edition.c.campaign == campaign).order_by(run.c.n.desc())):
        if count := _recipients(connection, number):
            return number, run_id, count
    return None


def _recipients(connection: sqlalchemy.Connection, number: int, names: Sequence[str] | None = None) -> int:
    """How many recipients a run has, or how many of these."""
    found = 0
    for table, kind in ((message, sqlalchemy.true()), (skip, skip.c.reason.in_(_LEFT_OUT))):
        own = table.c.run_n == number
        if names is not None:
            # + 0 hides the run from its index: that of the people leads to a few rows, the run's to all of its
            own = (table.c.run_n + 0 == number) & table.c.to_wxid.in_(names)
        found += connection.execute(select(func.count()).select_from(table).where(own, kind)).scalar_one()
    return found


class Moves:
    """Takes note of people who last got a card through another device, while the lines of a plan pass by."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self.count = 0
        #: The first `NAMED` of them.
        self.first: list[Move] = []

    def over(self, lines: Iterable[Message | Skip]) -> Iterator[Message | Skip]:
        for batch in batches.of(lines):
            messages = {line.to_wxid: line for line in batch if isinstance(line, Message)}
            for to_wxid, (at, device) in self._last(messages).items():
                now = messages[to_wxid].device
                if device != now:
                    self.count += 1
                    if len(self.first) < NAMED:
                        self.first.append(Move(to_wxid=to_wxid, before=device, now=now, at=at))
            yield from batch

    def possible(self, devices: Iterable[str]) -> bool:
        """Whether anything went through other devices than these; if not, nobody has to be looked up."""
        used = set(self._connection.execute(select(lane.c.device)).scalars())
        return bool(used) and len(used.union(devices)) > 1

    def _last(self, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """When and through which device these people last got a card, in their order."""
        newest = func.max(message.c.started_at)
        rows = self._connection.execute(
            select(message.c.to_wxid, message.c.device, newest)
            .where(message.c.to_wxid.in_(ids), message.c.state == State.SENT, message.c.started_at.is_not(None))
            .group_by(message.c.to_wxid, message.c.device)
        )
        found: dict[str, tuple[int, str]] = {}
        for to_wxid, device, at in rows:
            found[to_wxid] = max(found.get(to_wxid, (0, "")), (at, device))
        return {one: found[one] for one in ids if one in found}
