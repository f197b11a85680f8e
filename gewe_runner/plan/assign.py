"""Decides for each row whether its recipient gets a card, through which device and in which variant."""

from collections.abc import Iterable, Iterator

from gewe_runner.model import START, Assignment, Campaign, Profile, Reason, Recipient, Skip
from gewe_runner.plan import chance
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems
from gewe_runner.rules import plans


def assign(
    campaign: Campaign, profile: Profile, recipients: Iterable[Recipient], ids: Ids, problems: Problems
) -> Iterator[Assignment | Skip]:
    """One assignment or skip for each row, in their order; rows without a device become problems instead."""
    for recipient in recipients:
        reason = _reason(campaign, recipient, ids)
        if reason is not None:
            yield Skip(to_wxid=recipient.to_wxid, source=recipient.source.label, row=recipient.row, reason=reason)
            continue
        device = _device(campaign, profile, recipient, problems)
        if device is not None and _allowed(campaign, recipient, problems):
            variant = chance.variant(campaign, recipient.to_wxid)
            yield Assignment(recipient=recipient, device=device, variant=variant.name if variant else None)


def _reason(campaign: Campaign, recipient: Recipient, ids: Ids) -> Reason | None:
    """Why the recipient gets nothing: the first reason that applies, in the contract's order."""
    if not recipient.wanted:
        return Reason.FILTERED
    if not ids.is_new(recipient.to_wxid):
        return Reason.DUPLICATE
    if ids.is_suppressed(recipient.to_wxid):
        return Reason.SUPPRESSED
    if chance.held_out(campaign, recipient.to_wxid):
        return Reason.HOLDOUT
    return None


def _device(campaign: Campaign, profile: Profile, recipient: Recipient, problems: Problems) -> str | None:
    named = recipient.values.get("device", "").strip()
    if named:
        if named in profile.devices:
            return named
        known = ", ".join(sorted(profile.devices))
        fault = f"the profile {profile.name} has no device {named!r}; it has {known}"
        problems.add(plans.ROW_DEVICE.of_row(recipient.source, recipient.row, fault))
        return None
    names = (recipient.source.device,) if recipient.source.device else campaign.send.devices or tuple(profile.devices)
    if len(names) == 1:
        return names[0]
    if not campaign.send.devices:
        fault = "no device is named; write `device:` under `send` or at the list: " + ", ".join(sorted(names))
        problems.add(plans.NO_DEVICE.at(campaign.shown, START, fault))
        return None
    if not _is_group(recipient):
        fault = "friends are spread over several devices by hash, but a friend knows one account only"
        problems.add(plans.HASHED_DEVICES.at(campaign.shown, START, fault))
    return chance.device(campaign, recipient.to_wxid, names)


def _allowed(campaign: Campaign, recipient: Recipient, problems: Problems) -> bool:
    if campaign.policy.groups or not _is_group(recipient):
        return True
    fault = f"{recipient.to_wxid} is a group chat, and the policy denies groups"
    problems.add(plans.GROUPS_DENIED.of_row(recipient.source, recipient.row, fault))
    return False


def _is_group(recipient: Recipient) -> bool:
    return recipient.to_wxid.endswith("@chatroom")
