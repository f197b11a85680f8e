"""Decides for each row whether its recipient gets a card, through which device and in which variant."""

import enum
from collections.abc import Iterable, Iterator, Sequence

from gewe_runner import batches
from gewe_runner.model import START, Assignment, Campaign, Profile, Reason, Recipient, Skip
from gewe_runner.plan import chance
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems
from gewe_runner.rules import plans, policies


class By(enum.StrEnum):
    """What names a recipient's device, the first of them that does."""

    ROW = "the row's column `device`"
    LIST = "the list's `device`"
    CAMPAIGN = "the campaign's `send`"
    PROFILE = "the profile, which has no other"


def assign(
    campaign: Campaign, profile: Profile, recipients: Iterable[Recipient], ids: Ids, problems: Problems
) -> Iterator[Assignment | Skip]:
    """One assignment or skip for each row, in their order; rows without a device become problems instead."""
    warned = False
    for recipient, reason in _judged(campaign, recipients, ids):
        if reason is not None:
            yield Skip(recipient.to_wxid, recipient.source.label, recipient.row, reason)
            continue
        names = _devices(campaign, profile, recipient, problems)
        if not names or not _allowed(campaign, recipient, problems):
            continue
        if len(names) > 1 and not warned and not _is_group(recipient):
            warned = True
            fault = "friends are spread over several devices by hash, but a friend knows one account only"
            at = campaign.positions.get(("send", "devices"), START)
            problems.add(plans.HASHED_DEVICES.at(campaign.shown, at, fault))
        device = names[0] if len(names) == 1 else chance.device(campaign, recipient.to_wxid, names)
        variant = chance.variant(campaign, recipient.to_wxid)
        yield Assignment(recipient, device, variant.name if variant else None)


def named(campaign: Campaign, profile: Profile, recipient: Recipient) -> tuple[By, Sequence[str]]:
    """What says through which device the recipient is reached, and what it names; among several a hash decides."""
    if own := recipient.values.get("device", "").strip():
        return By.ROW, (own,)
    if recipient.source.device:
        return By.LIST, (recipient.source.device,)
    if campaign.send.devices:
        return By.CAMPAIGN, campaign.send.devices
    return By.PROFILE, tuple(profile.devices)


def _judged(campaign: Campaign, recipients: Iterable[Recipient], ids: Ids) -> Iterator[tuple[Recipient, Reason | None]]:
    """Every recipient, and why they get nothing: the first reason that applies, in the contract's order."""
    for batch in batches.of(recipients):
        wanted = [one.to_wxid for one in batch if one.wanted]
        suppressed, new = ids.suppressed(wanted), iter(ids.new(wanted))
        for one in batch:
            if not one.wanted:
                yield one, Reason.FILTERED
            elif not next(new):
                yield one, Reason.DUPLICATE
            elif one.to_wxid in suppressed:
                yield one, Reason.SUPPRESSED
            elif chance.held_out(campaign, one.to_wxid):
                yield one, Reason.HOLDOUT
            else:
                yield one, None


def _devices(campaign: Campaign, profile: Profile, recipient: Recipient, problems: Problems) -> Sequence[str]:
    """The devices that the recipient may be reached through; none where that is a problem."""
    by, names = named(campaign, profile, recipient)
    if by is By.ROW and names[0] not in profile.devices:
        known = ", ".join(sorted(profile.devices))
        fault = f"the profile {profile.name} has no device {names[0]!r}; it has {known}"
        problems.add(plans.ROW_DEVICE.of_row(recipient.source, recipient.row, fault))
        return ()
    if by is By.PROFILE and len(names) > 1:
        fault = "no device is named; write `device:` under `send` or at the list: " + ", ".join(sorted(names))
        problems.add(plans.NO_DEVICE.at(campaign.shown, START, fault))
        return ()
    return names


def _allowed(campaign: Campaign, recipient: Recipient, problems: Problems) -> bool:
    if campaign.policy.groups or not _is_group(recipient):
        return True
    fault = f"{recipient.to_wxid} is a group chat, and the policy denies groups"
    problems.add(policies.GROUPS_DENIED.of_row(recipient.source, recipient.row, fault))
    return False


def _is_group(recipient: Recipient) -> bool:
    return recipient.to_wxid.endswith("@chatroom")
