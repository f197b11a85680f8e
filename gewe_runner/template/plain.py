"""Templates that are text and names alone, as most are: they need neither Jinja's parser nor its compiler."""

import re
from collections.abc import Iterator

from gewe_runner.template import meter, offer

_NAME = re.compile(r"\{\{[ \t]*(\w+)[ \t]*\}\}")
#: One line, in which braces hold a name and nothing else.
_WHOLE = re.compile(rf"[^{{}}\r\n]*(?:{_NAME.pattern}[^{{}}\r\n]*)*")
#: Names that mean something to Jinja.
_WORDS = frozenset({"true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else"})
_WORDS |= {"recursive", "self", "super", "loop", "caller", "varargs", "kwargs"}


class Plain:
    """A template without any Jinja but the names of what it takes.

    Args:
        parts: Text and name in turn, beginning and ending with a text.
    """

    def __init__(self, parts: list[str]) -> None:
        self._first, *rest = parts
        self._rest = list(zip(rest[::2], rest[1::2], strict=True))
        #: The names that it takes from outside.
        self.names = frozenset(rest[::2]) - offer.GLOBALS.keys()
        self.constant = not rest

    def run(self, render: meter.Render) -> Iterator[str]:
        """What compiled code would yield."""
        yield self._first
        for name, text in self._rest:
            yield render.text(render.resolve(name))
            yield text


def read(text: str) -> Plain | None:
    """The template, if it is such a one."""
    if not _WHOLE.fullmatch(text):
        return None
    parts = _NAME.split(text)
    return Plain(parts) if all(name.isidentifier() and name not in _WORDS for name in parts[1::2]) else None
