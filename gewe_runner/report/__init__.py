"""Tells what became of a run: its messages and skips as files for people, spreadsheets and programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gewe_runner import errors
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import contents, csv, failed, files, html, json, junit, markdown, outcome, tally
from gewe_runner.report.contents import Format

#: One module a format. `failed.csv` is none of them: it is always written.
FORMATS: Mapping[str, Format] = {"json": json, "csv": csv, "markdown": markdown, "html": html, "junit": junit}


def write(
    directory: Path,
    run: RunInfo,
    *,
    records: Callable[[], Iterator[Record]],
    skips: Callable[[], Iterator[Skip]],
    original: Callable[[str], Iterator[tuple[int, Mapping[str, str]]] | None],
    formats: Sequence[str] = tuple(FORMATS),
) -> list[Path]:
    """Write the report's files, each beside its old version first and then in its place.

    Nothing holds all rows: every file reads `records` and `skips` anew, and one pass before them counts. All totals
    come from that pass, so that they agree with the rows listed even while the run goes on.

    Args:
        directory: Made if it is missing, for the owner only; the files are the owner's alone as well, since ids are
            personal data.
        records: A fresh iterator over the run's messages, in plan order.
        skips: A fresh iterator over its skipped rows, in plan order.
        original: The rows of the list with that label, as (row number, values by column) in the order of the list;
            None where the list is gone or no longer what it was. Asked for only if rows of the list failed.
        formats: Keys of `FORMATS`.

    Returns:
        The files written, `failed.csv` last.

    Raises:
        errors.UsageError: The directory cannot be made or written to.
    """
    try:
        files.prepare(directory)
        content = contents.Contents(
            run=run, tally=tally.count(records(), skips(), run.waves), records=records, skips=skips
        )
        written = []
        for form in (FORMATS[name] for name in dict.fromkeys(formats)):
            written.append(directory / form.FILE)
            with files.replacing(written[-1]) as stream:
                form.write(content, stream)
        written.append(directory / failed.FILE)
        with files.replacing(written[-1]) as stream:
            failed.write(content, original, stream)
    except OSError as exc:
        raise errors.UsageError(
            f"the report cannot be written to {directory}: {exc.strerror or exc}",
            hint="make room there or name a folder that can be written to; nothing that was sent is forgotten",
        ) from exc
    return written


def summary(run: RunInfo) -> str:
    """The run in a few lines of plain text for the terminal, e.g. `planned 30 = sent 28 + rejected 1 + unknown 1`."""
    return outcome.summary(run)
