"""Of lanes that a worker has kept and lanes that nobody has, those go first that are due for longest."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

from gewe_runner.send.slots import Slots


def served(script: Callable[[Slots, list[str]], Coroutine[Any, Any, None]]) -> list[str]:
    """Who got a slot, in that order."""
    order: list[str] = []

    async def run() -> None:
        await script(Slots(1), order)

    asyncio.run(run())
    return order


async def one(slots: Slots, name: str, order: list[str], due: float | None) -> None:
    await (slots.look() if due is None else slots.go_on(due))
    order.append(name)
    slots.give()


async def queue(slots: Slots, order: list[str], **dues: float | None) -> list["asyncio.Task[None]"]:
    """Have them all wait for a slot, one after the other; None looks for a lane that nobody has."""
    tasks = [asyncio.create_task(one(slots, name, order, due)) for name, due in dues.items()]
    await asyncio.sleep(0)
    return tasks


def test_for_threads_that_are_short_both_kinds_take_turns() -> None:
    async def script(slots: Slots, order: list[str]) -> None:
        await slots.look()
        tasks = await queue(slots, order, third=3, first=1, second=2, look_1=None, look_2=None)
        slots.give()
        await asyncio.gather(*tasks)

    assert served(script) == ["look_1", "first", "look_2", "second", "third"]


def test_a_lane_that_was_kept_stands_back_while_others_are_due_for_longer() -> None:
    async def script(slots: Slots, order: list[str]) -> None:
        slots.found(4)
        tasks = await queue(slots, order, late=9, soon=5, now=4)
        await asyncio.sleep(0)
        assert order == ["now"]
        slots.found(6)
        await asyncio.sleep(0)
        assert order == ["now", "soon"]
        slots.found(math.inf)
        await asyncio.gather(*tasks)

    assert served(script) == ["now", "soon", "late"]


def test_who_no_longer_waits_takes_no_slot() -> None:
    async def script(slots: Slots, order: list[str]) -> None:
        await slots.look()
        tasks = await queue(slots, order, gone=None, granted=1, last=2)
        tasks[0].cancel()
        await asyncio.sleep(0)
        slots.give()
        tasks[1].cancel()  # it has been given a slot and does not know yet
        await asyncio.gather(*tasks, return_exceptions=True)
        await slots.look()

    assert served(script) == ["last"]
