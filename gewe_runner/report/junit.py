"""junit.xml: a suite for each device; what failed stands there one by one, the rest as counts."""

import itertools
from collections.abc import Mapping, Sequence
from html import escape  # says nothing that XML does not know; XML's own loads all that fetches files
from typing import TextIO

from gewe_runner import words
from gewe_runner.model import Record, RunInfo, Skip, State
from gewe_runner.report import contents, files
from gewe_runner.report.tally import Tally

FILE = "junit.xml"

#: Failures that are told one by one, the first of the run: services read the whole file at once.
TOLD = 1_000

_FAILED = (State.REJECTED, State.UNKNOWN)


def messages(batch: contents.Batch) -> list[tuple[str, str]]:
    """Those that failed: the device, and the case."""
    failed = (one for one in batch.records if one.state in _FAILED)
    return [(one.device, _case(one)) for one in itertools.islice(failed, TOLD)]


def skips(batch: Sequence[Skip]) -> None:
    """Nothing: who is skipped is no failure."""


def writer(draft: files.Draft) -> "_Writer":
    """Begin the file: the suites come in the order of the tally's devices."""
    return _Writer(draft.stream)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failures: dict[str, list[str]] = {}
        self._left = TOLD

    def messages(self, failures: Sequence[tuple[str, str]]) -> None:
        for device, case in failures[: self._left]:
            self._failures.setdefault(device, []).append(case)
        self._left = max(0, self._left - len(failures))

    def skips(self, nothing: None) -> None: ...

    def finish(self, run: RunInfo, tally: Tally) -> None:
        name = f"{run.campaign} {run.id}"
        self._stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={_attribute(name)}>\n')
        for device, totals in tally.devices.items():
            _suite(self._stream, device, totals, self._failures.get(device, []))
        self._stream.write("</testsuites>\n")


def _case(one: Record) -> str:
    said = f"{one.reason}: {one.gateway_text}" if one.gateway_text else one.reason
    place = words.line(f"{one.source}, row {one.row}", 200)
    return (
        f"  <testcase classname={_attribute(one.device)} name={_attribute(f'{one.seq} {one.to_wxid}')}>"
        f"<failure type={_attribute(one.state)} message={_attribute(said)}>{escape(place)}</failure></testcase>\n"
    )


def _suite(stream: TextIO, device: str, counts: Mapping[str, int], failed: list[str]) -> None:
    bad = counts[State.REJECTED] + counts[State.UNKNOWN]
    waiting = counts[State.PENDING] + counts[State.CANCELLED]
    stream.write(
        f' <testsuite name={_attribute(device)} tests="{counts["planned"]}" failures="{bad}" errors="0"'
        f' skipped="{waiting}">\n'
    )
    stream.writelines(failed)
    told = ", ".join(f"{state} {count:,}" for state, count in counts.items() if count)
    more = f"; {bad - len(failed):,} failures more are in messages.csv" if bad > len(failed) else ""
    stream.write(f"  <system-out>{escape(told + more)}</system-out>\n </testsuite>\n")


def _attribute(text: str) -> str:
    # one line of printable characters: XML cannot say control characters, not even escaped
    return f'"{escape(words.line(text, 200))}"'
