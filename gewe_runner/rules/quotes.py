"""The plain words for what YAML cannot take, and the quotes that are mostly missing; loaded where a file is broken."""

import re
from typing import NamedTuple

#: What the parsers say, in lower case, and what the user should hear. The first match counts.
_PLAIN_WORDS = (
    ("mapping values are not allowed", "a `: ` is not expected here; indent the line like its neighbours"),
    ("entries are not allowed", "a `- ` is not expected here; put the list on the lines below its key"),
    ("mapping keys are not allowed", "a `? ` is not expected here; quote the value if it is text"),
    ("could not find expected ':'", "this line has no `: ` after its key; write `key: value`"),
    ("unexpected end of stream", "the quote that begins here never ends; close it"),
    ("unexpected document", "the quote before this line never ends; close it"),
    ("unknown escape", r"this backslash means nothing in double quotes; write \\ or use single quotes"),
    ("hexdecimal", r"this backslash escape is incomplete; write \\ or use single quotes"),
    ("document start", "nothing may follow the end of the document; delete what stands here"),
    ("directive", "a line beginning with `%` is not expected here; delete it, or quote the value if it is text"),
    ("incompatible yaml", "only YAML 1 can be read; delete the %YAML line"),
    ("tag handle", "tags (`!name`) are not supported; delete it, or quote the value if it is text"),
    ("']'", "this `[...]` lacks a `,` between its values or the `]` at its end"),
    ("'}'", "this `{...}` lacks a `,` between its values or the `}` at its end"),
    ("'-' indicator", "this line does not line up with the list before it; indent it like its neighbours"),
    ("block collection", "this line does not line up with the list before it; indent it like its neighbours"),
    ("block mapping", "this line does not line up with the keys before it; indent it like its neighbours"),
    ("expected key", "this line does not line up with the keys before it; indent it like its neighbours"),
    ("cannot start any token", "no value can begin with this character; quote the value"),
    ("node content", "a value is expected here; quote it if it is text"),
    ("the node content", "a value is expected here; quote it if it is text"),
)

#: A block line up to its value, after a key or after the dash of a list.
_AFTER_KEY = re.compile(r"""\s*(?:- +)*(?:"[^"]*"|'[^']*'|(?!- )[^\s"'{\[#].*?)\s*:[ \t]+(?=\S)""")
_AFTER_DASH = re.compile(r"\s*(?:- +)+(?=\S)")
_TEMPLATE = re.compile(r"\{[{%#]")
_TEMPLATE_END = re.compile(r"[}%#]\}")
_TEMPLATE_AFTER_KEY = re.compile(rf"(?:{_AFTER_KEY.pattern}|{_AFTER_DASH.pattern}){_TEMPLATE.pattern}")
_QUOTED_THEN_MORE = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*[^\s#]""")
_MORE_AFTER_BRACKET = re.compile(r"(?:\[[^\[\]]*\]|\{[^{}]*\})\s*[^\s#,\]}]")
_COMMENT = re.compile(r"\s+#.*$")
_SHOWN = 160


class Quoting(NamedTuple):
    """A line whose value was put in quotes."""

    #: The whole line, as it can be pasted.
    line: str
    #: Where the value begins and, now in quotes, ends; from 0.
    begin: int
    end: int
    message: str


def plain_words(problem: str) -> str:
    """What a message of the YAML parser means to somebody who does not know its grammar."""
    lowered = problem.lower()
    found = (words for jargon, words in _PLAIN_WORDS if jargon in lowered)
    return next(found, "this is not YAML; check the quotes, brackets and indentation before it")


def quoted(text: str) -> str:
    """The text (one line) as a YAML scalar that reads as exactly this text."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def quoting(line: str, column: int, *, flow: bool) -> Quoting | None:
    """The line with the value quoted that YAML cannot take; None when no value of it looks like the cause.

    Args:
        line: The line as it stands in the file.
        column: Where reading failed, from 0.
        flow: Whether that place is inside `{...}` or `[...]`.
    """
    span = _block_value(line) if not flow or _TEMPLATE_AFTER_KEY.match(line) else None
    span = span or _flow_value(line, column)
    if span is None:
        return None
    value = line[slice(*span)].removesuffix(",") if flow else line[slice(*span)]
    begin, in_quotes = span[0], quoted(value)
    paste = line[:begin] + in_quotes + line[begin + len(value) :]
    shown = paste.strip() if len(paste.strip()) <= _SHOWN else in_quotes
    return Quoting(paste, begin, begin + len(in_quotes), f"{_cause(value)} must be quoted; write:  {shown}")


def _cause(value: str) -> str:
    template = _TEMPLATE.match(value)
    if template:
        return f'a value that begins with "{template[0]}"'
    if value[0] in "\"'":
        return "a value that goes on after its closing quote"
    if value[0] in "@`%&*!|>{[]},?-":
        return f'a value that begins with "{value[0]}"'
    return 'a value that contains ": "'


def _block_value(line: str) -> tuple[int, int] | None:
    head = _AFTER_KEY.match(line) or _AFTER_DASH.match(line)
    if head is None:
        return None
    start = head.end()
    value = line[start:].rstrip()
    if value[0] in "\"'" and not _QUOTED_THEN_MORE.match(value):
        return None
    if value[0] in "{[" and not _TEMPLATE.match(value) and not _MORE_AFTER_BRACKET.match(value):
        return None
    # A `#` inside a template is the template's; after its last brace it begins a comment.
    comment = _COMMENT.search(value, max(value.rfind("}}"), value.rfind("%}"), 0))
    return start, start + (comment.start() if comment else len(value))


def _flow_value(line: str, column: int) -> tuple[int, int] | None:
    # Reading fails at the template's first brace or, when an operator in it is no YAML, somewhere inside.
    opened = [match.start() for match in _TEMPLATE.finditer(line) if match.start() <= column]
    if opened and not _TEMPLATE_END.search(line, opened[-1], column):
        start = opened[-1]
        closed = _TEMPLATE_END.search(line, column)
        end = closed.end() if closed else len(line)
    elif line[column : column + 1] in ("@", "`", "%"):
        start = end = column
    else:
        return None
    while end < len(line) and line[end] not in ",]}":
        end += 1
    return start, start + len(line[start:end].rstrip())
