"""JSON Schema over YAML as written: a scalar is text where text is wanted, and its value where a value is wanted."""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, TypeChecker, ValidationError, validators

from gewe_runner import schemas
from gewe_runner.document import Scalar


@functools.cache
def validator(name: str) -> Any:
    """The validator of a schema, `campaign` or `settings`."""
    return _Validator(schemas.load(name))


def value(instance: object) -> object:
    """What YAML reads in a scalar; anything else as it is."""
    return instance.value if isinstance(instance, Scalar) else instance


def _is_text(_: TypeChecker, instance: object) -> bool:
    return isinstance(instance, str) and value(instance) is not None


def _is_integer(_: TypeChecker, instance: object) -> bool:
    read = value(instance)
    return isinstance(read, int) and not isinstance(read, bool)


def _is_number(_: TypeChecker, instance: object) -> bool:
    read = value(instance)
    return _is_integer(_, instance) or (isinstance(read, float) and math.isfinite(read))


_TYPES = Draft7Validator.TYPE_CHECKER.redefine_many(
    {
        "string": _is_text,
        "integer": _is_integer,
        "number": _is_number,
        "boolean": lambda _, instance: isinstance(value(instance), bool),
        "null": lambda _, instance: isinstance(instance, Scalar) and instance.value is None,
        "object": lambda _, instance: isinstance(instance, Mapping),
        "array": lambda _, instance: isinstance(instance, list),
    }
)

_Errors = Iterator[ValidationError]


def _bound(breaks: Callable[[Any, Any], bool]) -> Callable[..., _Errors]:
    def keyword(validator: Any, limit: float, instance: Any, _: Any) -> _Errors:
        if validator.is_type(instance, "number") and breaks(value(instance), limit):
            yield ValidationError("out of range")

    return keyword


def _const(_: Any, wanted: object, instance: Any, __: Any) -> _Errors:
    if value(instance) != wanted:
        yield ValidationError("another value")


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> _Errors:
    # The whole text: `$` alone would let a line break at its end pass.
    if validator.is_type(instance, "string") and not re.fullmatch(pattern, instance):
        yield ValidationError("another form")


def _required(validator: Any, names: list[str], instance: Any, _: Any) -> _Errors:
    if validator.is_type(instance, "object"):
        yield from (ValidationError("missing", instance=name) for name in names if name not in instance)


def _additional(validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]) -> _Errors:
    if not validator.is_type(instance, "object"):
        return
    for name in instance:
        if name in schema.get("properties", ()):
            continue
        if allowed is False:
            yield ValidationError("unknown", instance=name)
        else:
            yield from validator.descend(instance[name], allowed, path=name)


def _names(validator: Any, rule: Mapping[str, Any], instance: Any, _: Any) -> _Errors:
    if validator.is_type(instance, "object"):
        wrong = (name for name in instance if not re.fullmatch(rule["pattern"], name))
        yield from (ValidationError("name", instance=name) for name in wrong)


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {
        "additionalProperties": _additional,
        "const": _const,
        "exclusiveMinimum": _bound(lambda value, limit: value <= limit),
        "maximum": _bound(lambda value, limit: value > limit),
        "minimum": _bound(lambda value, limit: value < limit),
        "pattern": _pattern,
        "propertyNames": _names,
        "required": _required,
    },
    type_checker=_TYPES,
)
