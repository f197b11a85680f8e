"""report.json: the whole run for programs, one message a line, as schema/report.schema.json describes it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from gewe_runner import words
from gewe_runner.report import contents
from gewe_runner.report.contents import Contents

FILE = "report.json"
#: Raised when a field changes its meaning or goes; new fields do not count.
VERSION = 1

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def write(content: Contents, stream: TextIO) -> None:
    """Write the document: what was counted first, then the rows as they come."""
    stream.write("{\n")
    stream.writelines(f"{_ENCODE(key)}: {_ENCODE(value)},\n" for key, value in _head(content).items())
    _array(stream, "messages", map(contents.message, content.records()))
    stream.write(",\n")
    _array(stream, "skipped", map(contents.skipped, content.skips()))
    stream.write("\n}\n")


def _head(content: Contents) -> dict[str, Any]:
    run, tally = content.run, content.tally
    refusals: list[dict[str, str | int | None]] = [{"text": text, "count": n} for text, n in tally.refusals.items()]
    if tally.other_refusals:
        refusals.append({"text": None, "count": tally.other_refusals})
    return {
        "format": VERSION,
        "run": {
            "id": run.id,
            "campaign": run.campaign,
            "edition": run.edition,
            "profile": run.profile,
            "gateway": run.gateway,
            "digest": run.digest,
            "state": run.state,
            "created": words.timestamp(run.created_at),
            "finished": words.timestamp(run.finished_at),
            "stopped": run.stopped,
        },
        "totals": tally.totals,
        "skips": tally.skips,
        "devices": tally.devices,
        "variants": tally.variants,
        "refusals": refusals,
        "made": dict(run.made),
    }


def _array(stream: TextIO, key: str, rows: Iterable[Mapping[str, Any]]) -> None:
    stream.write(f'"{key}": [')
    separator = "\n"
    for row in rows:
        stream.write(separator + _ENCODE(row))
        separator = ",\n"
    stream.write("\n]")
