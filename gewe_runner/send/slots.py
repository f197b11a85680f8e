"""How many lanes a worker works on at once, and whose turn it is: who has been due for longest goes first."""

import asyncio
import heapq
import itertools
import math
from collections import deque


class Slots:
    """So many slots; a lane has one while it is worked on, and none while it waits.

    Lanes that the worker has kept stand back while lanes that nobody has are due for longer: those would not be found
    else, since to go on is cheaper than to find. For one event loop.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        #: Those that look for a lane which nobody has.
        self._looking: deque[asyncio.Future[None]] = deque()
        #: Lanes that were kept, by when they are due; the number keeps those of one moment in their order.
        self._kept: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        #: Since when the lane is due that was found last; infinite: there is none to be found.
        self._found = math.inf
        self._is_turn_of_kept = False

    async def look(self) -> None:
        """Wait for a slot for a lane that nobody has."""
        if self._free:
            self._free -= 1
            return
        ours = asyncio.get_running_loop().create_future()
        self._looking.append(ours)
        await self._granted(ours)

    async def go_on(self, due: float) -> None:
        """Wait for a slot for a lane that was kept.

        Args:
            due: Since when it is due, by any clock that `found` goes by as well.
        """
        if self._free and due <= self._found:
            self._free -= 1
            return
        ours = asyncio.get_running_loop().create_future()
        heapq.heappush(self._kept, (due, next(self._numbers), ours))
        await self._granted(ours)

    def found(self, due: float) -> None:
        """Whoever looked has found a lane that is due since then, and no other is due for longer; infinite: none."""
        self._found = due
        while self._free and (next_ := self._next_kept()):
            self._free -= 1
            next_.set_result(None)

    def give(self) -> None:
        """Give a slot back."""
        turns = (self._next_kept, self._next_looking)
        for turn in turns if self._is_turn_of_kept else reversed(turns):
            if next_ := turn():
                self._is_turn_of_kept = turn == self._next_looking
                next_.set_result(None)
                return
        self._free += 1

    async def _granted(self, ours: "asyncio.Future[None]") -> None:
        try:
            await ours
        except asyncio.CancelledError:
            if ours.done() and not ours.cancelled():
                self.give()
            raise

    def _next_kept(self) -> "asyncio.Future[None] | None":
        while self._kept and self._kept[0][0] <= self._found:
            _, _, next_ = heapq.heappop(self._kept)
            if not next_.done():
                return next_
        return None

    def _next_looking(self) -> "asyncio.Future[None] | None":
        while self._looking:
            next_ = self._looking.popleft()
            if not next_.done():
                return next_
        return None
