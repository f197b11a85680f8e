"""What can be wrong with a campaign file beyond its shape: devices, times, limits, variants, templates."""

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from gewe_runner import rules, template
from gewe_runner.model import CARD_FIELDS, Device, Level, Profile, Where
from gewe_runner.rules import cards, plans, policies, settings, sources, structure
from gewe_runner.rules.structure import Finding

Root = Mapping[str, Any]

#: What begins anything of Jinja's.
_JINJA = re.compile(r"\{[{%#]")

_NOTHING: Mapping[str, str] = MappingProxyType({})

UNKNOWN_DEVICE = rules.declare(
    "unknown-device",
    Level.ERROR,
    "A campaign names its devices as the profile in gewe.yaml does. Another profile may have other devices.",
    example="broken: device: shop-esat; right: device: shop-east",
)
DEVICE_TWICE = rules.declare(
    "device-and-devices",
    Level.ERROR,
    "`device` sends everything through one device, `devices` spreads it over several; both together contradict.",
    example="broken: send: {device: a, devices: [a, b]}; right: send: {devices: [a, b]}",
)
WINDOW = rules.declare(
    "send-window",
    Level.ERROR,
    "`not_before` and `not_after` are real moments, with their offset from UTC, and the first comes first.",
    example="broken: not_before: 2026-02-30T09:00:00+08:00; right: not_before: 2026-02-28T09:00:00+08:00",
)
LOOSER_PACE = rules.declare(
    "looser-pace",
    Level.ERROR,
    "The profile's pace protects the account. A campaign can only be more careful than it, never less.",
    example="broken: pace: {per_minute: 20} where the profile has 10; right: pace: {per_minute: 6}",
)
LOOSER_POLICY = rules.declare(
    "looser-policy",
    Level.ERROR,
    "The profile's policy holds for all campaigns; one campaign can only tighten it: smaller numbers, fewer of the "
    "entries that are allowed.",
    example="broken: policy: {groups: allow} where the profile denies groups; right: leave it out",
)
WAVE_ORDER = rules.declare(
    "wave-order",
    Level.NOTICE,
    "A wave is the first N of all messages, so an entry that is not larger than the one before it adds nobody.",
    example="doubtful: waves: [50%, 10%, 100%]; clear: waves: [10%, 50%, 100%]",
)
VARIANT_NAME = rules.declare(
    "variant-name",
    Level.ERROR,
    "Variants are told apart by name in plans and reports, so each has its own.",
    example="broken: variants: [{name: a}, {name: a}]; right: variants: [{name: a}, {name: b}]",
)
HIDDEN_VARIABLE = rules.declare(
    "hidden-variable",
    Level.NOTICE,
    "The campaign has a variable of the same name as the profile's; templates get the campaign's.",
    example="profile vars: {city: sh}, campaign vars: {city: hz}: templates see hz",
)
TEMPLATE_SYNTAX = rules.declare(
    "template-syntax",
    Level.ERROR,
    "A value of the card cannot be read as a Jinja template: mostly a brace or quote is missing, or a filter does not "
    "exist.",
    example="broken: title: '{{ name }'; right: title: '{{ name }}'",
)
SAME_NAME = rules.declare(
    "same-name",
    Level.ERROR,
    "The ledger knows a campaign by its name: two files of one name would take each other's recipients for served. "
    "Copying a file is the commonest way to make a campaign, and its name the line to change.",
    example="broken: name: fruit-delivery in a.yaml and in its copy b.yaml; right: name: fruit-delivery-2 in b.yaml",
)


def check(root: Root, profile: Profile, parts: Mapping[str, str] = _NOTHING) -> Iterator[Finding]:
    """What is wrong with a campaign whose shape is right; parts that were not may be missing.

    Args:
        parts: The texts that its templates include and import, by the names that they call them.
    """
    for rule in _CHECKS:
        yield from rule(root, profile)
    yield from _templates(root, profile, parts)


def looser(own: Mapping[str, Any], devices: Collection[Device]) -> Iterator[Finding]:
    """The limits of a campaign's pace that are less careful than a device's.

    Args:
        own: The campaign's limits, named and shaped as `model.Pace` has them.
        devices: Those that the campaign may use.
    """
    for name, value in own.items():
        for device in devices:
            limit = getattr(device.pace, name)
            if limit is not None and not _STRICTER.get(name, _at_most)(value, limit):
                both = f"{_shown(name, value)} is looser than {device.name}'s {_shown(name, limit)} in gewe.yaml"
                yield Finding(LOOSER_PACE, ("send", "pace", name), f"{name}: {both}; it can only be stricter")
                break


def sources_of(root: Root) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """Each source of recipients and of suppression, with its place."""
    for section in ("recipients", "suppress"):
        for index, source in enumerate(root.get(section, ())):
            if source is not None:
                yield (section, index), source


def named_devices(root: Root) -> Iterator[tuple[Where, str]]:
    """Every device that the file names, with its place; devices in list files are not in it."""
    send = root.get("send", {})
    if "device" in send:
        yield ("send", "device"), str(send["device"])
    for index, name in enumerate(send.get("devices", ())):
        if name is not None:
            yield ("send", "devices", index), str(name)
    for where, source in sources_of(root):
        if where[0] == "recipients":
            if "device" in source:
                yield (*where, "device"), str(source["device"])
            for index, row in enumerate(source.get("rows", ())):
                if row and row.get("device"):
                    yield (*where, "rows", index, "device"), str(row["device"])


def _listed(root: Root, name: str) -> Sequence[Any]:
    found = root.get(name)
    return found if isinstance(found, list) else ()


def templates_of(root: Root) -> Iterator[tuple[Where, str]]:
    """Each template of the card and of the variants, with its place."""
    for where, holder in (((), root), *((("variants", n), one) for n, one in enumerate(_listed(root, "variants")))):
        card = holder.get("card") if isinstance(holder, Mapping) else None
        for name, text in card.items() if isinstance(card, Mapping) else ():
            if name in CARD_FIELDS and isinstance(text, str):
                yield (*where, "card", name), text


def _unknown_devices(root: Root, profile: Profile) -> Iterator[Finding]:
    for where, name in named_devices(root):
        if name not in profile.devices:
            advice = settings.nearest(name, profile.devices)
            yield Finding(UNKNOWN_DEVICE, where, f'profile {profile.name} has no device "{name}"; {advice}')


def _one_way_to_name_devices(root: Root, _: Profile) -> Iterator[Finding]:
    if {"device", "devices"} <= root.get("send", {}).keys():
        message = "send has device and devices, which contradict; keep one of them"
        yield Finding(DEVICE_TWICE, ("send", "devices"), message, key=True)


def _missing_device(root: Root, profile: Profile) -> Iterator[Finding]:
    """Only rows of the file itself: a list file may have a `device` column, which is seen when it is read."""
    if len(profile.devices) < 2 or {"device", "devices"} & root.get("send", {}).keys():
        return
    for where, source in sources_of(root):
        if where[0] != "recipients" or {"device", "columns"} & source.keys():
            continue
        if any(row is not None and not row.get("device") for row in source.get("rows", ())):
            message = f"nothing says through which device; add send: {{device: {next(iter(profile.devices))}}}"
            names = ", ".join(profile.devices)
            yield Finding(plans.NO_DEVICE, where, f"{message}; profile {profile.name} has {names}", lack=("send",))


def _window(root: Root, _: Profile) -> Iterator[Finding]:
    moments: dict[str, datetime] = {}
    for name in ("not_before", "not_after"):
        text = root.get("send", {}).get(name)
        if text is None:
            continue
        try:
            moments[name] = datetime.fromisoformat(text.upper())
        except ValueError:
            message = f"{name}: {text} does not exist in the calendar or on the clock; check day, hour and offset"
            yield Finding(WINDOW, ("send", name), message)
    if len(moments) == 2 and moments["not_after"] <= moments["not_before"]:
        message = "not_after is not later than not_before, so nothing could ever be sent; exchange or correct them"
        yield Finding(WINDOW, ("send", "not_after"), message)


def _policy(root: Root, profile: Profile) -> Iterator[Finding]:
    for name, fault in policies.looser(root.get("policy", {}), profile.policy):
        yield Finding(LOOSER_POLICY, ("policy", name), f"{name}: {fault}")


def _waves(root: Root, _: Profile) -> Iterator[Finding]:
    entries = [(index, wave) for index, wave in enumerate(root.get("send", {}).get("waves", ())) if wave is not None]
    for (_place, former), (index, wave) in itertools.pairwise(entries):
        comparable = former.endswith("%") == wave.endswith("%")
        if former == "100%" or (comparable and float(wave.rstrip("%")) <= float(former.rstrip("%"))):
            message = f"the wave {wave} adds nobody to the {former} before it; order them from small to large"
            yield Finding(WAVE_ORDER, ("send", "waves", index), message)


def _variants(root: Root, _: Profile) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, variant in enumerate(root.get("variants", ())):
        name = (variant or {}).get("name")
        if name is not None and first.setdefault(name, index) != index:
            message = f'variants[{first[name]}] is named "{name}", too; give each its own name'
            yield Finding(VARIANT_NAME, ("variants", index, "name"), message)


def _variables(root: Root, profile: Profile) -> Iterator[Finding]:
    named = root.get("vars", {})
    yield from sources.variables(("vars",), named)
    for name in named:
        if name in profile.vars:
            message = f'"{name}" hides the variable of profile {profile.name}; rename one if both are wanted'
            yield Finding(HIDDEN_VARIABLE, ("vars", name), message, key=True)


def _sources(root: Root, profile: Profile) -> Iterator[Finding]:
    known = {*profile.vars, *root.get("vars", ())}
    for where, source in sources_of(root):
        yield from sources.check(where, source, known)


def _templates(root: Root, profile: Profile, parts: Mapping[str, str]) -> Iterator[Finding]:
    """Syntax, and the value itself where it is the same for everybody: one problem then, not one a row."""
    policy = policies.tightened(profile.policy, root.get("policy", {}))
    for where, text in templates_of(root):
        if not _JINJA.search(text):
            name, value = str(where[-1]), text.strip()
            found = list(cards.check(name, value))
            if all(rule.level is not Level.ERROR for rule, _ in found):
                found += policies.card(policy, name, value)
            for rule, message in found:
                yield Finding(rule, where, f"{structure.dotted(where)}: {message}")
        elif fault := template.syntax_fault(text, parts):
            line = f"line {fault.line} of the text: " if fault.line > 1 and not fault.file else ""
            part = (fault.file, fault.line) if fault.file else None
            yield Finding(TEMPLATE_SYNTAX, where, f"{structure.dotted(where)}: {line}{fault.message}", part=part)


_CHECKS: tuple[Callable[[Root, Profile], Iterator[Finding]], ...] = (
    _unknown_devices,
    _one_way_to_name_devices,
    _missing_device,
    _window,
    _policy,
    _waves,
    _variants,
    _variables,
    _sources,
)


def _at_most(own: Any, limit: Any) -> bool:
    return bool(own <= limit)


def _at_least(own: Any, limit: Any) -> bool:
    return bool(own >= limit)


def _longer_gap(own: tuple[float, float], limit: tuple[float, float]) -> bool:
    return own[0] >= limit[0] and own[1] >= limit[1]


def _longer_night(own: tuple[int, int], limit: tuple[int, int]) -> bool:
    day = 24 * 60

    def minutes(start: int, end: int) -> set[int]:
        return {minute % day for minute in range(start, end if start < end else end + day)}

    return minutes(*own) >= minutes(*limit)


_STRICTER: dict[str, Callable[[Any, Any], bool]] = {
    "gap_seconds": _longer_gap,
    "quiet_hours": _longer_night,
    "cool_down_minutes": _at_least,
}


def _shown(name: str, value: Any) -> str:
    if name == "quiet_hours":
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in value)
    return str(list(value)) if isinstance(value, tuple) else f"{value}"
