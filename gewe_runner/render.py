"""Makes messages of recipients: the card's templates filled with each row, checked and frozen as canonical JSON."""

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import jsonschema

from gewe_runner import schemas, template
from gewe_runner.model import (
    CARD_FIELDS,
    Assignment,
    Campaign,
    Level,
    Message,
    Position,
    Profile,
    Reason,
    Recipient,
    Skip,
    Source,
    Value,
    Where,
)
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, cards, templates

_FIELDS = frozenset({"toWxid", *CARD_FIELDS})
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def messages(
    campaign: Campaign, profile: Profile, assignments: Iterable[Assignment | Skip], problems: Problems
) -> Iterator[Message | Skip]:
    """Render the card of every assignment, in order; skips pass through.

    A row whose card has an error gives no message but a problem, and the next row is rendered, so that all are
    counted. A row that any of its templates leaves out with `skip("…")` gives a skip, whatever the others do. What no
    template uses is told after the last row.

    Args:
        campaign: Checked: every template of it compiles, and its constant values are sound.
    """
    press = _Press(campaign, profile, problems)
    for one in assignments:
        if isinstance(one, Skip):
            yield one
        elif message := press.message(one):
            yield message
    press.tell_unused()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Card:
    """The card of one variant, compiled."""

    #: Values that are the same for everybody, stripped.
    constants: Mapping[str, str]
    #: Field, how problems name its template, the template.
    templates: tuple[tuple[str, str, template.Template], ...]


@dataclass(kw_only=True, slots=True)
class _List:
    """What is known of a list while its rows pass."""

    source: Source
    #: The variables that its rows see.
    variables: Mapping[str, Value]
    columns: set[str] = field(default_factory=set)


class _Press:
    """The compiled campaign, and what the rows so far have shown."""

    def __init__(self, campaign: Campaign, profile: Profile, problems: Problems) -> None:
        self._campaign = campaign
        self._profile = profile
        self._problems = problems
        self._cards: dict[str | None, _Card] = {
            variant.name: _card(campaign.card, variant.card, f"variants[{index}].")
            for index, variant in enumerate(campaign.variants)
        } or {None: _card(campaign.card, {}, "")}
        self._used = {name for card in self._cards.values() for _, _, one in card.templates for name in one.names}
        self._about = {"name": campaign.name, "edition": campaign.edition, "description": campaign.description}
        self._lists: dict[Where, _List] = {}

    def message(self, assignment: Assignment) -> Message | Skip | None:
        """The message or skip; None where its card has an error, which is then among the problems."""
        recipient = assignment.recipient
        try:
            values, found = _rendered(self._cards[assignment.variant], self._names(assignment))
        except template.Skipped as skipped:
            return Skip(
                to_wxid=recipient.to_wxid,
                source=recipient.source.label,
                row=recipient.row,
                reason=Reason.BY_TEMPLATE,
                text=skipped.reason,
            )
        for rule, message in found:
            self._tell(rule, recipient, message)
        if len(values) < len(CARD_FIELDS):
            return None
        values["toWxid"] = recipient.to_wxid
        if not conforms(values):
            for error in _validator().iter_errors(values):
                self._tell(templates.PAYLOAD, recipient, f"{'.'.join(map(str, error.path)) or 'card'}: {error.message}")
            return None
        payload = _canonical(values)
        try:
            digest = hashlib.sha256(payload.encode()).hexdigest()
        except UnicodeEncodeError:
            broken = next(name for name, value in values.items() if not _is_encodable(value))
            self._tell(templates.VALUE, recipient, f"{broken}: has half of a character in it (a lone surrogate)")
            return None
        return Message(
            to_wxid=recipient.to_wxid,
            device=assignment.device,
            variant=assignment.variant,
            source=recipient.source.label,
            row=recipient.row,
            payload=payload,
            sha256=digest,
        )

    def _names(self, assignment: Assignment) -> dict[str, object]:
        recipient = assignment.recipient
        source = recipient.source
        rows = self._lists.get(source.where) or self._open(source)
        if not recipient.values.keys() <= rows.columns:
            self._meet(rows, recipient.values.keys() - rows.columns)
        return {
            **rows.variables,
            **recipient.values,
            "campaign": self._about,
            "recipient": {"toWxid": recipient.to_wxid, "source": source.label, "row": recipient.row},
            "device": {"name": assignment.device},
            "variant": {"name": assignment.variant or ""},
        }

    def _open(self, source: Source) -> _List:
        variables = {**self._profile.vars, **self._campaign.vars, **source.vars}
        self._lists[source.where] = _List(source=source, variables=variables)
        return self._lists[source.where]

    def _meet(self, rows: _List, columns: set[str]) -> None:
        """Note columns that are new, and say which variables they hide."""
        rows.columns |= columns
        for name in sorted(columns & rows.variables.keys()):
            message = f"the column {name!r} of {rows.source.label} hides the variable of that name"
            self._problems.add(templates.HIDDEN.at(rows.source.document, rows.source.position, message))

    def tell_unused(self) -> None:
        """Say which variables and columns nothing has used."""
        sources = self._campaign.recipients
        wheres = {source.where: _where_names(source) for source in sources}
        used = self._used.union(*wheres.values())
        for name in self._campaign.vars:
            if name not in used:
                place = self._campaign.positions.get(("vars", name))
                self._problems.add(templates.UNUSED_VARIABLE.at(self._campaign.shown, place, _unused(name)))
        for source in sources:
            here = self._used | wheres[source.where]
            for name in source.vars:
                if name not in here:
                    self._problems.add(templates.UNUSED_VARIABLE.at(source.document, source.position, _unused(name)))
            rows = self._lists.get(source.where)
            unused = sorted(rows.columns - here - source.columns.keys() - {"toWxid", "device"}) if rows else ()
            if unused:
                message = f"{source.label} has columns that nothing uses: {', '.join(unused)}"
                self._problems.add(templates.UNUSED_COLUMN.at(source.document, source.position, message))

    def _tell(self, rule: Rule, recipient: Recipient, message: str) -> None:
        source = recipient.source
        if source.rows is None:
            self._problems.add(rule.at(source.name, Position(recipient.row, 1), message))
        else:
            self._problems.add(rule.at(source.document, source.row_positions[recipient.row - 1], message))


def conforms(payload: Mapping[str, str]) -> bool:
    """Whether a payload keeps the plan schema's `payload`: seven texts, none empty.

    The schema asks no more, which a test holds; its validator would take longer than all the rest of a row.
    """
    return payload.keys() == _FIELDS and all(payload.values())


@functools.cache
def _validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schemas.load("plan")["definitions"]["payload"])


@functools.lru_cache(maxsize=4096)
def _check(name: str, value: str) -> tuple[tuple[Rule, str], ...]:
    """What is wrong with a value; remembered, since lists repeat their cities and stores."""
    return tuple(cards.check(name, value))


def _card(card: Mapping[str, str], overrides: Mapping[str, str], place: str) -> _Card:
    compiled = {name: template.Template({**card, **overrides}[name]) for name in CARD_FIELDS}
    return _Card(
        constants={name: one.render({}).strip() for name, one in compiled.items() if one.constant},
        templates=tuple(
            (name, f"{place if name in overrides else ''}card.{name}", one)
            for name, one in compiled.items()
            if not one.constant
        ),
    )


def _rendered(card: _Card, names: Mapping[str, object]) -> tuple[dict[str, str], list[tuple[Rule, str]]]:
    """The values without an error, and all that is wrong or doubtful.

    Raises:
        template.Skipped: a template leaves the recipient out.
    """
    values, told = dict(card.constants), []
    for name, place, text in card.templates:
        try:
            value = text.render(names).strip()
        except template.TemplateFault as fault:
            rule = templates.UNDEFINED if fault.undefined else templates.VALUE
            line = f"line {fault.line}: " if fault.line > 1 else ""
            told.append((rule, f"{place}: {line}{fault.message}"))
            continue
        found = _check(name, value)
        told += ((rule, f"{place}: {message}") for rule, message in found)
        if all(rule.level is not Level.ERROR for rule, _ in found):
            values[name] = value
    return values, told


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _unused(name: str) -> str:
    return f"the variable {name!r} is used by no template and no `where`; remove it or correct its name"


def _where_names(source: Source) -> frozenset[str]:
    return template.Expression(source.condition).names if source.condition else frozenset()
