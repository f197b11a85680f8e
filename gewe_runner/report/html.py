"""report.html: the run on one page that holds everything it needs; every text in it stays text."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from gewe_runner.cards import chunks, frame
from gewe_runner.model import Record, RunInfo, Skip, State
from gewe_runner.report.contents import Contents

FILE = "report.html"

_FRAME = Path(__file__).parent / "report.html"

#: Characters of what was said of a row; the whole of it is in messages.csv.
_TEXT = 500


def write(content: Contents, stream: TextIO) -> None:
    """Write the page, row by row."""
    before, after = frame.halves(_FRAME)
    stream.write(before)
    stream.write(frame.data("facts", _facts(content)))
    pieces = chunks.packed(_rows(content))
    stream.writelines(f'<script type="text/plain" class="rows">{piece}</script>\n' for piece in pieces)
    stream.write(after)


def _facts(content: Contents) -> dict[str, Any]:
    """Everything but the rows; the page puts it into the words of its reader. Times are UTC epoch milliseconds."""
    run, tally = content.run, content.tally
    return {
        "campaign": run.campaign,
        "edition": run.edition,
        "profile": run.profile,
        "gateway": run.gateway,
        "state": run.state,
        "stopped": run.stopped,
        "totals": dict(tally.totals),
        "groups": {
            "device": dict(tally.devices),
            "variant": dict(tally.variants),
            "wave": dict(enumerate(tally.waves, 1)),
        },
        "skips": list(tally.skips.items()),
        "refusals": list(tally.refusals.items()),
        "otherRefusals": tally.other_refusals,
        "unknown": [(one.to_wxid, one.device, one.started_at, _said(one)) for one in tally.unknown],
        "resolve": f"gewe-runner resolve {run.id} --profile {shlex.quote(run.profile)}",
        "timeline": {"step": tally.timeline.step, "counts": list(tally.timeline.counts.items())},
        "allowed": run.allowed,
        "made": _provenance(run),
    }


def _provenance(run: RunInfo) -> dict[str, Any]:
    return {
        "run": run.id,
        "digest": run.digest,
        "commit": run.made.get("commit"),
        "dirty": run.made.get("dirty", False),
        "tool": run.made.get("tool"),
        "created": run.created_at,
        "finished": run.finished_at,
        "by": run.written_by,
    }


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
