"""Holds a campaign's lists and cards against its policy, row by row."""

import json
from collections.abc import Iterable, Iterator, Sequence

from gewe_runner.model import START, Campaign, Message, Position, Skip, Source
from gewe_runner.problems import Problems
from gewe_runner.rules import policies


def suppression(campaign: Campaign, suppress: Sequence[Source], problems: Problems) -> None:
    """Add a problem where the policy wants a suppression list and there is none.

    Args:
        suppress: Every list that counts: the campaign's, the profile's and the project's.
    """
    if campaign.policy.require_suppression and not suppress:
        place = policy_place(campaign, "require_suppression")
        fault = "the policy wants a suppression list; add `suppress`, or suppressed.csv beside gewe.yaml"
        problems.add(policies.NO_SUPPRESSION.at(campaign.shown, place, fault))


def policy_place(campaign: Campaign, name: str) -> Position:
    """Where the campaign says that part of its policy; where the profile does, the file as a whole."""
    return campaign.positions.get(("policy", name), START)


def allowed(items: Iterable[Message | Skip], campaign: Campaign, problems: Problems) -> Iterator[Message | Skip]:
    """The lines, while every value of a card that the policy forbids becomes a problem of its row."""
    sources = {source.label: source for source in campaign.recipients}
    for item in items:
        if isinstance(item, Message):
            for name, value in json.loads(item.payload).items():
                for rule, fault in policies.card(campaign.policy, name, value):
                    problems.add(rule.of_row(sources[item.source], item.row, f"{name}: {fault}"))
        yield item
