"""Templates and expressions that are more than text and names: compiled by Jinja, once they are sure to be bounded."""

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

from gewe_runner.template import faults, meter, parts, sandbox, tree
from gewe_runner.template.faults import TemplateFault
from gewe_runner.template.sandbox import Render

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


class Compiled:
    """A compiled text.

    Raises:
        TemplateFault: it is none, or uses what no card may use.
    """

    def __init__(self, text: str, parse: Callable[[str], nodes.Template], files: Mapping[str, str]) -> None:
        self._text, self._parts = text, parts.Parts(files, functools.partial(_read, parse=_parse))
        meter.refuse_long(text)
        try:
            parsed = self._parts.join(_read(text, parse))
            is_constant = all(isinstance(node, _PLAIN) for node, _ in tree.walk(parsed))
            generator = _Generator(_SANDBOX)
            generator.visit(tree.Metering().visit(parsed))
            #: The names that it takes from outside.
            self.names = frozenset(generator.undeclared_identifiers)
            code = compile(generator.code, _FILE, "exec")
            self._compiled = jinja2.Template.from_code(_SANDBOX, code, _SANDBOX.make_globals(None))
            self._root = cast("Callable[[Render], Iterator[str]]", self._compiled.root_render_func)
        except TemplateFault as fault:
            fault.file, fault.line = self._parts.place(fault.line)
            raise
        except (jinja2.TemplateSyntaxError, *_TOO_DEEP) as exc:
            raise _refused(exc) from exc
        #: What it gives everybody, where there is no Jinja in it.
        self.constant = self.render({}) if is_constant else None

    def render(self, names: Mapping[str, object]) -> str:
        """The text for these names."""
        return self._run(names)[0]

    def evaluate(self, names: Mapping[str, object]) -> object:
        """What an expression gives for these names."""
        return self._run(names)[1].vars["result"]

    def _run(self, names: Mapping[str, object]) -> tuple[str, Render]:
        render = _SANDBOX.begun(names)
        try:
            text = "".join(self._root(render))
            meter.refuse_size(len(text))
        except (faults.RefusalError, jinja2.TemplateRuntimeError, RecursionError, *faults.FOREIGN) as exc:
            raise self._fault(exc, names) from exc
        return text, render

    def _fault(self, exc: Exception, names: Mapping[str, object]) -> TemplateFault:
        message = faults.plain(exc) if isinstance(exc, faults.FOREIGN) else str(exc)
        undefined = next((name for name in self.names if message == faults.undefined(name)), None)
        found = faults.unknown(undefined, names) if undefined else TemplateFault(message)
        found.file, found.line = self._parts.place(self._line(exc))
        return found

    def _line(self, exc: Exception) -> int:
        line, trace = 1, exc.__traceback__ if "\n" in self._text or self._parts.names else None
        while trace:
            if trace.tb_frame.f_code.co_filename == _FILE:
                line = self._compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


def template(text: str, files: Mapping[str, str]) -> Compiled:
    """A template, with the files that it includes and imports."""
    return Compiled(text, _parse, files)


def expression(text: str) -> Compiled:
    """An expression."""
    return Compiled(text, _parse_expression, _NONE)


def files(text: str) -> tuple[str, ...]:
    """The files that a template includes and imports itself.

    Raises:
        TemplateFault: it is no template.
    """
    return tuple(parts.named(_read(text, _parse)))


def _read(text: str, parse: Callable[[str], nodes.Template]) -> nodes.Template:
    meter.refuse_long(text)
    try:
        return parse(text)
    except (jinja2.TemplateSyntaxError, *_TOO_DEEP) as exc:
        raise _refused(exc) from exc


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
