"""Tells why one recipient gets what they get, on a terminal or to a program."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gewe_runner.cards import frame
from gewe_runner.cli import show
from gewe_runner.explain import Explanation, Row
from gewe_runner.model import Asked, Message, Problem, Profile, Reason, Skip

if TYPE_CHECKING:
    from gewe_runner.ask import Standing


def text(found: Sequence[Explanation], profile: Profile) -> str:
    """The explanations as lines for a terminal."""
    lines = [show.banner(profile)]
    for one in found:
        lines += _lines(one)
    return "\n".join(lines)


def tree(found: Sequence[Explanation], problems: Sequence[Problem]) -> str:
    """The same as JSON."""
    whole = {"explanations": [_tree(one) for one in found], "problems": [*map(show.problem_json, problems)]}
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _lines(one: Explanation) -> Iterator[str]:
    draft = "   DRAFT: planned, never sent" if one.campaign.draft else ""
    yield f"campaign {one.campaign.name}, edition {one.campaign.edition}{draft}"
    yield f"  {show.plain(one.to_wxid)} {_verdict(one)}"
    for what, said in (*_by_files(one), *_by_ledger(one)):
        yield f"  {what:<9} {show.plain(said)}"


def _verdict(one: Explanation) -> str:
    if one.reason is not None:
        return f"gets nothing: {one.reason}, {frame.shared('en')[f'reason.{one.reason}']}"
    device = one.way.device if one.way else ""
    unasked = "" if one.asked is not Asked.NO else ", as far as the files say"
    return f"gets a card through {device}{unasked}"


def _by_files(one: Explanation) -> Iterator[tuple[str, str]]:
    if not one.rows:
        yield "row", "in no list of recipients"
    for row in one.rows:
        yield "row", f"{_place(row.line)}: {_became(one, row.line)}"
        if row.condition is not None:
            yield "  where", row.condition
        for value in row.values:
            yield "  value", f"{value.name} = {value.value}   from {value.origin}"
    for label in one.unread:
        yield "unread", f"{label}: may name this recipient, too"
    yield "suppress", _suppressed(one)
    if one.holdout is not None:
        held = "less than" if one.holdout.held else "not less than"
        out = "held out" if one.holdout.held else "not held out"
        yield "holdout", f"{one.holdout.share:.6f} is {held} {one.holdout.below:g}: {out}"
    if (draw := one.variant) is not None:
        yield "variant", f"{draw.name}: {draw.share:.6f} lies from {draw.begin:g} to below {draw.end:g}"
    if (way := one.way) is not None:
        among = f", among {', '.join(way.among)} by a hash" if len(way.among) > 1 else ""
        yield "device", f"{way.device}: named by {way.by}{among}"
    if isinstance(one.line, Message):
        yield "payload", one.line.payload
        yield "sha256", one.line.sha256


def _place(line: Message | Skip) -> str:
    return f"{line.source}, row {line.row}"


def _became(one: Explanation, line: Message | Skip) -> str:
    if isinstance(line, Message):
        return "makes the card"
    if line.reason is Reason.DUPLICATE and one.line is not None:
        return f"duplicate of {_place(one.line)}"
    return f"{line.reason}: {line.text}" if line.text else str(line.reason)


def _suppressed(one: Explanation) -> str:
    if one.suppressed:
        return f"on {', '.join(one.suppressed)}"
    if not one.suppressions:
        return "no suppression list was read" if one.unread else "there is no suppression list"
    return f"on none of {len(one.suppressions)}: {', '.join(one.suppressions)}"


def _by_ledger(one: Explanation) -> Iterator[tuple[str, str]]:
    standing = one.standing
    if standing is None:
        yield "ledger", "none yet" if one.asked is Asked.NEW else "not consulted"
        return
    if standing.joins is not None:
        yield "ledger", f"the plan goes on with run {standing.joins}"
    if not standing.cards:
        yield "ledger", "knows of no card of this edition"
    for card in standing.cards:
        said = [card["reason"] if card["reason"] != card["state"] else "", card["gateway_text"]]
        why = ": ".join(filter(None, said))
        through = f" through {card['device']}" if card["device"] else ""
        when = f" at {show.moment(card['at'])}" if card["at"] is not None else ""
        yield "ledger", f"run {card['run']}: {card['state']}{through}{when}" + (f" ({why})" if why else "")
    cap = one.campaign.frequency_cap
    if cap is not None:
        yield "cap", f"{len(standing.counted)} of at most {cap.messages} in {cap.days:g} days"
        for card in standing.counted:
            what = f"{card['campaign']}, edition {card['edition']}: {card['state']} through {card['device']}"
            yield "  counts", f"{show.moment(card['at'])}   {what}"


def _tree(one: Explanation) -> dict[str, Any]:
    message = one.line if isinstance(one.line, Message) else None
    return {
        "campaign": one.campaign.name,
        "edition": one.campaign.edition,
        "draft": one.campaign.draft,
        "toWxid": one.to_wxid,
        "gets": one.reason is None,
        "reason": one.reason,
        "rows": [_row(row) for row in one.rows],
        "unread": list(one.unread),
        "suppressions": list(one.suppressions),
        "suppressedBy": list(one.suppressed),
        "holdout": one.holdout and {"share": one.holdout.share, "below": one.holdout.below, "held": one.holdout.held},
        "variant": one.variant
        and {"name": one.variant.name, "share": one.variant.share, "from": one.variant.begin, "to": one.variant.end},
        "device": one.way and {"name": one.way.device, "by": one.way.by.name.lower(), "among": list(one.way.among)},
        "payload": json.loads(message.payload) if message else None,
        "sha256": message.sha256 if message else None,
        "ledger": {"state": one.asked, **(_standing(one, one.standing) if one.standing else {})},
    }


def _row(row: Row) -> dict[str, Any]:
    reason = row.line.reason if isinstance(row.line, Skip) else None
    return {
        "source": row.line.source,
        "row": row.line.row,
        "reason": reason,
        "text": row.line.text if isinstance(row.line, Skip) else "",
        "where": row.condition,
        "values": [{"name": one.name, "value": one.value, "from": one.origin} for one in row.values],
    }


def _standing(one: Explanation, standing: "Standing") -> dict[str, Any]:
    cap = one.campaign.frequency_cap
    told = {"messages": cap.messages, "days": cap.days} if cap else None
    return {
        "forbids": standing.forbids,
        "continues": standing.joins,
        "cards": [{**card, "at": show.moment(card["at"])} for card in standing.cards],
        "cap": told and {**told, "counted": [{**card, "at": show.moment(card["at"])} for card in standing.counted]},
    }
