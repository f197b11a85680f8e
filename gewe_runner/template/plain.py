"""Templates that are text and names alone, as most are, some of them for a query: they need nothing of Jinja's."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from gewe_runner.template import faults, meter

#: The functions that every template knows.
FUNCTIONS = frozenset({"range", "skip"})

_NAME = re.compile(r"\{\{[ \t]*(\w+)[ \t]*(\|[ \t]*urlencode[ \t]*)?\}\}")
#: One line, in which braces hold a name and nothing else.
_WHOLE = re.compile(rf"[^{{}}\r\n]*(?:{_NAME.pattern}[^{{}}\r\n]*)*")
#: Names that mean something to Jinja.
_WORDS = frozenset({"true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else"})
_WORDS |= {"recursive", "self", "super", "loop", "caller", "varargs", "kwargs"} | FUNCTIONS


class Plain:
    """A template without any Jinja but the names of what it takes.

    Args:
        parts: Text, name and filter in turn, beginning and ending with a text.
    """

    def __init__(self, parts: list[str]) -> None:
        self._first, *rest = parts
        self._rest = list(zip(rest[::3], rest[1::3], rest[2::3], strict=True))
        #: The names that it takes from outside.
        self.names = frozenset(rest[::3])
        #: What it gives everybody, where it takes none.
        self.constant = None if rest else self._first

    def render(self, names: Mapping[str, object]) -> str:
        """The text for these names."""
        account, texts = meter.Account(), [self._first]
        try:
            for name, encoded, text in self._rest:
                if name not in names:
                    raise faults.unknown(name, names)
                value = _encoded(names[name], account) if encoded else names[name]
                texts += (account.text(value), text)
            meter.refuse_size(sum(map(len, texts)))
        except faults.RefusalError as exc:
            raise faults.TemplateFault(str(exc)) from exc
        return "".join(texts)


def read(text: str) -> Plain | None:
    """The template, if it is such a one."""
    if not _WHOLE.fullmatch(text):
        return None
    parts = _NAME.split(text)
    return Plain(parts) if all(name.isidentifier() and name not in _WORDS for name in parts[1::3]) else None


def urlencode(value: object) -> str:
    """The value percent-encoded, all but `/`; a mapping or a list of pairs as a query. Jinja's filter of that name."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return quote(str(value))
    pairs = value.items() if isinstance(value, dict) else value
    return "&".join(f"{quote_plus(str(name))}={quote_plus(str(one))}" for name, one in pairs)


def _encoded(value: object, account: meter.Account) -> str:
    account.weigh(value)
    try:
        encoded = urlencode(value)
    except faults.FOREIGN as exc:
        raise faults.misused("urlencode", exc) from exc
    account.weigh(encoded)
    return encoded
