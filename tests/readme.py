"""The READMEs as data: their blocks and marked parts; `python -m tests.readme` rewrites those that are generated."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gewe_runner import rules
from gewe_runner.template import offer
from tests import outcomes

ROOT = Path(__file__).parent.parent

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WIDTH = 120

#: A sentence below this length says little.
_SHORT = 70


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block of code."""

    language: str
    text: str
    #: Where its text begins, from 1.
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    def read(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, *languages: str) -> list[Block]:
        """The fenced blocks of these languages, in order."""
        text = self.read()
        return [
            Block(language=found[1], text=found[2], line=text.count("\n", 0, found.start(2)) + 1)
            for found in _FENCE.finditer(text)
            if found[1] in languages
        ]

    def part(self, name: str) -> str:
        """What stands between the markers of that name."""
        _, begin, rest = self.read().partition(f"<!-- {name}:begin -->\n")
        inside, end, _ = rest.partition(f"<!-- {name}:end -->")
        assert begin, f"{self} has no part {name!r}"
        assert end, f"{self}: the part {name!r} never ends"
        return inside

    def links(self) -> list[str]:
        """Where its links lead, but for those to the web."""
        return sorted(set(re.findall(r"\]\((?!https?:)([^)]+)\)", self.read())))

    def anchors(self) -> Iterator[str]:
        """The fragments by which its headings can be linked to."""
        for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", self.read()), re.MULTILINE):
            yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


ENGLISH = Document(ROOT / "README.md")
CHINESE = Document(ROOT / "docs" / "README.zh-CN.md")
ALL = (ENGLISH, CHINESE)


def table(text: str) -> list[list[str]]:
    """The cells of a Markdown table's rows, its header left out."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def coded(text: str) -> list[str]:
    """Everything in the text that stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def rules_table() -> str:
    """Every rule with its level and the beginning of its explanation."""
    known = rules.catalogue().values()
    rows = (f"| `{rule.id}` | {rule.level} | {_beginning(rule.explanation)} |\n" for rule in known)
    return "| rule | level | |\n|---|---|---|\n" + "".join(rows)


def _beginning(text: str) -> str:
    """The first sentence, and the one after it where the first says little."""
    first, _, rest = text.partition(". ")
    if len(first) < _SHORT and rest:
        first = f"{first}. {rest.partition('. ')[0]}"
    return f"{first.rstrip('.')}.".replace("|", r"\|")


def template_list() -> str:
    """Everything that a template may use, by kind."""
    kinds: Mapping[str, Mapping[str, object]] = {
        "Filters": offer.FILTERS,
        "Tests": {name: None for name in offer.TESTS if name.isalpha()},
        "Methods of texts": offer.METHODS[str],
        "Methods of mappings": offer.METHODS[dict],
        "Methods of lists": offer.METHODS[list],
        "Functions": offer.GLOBALS,
        "In a loop, `loop.` and": dict.fromkeys(offer.LOOP),
    }
    return "".join(_wrapped(f"- {kind}: {', '.join(f'`{name}`' for name in sorted(kinds[kind]))}.") for kind in kinds)


def _wrapped(text: str) -> str:
    lines, indent = [""], ""
    for word in text.split(" "):
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            indent = "  "
            lines.append(indent + word)
        else:
            lines[-1] += f" {word}" if lines[-1].strip() else word
    return "\n".join(lines) + "\n"


#: The parts that are made of the program.
GENERATED: Mapping[str, Callable[[], str]] = {
    "rules": rules_table,
    "template": template_list,
    "outcomes": outcomes.markdown,
}


def rewritten(text: str) -> str:
    """A README with its generated parts made anew."""
    for name, make in GENERATED.items():
        head, begin, rest = text.partition(f"<!-- {name}:begin -->\n")
        _, end, tail = rest.partition(f"<!-- {name}:end -->")
        text = head + begin + make() + end + tail
    return text


if __name__ == "__main__":
    ENGLISH.path.write_text(rewritten(ENGLISH.read()), encoding="utf-8")
