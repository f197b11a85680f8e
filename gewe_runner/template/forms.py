"""The filters made for cards: page paths, prices and dates, with neither locale nor clock in them."""

import datetime
import decimal
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from gewe_runner.template import faults, meter
from gewe_runner.template.faults import RefusalError

#: Digits behind the point that `money` can show, and the first amount that is too large for it.
PLACES, LARGEST = 6, 10**15

_AMOUNT = re.compile(r"[-+]?[0-9]{1,40}(\.[0-9]{1,40})?")

#: The year first, then a time if there is one; an offset is read, and changes nothing.
_DATE = re.compile(
    r"(?:([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日)"
    r"(?:[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
#: What `date` can show of a moment, and how many digits it has.
_PARTS: Mapping[str, tuple[Callable[[datetime.datetime], int], int]] = {
    "Y": (lambda moment: moment.year, 4),
    "m": (lambda moment: moment.month, 2),
    "d": (lambda moment: moment.day, 2),
    "H": (lambda moment: moment.hour, 2),
    "M": (lambda moment: moment.minute, 2),
    "S": (lambda moment: moment.second, 2),
    "u": (datetime.datetime.isoweekday, 1),
}
_DIRECTIVE = re.compile(r"%(-?)(.?)", re.DOTALL)


def wxpath(path: str, parameters: object = None, /, **more: object) -> str:
    """A page's path with a query: the mapping's parameters, then the named ones, in their order.

    Names and values are percent-encoded, all but letters, digits and `-._~`. None leaves a parameter out.
    """
    if "#" in path:
        raise RefusalError("a page's path has no '#' in it; hand a value over as a parameter: | wxpath(anchor='…')")
    given = {} if parameters is None else parameters
    if not isinstance(given, dict):
        raise RefusalError("'wxpath' takes parameters by name, or in a mapping: | wxpath({'utm-source': 'mp'})")
    if twice := given.keys() & more.keys():
        raise RefusalError(f"'wxpath' is given the parameter {min(twice)!r} twice")
    given = {**given, **more}
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in given.items() if value is not None)
    if not query:
        return path
    return path + ("" if path.endswith(("?", "&")) else "&" if "?" in path else "?") + query


def money(
    value: object,
    symbol: object = "¥",
    places: object = 2,
    group: object = "",
    trim: object = False,
    cents: object = False,
) -> str:
    """An amount as a price, reckoned in decimals: half a unit of the last place is rounded away from zero."""
    amount = _amount(value)
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= PLACES:
        raise RefusalError(f"'money' shows 0 to {PLACES} places")
    context = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_UP)
    exact = amount.scaleb(-2, context) if cents else amount
    rounded = context.quantize(exact, decimal.Decimal(1).scaleb(-places))
    text = f"{abs(rounded):,f}".replace(",", meter.text(group))
    if trim and places:
        text = text.rstrip("0").rstrip(".")
    return ("-" if rounded < 0 else "") + meter.text(symbol) + text


def date(value: str, form: object = "%Y-%m-%d") -> str:
    """A date in another form; its parts are those that are written, whatever offset stands behind them."""
    moment, has_time = _moment(value)

    def part(found: re.Match[str]) -> str:
        bare, name = found.groups()
        if name == "%" and not bare:
            return "%"
        if name not in _PARTS:
            raise RefusalError(
                f"'date' does not know {found[0]!r}, but {', '.join(f'%{known}' for known in _PARTS)} and %%; "
                "%-m shows no leading zero"
            )
        if name in "HMS" and not has_time:
            raise RefusalError(f"'date' cannot show {found[0]}, for {faults.short(value)} has no time of day")
        number, digits = _PARTS[name]
        return f"{number(moment):0{1 if bare else digits}}"

    return _DIRECTIVE.sub(part, meter.text(form))


def _encoded(value: object) -> str:
    return quote(str(value).lower() if isinstance(value, bool) else meter.text(value), safe="")


def _amount(value: object) -> decimal.Decimal:
    # a float stands for the decimal that its author wrote, which is its shortest one
    amount = None
    if isinstance(value, str):
        amount = decimal.Decimal(value.strip()) if _AMOUNT.fullmatch(value.strip()) else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        amount = decimal.Decimal(repr(value))
    if amount is None:
        shown = faults.short(value) if isinstance(value, str) else faults.kind(value)
        raise RefusalError(f"'money' takes digits and a point, such as 29.90, not {shown}")
    if abs(amount) >= LARGEST:
        raise RefusalError("the amount is too large for 'money'")
    return amount


def _moment(value: str) -> tuple[datetime.datetime, bool]:
    """The moment that is written, and whether it has a time of day."""
    found = _DATE.fullmatch(value.strip())
    if not found:
        forms = "2026-12-01, 2026/12/1, 2026.12.1, 20261201 or 2026年12月1日, with or without 09:30"
        raise RefusalError(f"'date' takes {forms}, not {faults.short(value)}")
    year, month, day = (int(next(filter(None, found.group(*groups)))) for groups in ((1, 5, 8), (3, 6, 9), (4, 7, 10)))
    hour, minute, second = (int(part or 0) for part in found.group(11, 12, 13))
    try:
        return datetime.datetime(year, month, day, hour, minute, second), found[11] is not None  # noqa: DTZ001 - as written
    except ValueError as exc:
        raise RefusalError(f"{faults.short(value)} is not in the calendar, or not on the clock") from exc
