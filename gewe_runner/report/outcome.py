"""Puts the outcome of a run into words, the same on the terminal and in the report."""

from collections.abc import Mapping

from gewe_runner import words
from gewe_runner.model import RunInfo, RunState
from gewe_runner.report import tally

#: What else there is to say of a run in that state.
_ENDS: Mapping[str, str] = {
    RunState.PAUSED: " The run is paused.",
    RunState.CANCELLED: " The run was cancelled.",
    RunState.SUPERSEDED: " A newer plan has taken the place of this run.",
}

#: What a run that was pruned has lost.
PRUNED = "payloads, attempts, skipped rows and the gateway's words were removed"


def summary(run: RunInfo) -> str:
    """A few lines of plain text, safe for a terminal."""
    lines = [equation(tally.totals(run.counts))]
    skips = tally.in_order(run.skips)
    if skips:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in skips.items())
        lines.append(f"skipped {sum(skips.values()):,}: {reasons}")
    if run.pruned_at is not None:
        lines.append(f"pruned {words.minute(run.pruned_at)}: {PRUNED}")
    if run.stopped:
        lines.append(f"stopped: {words.line(run.stopped)}")
    return "\n".join(lines)


def equation(totals: Mapping[str, int]) -> str:
    """`planned 30 = sent 28 + rejected 1 + unknown 1`; states without a message are left out."""
    parts = [f"{state} {count:,}" for state, count in totals.items() if count and state != "planned"]
    return f"planned {totals['planned']:,}" + (f" = {' + '.join(parts)}" if parts else "")


def headline(run: RunInfo, totals: Mapping[str, int]) -> str:
    """The outcome in one sentence, without anything but our own words in it."""
    planned, sent = totals["planned"], totals["sent"]
    if not planned:
        return "Nothing to send: no row is left."
    if tally.WOULD_SEND in totals:
        return f"Dry run: {words.number(planned, 'message')} would be sent. Nothing was sent."
    if sent == planned:
        return f"{words.number(sent, 'message')} sent, all that were planned."
    rest = (f"{count:,} {state}" for state, count in totals.items() if count and state not in ("planned", "sent"))
    return f"{sent:,} of {words.number(planned, 'message')} sent; {', '.join(rest)}.{_ENDS.get(run.state, '')}"
