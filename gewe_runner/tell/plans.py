"""Plans as Markdown that fits into a pull request's comment and is safe to read there."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from gewe_runner import words
from gewe_runner.model import Level, Message, Problem

#: Characters that a comment on GitHub may have; a step's summary may be longer.
COMMENT = 65_536

#: Parameters of a URL that let whoever has it read the file: they belong into no comment.
_SIGNED = {"sign", "signature", "token", "auth_key", "expires", "policy", "key-pair-id", "se", "sig", "ossaccesskeyid"}


#: Ids of people in the text of a problem.
_PERSON = re.compile(r"\bwxid_\w+|\b\d{5,}@chatroom")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One plan as somebody who has to approve it sees it."""

    campaign: str
    edition: str
    draft: bool
    profile: str
    #: `sandbox` or the gateway's base URL.
    gateway: str
    planned: int
    #: Without those that the ledger forbids or that were sent already.
    left: int
    #: Pending messages of a former plan that would be cancelled.
    replaces: int
    devices: Mapping[str, int]
    variants: Mapping[str, int]
    skips: Mapping[str, int]
    samples: Sequence[Message]
    #: When it would be done, as a sentence.
    forecast: str
    #: Why the ledger says nothing of who has got a card already; empty where it was consulted.
    unasked: str
    digest: str
    #: Lists that could not be read here.
    unread: Sequence[str] = ()
    #: What else is to be said, e.g. the difference to another plan, as Markdown lines.
    more: Sequence[str] = field(default_factory=tuple)


def markdown(plans: Sequence[Seen], problems: Sequence[Problem], size: int = COMMENT) -> str:
    """The plans in their order, cut between two lines where they would be longer than `size` characters."""
    total = sum(one.left for one in plans)
    head = [f"## gewe-runner: {words.number(total, 'message')} in {words.number(len(plans), 'campaign')}", ""]
    tables = [line for one in plans for line in (*_overview(one), "")]
    warned = list(_problems(problems))
    changed = [line for one in plans if one.more for line in (*one.more, "")]
    samples = [line for one in plans for line in _samples(one)]
    return _fitting([*head, *tables, *warned, *changed, *samples], size)


def _fitting(lines: Sequence[str], size: int) -> str:
    used, kept = 0, 0
    for line in lines:
        used += len(line) + 1
        if used > size - 80:
            break
        kept += 1
    missing = len(lines) - kept
    tail = ["", f"… {missing:,} lines more do not fit here: `gewe-runner plan` shows them."] if missing else []
    return "\n".join([*lines[:kept], *tail]).rstrip()


def _overview(one: Seen) -> Iterator[str]:
    draft = " (draft: planned, never sent)" if one.draft else ""
    yield f"### {words.code(one.campaign)}, edition {words.code(one.edition)}{draft}"
    yield ""
    where = "**SANDBOX**: nothing reaches WeChat" if one.gateway == "sandbox" else words.code(one.gateway)
    of = f" of {one.planned:,} planned" if one.left != one.planned else ""
    yield f"- **{one.left:,} to send**{of}, profile {words.code(one.profile)}, {where}"
    if one.replaces:
        yield f"- replaces {words.number(one.replaces, 'pending message')} of a former plan"
    for what, counts in (("device", one.devices), ("variant", one.variants), ("skipped", one.skips)):
        said = ", ".join(f"{words.code(name)} {count:,}" for name, count in _largest(counts))
        if said:
            yield f"- {what}: {said}"
    yield f"- {one.forecast}"
    if one.unasked:
        yield f"- ledger {one.unasked}"
    if one.unread:
        yield f"- **not whole**: {', '.join(map(words.code, one.unread))} could not be read here, so there is no digest"
        return
    yield f"- digest `{one.digest}`"
    if not one.draft and one.left:
        yield "- to approve: `gewe-runner plan --lock` and commit the lock file, or `send --approve` with this digest"


def _largest(counts: Mapping[str, int], most: int = 20) -> Iterator[tuple[str, int]]:
    ordered = sorted(((name, count) for name, count in counts.items() if count), key=lambda one: (-one[1], one[0]))
    yield from ordered[:most]
    if rest := ordered[most:]:
        yield f"{len(rest):,} others", sum(count for _, count in rest)


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    shown = [one for one in problems if one.level is not Level.NOTICE]
    if shown:
        yield "#### Problems and warnings"
        yield ""
        for one in shown:
            place = ":".join(str(part) for part in (one.path, one.line, one.column) if part is not None)
            said = _PERSON.sub(lambda found: words.short_id(found[0]), one.message)
            yield f"- {one.level}, {words.code(place)}: {words.code(one.rule)}: {words.code(said, 500)}"
        yield ""


def _samples(one: Seen) -> Iterator[str]:
    for message in one.samples:
        yield f"#### Sample of {words.code(one.campaign)}"
        yield ""
        variant = f", variant {words.code(message.variant)}" if message.variant is not None else ""
        person = words.code(words.short_id(message.to_wxid))
        place = f"{words.code(message.source)}, row {message.row}"
        yield f"{person} through {words.code(message.device)}{variant} ({place})"
        yield ""
        card = {name: value for name, value in json.loads(message.payload).items() if name != "toWxid"}
        yield from words.table(
            ["field", "value"], align=":--", rows=([name, words.cell(unsigned(value))] for name, value in card.items())
        )
        yield ""


def unsigned(value: str) -> str:
    """A value of a card; of a URL that is signed everything but the signature."""
    try:
        parts = urlsplit(value)
        names = {name.casefold() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        return value
    if not parts.scheme or not any(name in _SIGNED or name.startswith(("x-amz-", "q-", "x-oss-")) for name in names):
        return value
    return f"{parts.scheme}://{parts.netloc}{parts.path}?…"
