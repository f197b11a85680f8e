"""The preview as one page that holds everything, asks nobody for anything, and shows covers only when told to."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from gewe_runner.cards import chunks, frame
from gewe_runner.model import Message, Skip

_FRAME = Path(__file__).parent / "preview.html"

#: Fields of a card, in the order in which a row has them.
_FIELDS = ("displayName", "title", "coverImgUrl", "pagePath", "miniAppId", "userName")


#: What the page's script gets: rows of `cards`, and of `rows`, which has everybody.
_Row = tuple[str | int | None, ...]


def write(facts: Mapping[str, object], lines: Iterable[Message | Skip], stream: TextIO) -> None:
    """Write the page in one pass over the plan's lines.

    Args:
        facts: What stands above the cards: campaign, edition, profile, gateway, digest, and whether it is a draft.
    """
    before, after = frame.halves(_FRAME)
    stream.write(before)
    stream.write(frame.data("facts", facts))
    waiting: dict[str, list[_Row]] = {"cards": [], "rows": []}
    for name, row in _rows(lines):
        waiting[name].append(row)
        if len(waiting[name]) >= chunks.SIZE:
            stream.writelines(chunks.scripts(name, waiting[name]))
            waiting[name].clear()
    for name, rows in waiting.items():
        stream.writelines(chunks.scripts(name, rows))
    stream.write(after)


def _rows(lines: Iterable[Message | Skip]) -> Iterator[tuple[str, _Row]]:
    """Every distinct card before the first who gets it, and everybody.

    That is id, list and row, then the number of the card, device and variant, or none, the reason and its text.
    """
    numbers: dict[bytes, int] = {}
    for line in lines:
        who = (line.to_wxid, line.source, line.row)
        if isinstance(line, Skip):
            yield "rows", (*who, None, line.reason, line.text)
            continue
        payload = json.loads(line.payload)
        card = tuple(payload.get(name, "") for name in _FIELDS)
        key = _key(card)
        if key not in numbers:
            numbers[key] = len(numbers)
            yield "cards", card
        yield "rows", (*who, numbers[key], line.device, line.variant)


def _key(card: Sequence[str]) -> bytes:
    """A card's identity in 16 bytes: a plan may have a million of them."""
    return hashlib.blake2b(json.dumps(card).encode(), digest_size=16).digest()


def facts(header: Mapping[str, object], gateway: str, *, draft: bool) -> dict[str, object]:
    """What the page says above the cards."""
    names = ("campaign", "edition", "profile", "digest", "counts")
    return {**dict(zip(names, (header[name] for name in names), strict=True)), "gateway": gateway, "draft": draft}


def samples(lines: Iterable[Message | Skip], to_wxid: str | None, limit: int | None) -> Iterator[Message]:
    """The messages that were asked for, in plan order."""
    wanted = (line for line in lines if isinstance(line, Message) and to_wxid in (None, line.to_wxid))
    return itertools.islice(wanted, limit)
