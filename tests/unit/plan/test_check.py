"""Policies and warnings about a plan as a whole."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from gewe_runner.model import UNLIMITED, Campaign, Delivery, Message, Policy, Position, Profile, Source
from gewe_runner.plan import allow, check, freeze
from gewe_runner.problems import Problems
from tests.unit.plan.conftest import campaign
from tests.unit.plan.test_freeze import message

NOW = 1_796_000_000_000
HOUR = 3_600_000


def rules(of: Campaign, profile: Profile, items: Iterable[Message], tmp_path: Path, finish: int = NOW) -> list[str]:
    problems, covers = Problems(), check.Covers()
    plan = freeze.freeze(of, profile, covers.over(items), tmp_path / "plan.jsonl", {})
    check.check(of, plan, covers, finish, problems)
    return [problem.rule for problem in problems]


def with_cover(url: str) -> Message:
    return message()._replace(payload=json.dumps({"coverImgUrl": url, "toWxid": "a"}))


@pytest.mark.parametrize(("most", "expected"), [(1, ["max-recipients"]), (2, [])])
def test_a_plan_may_not_be_larger_than_the_campaign_allows(
    tmp_path: Path, profile: Profile, most: int, expected: list[str]
) -> None:
    two = [message("a"), message("b")]
    assert rules(campaign(policy=Policy(max_recipients=most)), profile, two, tmp_path) == expected


def test_a_breach_is_told_where_the_campaign_sets_the_limit(tmp_path: Path, profile: Profile) -> None:
    own = campaign(policy=Policy(max_recipients=1), positions={("policy", "max_recipients"): Position(9, 26)})
    problems, covers = Problems(), check.Covers()
    plan = freeze.freeze(own, profile, [message("a"), message("b")], tmp_path / "plan.jsonl", {})
    check.check(own, plan, covers, NOW, problems)
    assert [(one.line, one.column) for one in problems] == [(9, 26)]


@pytest.mark.parametrize(
    ("required", "lists", "expected"), [(True, 0, ["no-suppression"]), (True, 1, []), (False, 0, [])]
)
def test_a_policy_may_want_a_suppression_list(required: bool, lists: int, expected: list[str]) -> None:
    problems = Problems()
    some = [Source(label="suppressed.csv", name="suppressed.csv", where=())] * lists
    allow.suppression(campaign(policy=Policy(require_suppression=required)), some, problems)
    assert [problem.rule for problem in problems] == expected


def test_a_card_that_the_policy_forbids_is_told_at_its_row() -> None:
    problems = Problems()
    cards = [with_cover("https://a.example.com/1"), with_cover("https://b.example.com/2")._replace(row=7)]
    listed = Source(label="l.csv", name="lists/l.csv", where=("recipients", 0), path=Path("lists/l.csv"))
    own = campaign(policy=Policy(allowed_hosts=("a.example.com",)), recipients=(listed,))
    passed = allow.allowed(cards, own, problems)
    assert list(passed) == cards
    (problem,) = problems
    assert (problem.rule, problem.path, problem.line) == ("host-denied", "lists/l.csv", 7)
    assert problem.message == "coverImgUrl: the host b.example.com is none of allowed_hosts: a.example.com"


def test_a_plan_without_a_message_is_said(tmp_path: Path, profile: Profile) -> None:
    assert rules(campaign(), profile, [], tmp_path) == ["nobody"]


def test_a_signed_cover_has_to_outlive_the_send(tmp_path: Path, profile: Profile) -> None:
    end = NOW // 1000 + 3600
    items = [with_cover(f"https://x.cos.example.com/a.jpg?q-sign-time=1;{end}&q-signature=secret")]
    assert rules(campaign(), profile, items, tmp_path, finish=NOW + HOUR // 2) == []
    assert rules(campaign(), profile, items, tmp_path, finish=NOW + 2 * HOUR) == ["cover-expires"]


def test_the_first_of_many_covers_to_expire_counts(tmp_path: Path, profile: Profile) -> None:
    urls = [
        f"https://x.example.com/a.jpg?OSSAccessKeyId=k&Signature=s&Expires={NOW // 1000 + hours * 3600}"
        for hours in (9, 1, 5)
    ]
    items = [with_cover(url) for url in urls]
    assert rules(campaign(), profile, items, tmp_path, finish=NOW + 2 * HOUR) == ["cover-expires"]


def test_the_forecast_is_that_of_the_slowest_device(profile: Profile) -> None:
    slow = replace(profile.devices["west"], pace=replace(UNLIMITED, per_minute=1))
    uneven = replace(profile, devices={**profile.devices, "west": slow})
    forecast = check.forecast(campaign(), uneven, {"east": 9, "west": 61}, NOW)
    assert forecast.finish == forecast.devices["west"]
    assert 60 * 60_000 <= forecast.finish - NOW < 61 * 60_000


def test_the_forecast_keeps_the_campaigns_own_pace_and_window(profile: Profile) -> None:
    later = campaign(send=Delivery(not_before="2027-01-01T00:00:00+00:00", pace={"per_minute": 1}))
    forecast = check.forecast(later, profile, {"east": 2}, NOW)
    assert forecast.finish == 1_798_761_600_000 + 60_000 + 300
