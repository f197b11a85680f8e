"""Fills the card's templates with rows, checks what comes out and freezes it as canonical JSON; a pure function."""

import hashlib
import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring as _quoted
from typing import NamedTuple

from gewe_runner import schemas, template
from gewe_runner.model import CARD_FIELDS, Campaign, Level, Profile, Value, Where
from gewe_runner.rules import Rule, cards, templates

_OWN = "toWxid"
#: The keys of a payload in the order of canonical JSON.
_FIELDS = tuple(sorted((_OWN, *CARD_FIELDS)))

# What templates see beside the columns.
_RECIPIENT, _DEVICE = "recipient", "device"

#: So many fillings of gaps are remembered, each with what it was made of at most so many characters long.
_KEPT, _LONGEST = 8_192, 1_000

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


class _Given(NamedTuple):
    """What a template gave."""

    #: The stripped text as JSON; None where there is an error.
    text: str | None
    #: What is wrong or doubtful.
    told: tuple[tuple[Rule, str], ...] = ()


class Memory:
    """What templates have given: lists repeat their cities and stores, and campaigns their templates and lists.

    What a template gives depends on the names that it takes alone. So it is rendered once for values that come again.
    """

    def __init__(self) -> None:
        #: What each gap was filled with, by the values that its template took; a new one where it had become much.
        self.gaps: dict[object, dict[object, _Given]] = {}
        self._kept = 0

    def of(self, gap: tuple[object, ...], fixed: str) -> "dict[object, _Given]":
        """What a gap of any campaign was filled with.

        Args:
            gap: What makes it this one.
            fixed: And what its template takes that is the same in all rows, as text.
        """
        if (gap, fixed) not in self.gaps:
            self.keep(1 + len(fixed) // _LONGEST)
            self.gaps[gap, fixed] = {}
        return self.gaps[gap, fixed]

    def keep(self, more: int) -> None:
        """Make room for more to remember: all is forgotten where it has become much."""
        self._kept += more
        if self._kept > _KEPT:
            self.gaps, self._kept = {}, more


_MEMORY = Memory()


class _Gap:
    """A place of a card that a template fills, and what it was filled with.

    Args:
        slot: Its number among the gaps of the payload.
        place: How problems name it.
        columns: The list's.
        fixed: The names that are the same in all rows.
        memory: Takes what it is filled with.
    """

    __slots__ = ("_name", "_place", "_template", "seen", "slot", "take")

    def __init__(
        self,
        slot: int,
        field: tuple[str, str, template.Template],
        columns: tuple[str, ...],
        fixed: Mapping[str, object],
        memory: Memory,
    ) -> None:
        self.slot, (self._name, self._place, self._template) = slot, field
        text = self._template
        taken = text.names | template.FUNCTIONS  # which a column or variable of the same name hides
        places = [number for number, column in enumerate((_DEVICE, *columns)) if column in taken]
        #: The part of (device, values of the row) that the template takes; none: it asks who the recipient is.
        self.take = None if _RECIPIENT in text.names else operator.itemgetter(*places) if places else _nothing
        own = (self._name, self._place, text.program, *(columns[place - 1] if place else None for place in places))
        #: What it was filled with, by that part.
        self.seen = memory.of(own, repr([(name, value) for name, value in fixed.items() if name in taken]))

    def fill(self, names: Mapping[str, object]) -> _Given:
        """What the template gives for these names.

        Raises:
            template.Skipped: it leaves the recipient out.
        """
        try:
            value = self._template.render(names).strip()
        except template.TemplateFault as fault:
            rule = templates.UNDEFINED if fault.undefined else templates.VALUE
            return _Given(None, ((rule, f"{self._place}: {fault.place}{fault.message}"),))
        told = [(rule, f"{self._place}: {message}") for rule, message in cards.check(self._name, value)]
        if any(rule.level is Level.ERROR for rule, _ in told):
            return _Given(None, tuple(told))
        return _Given(_quoted(value), tuple(told))


class _Form:
    """The card of one variant for rows with the same columns: what is the same for all of them, and gaps."""

    def __init__(self, card: "_Card", columns: tuple[str, ...], fixed: Mapping[str, object], memory: Memory) -> None:
        #: The payload with a `%s` for each gap; one of them is the recipient's.
        self.text = card.form
        self.width = len(card.gaps)
        self.own = card.gaps.index(_OWN)
        self.gaps = tuple(_Gap(card.gaps.index(field[0]), field, columns, fixed, memory) for field in card.templates)


class _Card(NamedTuple):
    """The card of one variant, compiled."""

    #: Field, how problems name its template, the template.
    templates: tuple[tuple[str, str, template.Template], ...]
    #: The payload as canonical JSON: keys sorted, no spaces, UTF-8 left as it is; with a `%s` for each of `gaps`.
    form: str
    gaps: tuple[str, ...]


class Press:
    """A campaign's compiled cards.

    Args:
        campaign: Checked: every template of it compiles, and its constant values are sound.
        memory: What its templates and those of others have given.
    """

    def __init__(self, campaign: Campaign, profile: Profile, memory: Memory = _MEMORY) -> None:
        self._cards: dict[str | None, _Card] = {
            variant.name: _card(campaign, variant.card, f"variants[{index}].")
            for index, variant in enumerate(campaign.variants)
        } or {None: _card(campaign, {}, "")}
        #: The names that its templates take from outside.
        self.names = frozenset(
            name for card in self._cards.values() for _, _, one in card.templates for name in one.names
        )
        #: How often a template was rendered so far.
        self.renders = 0
        self._about = {"name": campaign.name, "edition": campaign.edition, "description": campaign.description}
        self._variables: dict[Where, Mapping[str, Value]] = {
            source.where: {**profile.vars, **campaign.vars, **source.vars} for source in campaign.recipients
        }
        self._memory = memory
        self._forms: dict[object, _Form] = {}
        #: What the forms remember.
        self._gaps = memory.gaps

    def press(self, sheets: Iterable[Sheet]) -> Pressed:
        """The payload of each slip; the same slips give the same payloads everywhere."""
        pressed = Pressed([], [], {}, [])
        for sheet in sheets:
            forms = {variant: self._form(sheet, variant) for variant in {slip[3] for slip in sheet.slips}}
            for slip in sheet.slips:
                payload, sha256 = self._pressed(forms[slip[3]], sheet, slip, pressed)
                pressed.payloads.append(payload)
                pressed.digests.append(sha256)
        return pressed

    def check(self, sheets: Sequence[Sheet]) -> Pressed:
        """The same, but where there is nothing to tell: then none of them is made."""
        return Pressed([], [], {}, []) if all(map(self._is_sound, sheets)) else self.press(sheets)

    def _is_sound(self, sheet: Sheet) -> bool:
        """Whether there is nothing to tell of a sheet's cards: each gap is filled once for values that come again."""
        texts = [slip[1] for slip in sheet.slips]
        for variant in {slip[3] for slip in sheet.slips}:
            form = self._form(sheet, variant)
            texts.append(form.text)
            slips = [slip for slip in sheet.slips if slip[3] == variant]
            for gap in form.gaps:
                if not gap.take:
                    return False
                for taken, slip in {gap.take((slip[2], *slip[4])): slip for slip in slips}.items():
                    try:
                        given = gap.seen.get(taken) or self._filled(gap, sheet, slip)
                    except template.Skipped:
                        return False
                    if given.text is None or given.told:
                        return False
                    texts.append(given.text)
        whole = "\n".join(texts)
        return all(texts) and conforms(whole) and _is_encodable(whole)

    def _form(self, sheet: Sheet, variant: str | None) -> _Form:
        if self._gaps is not self._memory.gaps:
            self._forms, self._gaps = {}, self._memory.gaps
        which = sheet.where, sheet.names, variant
        if which not in self._forms:
            self._memory.keep(1)
            fixed = self._fixed(sheet, variant)
            self._forms[which] = _Form(self._cards[variant], sheet.names, fixed, self._memory)
        return self._forms[which]

    def _fixed(self, sheet: Sheet, variant: str | None) -> dict[str, object]:
        """The names that are the same in all rows."""
        return {**self._variables[sheet.where], "campaign": self._about, "variant": {"name": variant or ""}}

    def _pressed(self, form: _Form, sheet: Sheet, slip: Slip, pressed: Pressed) -> tuple[str, str]:
        """A payload and its hex SHA-256, both empty where there is none; why is added to `pressed`."""
        index, to_wxid, line = len(pressed.payloads), slip[1], (slip[2], *slip[4])
        texts: list[str | None] = [None] * form.width
        texts[form.own] = _quoted(to_wxid)
        told: list[tuple[Rule, str]] = []
        try:
            for gap in form.gaps:
                given = gap.seen.get(gap.take(line)) if gap.take else None
                if given is None:
                    given = self._filled(gap, sheet, slip)
                texts[gap.slot] = given.text
                told += given.told
        except template.Skipped as skipped:
            pressed.left[index] = skipped.reason
            return "", ""
        payload, sha256 = ("", "") if None in texts else _frozen(form.text % tuple(texts), told)
        if told:
            pressed.findings.extend((index, rule, message) for rule, message in told)
        return payload, sha256

    def _filled(self, gap: _Gap, sheet: Sheet, slip: Slip) -> _Given:
        """Fill a gap with what its template gives, and remember it for other rows with the same values."""
        self.renders += 1
        row, to_wxid, device, variant, values = slip
        names: dict[str, object] = dict(self._variables[sheet.where])
        names.update(zip(sheet.names, values, strict=True))
        names["campaign"] = self._about
        names[_RECIPIENT] = {_OWN: to_wxid, "source": sheet.source, "row": row}
        names[_DEVICE], names["variant"] = {"name": device}, {"name": variant or ""}
        given = gap.fill(names)
        if gap.take and given.text is not None:  # what is wrong is told by all names of a row, not by those taken alone
            taken = gap.take((device, *values))
            if len(given.text) + sum(map(len, taken if isinstance(taken, tuple) else (taken,))) <= _LONGEST:
                self._memory.keep(1)
                gap.seen[taken] = given
        return given


def _frozen(payload: str, told: list[tuple[Rule, str]]) -> tuple[str, str]:
    """The payload and its hex SHA-256; both empty where it cannot be, which is told."""
    if not conforms(payload):
        told += ((templates.PAYLOAD, fault) for fault in _faults(json.loads(payload)))
        return "", ""
    try:
        return payload, hashlib.sha256(payload.encode()).hexdigest()
    except UnicodeEncodeError:
        broken = next(name for name, value in json.loads(payload).items() if not _is_encodable(value))
        told.append((templates.VALUE, f"{broken}: has half of a character in it (a lone surrogate)"))
        return "", ""


def conforms(payload: str) -> bool:
    """Whether seven texts as canonical JSON keep the plan schema's `payload`: none is empty.

    The schema asks no more, which a test holds; its validator would take longer than all the rest of a row. A quote
    within a text is escaped, so none of them looks like an empty one.
    """
    return ':""' not in payload


def _faults(payload: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a payload that does not conform, which hardly any card comes to."""
    import jsonschema  # takes longer to load than all else that a start needs

    for one in jsonschema.Draft7Validator(schemas.load("plan")["definitions"]["payload"]).iter_errors(payload):
        yield f"{'.'.join(map(str, one.path)) or 'card'}: {one.message}"


def _card(campaign: Campaign, overrides: Mapping[str, str], place: str) -> _Card:
    card = {**campaign.card, **overrides}
    compiled = {name: template.Template(card[name], campaign.parts) for name in CARD_FIELDS}
    constants = {name: one.constant.strip() for name, one in compiled.items() if one.constant is not None}
    parts = (
        f"{_quoted(name)}:{_quoted(constants[name]).replace('%', '%%') if name in constants else '%s'}"
        for name in _FIELDS
    )
    return _Card(
        templates=tuple(
            (name, f"{place if name in overrides else ''}card.{name}", one)
            for name, one in compiled.items()
            if one.constant is None
        ),
        form=f"{{{','.join(parts)}}}",
        gaps=tuple(name for name in _FIELDS if name not in constants),
    )


def _nothing(_line: object) -> tuple[str, ...]:
    """What a template takes that asks for nothing that differs."""
    return ()


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
