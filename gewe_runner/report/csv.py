"""messages.csv: every message and every skipped row as a line of a spreadsheet."""

from typing import TextIO

from gewe_runner.report import cells, contents
from gewe_runner.report.contents import Contents

FILE = "messages.csv"


def write(content: Contents, stream: TextIO) -> None:
    """Write the messages in plan order, then the skips, whose state is `skipped`."""
    row = cells.writer(stream)
    row(contents.MESSAGE_FIELDS)
    for record in content.records():
        row(map(cells.exact, contents.message(record).values()))
    for skip in content.skips():
        fields = contents.skipped(skip) | {"state": "skipped"}
        if skip.text:
            fields["reason"] = f"{skip.reason}: {skip.text}"
        row(cells.exact(fields.get(name)) for name in contents.MESSAGE_FIELDS)
