"""Tells how two plans differ, on a terminal, in a comment or to a program."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from gewe_runner import words
from gewe_runner.cli import show
from gewe_runner.plan.difference import Difference

#: So many changes of one field are shown, the commonest first.
_SHOWN = 5

#: What a line tells: what is counted, how many, and what it is about.
_Line = tuple[str, int | None, str]


def text(found: Difference) -> Iterator[str]:
    """The difference as lines for a terminal."""
    if sentence := _sentence(found):
        yield f"  against {show.plain(found.former)}: {sentence}"
        return
    yield f"  against {show.plain(found.former)}"
    for what, count, said in _lines(found, lambda value: words.line(json.dumps(value, ensure_ascii=False)), show.plain):
        number = f"{count:>9,}" if count is not None else " " * 9
        yield f"    {what:<14} {number}   {said}".rstrip()


def markdown(found: Difference) -> Iterator[str]:
    """The same as a part of a comment, with ids shortened."""
    yield f"#### {words.code(found.campaign)} against {words.code(found.former)}"
    yield ""
    if sentence := _sentence(found):
        yield sentence
        return
    for what, count, said in _lines(found, _code, lambda wxid: words.code(words.short_id(wxid))):
        number = f"{count:,} " if count is not None else ""
        yield f"- {words.code(what) if '.' in what else what}: {number}{said}".rstrip()


def tree(found: Difference) -> dict[str, Any]:
    """The same as JSON; everything that was told apart."""
    return {
        "campaign": found.campaign,
        "against": found.former,
        "same": found.same,
        "new": found.new,
        "added": found.added,
        "removed": found.removed,
        "unchanged": found.kept,
        "addedSome": found.added_ids,
        "removedSome": found.removed_ids,
        "devices": _changes(found.moved),
        "variants": _changes(found.variants),
        "fields": {name: _changes(changes) for name, changes in found.fields.items()},
        "fieldsOther": dict(found.others),
        "header": {name: {"before": before, "now": now} for name, (before, now) in found.header.items()},
    }


def _sentence(found: Difference) -> str:
    if found.same:
        return "no difference"
    return f"there is no such campaign there, so all {found.added:,} are new" if found.new else ""


def _lines(found: Difference, quote: Callable[[Any], str], person: Callable[[str], str]) -> Iterator[_Line]:
    for what, count, some in (("added", found.added, found.added_ids), ("removed", found.removed, found.removed_ids)):
        if count:
            yield what, count, ", ".join(map(person, some)) + (", …" if count > len(some) else "")
    yield "unchanged", found.kept, ""
    counted: dict[str, Counter[Any]] = {"device": found.moved, "variant": found.variants, **found.fields}
    for what, changes in counted.items():
        yield from _counted(what, changes, found.others[what], quote)
    for what, (before, now) in found.header.items():
        yield what, None, f"{quote(before)} → {quote(now)}"


def _counted(what: str, changes: Counter[Any], others: int, quote: Callable[[Any], str]) -> Iterator[_Line]:
    ordered = sorted(changes.items(), key=lambda one: -one[1])
    for (before, now), count in ordered[:_SHOWN]:
        yield what, count, f"{quote(before)} → {quote(now)}"
    more = sum(count for _, count in ordered[_SHOWN:]) + others
    if more:
        values = f"{len(ordered) - _SHOWN:,}" if not others else f"more than {len(ordered) - _SHOWN:,}"
        yield what, more, f"{values} other changes"


def _changes(changes: Counter[Any]) -> list[dict[str, Any]]:
    ordered = sorted(changes.items(), key=lambda one: -one[1])
    return [{"before": before, "now": now, "count": count} for (before, now), count in ordered]


def _code(value: Any) -> str:
    return words.code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
