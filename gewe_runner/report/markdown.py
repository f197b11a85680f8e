"""report.md: the run as a person wants it told, in ten seconds; ids are shortened, texts from elsewhere disarmed."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from gewe_runner import words
from gewe_runner.cards import frame
from gewe_runner.model import RunInfo, Skip, State
from gewe_runner.report import contents, files, outcome
from gewe_runner.report.tally import Tally

FILE = "report.md"


def messages(batch: contents.Batch) -> None:
    """Nothing: what was counted is all that is told."""


def skips(batch: Sequence[Skip]) -> None:
    """Nothing, either."""


def writer(draft: files.Draft) -> "_Writer":
    """Begin the summary; its length does not depend on the run's."""
    return _Writer(draft.stream)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def messages(self, nothing: None) -> None: ...

    skips = messages

    def finish(self, run: RunInfo, tally: Tally) -> None:
        self._stream.writelines(_told(run, tally))


def _told(run: RunInfo, tally: Tally) -> Iterator[str]:
    sections = {
        "": _outcome(run, tally),
        "What to do next": _advice(run, tally),
        "By device": _counts("device", tally.devices),
        "By variant": _counts("variant", tally.variants),
        "Skipped rows": _skips(tally),
        "Refusals, in the gateway's words": _refusals(tally),
        "Unknown messages": _unknown(tally),
        "This run": _facts(run),
    }
    yield f"# {words.code(run.campaign)}, edition {words.code(run.edition)}\n"
    for title, lines in sections.items():
        body = "\n".join(lines)
        if body:
            yield (f"\n## {title}\n" if title else "") + f"\n{body}\n"


def _outcome(run: RunInfo, tally: Tally) -> Iterator[str]:
    yield f"**{outcome.headline(run, tally.totals)}**"
    if run.gateway == "sandbox":
        yield "\nSANDBOX - nothing reached WeChat."
    if run.stopped:
        yield f"\nStopped: {words.code(run.stopped)}"
    yield ""
    yield from words.table(tally.totals, [[f"{count:,}" for count in tally.totals.values()]])


def _advice(run: RunInfo, tally: Tally) -> Iterator[str]:
    totals = tally.totals
    resolve = f"gewe-runner resolve {run.id} --profile {shlex.quote(run.profile)}"
    if totals.get("would_send"):
        yield "- To send: the same `gewe-runner send` without `--dry-run`."
    if totals["pending"] and run.state in ("open", "paused"):
        yield f"- {totals['pending']:,} pending: `gewe-runner send` with the same campaign goes on with this run."
    if totals["unknown"]:
        yield (
            f"- {totals['unknown']:,} unknown: look in WeChat whether the cards are there. They are never sent again"
            f" by themselves. Say what became of them: {words.code(f'{resolve} --as sent')}, or"
            " `--as not-sent` to let the next `send` send them."
        )
    if totals["rejected"]:
        yield (
            f"- {totals['rejected']:,} rejected: the gateway's words are below, every message is in `messages.csv`."
            f" {words.code(f'{resolve} --retry-rejected')} lets the next `send` try them again."
        )
    if totals["rejected"] or totals["unknown"] or totals["cancelled"]:
        yield (
            "- `failed.csv` has the list rows without a confirmed card and can be given back as a list; under this"
            " edition whoever is rejected or unknown stays so until resolved. A cell that a spreadsheet would run as"
            " a formula begins with an apostrophe there: take it away first."
        )


def _counts(kind: str, by_name: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    first = next(iter(by_name.values()), None)
    if first is not None:
        yield from words.table([kind, *first], ([words.cell(name), *_figures(by_name[name])] for name in by_name))


def _figures(totals: Mapping[str, int]) -> Iterator[str]:
    """The counts, and of those sent how large a part of the whole they are."""
    for state, count in totals.items():
        part = f" ({count / totals['planned']:.1%})" if state == State.SENT and count else ""
        yield f"{count:,}{part}"


def _skips(tally: Tally) -> Iterator[str]:
    for reason, count in tally.skips.items():
        yield f"- {count:,} {reason}: {frame.shared('en')[f'reason.{reason}']}"


def _refusals(tally: Tally) -> Iterator[str]:
    for text, count in tally.refusals.items():
        yield f"- {count:,} × {words.code(text)}"
    if tally.other_refusals:
        yield f"- {tally.other_refusals:,} × other texts"


def _unknown(tally: Tally) -> Iterator[str]:
    for record in tally.unknown:
        begun = f", {words.minute(record.started_at)}" if record.started_at is not None else ""
        person = words.code(words.short_id(record.to_wxid))
        why = words.code(record.gateway_text or record.reason)
        yield f"- message {record.seq} to {person} via {words.code(record.device)}{begun}: {why}"
    more = tally.totals["unknown"] - len(tally.unknown)
    if more:
        yield f"- and {more:,} more: state `unknown` in `messages.csv`"


def _facts(run: RunInfo) -> Iterator[str]:
    yield f"- run {words.code(run.id)}, {words.code(run.state)}"
    yield f"- profile {words.code(run.profile)}, gateway {words.code(run.gateway)}"
    yield f"- digest {words.code(run.digest)}"
    yield f"- created {words.minute(run.created_at)}"
    if run.finished_at is not None:
        yield f"- finished {words.minute(run.finished_at)}"
    if run.pruned_at is not None:
        yield f"- pruned {words.minute(run.pruned_at)}: {outcome.PRUNED}"
    for key in ("tool", "commit"):
        if run.made.get(key):
            yield f"- {key} {words.code(str(run.made[key]))}"
