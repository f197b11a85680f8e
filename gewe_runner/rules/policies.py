"""What a policy allows: the rules about plans that break one, and what a campaign's may say beside its profile's."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from gewe_runner import rules
from gewe_runner.model import Level, Policy
from gewe_runner.rules import Rule

MAX_RECIPIENTS = rules.declare(
    "max-recipients",
    Level.ERROR,
    "`policy.max_recipients` is the most messages that one plan may hold: the guard against a list that is "
    "larger than anybody meant.",
    example="policy: {max_recipients: 5000}   # a plan of 5001 messages is refused",
)
GROUPS_DENIED = rules.declare(
    "groups-denied",
    Level.ERROR,
    "`policy.groups: deny` forbids group chats (ids that end in @chatroom), and the plan holds one.",
    example="policy: {groups: allow}   # or leave the group out of the list",
)
MINI_APP_DENIED = rules.declare(
    "mini-app-denied",
    Level.ERROR,
    "`policy.allowed_mini_apps` lists the only mini-programs that cards may open, and a card opens another one. A "
    "copied campaign may still open that of another brand.",
    example="policy: {allowed_mini_apps: [wx1f9ea355b47256dd]}   # any other miniAppId is refused",
)
HOST_DENIED = rules.declare(
    "host-denied",
    Level.ERROR,
    "`policy.allowed_hosts` lists the only hosts that covers may come from, and a cover comes from another one. "
    "`*.example.com` allows every host below example.com, not example.com itself. Ports do not matter.",
    example='policy: {allowed_hosts: [cdn.example.com, "*.myqcloud.com"]}   # a cover of img.example.net is refused',
)
MAX_CHANGE = rules.declare(
    "max-change",
    Level.ERROR,
    "`policy.max_change_percent` is how much a plan's recipients may differ from those of the campaign's last run: the "
    "guard against a list that lost half of its rows, or gained a whole database. Whoever is new and whoever is gone "
    "counts, in percent of the recipients then. Recipients are all whom the files chose, also those whom the ledger "
    "left out; the last run is the newest of this campaign's name that had any, of whatever edition and however it "
    "ended. A plan that goes on with a run was judged when it began, and a first run has nothing to differ from.",
    example="policy: {max_change_percent: 20}   # 1000 then; 150 new and 60 gone are 21 percent, and refused",
)
CHANGE_UNKNOWN = rules.declare(
    "change-unknown",
    Level.WARNING,
    "`policy.max_change_percent` compares the plan with the last run, which stands in the ledger. The ledger was not "
    "consulted, or a list could not be read here. `send` needs both, and refuses what has changed too much.",
    example="export GEWE_LEDGER=postgresql://...   # the variable that `ledger_env` of the profile names",
)
NO_SUPPRESSION = rules.declare(
    "no-suppression",
    Level.ERROR,
    "`policy.require_suppression` wants at least one list of people who get nothing, so that nobody forgets who opted "
    "out: `suppress` of the campaign or the profile, or `suppressed.csv` beside gewe.yaml. The list may be empty.",
    example="suppress:\n  - file: lists/opted-out.csv",
)


def tightened(policy: Policy, tree: Mapping[str, Any]) -> Policy:
    """The policy with what a file's `policy` says laid over it."""

    def value(name: str) -> Any:
        return tree[name].value if name in tree else getattr(policy, name)

    def texts(name: str) -> tuple[str, ...] | None:
        # an entry that has not the right form is None, and told already
        return tuple(str(one) for one in tree[name] if one is not None) if name in tree else getattr(policy, name)

    return Policy(
        max_recipients=value("max_recipients"),
        groups=policy.groups if "groups" not in tree else tree["groups"] == "allow",
        allowed_mini_apps=texts("allowed_mini_apps"),
        allowed_hosts=texts("allowed_hosts"),
        max_change_percent=value("max_change_percent"),
        require_suppression=value("require_suppression"),
    )


def looser(own: Mapping[str, Any], policy: Policy) -> Iterator[tuple[str, str]]:
    """What a campaign's `policy` allows though its profile's does not.

    Yields:
        The key, and what is wrong with its value.
    """
    for name in ("max_recipients", "max_change_percent"):
        most = getattr(policy, name)
        if most is not None and name in own and own[name].value > most:
            yield name, f"{own[name]} is looser than {most:g}, the profile's; lower it"
    if own.get("groups") == "allow" and not policy.groups:
        yield "groups", "allow is looser than deny, the profile's; leave it out"
    if "require_suppression" in own and not own["require_suppression"].value and policy.require_suppression:
        yield "require_suppression", "false is looser than true, the profile's; leave it out"
    for name in ("allowed_mini_apps", "allowed_hosts"):
        known = getattr(policy, name)
        more = [one for one in own.get(name, ()) if one is not None and known is not None and not _known(one, known)]
        if more:
            yield name, f"{', '.join(more)} is not allowed by the profile, which allows {', '.join(known)}; remove it"


def about_cards(policy: Policy) -> bool:
    """Whether a policy says anything about what cards hold."""
    return policy.allowed_mini_apps is not None or policy.allowed_hosts is not None


def card(policy: Policy, field: str, value: str) -> Iterator[tuple[Rule, str]]:
    """What the policy forbids of one value of a card; of most fields it says nothing.

    Yields:
        The rule and the message, which does not repeat the field's name.
    """
    if field == "miniAppId" and policy.allowed_mini_apps is not None:
        if value not in policy.allowed_mini_apps:
            yield MINI_APP_DENIED, f"{value} is none of allowed_mini_apps: {', '.join(policy.allowed_mini_apps)}"
    elif field == "coverImgUrl" and policy.allowed_hosts is not None:
        host = _host(value)
        if host is not None and not _known(host, policy.allowed_hosts):
            yield HOST_DENIED, f"the host {host} is none of allowed_hosts: {', '.join(policy.allowed_hosts)}"


def _known(name: str, allowed: Iterable[str]) -> bool:
    """Whether a name, or all that one with `*.` means, is among those allowed."""
    return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed)


@functools.lru_cache(maxsize=4096)
def _host(url: str) -> str | None:
    """The host of a URL in lower case; None where it has none, which another rule tells."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.rstrip(".") if host else None
