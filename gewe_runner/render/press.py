"""Fills the card's templates with rows, checks what comes out and freezes it as canonical JSON; a pure function."""

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jsonschema

from gewe_runner import schemas, template
from gewe_runner.model import CARD_FIELDS, Campaign, Level, Profile, Value, Where
from gewe_runner.rules import Rule, cards, templates

_FIELDS = frozenset({"toWxid", *CARD_FIELDS})
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Slip(NamedTuple):
    """What the card of one recipient depends on; small, since another process may get it."""

    #: The list that the row is of, by where it stands in the campaign, and its label.
    where: Where
    source: str
    row: int
    to_wxid: str
    values: Mapping[str, str]
    device: str
    variant: str | None


class Left(NamedTuple):
    """A template leaves the recipient out."""

    reason: str


class Frozen(NamedTuple):
    """A payload and its hex SHA-256."""

    payload: str
    sha256: str


class Pressed(NamedTuple):
    """What became of slips."""

    #: One a slip; None where the card has an error.
    outcomes: list[Frozen | Left | None]
    #: What is wrong or doubtful, by the slip's index.
    findings: list[tuple[int, Rule, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Card:
    """The card of one variant, compiled."""

    #: Values that are the same for everybody, stripped.
    constants: Mapping[str, str]
    #: Field, how problems name its template, the template.
    templates: tuple[tuple[str, str, template.Template], ...]


class Press:
    """A campaign's compiled cards.

    Args:
        campaign: Checked: every template of it compiles, and its constant values are sound.
    """

    def __init__(self, campaign: Campaign, profile: Profile) -> None:
        self._cards: dict[str | None, _Card] = {
            variant.name: _card(campaign.card, variant.card, f"variants[{index}].")
            for index, variant in enumerate(campaign.variants)
        } or {None: _card(campaign.card, {}, "")}
        #: The names that its templates take from outside.
        self.names = frozenset(
            name for card in self._cards.values() for _, _, one in card.templates for name in one.names
        )
        self._about = {"name": campaign.name, "edition": campaign.edition, "description": campaign.description}
        self._variables: dict[Where, Mapping[str, Value]] = {
            source.where: {**profile.vars, **campaign.vars, **source.vars} for source in campaign.recipients
        }

    def press(self, slips: Iterable[Slip]) -> Pressed:
        """The payload of each slip; the same slips give the same payloads everywhere."""
        pressed = Pressed([], [])
        for index, slip in enumerate(slips):
            outcome, told = self._outcome(slip)
            pressed.outcomes.append(outcome)
            pressed.findings.extend((index, rule, message) for rule, message in told)
        return pressed

    def _outcome(self, slip: Slip) -> tuple[Frozen | Left | None, list[tuple[Rule, str]]]:
        try:
            values, told = _rendered(self._cards[slip.variant], self._names(slip))
        except template.Skipped as skipped:
            return Left(skipped.reason), []
        if len(values) < len(CARD_FIELDS):
            return None, told
        values["toWxid"] = slip.to_wxid
        if not conforms(values):
            faults = _validator().iter_errors(values)
            told += ((templates.PAYLOAD, f"{'.'.join(map(str, one.path)) or 'card'}: {one.message}") for one in faults)
            return None, told
        payload = _canonical(values)
        try:
            return Frozen(payload, hashlib.sha256(payload.encode()).hexdigest()), told
        except UnicodeEncodeError:
            broken = next(name for name, value in values.items() if not _is_encodable(value))
            told.append((templates.VALUE, f"{broken}: has half of a character in it (a lone surrogate)"))
            return None, told

    def _names(self, slip: Slip) -> dict[str, object]:
        return {
            **self._variables[slip.where],
            **slip.values,
            "campaign": self._about,
            "recipient": {"toWxid": slip.to_wxid, "source": slip.source, "row": slip.row},
            "device": {"name": slip.device},
            "variant": {"name": slip.variant or ""},
        }


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
