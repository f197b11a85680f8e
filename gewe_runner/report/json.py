"""report.json: the whole run for programs, one message a line, as schema/report.schema.json describes it."""

import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring as _text
from typing import Any

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip
from gewe_runner.report import files
from gewe_runner.report.tally import Tally

FILE = "report.json"
#: Raised when a field changes its meaning or goes; new fields do not count.
VERSION = 1

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def writer(draft: files.Draft) -> "_Writer":
    """Begin the document: the rows wait, since what was counted stands before them."""
    return _Writer(draft)


class _Writer:
    def __init__(self, draft: files.Draft) -> None:
        self._draft = draft
        self._draft.wait('"messages": [')
        self._separator = "\n"
        self._is_skipping = False

    def messages(self, batch: Sequence[Record]) -> None:
        self._add(map(_message, batch))

    def skips(self, batch: Sequence[Skip]) -> None:
        self._turn()
        self._add(map(_skip, batch))

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

    def _add(self, lines: Iterable[str]) -> None:
        self._draft.wait(self._separator + ",\n".join(lines))
        self._separator = ",\n"


def _message(one: Record) -> str:
    # written out, each text encoded where it stands: a dictionary and its encoding take three times as long
    seq, to_wxid, device, variant, source, row, sha256, state, reason, said, attempts, started, ended, *ids = one
    msg_id, new_msg_id, create_time = ids
    return (
        f'{{"seq": {seq}, "toWxid": {_text(to_wxid)}, "device": {_text(device)}, '
        f'"variant": {"null" if variant is None else _text(variant)}, "source": {_text(source)}, "row": {row}, '
        f'"state": {_text(state)}, "reason": {_text(reason)}, "gatewayText": {_text(said)}, "attempts": {attempts}, '
        f'"startedAt": {_time(started)}, "endedAt": {_time(ended)}, "msgId": {_text(msg_id)}, '
        f'"newMsgId": {_text(new_msg_id)}, "createTime": {_text(create_time)}, "sha256": {_text(sha256)}}}'
    )


def _time(at: int | None) -> str:
    return "null" if at is None else f'"{words.timestamp(at)}"'


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
            "finished": words.timestamp(run.finished_at),
            "stopped": run.stopped,
            "pruned": words.timestamp(run.pruned_at),
        },
        "totals": tally.totals,
        "skips": tally.skips,
        "devices": tally.devices,
        "variants": tally.variants,
        "refusals": refusals,
        "made": dict(run.made),
    }
