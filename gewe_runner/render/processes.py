"""Presses batches of slips, and has other processes do a part of them where there is much to render."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from gewe_runner import processes
from gewe_runner.model import Campaign, Profile
from gewe_runner.render.press import Press, Pressed, Sheet

#: Templates that are rendered here before other processes are started: those of most lists are done sooner than that.
ALONE = 18_000

#: Templates rendered for each slip from which other processes are worth it: where values come again, they are fewer,
#: and to hand the slips over takes longer than to render them.
WORTH = 2

#: After so many it is likely that more come: the server of the processes starts beside the work from then on.
LIKELY = 6_000

Batch = Sequence[Sheet]

#: What is done with a batch: a method of `Press`.
How = Callable[[Press, Batch], Pressed]

# What a process was started for; the functions that it is asked for can carry nothing else.
_presses: list[Press] = []


def pressed(
    campaign: Campaign, profile: Profile, press: Press, batches: Iterable[Batch], how: How = Press.press
) -> Iterator[Pressed]:
    """What became of each batch, in their order.

    Args:
        press: The campaign's own, for what is done in this process.
    """
    slips, helpers, batches = 0, processes.others(), iter(batches)
    for batch in batches:
        before, slips = press.renders, slips + sum(len(sheet.slips) for sheet in batch)
        yield how(press, batch)
        is_worth_it = helpers > 0 and press.renders >= WORTH * slips
        if is_worth_it and before < LIKELY <= press.renders:
            # to render so much takes Jinja, which is loaded when the first template wants it
            processes.expect(__name__, "gewe_runner.template.compiled")
        if is_worth_it and press.renders >= ALONE:
            break
    first = next(batches, None)
    if first is not None:
        here, there = functools.partial(how, press), functools.partial(_press, how)
        begin = functools.partial(_begin, campaign, profile)
        yield from processes.shared(itertools.chain([first], batches), here, there, helpers, begin)


def _begin(campaign: Campaign, profile: Profile) -> None:
    _presses[:] = [Press(campaign, profile)]


def _press(how: How, batch: Batch) -> Pressed:
    return how(_presses[0], batch)
