"""Recipients written into the campaign file itself."""

from gewe_runner.expand.table import Table
from gewe_runner.model import Position, Source


def read(source: Source) -> Table:
    """The rows under `rows`, which a checked campaign holds in memory already."""
    rows = source.rows or ()

    def place(row: int, _column: str) -> Position:
        return source.row_positions[row - 1] if row <= len(source.row_positions) else source.position

    return Table(
        names=tuple(dict.fromkeys(name for row in rows for name in row)),
        rows=((number, dict(row)) for number, row in enumerate(rows, start=1)),
        path=source.document,
        begin=source.position,
        place=place,
    )
