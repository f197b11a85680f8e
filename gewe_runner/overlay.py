"""What a ledger takes away from a plan: counts only, known also where there is no ledger."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Overlay:
    """What the ledger takes away from a plan."""

    #: Messages that are still to be sent, by device.
    devices: Counter[str] = field(default_factory=Counter)
    #: What the ledger forbids, by reason.
    skips: Counter[str] = field(default_factory=Counter)
    #: Of those already sent, how many got exactly this payload.
    same_card: int = 0
    #: The run that this plan would go on with, if there is one.
    joins: str | None = None
    #: Messages of other runs of the edition that are pending, and that this plan would take the place of.
    supersedes: int = 0

    @property
    def left(self) -> int:
        """Messages that are still to be sent."""
        return self.devices.total()
