"""Holds a document against its JSON Schema, and tells what of it has the right shape."""

from collections.abc import Collection, Mapping
from typing import Any

from gewe_runner.model import Where
from gewe_runner.rules.structure import Finding
from gewe_runner.validate import decide


def findings(name: str, root: Any, known: Collection[Where]) -> tuple[list[Finding], Any]:
    """Every difference from a schema, and the tree without the parts that differ.

    Args:
        name: The schema, as `decide.keeps` names it.
        known: Places that were found to be wrong already; nothing more is said about them.

    Returns:
        The findings in the schema's order, and the root, or a copy of it that holds only what has the right shape: a
        bad value of a mapping is left out, a bad entry of a list becomes None, so that indexes stay.
    """
    found: list[Finding] = []
    bad = set(known)
    if not decide.keeps(name, root):
        from gewe_runner.validate import differences  # nobody shall wait for its words who made no mistake

        found, wrong = differences.findings(name, root, bad)
        bad |= wrong
    return found, (_sound(root, bad, ()) if bad else root) or {}


def _sound(node: Any, bad: Collection[Where], where: Where) -> Any:
    if where in bad:
        return None
    if isinstance(node, Mapping):
        return {key: _sound(value, bad, (*where, key)) for key, value in node.items() if (*where, key) not in bad}
    if isinstance(node, list):
        return [_sound(value, bad, (*where, index)) for index, value in enumerate(node)]
    return node
