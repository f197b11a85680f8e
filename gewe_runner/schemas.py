"""Finds the JSON Schemas that describe every file of the product."""

import functools
import json
from pathlib import Path
from typing import Any

NAMES = ("campaign", "settings", "plan", "report", "faults")

_PACKAGE = Path(__file__).parent


def text(name: str) -> str:
    """The schema as its file has it: inside an installed package, else beside a source checkout's."""
    file = f"{name}.schema.json"
    installed = _PACKAGE / "schema" / file
    return (installed if installed.exists() else _PACKAGE.parent / "schema" / file).read_text(encoding="utf-8")


@functools.cache
def load(name: str) -> dict[str, Any]:
    """The schema as a tree; the same object every time, not to be changed."""
    schema: dict[str, Any] = json.loads(text(name))
    return schema
