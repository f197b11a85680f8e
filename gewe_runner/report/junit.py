"""junit.xml: a suite for each device; what failed stands there one by one, the rest as counts."""

import itertools
from collections.abc import Mapping
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from gewe_runner import words
from gewe_runner.model import Record, State
from gewe_runner.report.contents import Contents

FILE = "junit.xml"

#: Failures that are told one by one, the first of the run: services read the whole file at once.
TOLD = 1_000

_FAILED = (State.REJECTED, State.UNKNOWN)


def write(content: Contents, stream: TextIO) -> None:
    """Write the suites, in the order of the tally's devices."""
    failures: dict[str, list[str]] = {device: [] for device in content.tally.devices}
    failed = (record for record in content.records() if record.state in _FAILED)
    for record in itertools.islice(failed, TOLD):
        failures.setdefault(record.device, []).append(_case(record))
    name = f"{content.run.campaign} {content.run.id}"
    stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={_attribute(name)}>\n')
    for device, totals in content.tally.devices.items():
        _suite(stream, device, totals, failures[device])
    stream.write("</testsuites>\n")


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
    return quoteattr(words.line(text, 200))
