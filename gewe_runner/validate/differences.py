"""Says in plain words where a document differs from its JSON Schema."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gewe_runner.document import Scalar, value
from gewe_runner.model import Where
from gewe_runner.rules import Rule, structure
from gewe_runner.rules.structure import Finding
from gewe_runner.validate import dialect

if TYPE_CHECKING:
    from jsonschema import ValidationError

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_BOOLEAN_WORDS = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})
_HINTS = {
    "appId": "the device's appId belongs into gewe.yaml",
    "toWxid": "recipients stand under `recipients`",
}
_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """One difference from the schema, as jsonschema finds it; its words are ours."""

    #: The schema's keyword that does not hold, and what it demands.
    keyword: str
    limit: Any
    schema: Mapping[str, Any]
    where: Where
    #: The value, or the name of the key that is unknown, missing or misnamed.
    instance: Any

    @classmethod
    def of(cls, error: "ValidationError") -> "_Fault":
        return cls(
            keyword=str(error.validator),
            limit=error.validator_value,
            schema=cast(Mapping[str, Any], error.schema),
            where=tuple(error.absolute_path),
            instance=error.instance,
        )

    @property
    def is_bare_row(self) -> bool:
        return self.keyword == "oneOf" and isinstance(self.instance, Mapping) and "toWxid" in self.instance

    def lies_in(self, places: Collection[Where]) -> bool:
        return any(self.where[:depth] in places for depth in range(len(self.where) + 1))

    @property
    def place(self) -> str:
        return structure.dotted(self.where)


def findings(name: str, root: Any, known: Collection[Where]) -> tuple[list[Finding], set[Where]]:
    """Every difference from a schema in the schema's order, and the places that are wrong.

    Args:
        name: The schema, as `decide.keeps` names it.
        known: Places that were found to be wrong already; nothing more is said about them.
    """
    faults = [_Fault.of(error) for error in dialect.validator(name).iter_errors(root)]
    bare = {fault.where for fault in faults if fault.is_bare_row}
    faults = [fault for fault in faults if fault.is_bare_row or not fault.lies_in(bare)]
    misspelt = {(fault.where, _meant(fault)) for fault in faults if fault.keyword == "additionalProperties"}
    found: list[Finding] = []
    bad = set(known)
    for fault in faults:
        wanted = {"required": [fault.instance], "oneOf": ["rows", "file", "sql"]}.get(fault.keyword, [])
        if any((fault.where, name) in misspelt for name in wanted):
            continue
        finding = _finding(fault)
        if finding.rule is structure.MISSING_KEY:
            found.append(finding)
        elif finding.where not in bad:  # a value of the wrong type is of the wrong form, too: once is enough
            found.append(finding)
            bad.add(finding.where)
    return found, bad


def _finding(fault: _Fault) -> Finding:
    rule, words = _WORDS[fault.keyword]
    where = fault.where
    if fault.keyword in ("additionalProperties", "propertyNames"):
        if fault.instance == "url" and where[-1:] == ("sql",):
            rule = structure.SQL_URL
        return Finding(rule, (*where, str(fault.instance)), words(fault), key=True)
    if fault.is_bare_row:
        return Finding(structure.BARE_ROW, where, _bare_row(fault))
    return Finding(rule, where, words(fault), key=fault.keyword == "required")


def _meant(fault: _Fault) -> str | None:
    """The key that an unknown one probably is."""
    return structure.near(str(fault.instance), fault.schema.get("properties", ()))


def _unknown_key(fault: _Fault) -> str:
    name, where, allowed = str(fault.instance), fault.where, list(fault.schema["properties"])
    if name == "url" and where[-1:] == ("sql",):
        return "url: a database's URL never stands in a file, only the name of its variable; write url_env: CRM_URL"
    place = f" in {structure.dotted(where)}" if where else ""
    if near := _meant(fault):
        advice = f'did you mean "{near}"?'
    elif name in _HINTS and "card" in where:
        advice = _HINTS[name]
    elif where[-1:] == ("sql",):
        advice = 'a query with commas wants quotes: query: "select wxid, store from members"'
    else:
        advice = f"allowed here: {', '.join(allowed)}"
    return f'unknown key "{_cut(name)}"{place}; {advice}'


def _bad_name(fault: _Fault) -> str:
    rule = fault.schema["propertyNames"]["$comment"]
    return f'"{_cut(str(fault.instance))}" cannot be a name in {fault.place}; use {rule}'


def _missing_key(fault: _Fault) -> str:
    name = str(fault.instance)
    return f'{fault.place} lacks the key "{name}"; add it{_example(fault.schema["properties"][name], name)}'


def _wrong_type(fault: _Fault) -> str:
    kinds = fault.limit if isinstance(fault.limit, list) else [fault.limit]
    # A field of text takes numbers and booleans as text: "wanted text" says it all.
    wanted = ["string"] if "string" in kinds and "array" not in kinds else kinds
    said = f"{fault.place} is {_found(fault.instance)}; wanted {' or '.join(_KINDS[kind] for kind in wanted)}"
    read = value(fault.instance)
    if kinds == ["boolean"] and isinstance(read, str) and read.lower() in _BOOLEAN_WORDS:
        return f"{said}: write {'true' if read.lower() in ('yes', 'on', 'y', 'true') else 'false'}, without quotes"
    if isinstance(read, str) and not {"string"} & set(kinds) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", read):
        return f"{said}: write {read}, without quotes"
    return said + _example(fault.schema, _last_name(fault))


def _not_a_choice(fault: _Fault) -> str:
    if fault.keyword == "const":
        return f"{fault.place} is {_found(fault.instance)}; this gewe-runner reads {fault.limit} only"
    return f"{fault.place} is {_found(fault.instance)}; it can be {' or '.join(fault.limit)}"


def _out_of_range(fault: _Fault) -> str:
    limits = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    limit = f"{limits[fault.keyword]} {fault.limit}"
    return f"{fault.place} is {_found(fault.instance)}; it must be {limit}"


def _wrong_count(fault: _Fault) -> str:
    least = "at least" if fault.keyword.startswith("min") else "at most"
    entries = "entry" if fault.limit == 1 else "entries"
    said = f"{fault.place} has {len(fault.instance)}, and needs {least} {fault.limit} {entries}"
    return said + _example(fault.schema, _last_name(fault))


def _bad_format(fault: _Fault) -> str:
    place = fault.place
    wanted = fault.schema.get("$comment", "text that is not empty")
    # Whoever mistakes the name of a variable for its value may have written a secret.
    found = "what stands here" if place.endswith("_env") else _found(fault.instance)
    return f"{place}: {found} is not {wanted}{_example(fault.schema, _last_name(fault))}"


def _source_kind(fault: _Fault) -> str:
    kinds = [kind for kind in ("rows", "file", "sql") if kind in fault.instance]
    if kinds:
        return f"{fault.place} has {' and '.join(kinds)}; give each its own entry of the list"
    return f"{fault.place} has none of rows, file and sql; add one, for example file: lists/people.csv"


def _bare_row(fault: _Fault) -> str:
    row = ", ".join(f"{name}: {_pasted(value)}" for name, value in fault.instance.items())
    return f"{fault.place} is a row, and rows stand inside `rows`; write:  - rows: [{{{row}}}]"


def _duplicate(fault: _Fault) -> str:
    twice = next(one for place, one in enumerate(fault.instance) if one in fault.instance[:place])
    return f"{fault.place} names {_found(twice)} twice; once is enough"


def _found(instance: object) -> str:
    if isinstance(instance, Mapping):
        return "a mapping"
    if isinstance(instance, list):
        return "a list"
    if isinstance(instance, Scalar) and instance.value is None:
        return "null" if instance else "empty (null)"
    return f'the text "{_cut(str(instance))}"' if isinstance(value(instance), str) else _cut(str(instance))


def _cut(text: str) -> str:
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."


def _last_name(fault: _Fault) -> str:
    where = fault.where
    return str(where[-1]) if where and isinstance(where[-1], str) else ""


def _example(schema: Mapping[str, Any], name: str) -> str:
    """`, for example key: value` from the schema itself, where it has one that fits a line."""
    if "$ref" in schema or not schema.get("examples"):
        return ""
    text = _pasted(schema["examples"][0])
    return f", for example {name}{': ' if name else ''}{text}" if len(text) <= 2 * _SHOWN else ""


def _pasted(value: object) -> str:
    """A value as a line of YAML takes it."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_/.+-][\w/.+@:-]*", value) and not value.endswith(":"):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_pasted(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_pasted(one)}' for name, one in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


_WORDS: dict[str, tuple[Rule, Callable[[_Fault], str]]] = {
    "additionalProperties": (structure.UNKNOWN_KEY, _unknown_key),
    "const": (structure.NOT_A_CHOICE, _not_a_choice),
    "enum": (structure.NOT_A_CHOICE, _not_a_choice),
    "exclusiveMinimum": (structure.OUT_OF_RANGE, _out_of_range),
    "maxItems": (structure.OUT_OF_RANGE, _wrong_count),
    "maximum": (structure.OUT_OF_RANGE, _out_of_range),
    "minItems": (structure.OUT_OF_RANGE, _wrong_count),
    "minLength": (structure.BAD_FORMAT, _bad_format),
    "minProperties": (structure.OUT_OF_RANGE, _wrong_count),
    "minimum": (structure.OUT_OF_RANGE, _out_of_range),
    "oneOf": (structure.SOURCE_KIND, _source_kind),
    "pattern": (structure.BAD_FORMAT, _bad_format),
    "propertyNames": (structure.BAD_FORMAT, _bad_name),
    "required": (structure.MISSING_KEY, _missing_key),
    "type": (structure.WRONG_TYPE, _wrong_type),
    "uniqueItems": (structure.DUPLICATE_ITEM, _duplicate),
}
