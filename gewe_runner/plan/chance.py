"""Chance that is the same on every machine: hashes of who, in which campaign, for what purpose."""

import hashlib
from collections.abc import Sequence

from gewe_runner.model import Campaign, Variant

_SPAN = 2**64


def share(label: str, campaign: Campaign, to_wxid: str) -> float:
    """A number in [0, 1) that depends on the label, the campaign's name and edition and the recipient alone."""
    return _hash(label, campaign, to_wxid) / _SPAN


def held_out(campaign: Campaign, to_wxid: str) -> bool:
    """Whether the recipient deliberately gets nothing; raising `holdout` keeps those who are held out."""
    return campaign.holdout > 0 and share("holdout", campaign, to_wxid) < campaign.holdout / 100


def variant(campaign: Campaign, to_wxid: str) -> Variant | None:
    """The recipient's variant, each as likely as its weight says."""
    if not campaign.variants:
        return None
    left = share("variant", campaign, to_wxid) * sum(one.weight for one in campaign.variants)
    for one in campaign.variants:
        left -= one.weight
        if left < 0:
            return one
    return campaign.variants[-1]


def device(campaign: Campaign, to_wxid: str, names: Sequence[str]) -> str:
    """The recipient's device by rendezvous hashing: a new device takes its share and moves nobody else."""
    return max(names, key=lambda name: (_hash(f"device\0{name}", campaign, to_wxid), name))


def _hash(label: str, campaign: Campaign, to_wxid: str) -> int:
    # NUL stands in none of the parts, so no two of them can be told apart wrongly.
    parts = "\0".join((label, campaign.name, campaign.edition, to_wxid))
    return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:8])
