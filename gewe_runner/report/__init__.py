"""Tells what became of a run: its messages and skips as files for people, spreadsheets and programs."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from gewe_runner import batches, errors
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import contents, csv, failed, files, html, json, junit, markdown, outcome, tally

#: One module a format. `failed.csv` is none of them: it is always written.
FORMATS: Mapping[str, contents.Format] = {"json": json, "csv": csv, "markdown": markdown, "html": html, "junit": junit}

#: Rows that are handed from one format to the next; of each there are several long texts.
_BATCH = 200


def write(
    directory: Path,
    run: RunInfo,
    *,
    records: Iterable[Record],
    skips: Iterable[Skip],
    original: failed.Original,
    formats: Sequence[str] = tuple(FORMATS),
    seen: Callable[[int], None] = lambda _rows: None,
) -> tally.Tally:
    """Write the report's files, each beside its old version first and then all of them in its place.

    The rows pass once, a batch at a time, through every format; nothing holds all of them. All totals are counted
    from them, so that they agree with the rows listed even while the run goes on.

    Args:
        directory: Made if it is missing, for the owner only; the files are the owner's alone as well, since ids are
            personal data.
        records: The run's messages, in plan order.
        skips: Its skipped rows, in plan order; asked for when the messages are through.
        original: The rows of the list with that label, as (row number, values by column) in the order of the list;
            None where the list is gone or no longer what it was. Asked for only if rows of the list failed.
        formats: Keys of `FORMATS`; `failed.csv` is written always.
        seen: Told how many rows have just passed.

    Returns:
        What was counted.

    Raises:
        errors.UsageError: The directory cannot be made or written to.
    """
    try:
        files.prepare(directory)
        with contextlib.ExitStack() as drafts:

            def begun(name: str) -> files.Draft:
                return drafts.enter_context(files.draft(directory / name))

            forms = [FORMATS[name] for name in dict.fromkeys(formats)]
            writers = [*(form.writer(begun(form.FILE)) for form in forms), failed.Writer(begun(failed.FILE), original)]
            counted = _pass(run, records, skips, writers, seen)
            for one in writers:
                one.finish(run, counted)
    except OSError as exc:
        raise errors.UsageError(
            f"the report cannot be written to {directory}: {exc.strerror or exc}",
            hint="make room there or name a folder that can be written to; nothing that was sent is forgotten",
        ) from exc
    return counted


def _pass(
    run: RunInfo,
    records: Iterable[Record],
    skips: Iterable[Skip],
    writers: Sequence[contents.Writer],
    seen: Callable[[int], None],
) -> tally.Tally:
    """Let every row pass through the count and all writers."""
    count = tally.Count(run.waves, dry=tally.WOULD_SEND in run.counts)
    for messages in batches.of(records, _BATCH):
        count.messages(messages)
        batch = contents.batch(messages)
        for one in writers:
            one.messages(batch)
        seen(len(messages))
    for skipped in batches.of(skips, _BATCH):
        count.skips(skipped)
        for one in writers:
            one.skips(skipped)
        seen(len(skipped))
    if run.pruned_at is not None:  # most of its skipped rows are only numbers by now
        return dataclasses.replace(count.tally(), skips=tally.in_order(run.skips))
    return count.tally()


def summary(run: RunInfo) -> str:
    """The run in a few lines of plain text for the terminal, e.g. `planned 30 = sent 28 + rejected 1 + unknown 1`."""
    return outcome.summary(run)
