"""How many lanes a worker works on at once: those that come back from a wait and new ones take turns."""

import asyncio
import enum
from collections import deque


class Comes(enum.Enum):
    """Where a lane that wants a slot comes from."""

    #: From the queue that all workers share.
    ANEW = enum.auto()
    #: From a wait: this worker has kept it meanwhile.
    BACK = enum.auto()


class Slots:
    """So many slots; a lane has one while it is worked on, and none while it waits.

    Of both kinds each second free slot is theirs, so that neither lanes that were kept nor those that nobody has yet
    can keep the others out. Within a kind whoever came first goes first. For one event loop.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: dict[Comes, deque[asyncio.Future[None]]] = {kind: deque() for kind in Comes}
        #: Whose turn it is, and who comes after them.
        self._turns = (self._waiting[Comes.ANEW], self._waiting[Comes.BACK])

    async def take(self, comes: Comes) -> None:
        """Wait for a slot."""
        if self._free:
            self._free -= 1
            return
        ours = asyncio.get_running_loop().create_future()
        self._waiting[comes].append(ours)
        try:
            await ours
        except asyncio.CancelledError:
            if ours.done() and not ours.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give a slot back."""
        first, second = self._turns
        for waiting, turns in ((first, (second, first)), (second, (first, second))):
            while waiting:
                next_ = waiting.popleft()
                if not next_.done():
                    self._turns = turns
                    next_.set_result(None)
                    return
        self._free += 1
