"""Resuming: a large run of which half is sent; how long until it goes on, and what looking at it costs."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import requests

from gewe_runner import sandbox
from tests.benchmarks import lists, measure, prepared
from tests.benchmarks.figures import Taken, Target
from tests.benchmarks.sides import Group, Options, Side

BARE = "python -c pass"


@contextlib.contextmanager
def sides(folder: Path, options: Options) -> Iterator[Sequence[Side]]:
    with sandbox.started() as url:
        campaign = prepared.lay(folder / "half", url, options.ledger, sent=options.ledger // 2)
        commands = {"status": ("status",), "plan": ("plan", str(campaign))}
        targets = [Target(against=BARE)]
        yield [
            Side(name=BARE, take=partial(measure.command, (sys.executable, "-c", "pass"), folder)),
            *(
                Side(
                    name=f"{name}, half sent",
                    take=partial(measure.command, (*measure.PROGRAM, *argv), campaign.parent),
                    targets=targets,
                )
                for name, argv in commands.items()
            ),
            Side(
                name="send, until its first request",
                take=partial(until_first_request, campaign, url.removesuffix("/gewe/v2/api")),
                targets=targets,
            ),
        ]


def until_first_request(campaign: Path, gateway: str) -> Taken:
    """From the start of `send` until the gateway has its request; memory and processor time of all of it."""
    requests.post(f"{gateway}/sandbox/reset", timeout=60).raise_for_status()
    begun = time.time()
    taken = measure.command(prepared.send(campaign), campaign.parent, environment=lists.LIVE_ENVIRONMENT)
    first: int = requests.get(f"{gateway}/sandbox/received", timeout=60).json()["first_at"]
    return replace(taken, seconds=first / 1000 - begun)


GROUP = Group(
    title=lambda options: f"resuming a run of {options.ledger:,} messages, half of them sent",
    sides=sides,
    laying=lambda options: options.ledger * 3e-4,
    turn=lambda options: 3 + options.ledger * 3e-4,
)
