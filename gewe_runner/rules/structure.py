"""What can be wrong with the shape of a campaign or settings file: keys, types, choices, ranges."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from gewe_runner import rules
from gewe_runner.model import Level, Where
from gewe_runner.rules import Rule


class Finding(NamedTuple):
    """A broken rule at a place of a document."""

    rule: Rule
    where: Where
    message: str
    #: The key is at fault, not what stands behind it.
    key: bool = False
    #: Something is not there: the part that lacks it. Sure only if nothing in it was left out for its shape.
    lack: Where | None = None
    #: Not there but in a file that the template includes or imports: its name, and the line.
    part: tuple[str, int] | None = None


def near(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant: the same letters exchanged, the same beginning, or much alike."""
    known = {one.lower(): one for one in names}
    meant = name.lower()
    for one in known:
        if sorted(one) == sorted(meant) or (len(meant) > 2 and (one.startswith(meant) or meant.startswith(one))):
            return known[one]
    alike = difflib.get_close_matches(meant, known, n=1, cutoff=0.65)
    return known[alike[0]] if alike else None


def dotted(where: Where) -> str:
    """A place as a user would say it: `recipients[0].where`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.removeprefix(".") or "the file"


UNKNOWN_KEY = rules.declare(
    "unknown-key",
    Level.ERROR,
    "The file has a key that nothing reads. Mostly it is misspelt or indented too far, and what it was to say would "
    "silently not hold.",
    example="broken: recipient: [...]; right: recipients: [...]",
)
MISSING_KEY = rules.declare(
    "missing-key",
    Level.ERROR,
    "A key without which the file says too little: nothing sensible can be assumed for it.",
    example="broken: a campaign without `edition`; right: edition: 1",
)
WRONG_TYPE = rules.declare(
    "wrong-type",
    Level.ERROR,
    "A value is of another kind than its key wants. Quotes make text of numbers and of true and false; a `-` or "
    "[...] makes a list; an empty value is null, which no card, name or variable may be.",
    example='broken: draft: "true", send: {devices: shop-east}; right: draft: true, send: {devices: [shop-east]}',
)
NOT_A_CHOICE = rules.declare(
    "not-a-choice",
    Level.ERROR,
    "Only certain words can stand here; the message lists them.",
    example="broken: groups: yes; right: groups: allow",
)
OUT_OF_RANGE = rules.declare(
    "out-of-range",
    Level.ERROR,
    "A number is smaller or larger than makes sense, or a list has too few or too many entries.",
    example="broken: holdout: 120; right: holdout: 5",
)
BAD_FORMAT = rules.declare(
    "bad-format",
    Level.ERROR,
    "A text does not have the form that its key wants; the message gives an example of it.",
    example="broken: not_before: 2026-12-01 09:00; right: not_before: 2026-12-01T09:00:00+08:00",
)
DUPLICATE_ITEM = rules.declare(
    "duplicate-item",
    Level.ERROR,
    "The same entry stands in a list twice where it can only count once.",
    example="broken: devices: [shop-east, shop-east]; right: devices: [shop-east, shop-west]",
)
BARE_ROW = rules.declare(
    "bare-row",
    Level.ERROR,
    "An entry of `recipients` or `suppress` is a source of rows, not a row itself: rows written in the file stand "
    "inside `rows`.",
    example="broken: recipients: [{toWxid: filehelper}]; right: recipients: [{rows: [{toWxid: filehelper}]}]",
)
SOURCE_KIND = rules.declare(
    "source-kind",
    Level.ERROR,
    "A source takes its rows from exactly one place: `rows` written in the file, a list `file`, or a query `sql`.",
    example="broken: - {file: a.csv, rows: [...]}; right: two entries, - file: a.csv and - rows: [...]",
)
SQL_URL = rules.declare(
    "sql-url",
    Level.ERROR,
    "A database's URL holds its password, and files of a repository are read by many. Only the name of the "
    "environment variable that holds the URL stands in the file.",
    example="broken: sql: {url: postgresql://..., query: ...}; right: sql: {url_env: CRM_URL, query: ...}",
)
