"""What devices know becomes a warning or a notice of the campaign, and never an error."""

from collections.abc import Mapping
from pathlib import Path

from gewe_runner import foresee
from gewe_runner.model import Campaign, Level, Message, Problem
from gewe_runner.preflight.contacts import Contacts
from gewe_runner.problems import Problems

CAMPAIGN = Campaign(
    path=Path("fruit.yaml"), shown="fruit.yaml", project=Path(), name="fruit", edition="1", card={}, recipients=()
)
BOOK = Contacts(friends=1, groups=0, ids=frozenset({"wxid_anna"}))


def told(known: Mapping[str, Contacts | str], *to: tuple[str, str]) -> list[Problem]:
    lines = [
        Message(to_wxid=one, device=device, variant=None, source="a.csv", row=2, payload="{}", sha256="")
        for one, device in to
    ]
    problems = Problems()
    foresee.strangers(CAMPAIGN, lines, known, problems)
    return list(problems)


def test_friends_are_no_problem() -> None:
    assert told({"east": BOOK}, ("wxid_anna", "east"), ("filehelper", "east")) == []


def test_strangers_are_a_warning_with_counts_and_shortened_names() -> None:
    (problem,) = told({"east": BOOK}, *((f"wxid_stranger{number}", "east") for number in range(1_000)))
    assert (problem.rule, problem.level) == ("not-a-contact", Level.WARNING)
    assert problem.message == (
        "1,000 of 1,000 recipients are not among the contacts of device east: wxi…er0, wxi…er1, wxi…er2 and 997 more"
    )


def test_groups_are_said_to_be_named_only_if_saved() -> None:
    (problem,) = told({"east": BOOK}, ("wxid_anna", "east"), ("123456@chatroom", "east"))
    assert problem.message.endswith("123…oom; 1 of them are groups, named only if saved to its address book")


def test_a_device_whose_contacts_are_not_known_is_a_notice() -> None:
    (problem,) = told({"east": BOOK, "west": "获取超时"}, ("wxid_anna", "east"), ("wxid_x", "west"))
    assert (problem.rule, problem.level) == ("contacts-unknown", Level.NOTICE)
    assert "device west" in problem.message
    assert "(获取超时)" in problem.message
