"""Gateways in all the forms in which people paste them, and what else settings can have wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from gewe_runner.rules import Rule, cards, settings, structure

API = "https://api.geweapi.com/gewe/v2/api"


def devices(text: str, gateway: str = "https://api.geweapi.com") -> str:
    return f"profiles: {{production: {{gateway: '{gateway}', token_env: T, devices: {{{text}}}}}}}"


def pace(text: str) -> str:
    return f"profiles: {{sandbox: {{gateway: sandbox, devices: {{east: {{}}}}, pace: {{{text}}}}}}}"


#: Rule, settings that break it, settings that keep it.
TABLE: list[tuple[Rule, str, str]] = [
    (
        settings.GATEWAY,
        "profiles: {a: {gateway: api.geweapi.com}}",
        "profiles: {a: {gateway: https://api.geweapi.com}}",
    ),
    (
        settings.GATEWAY,
        "profiles: {a: {gateway: 'http://10.0.0.5:2531/v2/api', allow_http: false}}",
        "profiles: {a: {gateway: 'http://10.0.0.5:2531/v2/api', allow_http: true}}",
    ),
    (settings.TOKEN_ENV, "profiles: {a: {gateway: https://a.com}}", "profiles: {a: {gateway: sandbox}}"),
    (settings.DEFAULT_PROFILE, "{default_profile: b, profiles: {a: {}}}", "{default_profile: a, profiles: {a: {}}}"),
    (settings.DEVICE_APP_ID, devices("east: {}"), devices("east: {appId: wx_a}")),
    (settings.DEVICE_APP_ID, devices("east: {appId: a, appId_env: A}"), devices("east: {}", gateway="sandbox")),
    (
        settings.SHARED_APP_ID,
        devices("east: {appId: wx_a}, west: {appId: wx_a}"),
        devices("east: {appId: wx_a}, west: {appId: wx_b}"),
    ),
    (cards.SWAPPED_APP_ID, devices("east: {appId: wx1f9ea355b47256dd}"), devices("east: {appId: wx_1f9ea355b47256dd}")),
    (settings.GAP_ORDER, pace("gap_seconds: [5, 2]"), pace("gap_seconds: [2, 2]")),
    (settings.QUIET_HOURS, pace("quiet_hours: 08:00-08:00"), pace("quiet_hours: null")),
    (settings.QUIET_HOURS, pace("quiet_hours: 00:00-00:00"), pace("quiet_hours: ")),
    (settings.TIMEZONE, pace("timezone: Beijing"), pace("timezone: Asia/Shanghai")),
    (settings.TIMEZONE, pace("timezone: ../../etc/passwd"), pace("timezone: UTC")),
]

Tree = Callable[[str], Any]


@pytest.mark.parametrize(("rule", "broken"), [(rule, broken) for rule, broken, _ in TABLE])
def test_settings_that_break_a_rule_are_found(tree: Tree, rule: Rule, broken: str) -> None:
    assert rule in {finding.rule for finding in settings.check(tree(broken))}


@pytest.mark.parametrize(("rule", "kept"), [(rule, kept) for rule, _, kept in TABLE])
def test_settings_that_keep_a_rule_pass(tree: Tree, rule: Rule, kept: str) -> None:
    assert rule not in {finding.rule for finding in settings.check(tree(kept))}


@pytest.mark.parametrize(
    ("text", "gateway"),
    [
        ("sandbox", "sandbox"),
        ("https://api.geweapi.com", API),
        ("https://api.geweapi.com/", API),
        ("HTTPS://API.geweapi.com:443/gewe/v2/api/", API),
        ("https://api.geweapi.com/gewe/v2/api", API),
        ("http://10.0.0.5:2531/v2/api", "http://10.0.0.5:2531/v2/api"),
        ("https://api.example.com/finder/v2/api/", "https://api.example.com/finder/v2/api"),
        ("http://[::1]:8080", "http://[::1]:8080/gewe/v2/api"),
    ],
)
def test_a_gateway_has_one_form(text: str, gateway: str) -> None:
    assert settings.gateway_fault(text, allow_http=True) is None
    assert settings.gateway(text) == gateway
    assert settings.gateway(gateway) == gateway


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("api.geweapi.com", "gateway: https://api.geweapi.com"),
        ("me:secret@api.geweapi.com?token=secret", "gateway: https://api.geweapi.com"),
        ("Sandbox", "gateway: sandbox"),
        ("http://api.geweapi.com", "gateway: https://api.geweapi.com"),
        ("https://me:secret@api.geweapi.com/", "gateway: https://api.geweapi.com/"),
        ("https://api.geweapi.com?token=secret", "gateway: https://api.geweapi.com"),
        ("https://api.geweapi.com/gewe/v2/api/message/postMiniApp", f"gateway: {API}"),
        ("https://api.geweapi.com/console", "gateway: https://api.geweapi.com"),
        ("ftp://api.geweapi.com", "gateway: https://api.geweapi.com"),
        ("https://[x]/", "gateway: https://api.geweapi.com"),
        ("https://api.geweapi.com:port", "gateway: https://api.geweapi.com"),
    ],
)
def test_a_wrong_gateway_is_met_with_the_line_to_paste(text: str, line: str) -> None:
    fault = settings.gateway_fault(text, allow_http=False)
    assert fault is not None
    assert line in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    ("name", "meant"),
    [("shop-esat", "shop-east"), ("SHOP-WEST", "shop-west"), ("shop", "shop-east"), ("north", None), ("x", None)],
)
def test_the_name_that_was_meant_is_found(name: str, meant: str | None) -> None:
    assert structure.near(name, ["shop-east", "shop-west"]) == meant
