"""Says how two plans differ: who is new, who is gone, who moved, and which values of the cards changed."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gewe_runner.model import Message, Skip

#: How many different changes of one field are told apart; the others are only counted.
KEPT = 1_000

#: How many people are named who are new or gone.
NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of two plans."""

    #: How it is called, e.g. `git:main`.
    name: str
    header: Mapping[str, Any]
    #: A fresh iterator at every call.
    lines: Callable[[], Iterator[Message | Skip]]


@dataclass(kw_only=True, slots=True)
class Difference:
    """What became of the former plan."""

    campaign: str
    former: str
    #: Both have the same digest: nothing that the files decide has changed.
    same: bool = False
    #: There is no former plan of this campaign.
    new: bool = False
    added: int = 0
    removed: int = 0
    #: In both, with the same payload, device and variant.
    kept: int = 0
    #: Some of those who are new and gone.
    added_ids: list[str] = field(default_factory=list)
    removed_ids: list[str] = field(default_factory=list)
    #: By (device before, device now), and the same of variants.
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    variants: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: By field of the card: how often which value became which. None: the field was not there, or is not.
    fields: dict[str, Counter[tuple[str | None, str | None]]] = field(default_factory=dict)
    #: Changes of a field beyond the `KEPT` that are told apart.
    others: Counter[str] = field(default_factory=Counter)
    #: What the header decides, by its place: value before, value now.
    header: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def difference(former: Side, now: Side) -> Difference:
    """Compare two plans of one campaign; memory does not grow with them."""
    found = Difference(campaign=now.header["campaign"], former=former.name)
    if former.header["digest"] == now.header["digest"]:
        found.same, found.kept = True, now.header["counts"]["messages"]
        return found
    found.header = dict(_header(former.header, now.header))
    with _Before() as before:
        before.add(former.lines())
        for message in _messages(now.lines()):
            known = before.take(message.to_wxid)
            if known is None:
                _name(found.added_ids, message.to_wxid)
                found.added += 1
            elif known == (message.device, message.variant, message.payload):
                found.kept += 1
            else:
                _compare(found, known, message)
        found.removed, found.removed_ids = before.rest()
    return found


class _Before:
    """The former plan's messages by recipient, in a database of its own that vanishes with it."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "PRAGMA cache_size=-16000",
            "CREATE TABLE before (id TEXT PRIMARY KEY, device TEXT, variant TEXT, payload TEXT, taken INTEGER)",
            "BEGIN",
        ):
            self._connection.execute(statement)

    def __enter__(self) -> "_Before":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, lines: Iterator[Message | Skip]) -> None:
        rows = ((one.to_wxid, one.device, one.variant, one.payload) for one in _messages(lines))
        self._connection.executemany("INSERT OR IGNORE INTO before VALUES (?, ?, ?, ?, 0)", rows)

    def take(self, to_wxid: str) -> tuple[str, str | None, str] | None:
        """The device, variant and payload that somebody had, who is no longer counted as gone."""
        statement = "UPDATE before SET taken = 1 WHERE id = ? RETURNING device, variant, payload"
        found: list[tuple[str, str | None, str]] = self._connection.execute(statement, (to_wxid,)).fetchall()
        return found[0] if found else None

    def rest(self) -> tuple[int, list[str]]:
        """How many were not taken, and some of them."""
        (count,) = self._connection.execute("SELECT count(*) FROM before WHERE taken = 0").fetchone()
        some = self._connection.execute("SELECT id FROM before WHERE taken = 0 ORDER BY rowid LIMIT ?", (NAMED,))
        return count, [to_wxid for (to_wxid,) in some]


def _messages(lines: Iterator[Message | Skip]) -> Iterator[Message]:
    return (line for line in lines if isinstance(line, Message))


def _name(ids: list[str], to_wxid: str) -> None:
    if len(ids) < NAMED:
        ids.append(to_wxid)


def _compare(found: Difference, known: tuple[str, str | None, str], message: Message) -> None:
    device, variant, payload = known
    if device != message.device:
        found.moved[device, message.device] += 1
    if variant != message.variant:
        found.variants[variant or "none", message.variant or "none"] += 1
    if payload == message.payload:
        return
    before, now = json.loads(payload), json.loads(message.payload)
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            _count(found, name, (before.get(name), now.get(name)))


def _count(found: Difference, name: str, change: tuple[str | None, str | None]) -> None:
    changes = found.fields.setdefault(name, Counter())
    if change in changes or len(changes) < KEPT:
        changes[change] += 1
    else:
        found.others[name] += 1


def _header(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in ("edition", "profile"):
        if before[name] != now[name]:
            yield name, (before[name], now[name])
    for name in sorted({*before["send"], *now["send"]}):
        values = (before["send"].get(name), now["send"].get(name))
        if values[0] != values[1]:
            yield f"send.{name}", values
    skips = [side["counts"]["skips"] for side in (before, now)]
    for name in sorted({*skips[0], *skips[1]}):
        counts = (skips[0].get(name, 0), skips[1].get(name, 0))
        if counts[0] != counts[1]:
            yield f"skipped: {name}", counts
