"""Planning and dry run beside what a user would pick instead, and beside the least that this language can do.

Two of the peers are slow and the same at every size: they get the list's first rows, and their speed is compared.
"""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import lists, measure
from tests.benchmarks.figures import Target
from tests.benchmarks.sides import Group, Options, Side

FLOOR = "floor: read, render, hash, insert"
MAILMERGE = "mailmerge --dry-run"
OWN = "gewe-runner plan, nothing comes again"
SCRIPT = "a script: csv, Jinja, jsonschema"

#: So many rows take each of the slow peers about half a minute; their start is less than a hundredth of that.
_FIRST = {MAILMERGE: 50_000, SCRIPT: 5_000}

_TARGETS = (
    Target(against=FLOOR, limit=1.6),
    Target(against=MAILMERGE, of="speed", limit=6, least=True),
    Target(against=SCRIPT, of="speed", limit=60, least=True),
)


@contextlib.contextmanager
def sides(folder: Path, options: Options) -> Iterator[Sequence[Side]]:
    file = lists.lay(lists.sandbox_project(folder), options.rows)
    own = lists.lay(folder, options.rows, alike=False)
    lists.lay_peers(folder)
    mails, scripted = (
        lists.lay_list(folder, min(options.rows, first)) for first in (_FIRST[MAILMERGE], _FIRST[SCRIPT])
    )
    peers = Path(__file__).parent / "peers"
    files = ("--template", "mail.txt", "--config", "mail.conf")
    arguments: dict[str, tuple[str, ...]] = {
        FLOOR: (str(peers / "floor.py"), f"{options.rows}.csv", "card.json", "floor.db"),
        MAILMERGE: (
            "-c",
            "from mailmerge.__main__ import main; main()",
            "--dry-run",
            "--no-limit",
            *files,
            "--database",
            mails,
        ),
        SCRIPT: (str(peers / "script.py"), scripted, "card.json", "payload.schema.json"),
    }
    yield [
        *(
            Side(
                name=name,
                take=partial(measure.command, (sys.executable, *argv), folder),
                rows=min(options.rows, _FIRST.get(name, options.rows)),
            )
            for name, argv in arguments.items()
        ),
        *(
            Side(
                name=f"gewe-runner {name}",
                take=partial(measure.command, (*measure.PROGRAM, *name.split(), str(file)), folder),
                rows=options.rows,
                targets=_TARGETS,
            )
            for name in ("plan", "send --dry-run")
        ),
        Side(
            name=OWN,
            take=partial(measure.command, (*measure.PROGRAM, "plan", str(own)), folder),
            rows=options.rows,
            note="names and stores that do not come again, so that every template is rendered for every row",
        ),
    ]


GROUP = Group(
    title=lambda options: f"planning {options.rows:,} rows",
    sides=sides,
    laying=lambda options: options.rows / 500_000,
    turn=lambda options: 3 + options.rows * 5e-4 + sum(min(options.rows, n) for n in _FIRST.values()) * 2e-3,
)
