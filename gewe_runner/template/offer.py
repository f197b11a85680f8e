"""What a template may use: the filters, tests, methods and functions, each bounded in what it makes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.tests import TESTS as DEFAULT_TESTS

from gewe_runner.template import forms, meter, plain, width
from gewe_runner.template.faults import RefusalError, Skipped

#: Digits that `round` keeps or drops.
DIGITS = 12

#: Characters of the reason that `skip` gives.
REASON = 200

#: Flags, a short width and precision, and a conversion: no `*`, no names in brackets, no `repr`.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORMAT = re.compile(r"(?:[^%]|%%|%[-+ #0]*\d{0,2}(?:\.\d{0,2})?[sdieEfFgGxXo])*+")


def format_text(value: str, *args: object) -> str:
    if not _FORMAT.fullmatch(value):
        raise RefusalError("a format takes only forms such as %s, %d, %05d and %.2f, with widths of at most 99")
    return value % tuple(meter.text(arg) if not isinstance(arg, int | float) else arg for arg in args)


def _join(value: Iterable[object], separator: object = "") -> str:
    parts, glue = [meter.text(part) for part in value], meter.text(separator)
    meter.refuse_size(sum(map(len, parts)) + len(glue) * len(parts))
    return glue.join(parts)


def _range(*args: int) -> list[int]:
    numbers = range(*args)
    meter.refuse_size(len(numbers))
    return list(numbers)


def _replace(value: str, old: object, new: object, count: int | None = None) -> str:
    before, after, most = meter.text(old), meter.text(new), -1 if count is None else count
    found = value.count(before)
    meter.refuse_size(len(value) + len(after) * (found if most < 0 else min(found, most)))
    return value.replace(before, after, most)


def _round(value: object, precision: object = 0, method: str = "common") -> float:
    if not isinstance(value, int | float) or not isinstance(precision, int) or abs(precision) > DIGITS:
        raise RefusalError(f"'round' takes a number and at most {DIGITS} digits; | float makes a number of a text")
    return cast(float, DEFAULT_FILTERS["round"](value, precision, method))


def _skip(reason: object) -> str:
    text = " ".join(meter.text(reason).split())
    text.encode()  # half of a character cannot be written down
    if not text or len(text) > REASON or _CONTROL.search(text):
        raise RefusalError(f"skip() takes a reason of 1 to {REASON} characters on one line: skip('no store')")
    raise Skipped(text)


def _tojson(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _zfill(value: str, width: int) -> str:
    meter.refuse_size(width)
    return value.zfill(width)


def _divisible(value: object, by: object) -> bool:
    # Jinja's own tests would format a text here: '%999999999d' is odd.
    if not isinstance(value, int) or not isinstance(by, int):
        raise RefusalError("only whole numbers are odd, even or divisible; | int makes a number of a text")
    return value % by == 0


def _of(table: Mapping[str, Any], names: str) -> dict[str, Callable[..., Any]]:
    return {name: table[name] for name in names.split()}


#: These work on a text, or on a number as its text.
TEXT_FILTERS: dict[str, Callable[..., Any]] = {
    **_of(DEFAULT_FILTERS, "capitalize lower title trim truncate upper"),
    "date": forms.date,
    "format": format_text,
    "replace": _replace,
    "string": str,
    "truncate_display": width.truncate,
    "wxpath": forms.wxpath,
}
FILTERS: dict[str, Callable[..., Any]] = {
    **_of(DEFAULT_FILTERS, "abs d default first float int last list map max min reject reverse select sort unique"),
    **_of(DEFAULT_FILTERS, "count length"),
    "join": _join,
    "money": forms.money,
    "round": _round,
    "tojson": _tojson,
    "urlencode": plain.urlencode,
    **TEXT_FILTERS,
}
TESTS: dict[str, Callable[..., Any]] = {
    **_of(DEFAULT_TESTS, "defined undefined none boolean true false integer float number string mapping sequence"),
    **_of(DEFAULT_TESTS, "iterable lower upper in == eq equalto != ne > gt greaterthan >= ge < lt lessthan <= le"),
    "divisibleby": _divisible,
    "even": lambda value: _divisible(value, 2),
    "odd": lambda value: not _divisible(value, 2),
}
#: These may meet an undefined name.
LENIENT = frozenset({"d", "default", "defined", "undefined"})
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    str: {
        **_of(vars(str), "capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower"),
        **_of(vars(str), "isnumeric isspace isupper lower lstrip partition removeprefix removesuffix"),
        **_of(vars(str), "rsplit rstrip split splitlines startswith strip swapcase title upper"),
        "join": lambda glue, parts: _join(parts, glue),
        "replace": _replace,
        "zfill": _zfill,
    },
    dict: {
        **_of(vars(dict), "get"),
        "items": lambda mapping: list(mapping.items()),
        "keys": list,
        "values": lambda mapping: list(mapping.values()),
    },
    list: _of(vars(list), "count index"),
}
#: What `loop` shows.
LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "cycle", "changed"}
)
GLOBALS: dict[str, Callable[..., Any]] = {"range": _range, "skip": _skip}
