"""Start-up: how long a user waits for nothing but the program itself."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import lists, measure
from tests.benchmarks.figures import Target
from tests.benchmarks.sides import Group, Options, Side

BARE = 'python -c "import click"'


@contextlib.contextmanager
def sides(folder: Path, _: Options) -> Iterator[Sequence[Side]]:
    """The interpreter with the library that any command line starts with, and ours."""
    (file,) = lists.lay_campaigns(folder, 1)
    commands: dict[str, tuple[tuple[str, ...], float | None]] = {
        "--version": (("--version",), 1.3),
        "--help": (("--help",), None),
        "validate, 1 campaign": (("validate", str(file)), 3),
    }
    yield [
        Side(name=BARE, take=partial(measure.command, (sys.executable, "-c", "import click"), folder)),
        *(
            Side(
                name=f"gewe-runner {name}",
                take=partial(measure.command, (*measure.PROGRAM, *argv), folder),
                targets=[Target(against=BARE, limit=limit)],
            )
            for name, (argv, limit) in commands.items()
        ),
    ]


GROUP = Group(title=lambda _: "start-up", sides=sides, laying=lambda _: 0.0, turn=lambda _: 2.0)
