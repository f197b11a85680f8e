"""Holds a plan against the policies, and foresees when it will be done."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gewe_runner import pace
from gewe_runner.model import START, Campaign, Level, Message, Policy, Position, Profile, Skip
from gewe_runner.pace import Usage
from gewe_runner.plan import allow
from gewe_runner.plan.freeze import Plan
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, campaigns, cards, plans, policies


class Covers:
    """Takes note of the signed cover URL that stops working first, while the messages pass by."""

    def __init__(self) -> None:
        #: When it stops working, and the URL.
        self.first: tuple[datetime, str] | None = None

    def over(self, items: Iterable[Message | Skip]) -> Iterator[Message | Skip]:
        for item in items:
            # Looked for as text first: to parse every payload would double the cost of a plan.
            if isinstance(item, Message) and cards.may_be_signed(item.payload):
                url = json.loads(item.payload)["coverImgUrl"]
                expiry = cards.cover_expiry(url)
                if expiry is not None and (self.first is None or expiry < self.first[0]):
                    self.first = (expiry, url)
            yield item


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """When each device will probably be done, in UTC epoch milliseconds; `NEVER` where its budget is 0."""

    devices: Mapping[str, int]

    @property
    def finish(self) -> int:
        return max(self.devices.values(), default=0)


def forecast(campaign: Campaign, profile: Profile, messages: Mapping[str, int], now: int) -> Forecast:
    """When the messages of each device will be out if the sending starts now (or when its window opens).

    Args:
        messages: How many each device has to send.
    """
    start = max(now, _milliseconds(campaign.send.not_before) or 0)
    paces = {name: pace.tightened(profile.devices[name].pace, campaign.send.pace) for name in messages}
    return Forecast(devices={name: pace.finish(paces[name], Usage(), start, count) for name, count in messages.items()})


def check(campaign: Campaign, plan: Plan, covers: Covers, finish: int, problems: Problems, whole: bool = True) -> None:
    """Add every breach of a policy and every warning about the plan as a whole.

    Args:
        whole: Every list was read; else nobody can tell whether somebody is left.
    """
    most = campaign.policy.max_recipients
    if most is not None and plan.messages > most:
        fault = f"the plan holds {plan.messages:,} messages, policy.max_recipients allows {most:,}"
        problems.add(policies.MAX_RECIPIENTS.at(campaign.shown, allow.policy_place(campaign, "max_recipients"), fault))
    if whole and not plan.messages:
        problems.add(plans.NOBODY.at(campaign.shown, START, "no recipient is left: every row was skipped"))
    if covers.first and finish < pace.NEVER and covers.first[0].timestamp() * 1000 < finish:
        until = covers.first[0].astimezone(UTC)
        done = datetime.fromtimestamp(finish / 1000, UTC)
        fault = (
            f"the cover {cards.shown_url(covers.first[1])} can be fetched until {until:%Y-%m-%d %H:%M} UTC only, and "
            f"the last message is forecast for {done:%Y-%m-%d %H:%M} UTC; sign it anew for longer"
        )
        place = campaign.positions.get(("card", "coverImgUrl"), START)
        problems.add(plans.COVER_EXPIRES.at(campaign.shown, place, fault))


def lines(
    items: Iterable[Message | Skip], profile: Profile, policy: Policy, name: str, problems: Problems
) -> Iterator[Message | Skip]:
    """The lines of a plan file, while every message that the profile could not or may not send becomes a problem.

    Args:
        name: The plan file as problems show it.
    """
    for number, item in enumerate(items, 2):  # the header is line 1
        if isinstance(item, Message):
            for rule, fault in _faults(item, profile, policy):
                problems.add(rule.at(name, Position(number, 1), fault))
        yield item


def _faults(message: Message, profile: Profile, policy: Policy) -> Iterator[tuple[Rule, str]]:
    if message.device not in profile.devices:
        known = ", ".join(sorted(profile.devices))
        yield plans.ROW_DEVICE, f"the profile {profile.name} has no device {message.device!r}; it has {known}"
    if not policy.groups and message.to_wxid.endswith("@chatroom"):
        yield policies.GROUPS_DENIED, f"{message.to_wxid} is a group chat, and the policy denies groups"
    for name, value in json.loads(message.payload).items():
        for rule, fault in policies.card(policy, name, value):
            yield rule, f"{name}: {fault}"
        # they hold for every plan that this program made; a file may come from anywhere
        for rule, fault in _value(name, value):
            if rule.level is Level.ERROR:
                yield rule, f"{name}: {fault}"


@functools.lru_cache(maxsize=4096)
def _value(name: str, value: str) -> tuple[tuple[Rule, str], ...]:
    return tuple(cards.check(name, value))


def own_pace(plan: Plan, campaign: Campaign, profile: Profile, problems: Problems) -> None:
    """Add a problem for each limit of the plan that is looser than the profile's is by now."""
    devices = [profile.devices[name] for name in plan.devices if name in profile.devices]
    for finding in campaigns.looser(campaign.send.pace, devices):
        problems.add(finding.rule.at(campaign.shown, START, finding.message))


def _milliseconds(moment: str | None) -> int | None:
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else None
