"""Groups messages by the card that people will see: what differs between two groups is worth a look."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from gewe_runner.model import Message, Skip

#: How many recipients of one card are named.
NAMED = 3


@dataclass(kw_only=True, slots=True)
class Card:
    """One distinct card and who gets it."""

    #: The payload's fields without `toWxid`.
    fields: dict[str, str]
    count: int = 0
    #: The first of its messages.
    messages: list[Message] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Cards:
    """The distinct cards of a plan, in plan order."""

    cards: list[Card] = field(default_factory=list)
    #: Messages with a card beyond those.
    others: int = 0
    skipped: int = 0


def distinct(lines: Iterable[Message | Skip], limit: int) -> Cards:
    """The first `limit` distinct cards; memory does not grow with the plan."""
    found = Cards()
    known: dict[str, Card] = {}
    for line in lines:
        if isinstance(line, Skip):
            found.skipped += 1
            continue
        fields = shown(line)
        key = json.dumps(fields, sort_keys=True)
        if key not in known:
            if len(known) >= limit:
                found.others += 1
                continue
            known[key] = Card(fields=fields)
            found.cards.append(known[key])
        card = known[key]
        card.count += 1
        if len(card.messages) < NAMED:
            card.messages.append(line)
    return found


def shown(message: Message) -> dict[str, str]:
    """What of a payload is the card: everything but its recipient."""
    fields: dict[str, str] = json.loads(message.payload)
    return {name: value for name, value in fields.items() if name != "toWxid"}
