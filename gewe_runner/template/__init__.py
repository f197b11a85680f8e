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
import io
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.meta import TrackingCodeGenerator
from jinja2.parser import Parser

from gewe_runner.template import faults, meter, offer, parts, plain, sandbox, tree
from gewe_runner.template.faults import Skipped, TemplateFault

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
LENGTH = 16 * 1024

#: The functions that every template knows; whoever gives it something of that name hides it.
FUNCTIONS = frozenset(offer.GLOBALS)

_SANDBOX = sandbox.Sandbox()
_NONE: Mapping[str, str] = MappingProxyType({})
# from Python's own parser and from its limit on the digits of a number
_TOO_DEEP = (RecursionError, MemoryError, SyntaxError, ValueError)
#: What compiled templates are called in tracebacks.
_FILE = "<template>"
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData)


class _Generator(TrackingCodeGenerator):
    """Writes a template's code and notes the names that it takes from outside, in one pass and running no constants."""

    write = CodeGenerator.write

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        self.optimizer = None
        self.stream = self._text = io.StringIO()

    @property
    def code(self) -> str:
        return self._text.getvalue()


class _Program:
    """A compiled text."""

    def __init__(self, text: str, parse: Callable[[str], nodes.Template], files: Mapping[str, str]) -> None:
        self._text, self._parts = text, parts.Parts(files, functools.partial(_read, parse=_parse))
        self._root: Callable[[meter.Render], Iterator[str]]
        _refuse_long(text)
        if parse is _parse and (simple := plain.read(text)):
            self.constant, self.names, self._root = simple.constant, simple.names, simple.run
            return
        try:
            parsed = self._parts.join(_read(text, parse))
            self.constant = all(isinstance(node, _PLAIN) for node, _ in tree.walk(parsed))
            generator = _Generator(_SANDBOX)
            generator.visit(tree.Metering().visit(parsed))
            self.names = frozenset(generator.undeclared_identifiers)
            code = compile(generator.code, _FILE, "exec")
            self._compiled = jinja2.Template.from_code(_SANDBOX, code, _SANDBOX.make_globals(None))
            self._root = cast("Callable[[meter.Render], Iterator[str]]", self._compiled.root_render_func)
        except TemplateFault as fault:
            fault.file, fault.line = self._parts.place(fault.line)
            raise
        except (jinja2.TemplateSyntaxError, *_TOO_DEEP) as exc:
            raise _refused(exc) from exc

    def run(self, names: Mapping[str, object]) -> tuple[str, meter.Render]:
        render = _SANDBOX.begun(names)
        try:
            text = "".join(self._root(render))
            meter.refuse_size(len(text))
        except (faults.RefusalError, jinja2.TemplateRuntimeError, RecursionError, *sandbox.FOREIGN) as exc:
            raise self._fault(exc, names) from exc
        return text, render

    def _fault(self, exc: Exception, names: Mapping[str, object]) -> TemplateFault:
        message = faults.plain(exc) if isinstance(exc, sandbox.FOREIGN) else str(exc)
        undefined = next((name for name in self.names if message == f"{name!r} is undefined"), None)
        if undefined:
            message += f"; {faults.advice(undefined, frozenset(names))}"
        found = TemplateFault(message, undefined=undefined)
        found.file, found.line = self._parts.place(self._line(exc))
        return found

    def _line(self, exc: Exception) -> int:
        line, trace = 1, exc.__traceback__ if "\n" in self._text or self._parts.names else None
        while trace:
            if trace.tb_frame.f_code.co_filename == _FILE:
                line = self._compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


@functools.lru_cache(maxsize=1024)
def _shared(text: str, parse: Callable[[str], nodes.Template]) -> _Program:
    """A text that takes no files, compiled once: its syntax is checked, then rows are rendered, in many campaigns."""
    return _Program(text, parse, _NONE)


class Template:
    """A text with Jinja in it.

    Args:
        text: As the campaign file has it.
        files: The texts of what it includes and imports, and of what those do, by the names that they are called.

    Raises:
        TemplateFault: The text is no template, or uses what no card may use.
    """

    def __init__(self, text: str, files: Mapping[str, str] = _NONE) -> None:
        self._program = _Program(text, _parse, files) if _may_take_files(text) else _shared(text, _parse)
        #: What it was compiled to; templates that have this in common give the same for the same names.
        self.program: object = self._program
        #: The names it takes from outside.
        self.names = self._program.names
        #: There is no Jinja in it: it gives the same for everybody.
        self.constant = self._program.constant

    def render(self, names: Mapping[str, object]) -> str:
        """The text for these names; the same names give the same text everywhere.

        Raises:
            TemplateFault: A name is undefined, a value does not fit, or the work has no end.
            Skipped: It leaves the recipient out.
        """
        return self._program.run(names)[0]


class Expression:
    """A Jinja expression, such as `opted_in == "yes"`.

    Raises:
        TemplateFault: The text is no expression, or uses what no card may use.
    """

    def __init__(self, text: str) -> None:
        if text.lstrip().startswith("{{"):
            raise TemplateFault("this is an expression already; write it without {{ }}")
        self._program = _shared(text, _parse_expression)
        #: The names it takes from outside.
        self.names = self._program.names

    def evaluate(self, names: Mapping[str, object]) -> object:
        """What it gives for these names: text, number, bool, None, list or dict.

        Raises:
            TemplateFault: A name is undefined, a value does not fit, or the work has no end.
        """
        try:
            return self._program.run(names)[1].vars["result"]
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
    try:
        return tuple(parts.named(_read(text, _parse)))
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


def _read(text: str, parse: Callable[[str], nodes.Template]) -> nodes.Template:
    _refuse_long(text)
    try:
        return parse(text)
    except (jinja2.TemplateSyntaxError, *_TOO_DEEP) as exc:
        raise _refused(exc) from exc


def _refuse_long(text: str) -> None:
    if len(text) > LENGTH:
        raise TemplateFault(f"this is longer than {LENGTH:,} characters")


def _refused(exc: Exception) -> TemplateFault:
    if isinstance(exc, jinja2.TemplateSyntaxError):
        return TemplateFault(faults.syntax(exc), line=exc.lineno)
    return TemplateFault("this is nested too deeply, or a number in it is too large")


def _parse(text: str) -> nodes.Template:
    parsed = _SANDBOX.parse(text)
    tree.inspect(parsed)
    return parsed


def _parse_expression(text: str) -> nodes.Template:
    parser = Parser(_SANDBOX, text, state="variable")
    value = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail(f"unexpected {parser.stream.current.value!r} after the expression")
    tree.inspect(value)
    result = nodes.Assign(nodes.Name("result", "store"), tree.through("<result>", value), lineno=1)
    parsed = nodes.Template([result], lineno=1)
    parsed.set_environment(_SANDBOX)
    return parsed
