"""The composition root of a test card: one card through each device of a plan, before anybody else gets one."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gewe_runner import consult, errors, prepare, reach
from gewe_runner.exchange import Outcome
from gewe_runner.ledger import connect, trials
from gewe_runner.model import Message, Profile, State, StopWhen
from gewe_runner.order import FILE_HELPER, Order, Trial
from gewe_runner.plan import freeze
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.send import fleet, local
from gewe_runner.send.scheduler import Job, Scheduler


@dataclass(kw_only=True, slots=True)
class Tried:
    """What became of the test cards."""

    outcomes: list[Outcome] = field(default_factory=list)
    #: Why some were not sent, by device, and why none was.
    stops: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""
    hint: str = ""
    interrupted: bool = False

    @property
    def bad(self) -> int:
        return sum(one.state in (State.REJECTED, State.UNKNOWN) for one in self.outcomes)


class View(Protocol):
    """How a test shows itself and asks."""

    def new_ledger(self, name: str) -> None:
        """Agree to a new ledger, or raise."""

    def trying(self, planned: Planned, cards: Mapping[str, Message], problems: Problems) -> None:
        """Show what would be sent, and agree to it or raise."""


def send(
    order: Order,
    trial: Trial,
    view: View,
    stop: local.Stop,
    problems: Problems,
    environ: Mapping[str, str] = os.environ,
) -> Tried:
    """Plan, choose the cards, ask, send each through its device; the ledger notes the attempts and nothing else."""
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder, contextlib.ExitStack() as parts:
        planned = _one(prepare.plan_all(order.paths, order.profile, Path(folder), problems))
        cards = _cards(planned, trial)
        way = reach.addresses([planned], environ)
        books = consult.ledger(planned.profile, planned.project, environ, view.new_ledger)
        assert books is not None  # made where there was none
        parts.callback(books.close)
        view.trying(planned, cards, problems)
        try:
            return _deliver(order, planned.profile, cards, books.ledger, stop, way)
        except errors.Interrupted:
            return Tried(interrupted=True)


def _one(planned: Sequence[Planned]) -> Planned:
    if len(planned) != 1:
        raise errors.UsageError(f"a test card is one campaign's, not that of {len(planned)}", hint="name one campaign")
    return planned[0]


def _cards(planned: Planned, trial: Trial) -> dict[str, Message]:
    """The card of each device, addressed to whom it shall go.

    Raises:
        errors.UsageError: there is no such row in the plan, or its recipient wants nothing.
    """
    if trial.to_wxid != FILE_HELPER and trial.to_wxid in set(prepare.suppressed(planned)):
        raise errors.UsageError(f"{trial.to_wxid} is suppressed, so not even a test card goes there")
    found: dict[str, Message] = {}
    for message in _messages(planned, trial.row):
        found.setdefault(message.device, message)
        if len(found) == len(planned.plan.devices) or trial.row:
            break
    if not found:
        what = f"the plan has no message for {trial.row[0]}:{trial.row[1]}" if trial.row else "the plan has no message"
        raise errors.UsageError(f"{what}, so there is no card to test", hint="gewe-runner plan CAMPAIGN says who is in")
    if trial.row:
        (card,) = found.values()
        found = {device: card._replace(device=device) for device in planned.plan.devices}
    return {device: _addressed(card, trial.to_wxid) for device, card in found.items()}


def _messages(planned: Planned, row: tuple[str, int] | None) -> Iterator[Message]:
    """The messages of the plan; with a row only its own, the list named as the plan does or as it lies on the disk."""
    names = set()
    if row:
        path = Path(row[0]).absolute()
        inside = path.is_relative_to(planned.project)
        names = {row[0], path.relative_to(planned.project).as_posix() if inside else row[0]}
    for line in planned.plan.lines():
        if isinstance(line, Message) and (row is None or (line.row == row[1] and line.source in names)):
            yield line


def _addressed(card: Message, to_wxid: str) -> Message:
    payload = freeze.canonical({**json.loads(card.payload), "toWxid": to_wxid})
    digest = hashlib.sha256(payload.encode()).hexdigest()
    return card._replace(to_wxid=to_wxid, payload=payload, sha256=digest)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A watch that keeps what became of each card."""

    outcomes: list[Outcome]

    def note(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def wait(self, until: int) -> None:
        """A test is short; what it waits for is said by `stops`."""


def _deliver(
    order: Order,
    profile: Profile,
    cards: Mapping[str, Message],
    ledger: connect.Ledger,
    stop: local.Stop,
    way: tuple[str, Mapping[str, str]],
) -> Tried:
    token, app_ids = way
    paces = {device: profile.devices[device].pace for device in cards}
    # a gate would be no use: each lane has one card
    gates = StopWhen(failures_in_a_row=None, failure_percent=None)
    job = Job(id=trials.RUN, paces=paces, stop_when=gates, pending=dict.fromkeys(cards, 1))
    own = trials.Trials(ledger, cards)
    work = fleet.Work(jobs=[job], devices=profile.devices, app_ids=app_ids)
    tried = Tried()
    with (
        fleet.claimed(work, own, prepare.now, stop.pause if order.wait else None) as lanes,
        reach.gateway(profile, token) as client,
    ):
        # the limit ends it: a card that was refused as too often is not tried again after the rest
        scheduler = Scheduler(lanes=lanes, limit=len(cards), until=order.until)
        watch = _Kept(tried.outcomes)
        engine = local.Engine(own, client, app_ids=app_ids, refusals=profile.refusals, stop=stop, watch=watch)
        local.deliver(scheduler, engine)
    tried.stops, tried.stopped, tried.hint = scheduler.stops(), scheduler.stopped, scheduler.hint
    tried.interrupted = stop.asked > 0
    return tried
