"""The preview as one page that holds everything, asks nobody for anything, and shows covers only when told to."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from gewe_runner.cards import chunks, distinct, frame
from gewe_runner.model import Message, Skip

_FRAME = Path(__file__).parent / "preview.html"

#: Fields of a card, in the order in which a row has them.
_FIELDS = ("displayName", "title", "coverImgUrl", "pagePath", "miniAppId", "userName")


def write(facts: Mapping[str, object], lines: Callable[[], Iterable[Message | Skip]], stream: TextIO) -> None:
    """Write the page, row by row.

    Args:
        facts: What stands above the cards: campaign, edition, profile, gateway, digest, and whether it is a draft.
        lines: The plan's lines, afresh at every call.
    """
    before, after = frame.halves(_FRAME)
    stream.write(before)
    stream.write(frame.data("facts", facts))
    numbers: dict[bytes, int] = {}
    stream.writelines(_tagged("cards", _cards(lines(), numbers)))
    stream.writelines(_tagged("rows", _rows(lines(), numbers)))
    stream.write(after)


def _tagged(name: str, rows: Iterable[Sequence[str | int | None]]) -> Iterator[str]:
    return (f'<script type="text/plain" class="{name}">{piece}</script>\n' for piece in chunks.packed(rows))


def _key(message: Message) -> bytes:
    """A card's identity in 16 bytes: a plan may have a million of them."""
    fields = json.dumps(distinct.shown(message), sort_keys=True)
    return hashlib.blake2b(fields.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _cards(lines: Iterable[Message | Skip], numbers: dict[bytes, int]) -> Iterator[list[str]]:
    """Every distinct card once; `numbers` says afterwards which is which."""
    for line in lines:
        if isinstance(line, Message) and (key := _key(line)) not in numbers:
            numbers[key] = len(numbers)
            fields = distinct.shown(line)
            yield [fields.get(name, "") for name in _FIELDS]


def _rows(lines: Iterable[Message | Skip], numbers: Mapping[bytes, int]) -> Iterator[list[str | int | None]]:
    """Everybody: id, list, row, then number of the card, device and variant, or none, the reason and its text."""
    for line in lines:
        if isinstance(line, Message):
            yield [line.to_wxid, line.source, line.row, numbers[_key(line)], line.device, line.variant]
        else:
            yield [line.to_wxid, line.source, line.row, None, line.reason, line.text]


def facts(header: Mapping[str, object], gateway: str, *, draft: bool) -> dict[str, object]:
    """What the page says above the cards."""
    names = ("campaign", "edition", "profile", "digest", "counts")
    return {**dict(zip(names, (header[name] for name in names), strict=True)), "gateway": gateway, "draft": draft}


def samples(lines: Iterable[Message | Skip], to_wxid: str | None, limit: int | None) -> Iterator[Message]:
    """The messages that were asked for, in plan order."""
    wanted = (line for line in lines if isinstance(line, Message) and to_wxid in (None, line.to_wxid))
    return itertools.islice(wanted, limit)
