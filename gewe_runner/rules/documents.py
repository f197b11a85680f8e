"""The rules of a YAML file as such."""

import re
from collections.abc import Iterator

from gewe_runner import rules
from gewe_runner.model import Level

FILE = rules.declare(
    "yaml-file",
    Level.ERROR,
    "The file must be there, be an ordinary file and be readable by you.",
    example="wrong: gewe-runner validate campaigns/fruit.yml   (the file is fruit.yaml)",
)
SIZE = rules.declare(
    "yaml-size",
    Level.ERROR,
    "A campaign or settings file has at most 4 MiB and 200,000 values, aliases counted as often as they are used. "
    "Long lists of people belong into a list file, which may have any size.",
    example="wrong: a million entries under rows:\nright: - file: lists/members.csv",
)
ENCODING = rules.declare(
    "yaml-encoding",
    Level.ERROR,
    "The file must be UTF-8 text, with or without a byte order mark. Save it again with the encoding UTF-8.",
    example="wrong: a file saved as GBK or UTF-16",
)
BINARY = rules.declare(
    "yaml-binary",
    Level.ERROR,
    "The file is not text at all: perhaps a picture, a spreadsheet or an archive was named.",
    example="wrong: gewe-runner validate covers/sh.png",
)
CONTROL = rules.declare(
    "yaml-control",
    Level.ERROR,
    "Control characters and line separators other than an ordinary line end are invisible and travel into cards. "
    "Delete them; where one is meant, write it in double quotes as an escape.",
    example='wrong: a NUL byte inside a title\nright: title: "two\\tcolumns"',
)
EMPTY = rules.declare(
    "yaml-empty",
    Level.ERROR,
    "The file holds nothing but blank lines and comments.",
    example="right: version: 1",
)
DOCUMENTS = rules.declare(
    "yaml-documents",
    Level.ERROR,
    "One file holds one document. Put what follows the line `---` into a file of its own.",
    example="wrong: name: a\n       ---\n       name: b",
)
TAB = rules.declare(
    "yaml-tab",
    Level.ERROR,
    "YAML indents with spaces only; a tab looks like some number of spaces and is none.",
    example="wrong: card:\n       <tab>title: 水果\nright: card:\n         title: 水果",
)
TAG = rules.declare(
    "yaml-tag",
    Level.ERROR,
    "Tags (`!name`, `!!type`) would make values of other types, some of them programs; they are never needed here.",
    example='wrong: title: !!str 29\nright: title: "29"',
)
MERGE = rules.declare(
    "yaml-merge",
    Level.ERROR,
    "Merge keys (`<<`) are not part of YAML 1.2. Write the keys out, or use an alias for a whole value.",
    example="wrong: <<: *defaults",
)
KEY = rules.declare(
    "yaml-key",
    Level.ERROR,
    "A key is one word or text before a colon: not a list, a mapping or an alias, and not empty.",
    example="wrong: [a, b]: 1\nright: a: 1",
)
DUPLICATE = rules.declare(
    "yaml-duplicate",
    Level.ERROR,
    "The same key stands twice in one mapping, and readers differ in which of the two they take. Delete one.",
    example="wrong: title: 水果\n       title: 蔬菜",
)
ALIAS = rules.declare(
    "yaml-alias",
    Level.ERROR,
    "`*name` repeats the value that `&name` marked before it, and never a value that it stands inside. "
    "A text that begins with `*` must be quoted.",
    example='wrong: title: *fresh\nright: title: "*fresh"',
)
DEPTH = rules.declare(
    "yaml-depth",
    Level.ERROR,
    "Values may be nested at most 64 deep; a campaign needs five.",
    example="wrong: [[[[ ... ]]]]",
)
UNQUOTED = rules.declare(
    "yaml-unquoted",
    Level.ERROR,
    "YAML gives a meaning of its own to values that begin with a brace, `@`, `%`, `*`, `&`, `!` or a backtick, and to "
    "`: ` inside a value. Put such a value in quotes; the message shows the line to paste.",
    example='wrong: title: {{ name }}\nright: title: "{{ name }}"',
)
SYNTAX = rules.declare(
    "yaml-syntax",
    Level.ERROR,
    "The text is not YAML. The place named is where reading stopped; the cause stands there or shortly before.",
    example="wrong: card:\n         title: 水果\n        pagePath: a.html   (indented by one space less)",
)

# What is not among YAML's printable characters, and its exotic line ends (NEL, LS, PS), which YAML 1.1 and 1.2 read
# differently. Said as what is refused: Python needs ten times as long to compile the much larger set of all others.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def controls(text: str) -> Iterator[tuple[int, str]]:
    """The offset of each character that a text file must not hold, and the message."""
    for found in _NOT_TEXT.finditer(text):
        yield found.start(), f"the invisible character U+{ord(found[0]):04X} does not belong into a file; delete it"
