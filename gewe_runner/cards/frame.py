"""Builds pages that hold everything they need and speak English or Chinese, as the reader's browser does."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

_SHARED = Path(__file__).parent

#: The languages of `*.words.json`, the first of which is spoken where the browser wants neither.
LANGUAGES = ("en", "zh")

#: Where a page's data goes.
_DATA = "@DATA@"

#: A text with `{names}` to fill in, or the forms of one by plural category.
Words = Mapping[str, str | Mapping[str, str]]


def halves(frame: Path) -> tuple[str, str]:
    """A page's frame, ready but for its data: what stands before that and what stands after.

    The marks `@STYLE@` and `@SCRIPT@` of the frame become what all pages share, `@WORDS@` the shared words and those
    of the `.words.json` beside the frame.
    """
    before, after = frame.read_text(encoding="utf-8").split(_DATA)
    before = before.replace("@STYLE@", _text("shared.css"))
    after = after.replace("@WORDS@", data("words", {one: words(frame, one) for one in LANGUAGES}))
    return before, after.replace("@SCRIPT@", _text("shared.js"))


def data(name: str, tree: object) -> str:
    """A tree as an element that the page's script reads; no text in it can end the element."""
    text = json.dumps(tree, ensure_ascii=True).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def words(frame: Path, language: str) -> Words:
    """Everything that a page can say in a language, by key."""
    return {**shared(language), **_read(frame.with_suffix(".words.json"))[language]}


def shared(language: str) -> Words:
    """What more than one page says, by key; `reason.…` tells why a row gets no message."""
    return _read(_SHARED / "shared.words.json")[language]


@functools.cache
def _read(path: Path) -> Mapping[str, Words]:
    tree: dict[str, Words] = json.loads(path.read_text(encoding="utf-8"))
    return tree


def _text(name: str) -> str:
    return (_SHARED / name).read_text(encoding="utf-8")
