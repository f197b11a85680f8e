"""Decides whether a document keeps its schema, as nearly all do; only where one does not, `dialect` has to say why.

JSON Schema over YAML as written: a scalar is text where text is wanted, and its value where a value is wanted. No
compiled validator knows values that are both, and the one that can be taught takes longer to load than this command.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gewe_runner import schemas
from gewe_runner.document import Scalar, value

Check = Callable[[Any], bool]

#: What says nothing about which documents are right.
_WORDS = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "definitions"})
#: What `if` looks at itself.
_BRANCHES = frozenset({"then", "else"})


def keeps(name: str, root: Any) -> bool:
    """Whether a document is as the schema (`campaign`, `settings` or `faults`) wants it."""
    return _compiled(name)(root)


@functools.cache
def _compiled(name: str) -> Check:
    return _Schema(schemas.load(name)).check


def _is_text(instance: object) -> bool:
    return isinstance(instance, str) and value(instance) is not None


def _is_integer(instance: object) -> bool:
    read = value(instance)
    return isinstance(read, int) and not isinstance(read, bool)


def _is_number(instance: object) -> bool:
    read = value(instance)
    return _is_integer(instance) or (isinstance(read, float) and math.isfinite(read))


def _is_boolean(instance: object) -> bool:
    return isinstance(value(instance), bool)


def _is_null(instance: object) -> bool:
    return isinstance(instance, Scalar) and instance.value is None


def _is_object(instance: object) -> bool:
    return isinstance(instance, dict)


def _is_array(instance: object) -> bool:
    return isinstance(instance, list)


#: JSON Schema's types.
TYPES: Mapping[str, Check] = {
    "string": _is_text,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": _is_boolean,
    "null": _is_null,
    "object": _is_object,
    "array": _is_array,
}

#: What of a type a keyword of it refuses, given what the keyword demands; it says nothing about other types.
REFUSED: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "exclusiveMinimum": ("number", lambda limit, instance: value(instance) <= limit),
    "maximum": ("number", lambda limit, instance: value(instance) > limit),
    "maxItems": ("array", lambda limit, instance: len(instance) > limit),
    "maxProperties": ("object", lambda limit, instance: len(instance) > limit),
    "minimum": ("number", lambda limit, instance: value(instance) < limit),
    "minItems": ("array", lambda limit, instance: len(instance) < limit),
    "minLength": ("string", lambda limit, instance: len(instance) < limit),
    "minProperties": ("object", lambda limit, instance: len(instance) < limit),
    # The whole text: `$` alone would let a line break at its end pass.
    "pattern": ("string", lambda pattern, instance: not re.fullmatch(pattern, instance)),
    "propertyNames": ("object", lambda rule, names: not all(re.fullmatch(rule["pattern"], name) for name in names)),
    "required": ("object", lambda names, instance: not all(name in instance for name in names)),
    "uniqueItems": ("array", lambda _, items: any(one in items[:place] for place, one in enumerate(items))),
}


class _Schema:
    """A schema as functions; a keyword that none of them knows is an error, not silence."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._referred: dict[str, Check] = {}
        self.check = self._of(root)

    def _of(self, schema: Mapping[str, Any]) -> Check:
        if "$ref" in schema:
            return self._refer(schema["$ref"].removeprefix("#/definitions/"))
        checks = [
            self._keyword(name, demand, schema) for name, demand in schema.items() if name not in _WORDS | _BRANCHES
        ]
        return checks[0] if len(checks) == 1 else lambda instance: all(check(instance) for check in checks)

    def _refer(self, name: str) -> Check:
        if name not in self._referred:
            self._referred[name] = self._of(self._root["definitions"][name])
        return self._referred[name]

    def _keyword(self, name: str, demand: Any, schema: Mapping[str, Any]) -> Check:
        if name in REFUSED:
            kind, refuses = REFUSED[name]
            is_meant = TYPES[kind]
            return lambda instance: not (is_meant(instance) and refuses(demand, instance))
        own: dict[str, Callable[[], Check]] = {
            "additionalProperties": lambda: self._others(demand, schema.get("properties", {})),
            "anyOf": lambda: self._among(demand, range(1, len(demand) + 1)),
            "const": lambda: lambda instance: value(instance) == demand,
            "if": lambda: self._if(demand, schema),
            "enum": lambda: lambda instance: instance in demand,
            "items": lambda: self._items(demand),
            "not": lambda: self._among([demand], range(1)),
            "oneOf": lambda: self._among(demand, range(1, 2)),
            "properties": lambda: self._properties(demand),
            "type": lambda: self._type(demand),
        }
        return own[name]()

    def _type(self, names: str | Sequence[str]) -> Check:
        tests = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
        return tests[0] if len(tests) == 1 else lambda instance: any(test(instance) for test in tests)

    def _properties(self, named: Mapping[str, Any]) -> Check:
        checks = {name: self._of(schema) for name, schema in named.items()}
        return lambda instance: (
            not _is_object(instance) or all(checks[name](part) for name, part in instance.items() if name in checks)
        )

    def _others(self, allowed: Any, named: Mapping[str, Any]) -> Check:
        if allowed is False:
            return lambda instance: not _is_object(instance) or instance.keys() <= named.keys()
        check = self._of(allowed)
        return lambda instance: (
            not _is_object(instance) or all(check(part) for name, part in instance.items() if name not in named)
        )

    def _if(self, condition: Mapping[str, Any], schema: Mapping[str, Any]) -> Check:
        meets, then, otherwise = (self._of(one) for one in (condition, schema.get("then", {}), schema.get("else", {})))
        return lambda instance: then(instance) if meets(instance) else otherwise(instance)

    def _items(self, schema: Mapping[str, Any]) -> Check:
        check = self._of(schema)
        return lambda instance: not _is_array(instance) or all(check(one) for one in instance)

    def _among(self, schemas: Sequence[Mapping[str, Any]], kept: range) -> Check:
        checks = [self._of(schema) for schema in schemas]
        return lambda instance: sum(check(instance) for check in checks) in kept
