"""Who gets a card, through which device, and why somebody does not: the first reason that applies."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gewe_runner.model import (
    Assignment,
    Campaign,
    Delivery,
    Policy,
    Position,
    Profile,
    Reason,
    Recipient,
    Skip,
    Source,
)
from gewe_runner.plan import assign, ids
from gewe_runner.problems import Problems
from tests.unit.plan.conftest import campaign, recipient

EAST = campaign(send=Delivery(devices=("east",)))


def assigned(
    of: Campaign, profile: Profile, recipients: Iterable[Recipient], suppressed: Iterable[str] = ()
) -> tuple[list[Assignment | Skip], Problems]:
    problems = Problems()
    with ids.Ids() as known:
        known.suppress(suppressed)
        return list(assign.assign(of, profile, recipients, known, problems)), problems


def reasons(lines: Iterable[Assignment | Skip]) -> list[Reason | None]:
    return [line.reason if isinstance(line, Skip) else None for line in lines]


def devices(of: Campaign, profile: Profile, *recipients: Recipient) -> list[str]:
    return [line.device for line in assigned(of, profile, recipients)[0] if isinstance(line, Assignment)]


def rules(problems: Problems) -> list[str]:
    return [problem.rule for problem in problems]


def test_the_first_row_of_a_person_wins(profile: Profile) -> None:
    lines, _ = assigned(EAST, profile, [recipient("a"), recipient("b"), recipient("a", row=4)])
    assert reasons(lines) == [None, None, Reason.DUPLICATE]


def test_a_row_left_out_by_where_does_not_make_a_later_one_a_duplicate(profile: Profile) -> None:
    lines, _ = assigned(EAST, profile, [recipient("a", wanted=False), recipient("a", row=3)])
    assert reasons(lines) == [Reason.FILTERED, None]


def test_a_duplicate_of_a_suppressed_person_is_a_duplicate(profile: Profile) -> None:
    lines, _ = assigned(EAST, profile, [recipient("a"), recipient("a", row=3)], suppressed=["a"])
    assert reasons(lines) == [Reason.SUPPRESSED, Reason.DUPLICATE]


def test_suppression_goes_before_holdout(profile: Profile) -> None:
    lines, _ = assigned(replace(EAST, holdout=100), profile, [recipient("a"), recipient("b")], suppressed=["a"])
    assert reasons(lines) == [Reason.SUPPRESSED, Reason.HOLDOUT]


def test_a_rows_device_wins_over_the_lists_and_the_campaigns(profile: Profile) -> None:
    west = Source(label="l", name="l", where=(), device="west")
    assert devices(EAST, profile, recipient("a", source=west)) == ["west"]
    assert devices(EAST, profile, recipient("a", source=west, device="east")) == ["east"]
    assert devices(EAST, profile, recipient("a", source=west, device="  ")) == ["west"]


def test_the_only_device_of_a_profile_need_not_be_named(profile: Profile) -> None:
    single = replace(profile, devices={"east": profile.devices["east"]})
    assert devices(campaign(), single, recipient("a")) == ["east"]


def test_one_of_several_devices_has_to_be_named(profile: Profile) -> None:
    lines, problems = assigned(campaign(), profile, [recipient("a"), recipient("b")])
    assert (lines, rules(problems)) == ([], ["no-device"])


def test_an_unknown_device_is_a_problem_of_its_row(profile: Profile) -> None:
    lines, problems = assigned(EAST, profile, [recipient("a", row=7, device="north")])
    (problem,) = problems
    assert (lines, problem.path, problem.line) == ([], "lists/all.csv", 7)
    assert "east, west" in problem.message


def test_spreading_friends_over_devices_is_a_warning_said_once(profile: Profile) -> None:
    both = campaign(send=Delivery(devices=("east", "west")), positions={("send", "devices"): Position(7, 3)})
    (problem,) = assigned(both, profile, [recipient("a"), recipient("b")])[1]
    assert (problem.rule, problem.path, problem.line, problem.column) == ("hashed-devices", "fruit.yaml", 7, 3)
    assert rules(assigned(both, profile, [recipient("1@chatroom")])[1]) == []


@pytest.mark.parametrize(("who", "expected"), [("1@chatroom", ["groups-denied"]), ("friend", [])])
def test_a_policy_may_deny_groups(profile: Profile, who: str, expected: list[str]) -> None:
    lines, problems = assigned(replace(EAST, policy=Policy(groups=False)), profile, [recipient(who)])
    assert rules(problems) == expected
    assert bool(lines) is not bool(expected)
