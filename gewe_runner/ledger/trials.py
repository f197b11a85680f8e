"""Test cards in the ledger: they burden the budget of their device like any message, and have no identity."""

from collections.abc import Mapping

from gewe_runner.exchange import Intent, NoIntent, Want
from gewe_runner.ledger import connect, lanes, raw
from gewe_runner.model import Message

#: Stands where a run's id would.
RUN = "test-card"


class Trials(lanes.Lanes):
    """The lanes of one ledger, each with one test card to send.

    Args:
        cards: What goes through each device.
        clock: As that of `Lanes`.
    """

    def __init__(self, ledger: connect.Ledger, cards: Mapping[str, Message], clock: lanes.Clock | None = None) -> None:
        super().__init__(ledger, clock)
        self._cards = cards

    def _begin(self, cursor: raw.Cursor, want: Want) -> Intent | NoIntent:
        card = self._cards[want.device]
        attempt = self._attempt(cursor, want, None)
        return Intent(
            # no message has such a number, so an outcome finds the attempt and nothing else
            message_id=-attempt,
            attempt_id=attempt,
            run=RUN,
            seq=card.seq,
            to_wxid=card.to_wxid,
            device=want.device,
            epoch=want.epoch,
            payload=card.payload,
        )
