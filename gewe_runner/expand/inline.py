"""Recipients written into the campaign file itself."""

from pathlib import Path

from gewe_runner.expand.table import Table
from gewe_runner.model import Source
from gewe_runner.problems import Problems


def read(source: Source, project: Path, problems: Problems) -> Table:  # noqa: ARG001 - as every kind of list
    """The rows under `rows`, which a checked campaign holds in memory already."""
    rows = source.rows or ()
    return Table(
        names=tuple(dict.fromkeys(name for row in rows for name in row)),
        rows=((number, dict(row)) for number, row in enumerate(rows, start=1)),
    )
