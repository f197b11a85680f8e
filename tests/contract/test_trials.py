"""A test card burdens its device like any other and leaves no message behind: the same on every ledger."""

from dataclasses import replace

from sqlalchemy import text

from gewe_runner.exchange import Intent, Outcome, Want
from gewe_runner.ledger import connect, lanes, trials
from gewe_runner.model import Message, State
from tests.contract.plans import NOW

CARD = Message(
    to_wxid="filehelper", device="east", variant=None, source="members.csv", row=2, payload='{"title":"t"}', sha256=""
)


def tried(ledger: connect.Ledger, outcome: State) -> tuple[Intent, Outcome]:
    """A card through the device, and what became of it."""
    own = trials.Trials(ledger, {"east": CARD}, clock=lambda _: None)
    claim = own.claim("east", "wx_east", now=NOW, midnight=NOW)
    want = Want(
        device="east", app_id="wx_east", epoch=claim.epoch, run=trials.RUN, limit=99, now=NOW, next_at=NOW + 6_000
    )
    (intent,) = own.step([], [want])
    assert isinstance(intent, Intent)
    ended = Outcome(intent=intent, state=outcome, ended_at=NOW + 300, next_at=NOW + 6_000)
    own.step([ended], [])
    own.release([claim])
    return intent, ended


def attempts(ledger: connect.Ledger) -> list[tuple[int | None, str | None]]:
    with ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT message_id, outcome FROM attempt"))]


def test_a_test_card_stands_in_the_ledger_without_a_message(ledger: connect.Ledger) -> None:
    tried(ledger, State.SENT)
    assert attempts(ledger) == [(None, "sent")]


def test_a_test_card_counts_in_the_budget_of_its_device(ledger: connect.Ledger) -> None:
    tried(ledger, State.REJECTED)
    claim = lanes.Lanes(ledger, clock=lambda _: None).claim("east", "wx_east", now=NOW + 400, midnight=NOW)
    assert (claim.today, claim.last_start, claim.rested_at) == (1, NOW, NOW + 6_000)


def test_a_device_that_rests_after_a_test_card_rests_for_everybody(ledger: connect.Ledger) -> None:
    _, ended = tried(ledger, State.PENDING)
    trials.Trials(ledger, {}, clock=lambda _: None).step([replace(ended, resting_until=NOW + 3_600_000)], [])
    claim = lanes.Lanes(ledger, clock=lambda _: None).claim("east", "wx_east", now=NOW + 400, midnight=NOW)
    assert claim.rested_at == NOW + 3_600_000


def test_what_a_dead_sender_left_of_a_test_card_is_unknown(ledger: connect.Ledger) -> None:
    own = trials.Trials(ledger, {"east": CARD}, clock=lambda _: None)
    claim = own.claim("east", "wx_east", now=NOW, midnight=NOW)
    own.step(
        [],
        [Want(device="east", app_id="wx_east", epoch=claim.epoch, run=trials.RUN, limit=99, now=NOW, next_at=NOW)],
    )
    assert own.claim("east", "wx_east", now=NOW, midnight=NOW).orphans == 0
    assert attempts(ledger) == [(None, "unknown")]
