"""Puts the files that a template includes and imports into its own tree, so that every bound of it holds for them, too.

Nothing is looked up while a card is rendered: the names stand in the template as they are, the files were read before.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from gewe_runner.template import faults, tree

#: Files that are put in, and their characters, those counted again that are put in again; how deep they may be nested.
MOST, LENGTH, DEEPEST = 32, 64 * 1024, 8

#: A line of the n-th file is this many times n further down: so that a fault can say where it is.
LINES = 1 << 20

#: Stands between a file and its macro in the name that the macro gets; Jinja and Python take it within a name.
_WITHIN = "·"

_Parse = Callable[[str], nodes.Template]
_Part = nodes.Include | nodes.Import | nodes.FromImport


def named(parsed: nodes.Template) -> Iterator[str]:
    """The files that a template includes and imports itself, in its order."""
    for node, _ in tree.walk(parsed):
        if isinstance(node, _Part):
            yield _file(node)


class Parts:
    """The files of one template.

    Args:
        files: Their texts by the names that templates call them.
        parse: Makes a tree of a text, or raises `TemplateFault`.
    """

    def __init__(self, files: Mapping[str, str], parse: _Parse) -> None:
        self._files, self._parse = files, parse
        #: The files that are in it, in the order of their lines.
        self.names: list[str] = []
        self._put_in = self._length = 0
        self._macros: dict[str, dict[str, nodes.Macro]] = {}
        self._prefixes: dict[str, str] = {}

    def join(self, parsed: nodes.Template) -> nodes.Template:
        """The tree with everything in it that it includes; the macros that are imported come first.

        Raises:
            TemplateFault: A file is missing, no template, or includes itself.
        """
        body = self._joined(parsed, ()).body
        imported = [macro for macros in self._macros.values() for macro in macros.values()]
        parsed.body = [*imported, *body]
        return parsed

    def place(self, line: int) -> tuple[str, int]:
        """The file of a line of the joined tree (empty for the template itself), and the line in it."""
        number, own = divmod(line, LINES)
        return (self.names[number - 1] if number else ""), own

    def _joined(self, parsed: nodes.Template, chain: tuple[str, ...]) -> nodes.Template:
        known: dict[str, str] = {}
        modules: dict[str, dict[str, str]] = {}
        for node, _ in list(tree.walk(parsed)):
            if isinstance(node, nodes.Import):
                modules[node.target] = self._imported(node, chain)
            elif isinstance(node, nodes.FromImport):
                macros = self._imported(node, chain)
                for one in node.names:
                    name, alias = one if isinstance(one, tuple) else (one, one)
                    known[alias] = _among(macros, name, node)
        _refuse_taken(parsed, {*known, *modules})
        joined: nodes.Template = _Joiner(known, modules, lambda node: self._included(node, chain)).visit(parsed)
        return joined

    def _read(self, node: _Part, chain: tuple[str, ...]) -> nodes.Template:
        name = _file(node)
        if name in chain:
            raise faults.TemplateFault(f"{faults.short(name)} includes itself", line=node.lineno)
        if name not in self._files:
            raise faults.TemplateFault(f"the file {faults.short(name)} cannot be read", line=node.lineno)
        self._put_in += 1
        self._length += len(self._files[name])
        if self._put_in > MOST or self._length > LENGTH or len(chain) == DEEPEST:
            most = f"{MOST} files of {LENGTH:,} characters together, {DEEPEST} of them within each other"
            raise faults.TemplateFault(f"a template includes and imports at most {most}", line=node.lineno)
        if name not in self.names:
            self.names.append(name)
        try:
            parsed = self._parse(self._files[name])
        except faults.TemplateFault as fault:
            fault.line += LINES * (self.names.index(name) + 1)
            raise
        for one, _ in tree.walk(parsed):
            one.lineno = (one.lineno or 1) + LINES * (self.names.index(name) + 1)
        return parsed

    def _included(self, node: nodes.Include, chain: tuple[str, ...]) -> nodes.Node:
        # a scope of its own: what it sets is gone behind it
        body = self._joined(self._read(node, chain), (*chain, _file(node))).body
        return nodes.Scope(body, lineno=node.lineno, environment=node.environment)

    def _imported(self, node: nodes.Import | nodes.FromImport, chain: tuple[str, ...]) -> dict[str, str]:
        """The macros of a file: what they are called there, and what here."""
        name = _file(node)
        if name in chain or name not in self._macros:
            self._macros.setdefault(name, {})  # its place: what it imports itself comes behind it
            parsed = self._read(node, chain)
            renamed = {macro: self._inner(name, macro) for macro in _macros(parsed)}
            _refuse_taken(parsed, set(renamed), but=nodes.Macro)
            joined = self._joined(_Joiner(renamed, {}, None).visit(parsed), (*chain, name))
            own = [one for one in joined.body if isinstance(one, nodes.Macro)]
            self._macros[name] = {one.name.rpartition(_WITHIN)[2]: one for one in own}
        return {macro: self._inner(name, macro) for macro in self._macros[name]}

    def _inner(self, file: str, macro: str) -> str:
        """A name that nothing else has, and that tells the author of a card which macro is meant."""
        if file not in self._prefixes:
            stem = "".join(one if one.isalnum() else "_" for one in PurePosixPath(file).stem)
            taken = stem in self._prefixes.values() or not stem.isidentifier()
            self._prefixes[file] = f"_{len(self._prefixes)}{stem}" if taken else stem
        return f"{self._prefixes[file]}{_WITHIN}{macro}"


class _Joiner(NodeTransformer):
    """Puts included trees in place of what includes them, and calls imported macros by their inner names."""

    def __init__(
        self,
        known: Mapping[str, str],
        modules: Mapping[str, Mapping[str, str]],
        include: Callable[[nodes.Include], nodes.Node] | None,
    ) -> None:
        self._known, self._modules, self._include = known, modules, include

    def visit_Include(self, node: nodes.Include, *_: Any) -> nodes.Node:  # noqa: N802 - Jinja's names
        return self._include(node) if self._include else node

    def visit_Import(self, node: nodes.Import, *_: Any) -> nodes.Node | None:  # noqa: N802
        return None if self._include else node

    def visit_FromImport(self, node: nodes.FromImport, *_: Any) -> nodes.Node | None:  # noqa: N802
        return None if self._include else node

    def visit_Macro(self, node: nodes.Macro, *_: Any) -> nodes.Node:  # noqa: N802
        node.name = self._known.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Getattr(self, node: nodes.Getattr, *_: Any) -> nodes.Node:  # noqa: N802
        if isinstance(node.node, nodes.Name) and node.node.name in self._modules:
            inner = _among(self._modules[node.node.name], node.attr, node)
            return _name(inner, node)
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name, *_: Any) -> nodes.Node:  # noqa: N802
        if node.name in self._modules:
            macros = faults.listed(self._modules[node.name])
            raise faults.TemplateFault(f"{node.name} is a file of macros; call one: {macros}", line=node.lineno)
        return _name(self._known[node.name], node) if node.name in self._known else node


def _name(name: str, at: nodes.Node) -> nodes.Name:
    return nodes.Name(name, "load", lineno=at.lineno, environment=at.environment)


def _file(node: _Part) -> str:
    return str(node.template.value)  # type: ignore[attr-defined]  # `check` has seen to it


def _macros(parsed: nodes.Template) -> list[str]:
    """The names of a file's macros; beside them it may hold nothing but blanks, comments and imports."""
    found = []
    for node in parsed.body:
        if isinstance(node, nodes.Macro):
            found.append(node.name)
        elif not (isinstance(node, nodes.Import | nodes.FromImport) or _is_blank(node)):
            raise faults.TemplateFault("a file that is imported holds macros only", line=node.lineno)
    return found


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(one, nodes.TemplateData) and not one.data.strip() for one in node.nodes
    )


def _among(macros: Mapping[str, str], name: str, node: nodes.Node) -> str:
    if name not in macros:
        raise faults.TemplateFault(
            f"there is no macro {faults.short(name)}; {faults.advice(name, frozenset(macros))}", line=node.lineno
        )
    return macros[name]


def _refuse_taken(parsed: nodes.Template, names: set[str], but: type[nodes.Node] | None = None) -> None:
    """Refuse names of imported things that the text gives to something else, too: one of the two would be lost."""
    for node, _ in tree.walk(parsed):
        own = node.name if isinstance(node, nodes.Name) and node.ctx != "load" else None
        if isinstance(node, nodes.Macro) and but is not nodes.Macro:
            own = node.name
        if own in names:
            raise faults.TemplateFault(
                f"the name {own!r} is an imported one; call this something else", line=node.lineno
            )
