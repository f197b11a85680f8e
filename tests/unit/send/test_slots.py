"""Lanes that a worker has kept and lanes that it has not yet take turns, and each kind in the order of its coming."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gewe_runner.send.slots import Comes, Slots


def served(script: Callable[[Slots, list[str]], Coroutine[Any, Any, None]]) -> list[str]:
    """Who got a slot, in that order."""
    order: list[str] = []

    async def run() -> None:
        await script(Slots(1), order)

    asyncio.run(run())
    return order


async def one(slots: Slots, comes: Comes, name: str, order: list[str]) -> None:
    await slots.take(comes)
    order.append(name)
    slots.give()


async def queue(slots: Slots, order: list[str], *names: str) -> list["asyncio.Task[None]"]:
    """Have them all wait for a slot, one after the other; names of lanes that come anew begin with `new`."""
    kinds = [Comes.ANEW if name.startswith("new") else Comes.BACK for name in names]
    tasks = [asyncio.create_task(one(slots, kind, name, order)) for kind, name in zip(kinds, names, strict=True)]
    await asyncio.sleep(0)
    return tasks


def test_neither_kind_keeps_the_other_out() -> None:
    async def script(slots: Slots, order: list[str]) -> None:
        await slots.take(Comes.ANEW)
        tasks = await queue(slots, order, "back-1", "back-2", "back-3", "new-1", "new-2")
        slots.give()
        await asyncio.gather(*tasks)

    assert served(script) == ["new-1", "back-1", "new-2", "back-2", "back-3"]


def test_who_no_longer_waits_takes_no_slot() -> None:
    async def script(slots: Slots, order: list[str]) -> None:
        await slots.take(Comes.ANEW)
        tasks = await queue(slots, order, "new-1", "back-1", "back-2")
        tasks[0].cancel()
        await asyncio.sleep(0)
        slots.give()
        tasks[1].cancel()  # it has been given a slot and does not know yet
        await asyncio.gather(*tasks, return_exceptions=True)
        await slots.take(Comes.ANEW)

    assert served(script) == ["back-2"]
