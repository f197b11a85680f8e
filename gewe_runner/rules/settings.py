"""What can be wrong with a settings file beyond its shape: gateways, devices, pace."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gewe_runner import rules
from gewe_runner.model import Level, Where
from gewe_runner.rules import cards, sources, structure
from gewe_runner.rules.structure import Finding

GATEWAY = rules.declare(
    "gateway-url",
    Level.ERROR,
    "The gateway is `sandbox` or the address that the API's console shows, with or without /gewe/v2/api. Every request "
    "carries the token, so plain http must be asked for with allow_http: true.",
    example="broken: gateway: api.geweapi.com; right: gateway: https://api.geweapi.com",
)
TOKEN_ENV = rules.declare(
    "token-env",
    Level.ERROR,
    "A real gateway wants a token with every request; the profile names the environment variable that holds it.",
    example="broken: a profile with gateway: https://... alone; right: and token_env: GEWE_TOKEN",
)
DEFAULT_PROFILE = rules.declare(
    "default-profile",
    Level.ERROR,
    "`default_profile` must be one of the file's profiles.",
    example="broken: default_profile: prod; right: default_profile: production",
)
DEVICE_APP_ID = rules.declare(
    "device-app-id",
    Level.ERROR,
    "A device is addressed by its appId: written as `appId`, or in the environment variable that `appId_env` names. "
    "Exactly one of them is needed, except in a sandbox profile.",
    example="broken: shop-east: {}; right: shop-east: {appId_env: GEWE_APPID_EAST}",
)
SHARED_APP_ID = rules.declare(
    "shared-app-id",
    Level.ERROR,
    "Two devices of a profile with one appId are one account: each would spend a budget of its own, and the account "
    "would send twice as fast as allowed.",
    example="broken: a: {appId: wx_x}, b: {appId: wx_x}; right: one name for one account",
)
GAP_ORDER = rules.declare(
    "gap-order",
    Level.ERROR,
    "`gap_seconds` is the shortest and the longest pause, in this order.",
    example="broken: gap_seconds: [5, 2]; right: gap_seconds: [2, 5]",
)
QUIET_HOURS = rules.declare(
    "quiet-hours",
    Level.ERROR,
    "Quiet hours that end when they begin are either no time or all day; nobody can tell which.",
    example='broken: quiet_hours: "08:00-08:00"; right: quiet_hours: "21:30-08:00", or null for none',
)
TIMEZONE = rules.declare(
    "timezone",
    Level.ERROR,
    "Days and quiet hours follow a time zone by its IANA name.",
    example="broken: timezone: Beijing; right: timezone: Asia/Shanghai",
)

PREFIX = "/gewe/v2/api"
_EXAMPLE = "gateway: https://api.geweapi.com"


def check(root: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with settings whose shape is right; parts that were not may be missing."""
    profiles = root.get("profiles", {})
    default = root.get("default_profile")
    if default is not None and profiles and default not in profiles:
        message = f'there is no profile "{default}"; {nearest(default, profiles)}'
        yield Finding(DEFAULT_PROFILE, ("default_profile",), message)
    for name, profile in profiles.items():
        yield from _profile(("profiles", name), profile)


def pace(where: Where, limits: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the limits of a `pace`."""
    gap = limits.get("gap_seconds")
    if isinstance(gap, list) and None not in gap and gap[0].value > gap[1].value:
        message = f"the shortest pause exceeds the longest; write gap_seconds: [{gap[1]}, {gap[0]}]"
        yield Finding(GAP_ORDER, (*where, "gap_seconds"), message)
    quiet = limits.get("quiet_hours")
    if quiet is not None and quiet.value is not None and quiet[:5] == quiet[6:]:
        message = f'"{quiet}" ends when it begins; write two different times, for example "21:30-08:00"'
        yield Finding(QUIET_HOURS, (*where, "quiet_hours"), message)
    zone = limits.get("timezone")
    if zone is not None and not _is_zone(zone):
        message = f'"{zone}" is no IANA time zone; write one such as Asia/Shanghai'
        yield Finding(TIMEZONE, (*where, "timezone"), message)


def gateway_fault(text: str, allow_http: bool) -> str | None:
    """Why an address cannot be a gateway, without repeating what may be secret in it; None if it can."""
    if text == "sandbox":
        return None
    if "://" not in text:
        return f"it has no scheme; write {_guess(text)}"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return f"its host or port cannot be read; write it like {_EXAMPLE}"
    if parts.scheme not in ("http", "https") or not host or any(letter.isspace() for letter in text):
        return f"it is no http address; write it like {_EXAMPLE}"
    if "@" in parts.netloc or parts.query or parts.fragment:
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return f"it carries credentials or a query; write gateway: {address}, the token goes into token_env"
    if parts.scheme == "http" and not allow_http:
        return f"http shows the token to everybody on the way; write gateway: https{text[4:]}, or add allow_http: true"
    return _path_fault(parts)


def gateway(text: str) -> str:
    """A faultless gateway in its one form: `sandbox`, or scheme://host[:port] and the API's path prefix."""
    if text == "sandbox":
        return text
    parts = urlsplit(text)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}{'' if usual else f':{parts.port}'}{parts.path.rstrip('/') or PREFIX}"


def nearest(name: str, names: Collection[str]) -> str:
    """What to write instead of a name that does not exist: the one that is near, and all there are."""
    near = structure.near(name, names)
    return (f'did you mean "{near}"? ' if near else "") + f"there are: {', '.join(names)}"


def _profile(where: Where, profile: Mapping[str, Any]) -> Iterator[Finding]:
    address = profile.get("gateway")
    if address is not None:
        allow_http = "allow_http" in profile and profile["allow_http"].value is True
        if fault := gateway_fault(address, allow_http):
            yield Finding(GATEWAY, (*where, "gateway"), f"gateway: {fault}")
        if address != "sandbox" and "token_env" not in profile:
            message = f"{where[-1]} has a gateway that wants a token; add token_env: GEWE_TOKEN, the variable's name"
            yield Finding(TOKEN_ENV, where, message, key=True, lack=where)
    yield from pace((*where, "pace"), profile.get("pace", {}))
    yield from sources.variables((*where, "vars"), profile.get("vars", {}))
    for index, source in enumerate(profile.get("suppress", ())):
        if source is not None:
            yield from sources.check((*where, "suppress", index), source, profile.get("vars", {}))
    yield from _devices((*where, "devices"), profile.get("devices", {}), sandbox=address == "sandbox")


def _devices(where: Where, devices: Mapping[str, Any], *, sandbox: bool) -> Iterator[Finding]:
    taken: dict[tuple[str, str], str] = {}
    for name, device in devices.items():
        place = (*where, name)
        yield from pace((*place, "pace"), device.get("pace", {}))
        given = [key for key in ("appId", "appId_env") if key in device]
        if len(given) == 2 or not (given or sandbox):
            message = f"{name} needs either appId or appId_env; write {name}: {{appId_env: GEWE_APPID}}"
            yield Finding(DEVICE_APP_ID, place, message, key=True, lack=None if given else place)
        for key in given:
            other = taken.setdefault((key, str(device[key])), name)
            if other != name:
                message = f"{name} and {other} have the same {key}, so they are one account; give it one name"
                yield Finding(SHARED_APP_ID, (*place, key), message)
        if "appId" in device and cards.looks_like_mini_app_id(device["appId"]):
            message = f"\"{device['appId']}\" is a mini-program's id (miniAppId); a device's appId begins with wx_"
            yield Finding(cards.SWAPPED_APP_ID, (*place, "appId"), message)


def _path_fault(parts: SplitResult) -> str | None:
    path = parts.path.rstrip("/")
    if not path or path.endswith("/v2/api"):
        return None
    head, found, _ = path.partition("/v2/api/")
    if found:
        return f"it goes beyond the API's prefix; write gateway: {parts.scheme}://{parts.netloc}{head}/v2/api"
    return f"its path is not the API's; write gateway: {parts.scheme}://{parts.netloc}, or its path up to /v2/api"


def _guess(text: str) -> str:
    if structure.near(text, ["sandbox"]):
        return "gateway: sandbox"
    return f"gateway: https://{text.rpartition('@')[2].partition('?')[0].lstrip('/')}"


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo  # takes as long to load as ten modules of ours, and few name a zone

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
