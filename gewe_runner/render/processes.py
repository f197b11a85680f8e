"""Presses batches of slips on all cores; what comes out, and in which order, does not depend on how many there are."""

import collections
import functools
import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gewe_runner.model import Campaign, Profile
from gewe_runner.render.press import Press, Pressed, Sheet

if TYPE_CHECKING:  # takes long to load, and most lists are too short for it
    from concurrent.futures import Future, ProcessPoolExecutor

#: Templates that are rendered here before other processes are started: those of most lists are done sooner than that.
ALONE = 18_000

#: Templates rendered for each slip from which other processes are worth it: where values come again, they are fewer,
#: and to hand the slips over takes longer than to render them.
WORTH = 2

#: After so many it is likely that more come: the server of the processes starts beside the work from then on.
LIKELY = 6_000

#: Batches under way for each process: enough that none waits, few enough that memory does not grow with the list.
AHEAD = 3

Batch = Sequence[Sheet]

#: What is done with a batch: a method of `Press`.
How = Callable[[Press, Batch], Pressed]

# What a process of the pool was started for; the pool's functions can carry nothing else.
_presses: list[Press] = []


def pressed(
    campaign: Campaign, profile: Profile, press: Press, batches: Iterable[Batch], how: How = Press.press
) -> Iterator[Pressed]:
    """What became of each batch, in their order.

    Args:
        press: The campaign's own, for as long as others are not worth it and where there is one core.
    """
    slips, cores, batches = 0, _cores(), iter(batches)
    for batch in batches:
        before, slips = press.renders, slips + sum(len(sheet.slips) for sheet in batch)
        yield how(press, batch)
        is_worth_it = cores > 1 and press.renders >= WORTH * slips
        if is_worth_it and before < LIKELY <= press.renders:
            _serve()
        if is_worth_it and press.renders >= ALONE:
            break
    first = next(batches, None)
    if first is not None:
        with _pool(campaign, profile, cores) as pool:
            yield from _shared(pool, cores, functools.partial(_press, how), itertools.chain([first], batches))


def _shared(
    pool: "ProcessPoolExecutor", cores: int, work: Callable[[Batch], Pressed], batches: Iterator[Batch]
) -> Iterator[Pressed]:
    flying: collections.deque[Future[Pressed]] = collections.deque()
    try:
        for batch in batches:
            flying.append(pool.submit(work, batch))
            if len(flying) >= AHEAD * cores:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """Start what the processes are forked from: a server without threads, which loads all that they need once.

    A fork of this process could inherit a lock that nobody opens again.
    """
    from multiprocessing import forkserver

    # to render so much takes Jinja, which is loaded when the first template wants it
    forkserver.set_forkserver_preload([__name__, "gewe_runner.template.compiled"])
    forkserver.ensure_running()


def _pool(campaign: Campaign, profile: Profile, cores: int) -> "ProcessPoolExecutor":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(cores, context, functools.partial(_begin, campaign, profile))


def _begin(campaign: Campaign, profile: Profile) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, too, and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _presses[:] = [Press(campaign, profile)]


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _press(how: How, batch: Batch) -> Pressed:
    return how(_presses[0], batch)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
