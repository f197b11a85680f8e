"""Finds every difference of a document from its schema, with jsonschema taught what `decide` knows of YAML."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, ValidationError, validators

from gewe_runner import schemas
from gewe_runner.document import value
from gewe_runner.validate import decide


@functools.cache
def validator(name: str) -> Any:
    """The validator of a schema, as `decide.keeps` names it."""
    return _Validator(schemas.load(name))


def _knowing(check: decide.Check) -> Callable[[Any, object], bool]:
    return lambda _, instance: check(instance)


_TYPES = Draft7Validator.TYPE_CHECKER.redefine_many({name: _knowing(check) for name, check in decide.TYPES.items()})

_Errors = Iterator[ValidationError]


def _refusing(name: str) -> Callable[..., _Errors]:
    kind, refuses = decide.REFUSED[name]

    def keyword(validator: Any, demand: Any, instance: Any, _: Any) -> _Errors:
        if validator.is_type(instance, kind) and refuses(demand, instance):
            yield ValidationError("refused")

    return keyword


def _const(_: Any, wanted: object, instance: Any, __: Any) -> _Errors:
    if value(instance) != wanted:
        yield ValidationError("another value")


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


def _if(validator: Any, condition: Any, instance: Any, schema: Mapping[str, Any]) -> _Errors:
    branch = "then" if validator.evolve(schema=condition).is_valid(instance) else "else"
    for error in validator.descend(instance, schema.get(branch, {})):
        error.schema = schema  # the words for it want what stands beside the branch
        yield error


def _names(validator: Any, rule: Mapping[str, Any], instance: Any, _: Any) -> _Errors:
    if validator.is_type(instance, "object"):
        wrong = (name for name in instance if not re.fullmatch(rule["pattern"], name))
        yield from (ValidationError("name", instance=name) for name in wrong)


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {
        "additionalProperties": _additional,
        "const": _const,
        "if": _if,
        "propertyNames": _names,
        "required": _required,
        **{name: _refusing(name) for name in ("exclusiveMinimum", "maximum", "minimum", "pattern")},
    },
    type_checker=_TYPES,
)
