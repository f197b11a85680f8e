"""What each format shows of a run's rows, batch by batch; another process does a part of it where there are many."""

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gewe_runner import processes
from gewe_runner.model import Record, Skip
from gewe_runner.report import contents, csv, html, json, junit, markdown

#: One module a format. `failed.csv` is none of them: it is always written.
FORMATS: Mapping[str, contents.Format] = {"json": json, "csv": csv, "markdown": markdown, "html": html, "junit": junit}

#: Rows from which another process is worth its start, and batches for which nobody waits for it.
MANY, ALONE = 20_000, 8

#: This process reads, counts and writes, which takes nearly as long: more would wait for it.
_HELPERS = 1


class Batch(NamedTuple):
    """Rows of one kind, as they follow each other: some messages or some skips."""

    messages: Sequence[Record] = ()
    skips: Sequence[Skip] = ()


#: A batch as it goes from process to process, in plain tuples.
_Bare = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]


def over(names: Iterable[str], rows: int, batches: Iterable[Batch]) -> Iterator[list[Any]]:
    """What the formats show of each batch, in their order.

    Args:
        names: Keys of `FORMATS`.
        rows: About how many there are in all.
    """
    show, bare = functools.partial(_shown, tuple(names)), map(_bare, batches)
    helpers = min(processes.others(), _HELPERS) if rows >= MANY else 0
    if helpers:
        processes.expect(__name__)
        yield from map(show, itertools.islice(bare, ALONE))
        yield from processes.shared(bare, show, show, helpers)
    else:
        yield from map(show, bare)


def _bare(batch: Batch) -> _Bare:
    return list(map(tuple, batch.messages)), list(map(tuple, batch.skips))


def _shown(names: Sequence[str], bare: _Bare) -> list[Any]:
    forms = [FORMATS[name] for name in names]
    messages, skips = bare
    if skips:
        skipped = list(map(Skip._make, skips))
        return [form.skips(skipped) for form in forms]
    batch = contents.batch(list(map(Record._make, messages)))
    return [form.messages(batch) for form in forms]
