"""The schemas that editors use: complete, explained, self-consistent, and of one mind with us."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gewe_runner import load, schemas
from gewe_runner.problems import Problems

CASES = Path(__file__).parents[1] / "campaigns"
FILES = ("campaign", "settings")

Field = tuple[str, Mapping[str, Any]]


def fields(node: Mapping[str, Any], path: str = "") -> Iterator[Field]:
    """Every key that a file can have, with its part of the schema; references are followed by name only."""
    for name, field in node.get("properties", {}).items():
        if "$ref" not in field:
            yield f"{path}.{name}", field
            yield from fields(field, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), Mapping):
            yield from fields(node[inner], f"{path}.*")
    for name, definition in node.get("definitions", {}).items():
        yield f"{path}#{name}", definition
        yield from fields(definition, f"{path}#{name}")


ALL = [(name, place, field) for name in FILES for place, field in fields(schemas.load(name), name)]
PLACES = [place for _, place, _ in ALL]


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_valid_draft_07_without_a_host_in_its_id(name: str) -> None:
    schema = schemas.load(name)
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == f"{name}.schema.json"


@pytest.mark.parametrize("field", [field for *_, field in ALL], ids=PLACES)
def test_a_field_has_title_description_and_examples(field: Mapping[str, Any]) -> None:
    assert field["title"]
    assert field["description"].endswith((".", "`"))
    assert field["examples"]


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, _, field in ALL], ids=PLACES)
def test_an_example_keeps_its_own_schema(name: str, field: Mapping[str, Any]) -> None:
    whole = {**field, "definitions": schemas.load(name)["definitions"]}
    for example in field["examples"]:
        jsonschema.validate(example, whole, jsonschema.Draft7Validator)


@pytest.mark.parametrize("field", [field for *_, field in ALL if "properties" in field])
def test_no_mapping_takes_keys_that_nobody_knows(field: Mapping[str, Any]) -> None:
    assert "additionalProperties" in field


@pytest.mark.parametrize("name", FILES)
def test_every_pattern_is_anchored(name: str) -> None:
    text = schemas.text(name)
    patterns = [line.split('"pattern": ')[1] for line in text.splitlines() if '"pattern": ' in line]
    assert patterns
    assert all(pattern.startswith('"^') and '$"' in pattern for pattern in patterns)


def test_both_files_describe_sources_and_variables_alike() -> None:
    campaign, settings = (schemas.load(name)["definitions"] for name in FILES)
    assert campaign["source"] == settings["source"]
    assert campaign["vars"] == settings["vars"]


def as_editors_read(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: as_editors_read(value) for key, value in node.items()}
    if isinstance(node, list):
        return [as_editors_read(value) for value in node]
    return node.value


@pytest.mark.parametrize("case", [*sorted(CASES.glob("valid/*.yaml")), CASES / "gewe.yaml"], ids=lambda case: case.stem)
def test_an_editor_accepts_what_we_accept(case: Path) -> None:
    tree = as_editors_read(load.document(case, case.name, Problems()).root)
    schema = schemas.load("settings" if case.name == "gewe.yaml" else "campaign")
    jsonschema.validate(tree, schema, jsonschema.Draft7Validator)
