"""Writes CSV that a spreadsheet opens as text: UTF-8 with its mark, CRLF, and no cell that runs as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

#: The byte-order mark that Excel wants before Chinese text.
MARK = "\ufeff"

#: What makes a cell a formula; the full-width forms count where a Chinese keyboard types them.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
#: A signed number is no formula.
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*%?")
#: A spreadsheet keeps this many digits of a number and turns the others into zeros.
_DIGITS = 15
# what makes a line differ from its fields with commas between: a sign to quote or to mend, a field to defuse
_QUOTED = bytes(range(32)) + b'",'
_SIGNS = re.escape("".join(sign for sign in _FORMULA if not sign.isspace()))
_DEFUSED = re.compile(rf",(?:[{_SIGNS}]|\d{{{_DIGITS + 1},}}[,\r])")


def joined(lines: Sequence[str], fields: int) -> str | None:
    """Lines as a spreadsheet's writer would put them; None where one of their fields needs its care.

    A line that is joined costs a fraction of one that is written field by field, and nearly all can be.

    Args:
        lines: With a comma between the fields.
        fields: How many each line has; the first is a number.
    """
    text = "".join([f"{line}\r\n" for line in lines])
    raw = text.encode(errors="surrogatepass")
    separators = len(lines) * (fields - 1 + len("\r\n"))
    is_plain = len(raw) - len(raw.translate(None, _QUOTED)) == separators and not _DEFUSED.search(text)
    return text if is_plain else None


def written(rows: Iterable[Iterable[str | int | None]]) -> str:
    """Rows as lines, each field in quotes where it needs them."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return stream.getvalue()


def safe(value: str) -> str:
    """A text as a cell that no spreadsheet runs: what begins like a formula gets a leading apostrophe.

    A NUL, which ends the cell or the file in many readers, becomes U+FFFD.
    """
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    return f"'{value}" if value[:1] in _FORMULA and not _NUMBER.fullmatch(value) else value


def exact(value: str) -> str:
    """Like `safe`, and an id of more digits than a spreadsheet's numbers have gets the apostrophe as well."""
    return f"'{value}" if is_long(value) else safe(value)


def is_long(value: str) -> bool:
    """Whether it is a number of more digits than a spreadsheet keeps."""
    return len(value) > _DIGITS and value.isdecimal()
