"""The least that any program in this language does: read, render, serialise, hash and store every row; on one core.

No row is checked, no problem told, nobody looked up: `csv.reader`, one template over a batch of rows, `json`,
SHA-256 and one insert a batch.

    python floor.py LIST.csv CARD.json LEDGER.db
"""

import csv
import hashlib
import itertools
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2

BATCH = 1000
#: Between the fields and the rows of what a batch renders to.
FIELD, ROW = "\x1f", "\x1e"


def batches(path: Path) -> Iterator[list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        yield [next(rows)]
        while batch := list(itertools.islice(rows, BATCH)):
            yield batch


def lines(path: Path, card: dict[str, str]) -> Iterator[list[tuple[int, str, str, str]]]:
    """(seq, wxid, payload, digest) of every row, a batch at a time."""
    parts = batches(path)
    (columns,) = next(parts)
    unpacked = ", ".join(columns)
    joined = FIELD.join(card.values())
    template = jinja2.Template(f"{{% for {unpacked} in rows %}}{joined}{ROW}{{% endfor %}}")
    wxid, seq = columns.index("wxid"), itertools.count(1)
    for rows in parts:
        found = []
        for row, rendered in zip(rows, template.render(rows=rows, minutes=29).split(ROW), strict=False):
            fields = dict(zip(card, rendered.split(FIELD), strict=True))
            payload = json.dumps({**fields, "toWxid": row[wxid]}, ensure_ascii=False, sort_keys=True)
            found.append((next(seq), row[wxid], payload, hashlib.sha256(payload.encode()).hexdigest()))
        yield found


def main(path: Path, card: Path, ledger: Path) -> None:
    ledger.unlink(missing_ok=True)
    connection = sqlite3.connect(ledger)
    connection.execute("CREATE TABLE message (seq INTEGER PRIMARY KEY, wxid TEXT, payload TEXT, sha256 TEXT)")
    with connection:
        for batch in lines(path, json.loads(card.read_text(encoding="utf-8"))):
            connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?)", batch)
    connection.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
