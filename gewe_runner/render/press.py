"""Fills the card's templates with rows, checks what comes out and freezes it as canonical JSON; a pure function."""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from typing import NamedTuple

from gewe_runner import schemas, template
from gewe_runner.model import CARD_FIELDS, Campaign, Level, Profile, Value, Where
from gewe_runner.rules import Rule, cards, templates

#: The keys of a payload in the order of canonical JSON.
_FIELDS = tuple(sorted(("toWxid", *CARD_FIELDS)))
_KEYS = frozenset(_FIELDS)

#: What the card of one recipient depends on, besides the list: row, id, device, variant, and the row's values. A bare
#: tuple, since each of them goes to another process: to pickle anything with a class takes three times as long.
Slip = tuple[int, str, str, str | None, tuple[str, ...]]


class Sheet(NamedTuple):
    """Recipients of one list whose rows have the same columns."""

    #: The list, by where it stands in the campaign, and its label.
    where: Where
    source: str
    #: The columns.
    names: tuple[str, ...]
    slips: list[Slip]


class Pressed(NamedTuple):
    """What became of slips, by their index over all sheets."""

    #: Canonical JSON; empty where there is none.
    payloads: list[str]
    #: Hex SHA-256 of each.
    digests: list[str]
    #: Why a template leaves the recipient out.
    left: dict[int, str]
    #: What is wrong or doubtful.
    findings: list[tuple[int, Rule, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Card:
    """The card of one variant, compiled."""

    #: Values that are the same for everybody, stripped.
    constants: Mapping[str, str]
    #: Field, how problems name its template, the template.
    templates: tuple[tuple[str, str, template.Template], ...]
    #: The payload with what is the same for everybody, and a `%s` for each of `gaps`.
    form: str
    gaps: tuple[str, ...]

    def payload(self, values: Mapping[str, str]) -> str:
        """The values as canonical JSON: keys sorted, no spaces, UTF-8 left as it is."""
        return self.form % tuple([_quoted(values[name]) for name in self.gaps])


class Press:
    """A campaign's compiled cards.

    Args:
        campaign: Checked: every template of it compiles, and its constant values are sound.
    """

    def __init__(self, campaign: Campaign, profile: Profile) -> None:
        self._cards: dict[str | None, _Card] = {
            variant.name: _card(campaign, variant.card, f"variants[{index}].")
            for index, variant in enumerate(campaign.variants)
        } or {None: _card(campaign, {}, "")}
        #: The names that its templates take from outside.
        self.names = frozenset(
            name for card in self._cards.values() for _, _, one in card.templates for name in one.names
        )
        self._about = {"name": campaign.name, "edition": campaign.edition, "description": campaign.description}
        self._variables: dict[Where, Mapping[str, Value]] = {
            source.where: {**profile.vars, **campaign.vars, **source.vars} for source in campaign.recipients
        }

    def press(self, sheets: Iterable[Sheet]) -> Pressed:
        """The payload of each slip; the same slips give the same payloads everywhere."""
        pressed = Pressed([], [], {}, [])
        for sheet in sheets:
            for slip in sheet.slips:
                payload, sha256 = self._pressed(sheet, slip, pressed)
                pressed.payloads.append(payload)
                pressed.digests.append(sha256)
        return pressed

    def _pressed(self, sheet: Sheet, slip: Slip, pressed: Pressed) -> tuple[str, str]:
        """A payload and its hex SHA-256, both empty where there is none; why is added to `pressed`."""
        row, to_wxid, device, variant, row_values = slip
        names: dict[str, object] = dict(self._variables[sheet.where])
        names.update(zip(sheet.names, row_values, strict=True))
        names["campaign"] = self._about
        names["recipient"] = {"toWxid": to_wxid, "source": sheet.source, "row": row}
        names["device"], names["variant"] = {"name": device}, {"name": variant or ""}
        card, index = self._cards[variant], len(pressed.payloads)
        try:
            values, told = _rendered(card, names)
        except template.Skipped as skipped:
            pressed.left[index] = skipped.reason
            return "", ""
        payload, sha256 = "", ""
        if len(values) == len(CARD_FIELDS):
            values["toWxid"] = to_wxid
            payload, sha256 = _frozen(card, values, told)
        pressed.findings.extend((index, rule, message) for rule, message in told)
        return payload, sha256


def _frozen(card: _Card, values: Mapping[str, str], told: list[tuple[Rule, str]]) -> tuple[str, str]:
    """The payload and its hex SHA-256; both empty where it cannot be, which is told."""
    if not conforms(values):
        told += ((templates.PAYLOAD, fault) for fault in _faults(values))
        return "", ""
    payload = card.payload(values)
    try:
        return payload, hashlib.sha256(payload.encode()).hexdigest()
    except UnicodeEncodeError:
        broken = next(name for name, value in values.items() if not _is_encodable(value))
        told.append((templates.VALUE, f"{broken}: has half of a character in it (a lone surrogate)"))
        return "", ""


def conforms(payload: Mapping[str, str]) -> bool:
    """Whether a payload keeps the plan schema's `payload`: seven texts, none empty.

    The schema asks no more, which a test holds; its validator would take longer than all the rest of a row.
    """
    return payload.keys() == _KEYS and all(payload.values())


def _faults(payload: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a payload that does not conform, which hardly any card comes to."""
    import jsonschema  # takes longer to load than all else that a start needs

    for one in jsonschema.Draft7Validator(schemas.load("plan")["definitions"]["payload"]).iter_errors(payload):
        yield f"{'.'.join(map(str, one.path)) or 'card'}: {one.message}"


@functools.lru_cache(maxsize=4096)
def _check(name: str, value: str) -> tuple[tuple[Rule, str], ...]:
    """What is wrong with a value; remembered, since lists repeat their cities and stores."""
    return tuple(cards.check(name, value))


def _card(campaign: Campaign, overrides: Mapping[str, str], place: str) -> _Card:
    card = {**campaign.card, **overrides}
    compiled = {name: template.Template(card[name], campaign.parts) for name in CARD_FIELDS}
    constants = {name: one.render({}).strip() for name, one in compiled.items() if one.constant}
    parts = (
        f"{_quoted(name)}:{_quoted(constants[name]).replace('%', '%%') if name in constants else '%s'}"
        for name in _FIELDS
    )
    return _Card(
        constants=constants,
        templates=tuple(
            (name, f"{place if name in overrides else ''}card.{name}", one)
            for name, one in compiled.items()
            if not one.constant
        ),
        form=f"{{{','.join(parts)}}}",
        gaps=tuple(name for name in _FIELDS if name not in constants),
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
            told.append((rule, f"{place}: {fault.place}{fault.message}"))
            continue
        if found := _check(name, value):
            told += ((rule, f"{place}: {message}") for rule, message in found)
            if any(rule.level is Level.ERROR for rule, _ in found):
                continue
        values[name] = value
    return values, told


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
