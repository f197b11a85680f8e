"""report.html: the run on one page that holds everything it needs; every text in it stays text."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from gewe_runner import words
from gewe_runner.cards import chunks
from gewe_runner.model import Reason, Record, RunInfo, Skip, State
from gewe_runner.report import markdown, outcome
from gewe_runner.report.contents import Contents

FILE = "report.html"

_FRAME = Path(__file__).parent / "report.html"

#: Where the page's data goes; the frame has it once.
_DATA = "@DATA@"

#: Characters of what was said of a row; the whole of it is in messages.csv.
_TEXT = 500


def write(content: Contents, stream: TextIO) -> None:
    """Write the page, row by row."""
    before, after = _FRAME.read_text(encoding="utf-8").split(_DATA)
    stream.write(before)
    facts = json.dumps(_facts(content), ensure_ascii=True).replace("<", "\\u003c")
    stream.write(f'<script type="application/json" id="facts">{facts}</script>\n')
    pieces = chunks.packed(_rows(content))
    stream.writelines(f'<script type="text/plain" class="rows">{piece}</script>\n' for piece in pieces)
    stream.write(after)


def _facts(content: Contents) -> dict[str, Any]:
    run, tally = content.run, content.tally
    return {
        "id": run.id,
        "campaign": run.campaign,
        "edition": run.edition,
        "profile": run.profile,
        "gateway": run.gateway,
        "state": run.state,
        "stopped": run.stopped,
        "headline": outcome.headline(run, tally.totals),
        "equation": outcome.equation(tally.totals),
        "totals": dict(tally.totals),
        "groups": {
            "By device": dict(tally.devices),
            "By variant": dict(tally.variants),
            "By wave": {f"wave {number}": totals for number, totals in enumerate(tally.waves, 1)},
        },
        "skips": [[count, f"{reason}: {markdown.MEANING[Reason(reason)]}"] for reason, count in tally.skips.items()],
        "refusals": [*map(list, tally.refusals.items())],
        "otherRefusals": tally.other_refusals,
        "unknown": [_unknown(one) for one in tally.unknown],
        "resolve": f"gewe-runner resolve {run.id} --profile {shlex.quote(run.profile)} --as sent",
        "timeline": {"step": tally.timeline.step, "counts": [*map(list, tally.timeline.counts.items())]},
        "allowed": run.allowed,
        "facts": _provenance(run),
    }


def _unknown(record: Record) -> list[str]:
    begun = words.minute(record.started_at) if record.started_at is not None else ""
    return [record.to_wxid, record.device, begun, _said(record)]


def _provenance(run: RunInfo) -> list[list[str]]:
    made = run.made
    commit = str(made.get("commit", "")) + (" (with changes that are not committed)" if made.get("dirty") else "")
    told = {
        "run": run.id,
        "digest": run.digest,
        "git commit": commit,
        "tool": str(made.get("tool", "")),
        "created": words.minute(run.created_at),
        "finished": words.minute(run.finished_at) if run.finished_at is not None else "",
        "report written by": run.written_by,
    }
    return [[name, value] for name, value in told.items() if value]


def _rows(content: Contents) -> Iterator[list[str | int | None]]:
    """Everybody: seq, id, state, device, variant, what was said, when (UTC epoch milliseconds), list and row."""
    for one in content.records():
        who = (one.seq, one.to_wxid, one.state, one.device, one.variant or "")
        yield [*who, _said(one), one.started_at, one.source, one.row]
    for skip in content.skips():
        yield [None, skip.to_wxid, "skipped", "", "", _reason(skip), None, skip.source, skip.row]


def _said(record: Record) -> str:
    if record.state == State.SENT:
        return ""
    return ": ".join(filter(None, [record.reason, record.gateway_text]))[:_TEXT]


def _reason(skip: Skip) -> str:
    return (f"{skip.reason}: {skip.text}" if skip.text else str(skip.reason))[:_TEXT]
