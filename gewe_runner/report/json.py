"""report.json: the whole run for programs, one message a line, as schema/report.schema.json describes it."""

import itertools
import json
from collections.abc import Container, Sequence
from json.encoder import encode_basestring as _text
from typing import Any

from gewe_runner import words
from gewe_runner.model import RunInfo, Skip
from gewe_runner.report import contents, files
from gewe_runner.report.tally import Tally

FILE = "report.json"
#: Raised when a field changes its meaning or goes; new fields do not count.
VERSION = 1

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode

_BETWEEN = ",\n"
_NUMBERS = frozenset(("seq", "row", "attempts"))
#: Fields that are null where there is nothing to tell.
_OPTIONAL = ("variant", "startedAt", "endedAt")


def _pattern(null: Container[str]) -> str:
    """A line whose texts need no escapes, in which these fields are null: they are given an empty text."""
    kinds = ("%s" if name in _NUMBERS else "null%s" if name in null else '"%s"' for name in contents.MESSAGE_FIELDS)
    pairs = (f'"{name}": {kind}' for name, kind in zip(contents.MESSAGE_FIELDS, kinds, strict=True))
    return "{" + ", ".join(pairs) + "}"


#: By which of the optional fields are there; and how many quotes are in each.
_PATTERNS = {
    there: _pattern([name for name, is_there in zip(_OPTIONAL, there, strict=True) if not is_there])
    for there in itertools.product((True, False), repeat=len(_OPTIONAL))
}
_QUOTES = {there: pattern.count('"') for there, pattern in _PATTERNS.items()}
_VARIANT, _STARTED, _ENDED = map(contents.MESSAGE_FIELDS.index, _OPTIONAL)

_ESCAPED = bytes(range(32)) + b'"\\'


def messages(batch: contents.Batch) -> str:
    """A line each."""
    return joined(batch.rows) or _BETWEEN.join(map(careful, batch.rows))


def skips(batch: Sequence[Skip]) -> str:
    """A line each."""
    return _BETWEEN.join(map(_skip, batch))


def writer(draft: files.Draft) -> "_Writer":
    """Begin the document: the rows wait, since what was counted stands before them."""
    return _Writer(draft)


class _Writer:
    def __init__(self, draft: files.Draft) -> None:
        self._draft = draft
        self._draft.wait('"messages": [')
        self._separator = "\n"
        self._is_skipping = False

    def messages(self, lines: str) -> None:
        self._draft.wait(self._separator + lines)
        self._separator = _BETWEEN

    def skips(self, lines: str) -> None:
        self._turn()
        self.messages(lines)

    def finish(self, run: RunInfo, tally: Tally) -> None:
        self._turn()
        self._draft.wait("\n]\n}\n")
        self._draft.stream.write("{\n")
        self._draft.stream.writelines(
            f"{_ENCODE(key)}: {_ENCODE(value)},\n" for key, value in _head(run, tally).items()
        )
        self._draft.follow()

    def _turn(self) -> None:
        """From the messages to the skips, once."""
        if not self._is_skipping:
            self._draft.wait('\n],\n"skipped": [')
            self._separator, self._is_skipping = "\n", True


def joined(rows: Sequence[contents.Row]) -> str | None:
    """Messages as lines; None where a text in them has to be escaped.

    A line that is put together so costs a fraction of one that is encoded, and nearly all can be.
    """
    there = [(row[_VARIANT] != "", row[_STARTED] != "", row[_ENDED] != "") for row in rows]
    lines = [_PATTERNS[kind] % row for kind, row in zip(there, rows, strict=True)]
    raw = "".join(lines).encode(errors="surrogatepass")
    if len(raw) - len(raw.translate(None, _ESCAPED)) != sum(map(_QUOTES.__getitem__, there)):
        return None
    return _BETWEEN.join(lines)


def careful(row: contents.Row) -> str:
    """A message as a line, whatever stands in it."""
    pairs = zip(contents.MESSAGE_FIELDS, row, strict=True)
    return _ENCODE({name: None if value == "" and name in _OPTIONAL else value for name, value in pairs})


def _skip(one: Skip) -> str:
    return (
        f'{{"toWxid": {_text(one.to_wxid)}, "source": {_text(one.source)}, "row": {one.row}, '
        f'"reason": {_text(one.reason)}, "text": {_text(one.text)}}}'
    )


def _head(run: RunInfo, tally: Tally) -> dict[str, Any]:
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
            "finished": _moment(run.finished_at),
            "stopped": run.stopped,
            "pruned": _moment(run.pruned_at),
        },
        "totals": tally.totals,
        "skips": tally.skips,
        "devices": tally.devices,
        "variants": tally.variants,
        "refusals": refusals,
        "made": dict(run.made),
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else words.timestamp(at)
