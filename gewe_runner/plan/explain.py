"""Says in numbers what a plan decides about one recipient: holdout, variant and device."""

from collections.abc import Sequence
from dataclasses import dataclass

from gewe_runner.model import Campaign, Profile, Recipient
from gewe_runner.plan import assign, chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdout:
    """Whether somebody is held out: their share, from 0 to below 1, is less than the part that is held out."""

    share: float
    below: float

    @property
    def held(self) -> bool:
        return self.share < self.below


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """Which variant somebody gets: the one in whose part of 0 to 1, as large as its weight, their share lies."""

    name: str
    share: float
    begin: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Through which device somebody is reached, what names it, and the devices among which a hash decided."""

    device: str
    by: assign.By
    among: Sequence[str]


def holdout(campaign: Campaign, to_wxid: str) -> Holdout | None:
    """None where the campaign holds nobody out."""
    if not campaign.holdout:
        return None
    return Holdout(share=chance.share("holdout", campaign, to_wxid), below=campaign.holdout / 100)


def variant(campaign: Campaign, to_wxid: str) -> Draw | None:
    """None where the campaign has no variants."""
    chosen = chance.variant(campaign, to_wxid)
    if chosen is None:
        return None
    before = sum(one.weight for one in campaign.variants[: campaign.variants.index(chosen)])
    total = sum(one.weight for one in campaign.variants)
    return Draw(
        name=chosen.name,
        share=chance.share("variant", campaign, to_wxid),
        begin=before / total,
        end=(before + chosen.weight) / total,
    )


def way(campaign: Campaign, profile: Profile, recipient: Recipient) -> Way:
    """The device of a recipient who has one."""
    by, names = assign.named(campaign, profile, recipient)
    return Way(device=chance.device(campaign, recipient.to_wxid, names), by=by, among=names)
