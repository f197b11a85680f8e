"""What can be wrong with a template, in words for its author: no class names, no Python."""

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nothing here needs Jinja
    import jinja2

#: Names listed in a message, characters of each, and of the whole.
LISTED, SHORT, LONG = 12, 40, 400

#: What the allowed operations raise over values they cannot take.
FOREIGN = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, AssertionError)

KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "none",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
}

_SLIPS = {
    "template, expected 'end of print statement'": "'{{' is never closed; add '}}'",
    "template, expected 'end of statement block'": "'{%' is never closed; add '%}'",
    "unexpected 'end of template'": "it ends too early: a value is missing, or a closing bracket",
    "got 'end of print statement'": "there is nothing between '{{' and '}}', or a value is missing before '}}'",
    "unexpected '=' after": "unexpected '='; a comparison is written ==",
    'unexpected char "\'"': "a quote is never closed",
    "unexpected char '\"'": "a quote is never closed",
    "unexpected char '&'": "unexpected '&'; write and",
    "expected token 'end of statement block', got '='": "unexpected '='; a comparison is written ==",
}


class TemplateFault(Exception):  # noqa: N818 - a fault of the user's text, told as a problem
    """What is wrong with a template, or with it and the names it was given."""

    def __init__(self, message: str, *, line: int = 1, undefined: str | None = None) -> None:
        #: In plain words, one line.
        self.message = message if len(message) <= LONG else message[:LONG] + "…"
        super().__init__(self.message)
        #: Within the text, from 1.
        self.line = line
        #: The included or imported file that the line is of; empty for the template itself.
        self.file = ""
        #: The undefined name, when that is the fault.
        self.undefined = undefined

    @property
    def place(self) -> str:
        """Where it is, before the message: empty for the first line of the template itself."""
        if self.file:
            return f"{self.file} line {self.line}: "
        return f"line {self.line}: " if self.line > 1 else ""


class Skipped(Exception):  # noqa: N818 - no error: the template's own decision
    """A template leaves the recipient out, with `skip("…")`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        #: One line, never empty.
        self.reason = reason


class RefusalError(Exception):
    """An operation that the sandbox does not carry out; `TemplateFault` before it has a line."""


def undefined(name: object) -> str:
    return f"{name!r} is undefined"


def unknown(name: str, names: Mapping[str, object]) -> TemplateFault:
    """The fault of a template that takes a name which is not among those that it was given."""
    return TemplateFault(f"{undefined(name)}; {advice(name, frozenset(names))}", undefined=name)


def misused(name: str, exc: Exception) -> RefusalError:
    """What is wrong where a filter or test raises over a value."""
    return RefusalError(f"{name!r} cannot be used here: {plain(exc)}")


def short(name: object) -> str:
    """A name as messages quote it; a template can make very long ones."""
    text = str(name)
    return repr(text if len(text) <= SHORT else text[:SHORT] + "…")


def listed(names: Iterable[object]) -> str:
    known = sorted(map(str, names))
    return ", ".join(name[:SHORT] for name in known[:LISTED]) + (", …" if len(known) > LISTED else "")


@functools.lru_cache(maxsize=64)
def advice(name: str, known: frozenset[str]) -> str:
    """What to use instead of an unknown name; cached, since a list repeats its mistake in every row."""
    # Likeness takes quadratic time, so it is asked for names only, not for whatever a template may subscript with.
    near = sorted(candidate for candidate in known if len(candidate) <= SHORT)[: LISTED * LISTED]
    meant = difflib.get_close_matches(name, near, 1) if len(name) <= SHORT else []
    return (f"did you mean {meant[0]!r}? " if meant else "") + f"known here: {listed(known) or 'nothing'}"


def kind(value: object) -> str:
    return next((word for type_, word in KINDS.items() if isinstance(value, type_)), "this")


def plain(exc: Exception) -> str:
    """A Python error's message, with our words for its types."""
    if isinstance(exc, UnicodeError):
        return "it holds half of a character (a lone surrogate)"
    if isinstance(exc, OverflowError):
        return "the number is too large"
    words = {type_.__name__: word for type_, word in KINDS.items()}
    text = re.sub(r"'?\b(str|bool|int|float|NoneType|list|tuple|dict)\b'?", lambda match: words[match[1]], str(exc))
    text = re.sub(r"[\w.<>]+\(\) ", "it ", text)
    return " ".join(text.split()) or "it cannot be done"


def syntax(exc: "jinja2.TemplateSyntaxError") -> str:
    """Jinja's message, with what to do about the commonest slips."""
    message = " ".join((exc.message or "").split()).rstrip(".")
    for words, advice in _SLIPS.items():
        if words in message:
            return advice
    if unclosed := re.search(r"innermost block that needs to be closed is '(\w+)'", message):
        return f"{{% {unclosed[1]} %}} is never closed; add {{% end{unclosed[1]} %}}"
    if got := re.search(r"expected token 'end of print statement', got '(.+)'", message):
        return f"'}}}}' expected before {got[1]!r}; is an operator or a quote missing?"
    if tag := re.search(r"unknown tag '(\w+)'", message):
        return f"there is no tag {{% {tag[1]} %}}, or not here"
    return message[:1].lower() + message[1:]
