"""report.html: the run on one page that holds everything it needs; every text in it stays text."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gewe_runner.cards import chunks, frame
from gewe_runner.model import Record, RunInfo, Skip, State
from gewe_runner.report import contents, files
from gewe_runner.report.tally import Tally

FILE = "report.html"

_FRAME = Path(__file__).parent / "report.html"

#: Everybody: seq, id, state, device, variant, what was said, when (UTC epoch milliseconds), list and row.
_Row = tuple[str | int | None, ...]

#: Characters of what was said of a row; the whole of it is in messages.csv.
_TEXT = 500


def messages(batch: contents.Batch) -> str:
    """Pieces of the page with a row each."""
    return "".join(chunks.scripts("rows", map(_message, batch.records)))


def skips(batch: Sequence[Skip]) -> str:
    """Pieces of the page with a row each."""
    return "".join(chunks.scripts("rows", map(_skip, batch)))


def writer(draft: files.Draft) -> "_Writer":
    """Begin the page: the rows wait, since what was counted stands before them."""
    return _Writer(draft)


class _Writer:
    def __init__(self, draft: files.Draft) -> None:
        self._draft = draft

    def messages(self, pieces: str) -> None:
        self._draft.wait(pieces)

    skips = messages

    def finish(self, run: RunInfo, tally: Tally) -> None:
        before, after = frame.halves(_FRAME)
        self._draft.stream.write(before)
        self._draft.stream.write(frame.data("facts", _facts(run, tally)))
        self._draft.wait(after)
        self._draft.follow()


def _facts(run: RunInfo, tally: Tally) -> dict[str, Any]:
    """Everything but the rows; the page puts it into the words of its reader. Times are UTC epoch milliseconds."""
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
        "pruned": run.pruned_at,
        "by": run.written_by,
    }


def _message(one: Record) -> _Row:
    place = (one.started_at, one.source, one.row)
    return (one.seq, one.to_wxid, one.state, one.device, one.variant or "", _said(one), *place)


def _skip(one: Skip) -> _Row:
    return (None, one.to_wxid, "skipped", "", "", _reason(one), None, one.source, one.row)


def _said(record: Record) -> str:
    if record.state == State.SENT:
        return ""
    return ": ".join(filter(None, [record.reason, record.gateway_text]))[:_TEXT]


def _reason(skip: Skip) -> str:
    return (f"{skip.reason}: {skip.text}" if skip.text else str(skip.reason))[:_TEXT]
