"""Writes CSV that a spreadsheet opens as text: UTF-8 with its mark, CRLF, and no cell that runs as a formula."""

import csv
import re
from collections.abc import Callable, Iterable
from typing import TextIO

#: What makes a cell a formula; the full-width forms count where a Chinese keyboard types them.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
#: A signed number is no formula.
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*%?")
#: A spreadsheet keeps this many digits of a number and turns the others into zeros.
_DIGITS = 15


def writer(stream: TextIO) -> Callable[[Iterable[Iterable[str | int | None]]], object]:
    """A function that writes rows; the byte-order mark that Excel wants before Chinese text is written at once."""
    stream.write("\ufeff")
    return csv.writer(stream, lineterminator="\r\n").writerows


def safe(value: str) -> str:
    """A text as a cell that no spreadsheet runs: what begins like a formula gets a leading apostrophe.

    A NUL, which ends the cell or the file in many readers, becomes U+FFFD.
    """
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    return f"'{value}" if value[:1] in _FORMULA and not _NUMBER.fullmatch(value) else value


def exact(value: str) -> str:
    """Like `safe`, and an id of more digits than a spreadsheet's numbers have gets the apostrophe as well."""
    if value.isdecimal():
        return f"'{value}" if len(value) > _DIGITS else value
    return safe(value)
