"""Each rule about a campaign: a file that breaks it and one that keeps it."""

from collections.abc import Callable
from typing import Any

import pytest

from gewe_runner import model
from gewe_runner.model import Device, Pace, Policy, Profile
from gewe_runner.rules import Rule, campaigns, cards, plans, policies, sources

EAST, WEST = (Device(name=name, app_id=None, app_id_env="APPID", pace=Pace()) for name in ("east", "west"))
PROFILE = Profile(
    name="production",
    gateway="https://api.example.com/gewe/v2/api",
    devices={"east": EAST, "west": WEST},
    vars={"brand": "百果园"},
    policy=Policy(
        max_recipients=100,
        groups=False,
        allowed_mini_apps=("wx1f9ea355b47256dd", "wx2f9ea355b47256dd"),
        allowed_hosts=("cdn.example.com", "*.shop.example"),
        max_change_percent=20,
        require_suppression=True,
    ),
)


def rows(text: str, more: str = "") -> str:
    return f"recipients: [{{rows: [{text}]{more}}}]"


#: Rule, a file that breaks it, one that keeps it; both hold only what matters.
TABLE: list[tuple[Rule, str, str]] = [
    (campaigns.UNKNOWN_DEVICE, "send: {device: north}", "send: {device: east}"),
    (campaigns.UNKNOWN_DEVICE, "send: {devices: [east, north]}", "send: {devices: [east, west]}"),
    (campaigns.UNKNOWN_DEVICE, "recipients: [{file: a, device: north}]", "recipients: [{file: a, device: west}]"),
    (campaigns.UNKNOWN_DEVICE, rows("{toWxid: a, device: north}"), rows("{toWxid: a, device: west}")),
    (campaigns.UNKNOWN_DEVICE, "send: {device: EAST}", "suppress: [{rows: [{toWxid: a, device: north}]}]"),
    (campaigns.DEVICE_TWICE, "send: {device: east, devices: [east]}", "send: {devices: [east]}"),
    (plans.NO_DEVICE, rows("{toWxid: a}"), rows("{toWxid: a}", ", device: east")),
    (plans.NO_DEVICE, rows("{toWxid: a, device: east}, {toWxid: b}"), rows("{toWxid: a, device: east}")),
    (plans.NO_DEVICE, rows("{toWxid: a}"), "recipients: [{file: may-have-a-device-column.csv}]"),
    (campaigns.WINDOW, "send: {not_before: 2026-02-29T09:00:00Z}", "send: {not_before: 2028-02-29T09:00:00Z}"),
    (
        campaigns.WINDOW,
        "send: {not_before: 2026-12-01T09:00:00+08:00, not_after: 2026-12-01T01:00:00Z}",
        "send: {not_before: 2026-12-01T09:00:00+08:00, not_after: 2026-12-01T01:00:01Z}",
    ),
    (campaigns.LOOSER_POLICY, "policy: {max_recipients: 101}", "policy: {max_recipients: 100}"),
    (campaigns.LOOSER_POLICY, "policy: {groups: allow}", "policy: {groups: deny}"),
    (campaigns.LOOSER_POLICY, "policy: {max_change_percent: 20.5}", "policy: {max_change_percent: 20}"),
    (campaigns.LOOSER_POLICY, "policy: {require_suppression: false}", "policy: {require_suppression: true}"),
    (
        campaigns.LOOSER_POLICY,
        "policy: {allowed_mini_apps: [wx1f9ea355b47256dd, wx3f9ea355b47256dd]}",
        "policy: {allowed_mini_apps: [wx1f9ea355b47256dd]}",
    ),
    (
        campaigns.LOOSER_POLICY,
        "policy: {allowed_hosts: ['*.example.com']}",
        "policy: {allowed_hosts: [a.shop.example]}",
    ),
    (
        campaigns.LOOSER_POLICY,
        "policy: {allowed_hosts: [shop.example]}",
        "policy: {allowed_hosts: ['*.a.shop.example']}",
    ),
    (policies.MINI_APP_DENIED, "card: {miniAppId: wx4f9ea355b47256dd}", "card: {miniAppId: wx2f9ea355b47256dd}"),
    (policies.MINI_APP_DENIED, "card: {miniAppId: wx4f9ea355b47256dd}", "card: {miniAppId: '{{ id }}'}"),
    (
        policies.MINI_APP_DENIED,
        "{policy: {allowed_mini_apps: [wx1f9ea355b47256dd]}, variants: [{card: {miniAppId: wx2f9ea355b47256dd}}]}",
        "{policy: {allowed_mini_apps: [wx1f9ea355b47256dd]}, variants: [{card: {miniAppId: wx1f9ea355b47256dd}}]}",
    ),
    (
        policies.HOST_DENIED,
        "card: {coverImgUrl: https://example.com/a}",
        "card: {coverImgUrl: https://cdn.example.com/a}",
    ),
    (campaigns.WAVE_ORDER, "send: {waves: [20, 20]}", "send: {waves: [20, 10%]}"),
    (campaigns.WAVE_ORDER, "send: {waves: [100%, 5]}", "send: {waves: [1, 5, 0.5%, 100%]}"),
    (campaigns.VARIANT_NAME, "variants: [{name: a}, {name: a}]", "variants: [{name: a}, {name: b}]"),
    (campaigns.HIDDEN_VARIABLE, "vars: {brand: x}", "vars: {brands: x}"),
    (campaigns.TEMPLATE_SYNTAX, "card: {title: '{{ a'}", "card: {title: '{{ a }}', displayName: 'a } b'}"),
    (campaigns.TEMPLATE_SYNTAX, "variants: [{card: {title: '{% if %}'}}]", "variants: [{card: {title: '{# x #}y'}}]"),
    (cards.MINI_APP_ID, "card: {miniAppId: wx123}", "card: {miniAppId: '{{ id }}'}"),
    (cards.VALUE_EMPTY, "card: {title: ' '}", "card: {title: ' x '}"),
    (sources.RESERVED_NAME, "vars: {recipient: x}", "vars: {receiver: x}"),
    (sources.RESERVED_NAME, "suppress: [{file: a, vars: {device: x}}]", "suppress: [{file: a, columns: {device: x}}]"),
    (sources.RESERVED_NAME, rows("{toWxid: a, campaign: x}"), rows("{toWxid: a, device: east}")),
    (sources.VARIABLE_NAME, "vars: {a-b: 1, 1a: 2, if: 3, 'a b': 4}", "vars: {城市: 1, _a: 2, iffy: 3}"),
    (sources.WHERE_SYNTAX, "recipients: [{file: a, where: a b}]", "recipients: [{file: a, where: a == 'b'}]"),
    (sources.WHERE_SYNTAX, "suppress: [{file: a, where: '(a'}]", "suppress: [{file: a, where: true}]"),
]

Tree = Callable[[str], Any]


@pytest.mark.parametrize(("rule", "broken"), [(rule, broken) for rule, broken, _ in TABLE])
def test_a_campaign_that_breaks_a_rule_is_found(tree: Tree, rule: Rule, broken: str) -> None:
    assert rule in {finding.rule for finding in campaigns.check(tree(broken), PROFILE)}


@pytest.mark.parametrize(("rule", "kept"), [(rule, kept) for rule, _, kept in TABLE])
def test_a_campaign_that_keeps_a_rule_passes(tree: Tree, rule: Rule, kept: str) -> None:
    assert rule not in {finding.rule for finding in campaigns.check(tree(kept), PROFILE)}


@pytest.mark.parametrize(
    ("name", "looser", "equal"),
    [
        ("per_minute", 10.5, 10),
        ("gap_seconds", (1, 9), (2, 5)),
        ("gap_seconds", (3, 4), (2.5, 6)),
        ("per_half_hour", 201, 200),
        ("per_day", 201, 1),
        ("quiet_hours", (22 * 60, 8 * 60), (21 * 60 + 30, 8 * 60)),
        ("quiet_hours", (23 * 60, 9 * 60), (20 * 60, 9 * 60)),
        ("quiet_hours", (1 * 60, 7 * 60), (9 * 60, 8 * 60)),
        ("cool_down_minutes", 59, 60),
    ],
)
def test_a_limit_of_a_campaign_is_at_least_as_strict_as_every_devices(name: str, looser: object, equal: object) -> None:
    assert [finding.where for finding in campaigns.looser({name: looser}, [EAST, WEST])] == [("send", "pace", name)]
    assert list(campaigns.looser({name: equal}, [EAST, WEST])) == []


def test_each_looser_limit_is_a_problem_of_its_own() -> None:
    found = campaigns.looser({"per_minute": 11, "per_day": 999}, [EAST])
    assert [finding.where[-1] for finding in found] == ["per_minute", "per_day"]


def test_a_looser_limit_names_both_values_and_the_device() -> None:
    [finding] = campaigns.looser({"quiet_hours": (22 * 60, 8 * 60)}, [WEST])
    assert "22:00-08:00 is looser than west's 21:30-08:00" in finding.message


def test_every_limit_is_stricter_than_none() -> None:
    free = Device(name="free", app_id=None, app_id_env=None, pace=model.UNLIMITED)
    own = {"per_minute": 1000, "gap_seconds": (0, 0), "quiet_hours": (0, 1), "cool_down_minutes": 0}
    assert list(campaigns.looser(own, [free])) == []


def test_one_device_needs_no_naming(tree: Tree) -> None:
    profile = Profile(name="sandbox", gateway="sandbox", devices={"east": EAST})
    assert list(campaigns.check(tree(rows("{toWxid: a}")), profile)) == []


def test_a_constant_fault_of_the_card_is_one_finding_at_its_place(tree: Tree) -> None:
    [finding] = campaigns.check(tree("variants: [{card: {pagePath: pages/index}}]"), PROFILE)
    assert finding.where == ("variants", 0, "card", "pagePath")
    assert finding.message.startswith("variants[0].card.pagePath: ")
