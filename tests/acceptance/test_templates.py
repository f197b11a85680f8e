"""docs/templates.md is true: every example in it is rendered."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from gewe_runner import template
from tests import readme

PAGE = readme.Document(readme.ROOT / "docs" / "templates.md")

_EXAMPLE = re.compile(r"((?:(?![→✗] ).*\n)+)([→✗]) (.*)\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A template and what it is said to give."""

    text: str
    #: What is shown is a part of the error.
    is_fault: bool
    shown: str
    line: int


def examples() -> Iterator[Example]:
    for block in PAGE.blocks("jinja"):
        for found in _EXAMPLE.finditer(block.text):
            line = block.line + block.text.count("\n", 0, found.start())
            yield Example(text=found[1].rstrip("\n"), is_fault=found[2] == "✗", shown=found[3], line=line)


EXAMPLES = list(examples())


def row() -> dict[str, object]:
    """The row that the examples see, its values as text, but for the variable."""
    (block, *_) = PAGE.blocks("yaml")
    found: dict[str, object] = yaml.load(block.text, yaml.BaseLoader)
    return {**found, "stock": 3}


def given(text: str) -> str:
    try:
        return template.Template(text).render(row())
    except template.Skipped as skipped:
        return f"skipped: {skipped.reason}"


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"line-{example.line}" for example in EXAMPLES])
def test_an_example_gives_what_is_shown(example: Example) -> None:
    if not example.is_fault:
        assert given(example.text) == example.shown
        return
    with pytest.raises(template.TemplateFault) as caught:
        given(example.text)
    assert example.shown in caught.value.message


def test_no_line_of_an_example_is_passed_over() -> None:
    told = sum(block.text.count("\n→ ") + block.text.count("\n✗ ") for block in PAGE.blocks("jinja"))
    assert len(EXAMPLES) == told > 20
