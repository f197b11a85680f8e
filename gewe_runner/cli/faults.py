"""Reads a fault file for the sandbox, and shows its problems."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gewe_runner import errors, find, load, schemas
from gewe_runner.cli import show
from gewe_runner.document import value
from gewe_runner.problems import Problems
from gewe_runner.rules.structure import NOT_A_CHOICE, Finding
from gewe_runner.sandbox import check
from gewe_runner.validate import structure


def faults(path: Path) -> Mapping[str, Any]:
    """The content of a fault file as plain values.

    Raises:
        errors.InvalidError: The file has problems, which have been shown.
    """
    problems = Problems()
    try:
        document = load.document(path, find.shown(path), problems)
        tree: Mapping[str, Any] = _plain(document.root, schemas.load("faults"))
        for finding in _findings(document.root, tree):
            position = document.position(finding.where)
            problems.add(finding.rule.at(document.name, position, finding.message))
    finally:
        show.problems(problems)
    if count := problems.errors:
        several = "s" if count > 1 else ""
        hint = "gewe-runner schema faults describes such a file"
        raise errors.InvalidError(f"{document.name} has {count} problem{several}", hint=hint)
    return tree


def _findings(root: Any, tree: Any) -> Iterator[Finding]:
    found = list(check.objections(tree))
    yield from (Finding(NOT_A_CHOICE, one.where, one.message) for one in found)
    settled = {*check.choices(tree), *(one.where for one in found)}
    yield from structure.findings("faults", root, settled)[0]


def _plain(node: Any, schema: Mapping[str, Any]) -> Any:
    """The tree with each scalar's value, or its text as written where the schema wants text."""
    if isinstance(node, Mapping):
        inner = schema.get("properties", {})
        rest = schema.get("additionalProperties") or {}
        return {str(key): _plain(part, inner.get(key, rest)) for key, part in node.items()}
    if isinstance(node, list):
        return [_plain(part, schema.get("items", {})) for part in node]
    read = value(node)
    return str(node) if read is not None and "string" in schema.get("type", ()) else read
