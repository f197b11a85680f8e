"""Makes texts of a server fit to be shown and stored: without the secret that the request carried."""

import html
import re
import unicodedata
from collections.abc import Callable

#: Longest text that is kept, in characters.
TEXT = 500


def cleaner(secret: str) -> Callable[[str], str]:
    """Makes a text fit to be shown and stored: no secret, no control or half characters, at most `TEXT` characters."""
    pattern = re.compile("".join(_spellings(character) for character in secret), re.IGNORECASE)

    return lambda text: pattern.sub("***", _flat(text))[:TEXT]


def plain(text: str) -> str:
    """The same where there is no secret to hide."""
    return _flat(text)[:TEXT]


def _flat(text: str) -> str:
    # line breaks become spaces; what is left of category C (control, format, surrogate) could hide a secret or
    # break a terminal or a database
    flat = " ".join(text.split())
    return "".join(character for character in flat if not unicodedata.category(character).startswith("C"))


def _spellings(character: str) -> str:
    """A pattern for one character of the secret as plain, URL, JSON or HTML text has it."""
    code = ord(character)
    named = re.escape(html.escape(character))
    return rf"(?:\\?{re.escape(character)}|%{code:02x}|\\u{code:04x}|&#0*{code};|&#x0*{code:x};|{named})"
