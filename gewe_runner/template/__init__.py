"""The templates of a card: Jinja in a sandbox whose work, memory and size are bounded by construction.

A template comes from a file that anybody may have edited, so nothing in it is trusted. Two rules bound all of it:

1. Only loops and macro calls repeat anything; each round pays for the nodes it repeats.
2. Whatever an operation takes or gives is a *value* (text, number, true or false, none, list, mapping) and pays for
   its size; what could grow by more than a constant factor is reckoned before it runs.

So a render takes at most `meter.STEPS`, and no value is larger than `meter.SIZE`, whatever the template says. To
this end every syntax node, filter, test, method and function is on a list of what is allowed, constants are never
folded when compiling, and the tree is rewritten so that loops, lists, slices, comparisons and `~` pay too.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from gewe_runner.template import meter, plain
from gewe_runner.template.faults import Skipped, TemplateFault

if TYPE_CHECKING:  # Jinja takes a while to load, and most templates are text and names
    from gewe_runner.template.compiled import Compiled

__all__ = [
    "FUNCTIONS",
    "LENGTH",
    "Expression",
    "Skipped",
    "Template",
    "TemplateFault",
    "expression_fault",
    "files",
    "syntax_fault",
]

#: Characters of a template's text.
LENGTH = meter.LENGTH

#: The functions that every template knows; whoever gives it something of that name hides it.
FUNCTIONS = plain.FUNCTIONS

_NONE: Mapping[str, str] = MappingProxyType({})


@functools.lru_cache(maxsize=1024)
def _shared(text: str) -> "plain.Plain | Compiled":
    """A text that takes no files, compiled once: its syntax is checked, then rows are rendered, in many campaigns."""
    meter.refuse_long(text)
    return plain.read(text) or _compiled(text, _NONE)


def _compiled(text: str, files: Mapping[str, str]) -> "Compiled":
    from gewe_runner.template import compiled

    return compiled.template(text, files)


@functools.lru_cache(maxsize=1024)
def _expression(text: str) -> "Compiled":
    from gewe_runner.template import compiled

    return compiled.expression(text)


class Template:
    """A text with Jinja in it.

    Args:
        text: As the campaign file has it.
        files: The texts of what it includes and imports, and of what those do, by the names that they are called.

    Raises:
        TemplateFault: The text is no template, or uses what no card may use.
    """

    def __init__(self, text: str, files: Mapping[str, str] = _NONE) -> None:
        self._program = _compiled(text, files) if _may_take_files(text) else _shared(text)
        #: What it was compiled to; templates that have this in common give the same for the same names.
        self.program: object = self._program
        #: The names it takes from outside.
        self.names = self._program.names
        #: What it gives everybody, where there is no Jinja in it.
        self.constant = self._program.constant

    def render(self, names: Mapping[str, object]) -> str:
        """The text for these names; the same names give the same text everywhere.

        Raises:
            TemplateFault: A name is undefined, a value does not fit, or the work has no end.
            Skipped: It leaves the recipient out.
        """
        return self._program.render(names)


class Expression:
    """A Jinja expression, such as `opted_in == "yes"`.

    Raises:
        TemplateFault: The text is no expression, or uses what no card may use.
    """

    def __init__(self, text: str) -> None:
        if text.lstrip().startswith("{{"):
            raise TemplateFault("this is an expression already; write it without {{ }}")
        self._program = _expression(text)
        #: The names it takes from outside.
        self.names = self._program.names

    def evaluate(self, names: Mapping[str, object]) -> object:
        """What it gives for these names: text, number, bool, None, list or dict.

        Raises:
            TemplateFault: A name is undefined, a value does not fit, or the work has no end.
        """
        try:
            return self._program.evaluate(names)
        except Skipped as exc:
            raise TemplateFault("skip() is for the templates of a card; an expression gives false instead") from exc


def syntax_fault(text: str, files: Mapping[str, str] = _NONE) -> TemplateFault | None:
    """What is wrong with a template before it has seen any names."""
    return _fault(functools.partial(Template, files=files), text)


def expression_fault(text: str) -> TemplateFault | None:
    """What is wrong with an expression before it has seen any names."""
    return _fault(Expression, text)


def files(text: str) -> tuple[str, ...]:
    """The files that a template includes and imports itself; none where it is no template."""
    if not _may_take_files(text):
        return ()
    from gewe_runner.template import compiled

    try:
        return compiled.files(text)
    except TemplateFault:
        return ()


def _may_take_files(text: str) -> bool:
    return "include" in text or "import" in text


def _fault(compiled: Callable[[str], object], text: str) -> TemplateFault | None:
    try:
        compiled(text)
    except TemplateFault as fault:
        return fault
    return None
