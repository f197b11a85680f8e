"""Tells what became of a run: its messages and skips as files for people, spreadsheets and programs."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from gewe_runner import batches, errors
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import contents, failed, files, outcome, shown, tally

T = TypeVar("T")

#: What a report can be asked for. `failed.csv` is none of them: it is always written.
FORMATS = tuple(shown.FORMATS)

#: Rows that are handed to the formats at once; fewer, but so many at least, where their texts have many characters.
_BATCH, _FEW, _CHARACTERS = 1_000, 100, 200_000


def write(
    directory: Path,
    run: RunInfo,
    *,
    records: Iterable[Record],
    skips: Iterable[Skip],
    rows: int | None,
    original: failed.Original,
    formats: Sequence[str] = FORMATS,
    seen: Callable[[int], None] = lambda _rows: None,
) -> tally.Tally:
    """Write the report's files, each beside its old version first and then all of them in its place.

    The rows pass once, a batch at a time. All totals are counted from them, so that they agree while the run goes on.

    Args:
        directory: Made if it is missing; that and the files are the owner's alone, since ids are personal data.
        records: The run's messages, in plan order.
        skips: Its skipped rows, in plan order; asked for when the messages are through.
        rows: About how many both are, where that is known.
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

            writers = {name: shown.FORMATS[name].writer(begun(shown.FORMATS[name].FILE)) for name in formats}
            failures = failed.Writer(begun(failed.FILE), original)
            counted = _pass(run, _batches(records, skips), rows or 0, writers, failures, seen)
            for one in writers.values():
                one.finish(run, counted)
            failures.finish()
    except OSError as exc:
        raise errors.UsageError(
            f"the report cannot be written to {directory}: {exc.strerror or exc}",
            hint="make room there or name a folder that can be written to; nothing that was sent is forgotten",
        ) from exc
    return counted


def _pass(
    run: RunInfo,
    rows: Iterable[shown.Batch],
    total: int,
    writers: Mapping[str, contents.Writer],
    failures: failed.Writer,
    seen: Callable[[int], None],
) -> tally.Tally:
    """Let every row pass through the count and all writers."""
    count = tally.Count(run.waves, dry=tally.WOULD_SEND in run.counts)
    work = functools.partial(shown.over, writers, total)
    for batch, parts in batches.beside(rows, work):
        count.messages(batch.messages)
        count.skips(batch.skips)
        failures.messages(batch.messages)
        for one, part in zip(writers.values(), parts, strict=True):
            (one.skips if batch.skips else one.messages)(part)
        seen(len(batch.messages) + len(batch.skips))
    if run.pruned_at is not None:  # most of its skipped rows are only numbers by now
        return dataclasses.replace(count.tally(), skips=tally.in_order(run.skips))
    return count.tally()


def _batches(records: Iterable[Record], skips: Iterable[Skip]) -> Iterator[shown.Batch]:
    for messages in _gathered(records, lambda one: len(one.reason) + len(one.gateway_text)):
        yield shown.Batch(messages=messages)
    for skipped in _gathered(skips, lambda one: len(one.text)):
        yield shown.Batch(skips=skipped)


def _gathered(rows: Iterable[T], length: Callable[[T], int]) -> Iterator[list[T]]:
    batch: list[T] = []
    characters = 0
    for few in batches.of(rows, _FEW):
        batch += few
        characters += sum(map(length, few))
        if len(batch) >= _BATCH or characters >= _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def summary(run: RunInfo) -> str:
    """The run in a few lines of plain text for the terminal, e.g. `planned 30 = sent 28 + rejected 1 + unknown 1`."""
    return outcome.summary(run)
