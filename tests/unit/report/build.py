"""Runs to write reports of, and what comes back when those are read."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gewe_runner import report
from gewe_runner.model import Reason, Record, RunInfo, Skip, State
from gewe_runner.report import tally

Original = Callable[[str], Iterator[tuple[int, Mapping[str, str]]] | None]

#: 2026-12-01T01:00:00Z
NINE = 1796086800000
HOSTILE = (
    "=1+1\r\n\"quoted\", 'single' | `tick` ``` <script>alert(1)</script> \0\x1b[31m \u202egnp.exe @all [x](http://e)"
)


def record(seq: int = 1, state: str = State.SENT, **fields: Any) -> Record:
    return Record(
        **{
            "seq": seq,
            "to_wxid": f"wxid_person{seq:04}",
            "device": "shop-east",
            "variant": None,
            "source": "lists/a.csv",
            "row": seq + 1,
            "sha256": "ab" * 32,
            "state": state,
            **fields,
        }
    )


def skip(row: int = 9, reason: Reason = Reason.DUPLICATE, **fields: Any) -> Skip:
    return Skip(**{"to_wxid": "wxid_skipped", "source": "lists/a.csv", "row": row, "reason": reason, **fields})


def run(records: Sequence[Record] = (), skips: Sequence[Skip] = (), **fields: Any) -> RunInfo:
    return RunInfo(
        **{
            "id": "20261201-0900-fruit-delivery-3f2a",
            "campaign": "fruit-delivery",
            "edition": "1",
            "profile": "production",
            "gateway": "https://api.example.com/gewe/v2/api",
            "digest": "cd" * 32,
            "state": "finished",
            "created_at": NINE,
            "finished_at": NINE + 450_250,
            "counts": Counter(one.state for one in records),
            "skips": Counter(str(one.reason) for one in skips),
            **fields,
        }
    )


def no_list(source: str) -> None:
    """Every list has changed."""


def write(
    directory: Path,
    records: Sequence[Record] = (),
    skips: Sequence[Skip] = (),
    *,
    original: Original = no_list,
    **fields: Any,
) -> tally.Tally:
    return report.write(
        directory,
        run(records, skips, **fields),
        records=iter(records),
        skips=iter(skips),
        rows=len(records) + len(skips),
        original=original,
    )


def counted(records: Sequence[Record] = (), skips: Sequence[Skip] = ()) -> tally.Tally:
    count = tally.Count()
    count.messages(records)
    count.skips(skips)
    return count.tally()


def read_json(directory: Path) -> Any:
    return json.loads((directory / "report.json").read_text(encoding="utf-8"))


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_markdown(directory: Path) -> str:
    return (directory / "report.md").read_text(encoding="utf-8")
