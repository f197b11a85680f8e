"""Validating: many campaigns beside the validator that a team would otherwise run over them in CI.

The other one holds the files against the same schema and knows no more of them; ours reads the list and renders its
rows, too.
"""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import lists, measure
from tests.benchmarks.figures import Target
from tests.benchmarks.sides import Group, Options, Side

CHECKER = "check-jsonschema"


@contextlib.contextmanager
def sides(folder: Path, options: Options) -> Iterator[Sequence[Side]]:
    files = [str(file) for file in lists.lay_campaigns(folder, options.campaigns)]
    schema = str(measure.ROOT / "schema" / "campaign.schema.json")
    checker = (sys.executable, "-m", "check_jsonschema", "--schemafile", schema, *files)
    yield [
        Side(name=CHECKER, take=partial(measure.command, checker, folder), rows=options.campaigns),
        Side(
            name="gewe-runner validate",
            take=partial(measure.command, (*measure.PROGRAM, "validate", *files), folder),
            rows=options.campaigns,
            targets=[Target(against=CHECKER, limit=0.7)],
        ),
    ]


GROUP = Group(
    title=lambda options: f"validating {options.campaigns:,} campaigns",
    sides=sides,
    laying=lambda _: 0.0,
    turn=lambda options: 1 + options.campaigns * 0.02,
)
