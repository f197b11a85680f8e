"""Checks the header of a plan that comes from a file against its schema."""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gewe_runner import schemas

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def fault(header: Mapping[str, Any]) -> str:
    """What is wrong with the header of a plan; empty where nothing is."""
    import jsonschema  # takes longer to load than all that a start needs, and few commands are given a plan file

    whole = schemas.load("plan")
    validator = jsonschema.Draft7Validator({**whole["definitions"]["header"], "definitions": whole["definitions"]})
    for error in validator.iter_errors(header):
        return f"{'.'.join(map(str, error.absolute_path)) or 'a part'} has another form"
    # beyond the schema, whose patterns let a line feed pass at the end
    decided = {name: part for name, part in header.items() if name != "made"}
    if any(_CONTROL.search(text) for text in _texts(decided)):
        return "a part has a control character in it"
    return next((f"send.{name} is no time" for name in ("not_before", "not_after") if not _is_time(header, name)), "")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, part in node.items():
            yield name
            yield from _texts(part)
    elif isinstance(node, list):
        for part in node:
            yield from _texts(part)


def _is_time(header: Mapping[str, Any], name: str) -> bool:
    try:
        datetime.datetime.fromisoformat(header["send"].get(name, "2026-01-01T00:00:00+08:00")).timestamp()
    except (ValueError, OverflowError):
        return False
    return True
