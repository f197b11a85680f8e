"""The catalogue of rules: complete, well written, and nothing in it that nobody uses."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import click.testing
import pytest

from gewe_runner import rules
from gewe_runner.cli import validate

PACKAGE = Path(rules.__file__).parent.parent
MODULES = {path.stem: path for path in sorted((PACKAGE / "rules").glob("*.py")) if path.stem != "__init__"}
RULES = rules.catalogue()

#: A rule's home and name: ("cards", "USER_NAME").
Constant = tuple[str, str]


def declared(module: str) -> dict[str, str]:
    """The ids of the rules that a module declares, by the names it gives them."""
    found = {}
    for node in ast.parse(MODULES[module].read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(value=ast.Name(id="rules"), attr="declare"), args=[first, *_]),
            ):
                found[name] = ast.literal_eval(first)
    return found


def used(path: Path) -> Iterator[Constant]:
    """Everything in a file that may be a rule: a module's attribute, an imported name, or one of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gewe_runner.rules":
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gewe_runner.rules."):
            home = (node.module or "").rpartition(".")[2]
            yield from ((home, alias.name) for alias in node.names)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
                yield modules[module], name
            case ast.Name(id=name, ctx=ast.Load()):
                yield path.stem, name


def test_every_module_that_declares_rules_is_in_the_catalogue() -> None:
    assert set(rules.MODULES) == {module for module in MODULES if declared(module)}


def test_the_catalogue_holds_every_declared_rule_in_alphabetical_order() -> None:
    assert list(RULES) == sorted(itertools.chain(*(declared(module).values() for module in MODULES)))


def test_no_rule_is_dead() -> None:
    everywhere = {constant for path in PACKAGE.rglob("*.py") for constant in used(path)}
    assert not {(module, name) for module in MODULES for name in declared(module)} - everywhere


def test_an_id_cannot_be_declared_twice() -> None:
    taken = next(iter(RULES.values()))
    with pytest.raises(ValueError, match=f"{taken.id} is declared twice"):
        rules.declare(taken.id, taken.level, taken.explanation, example=taken.example)


@pytest.mark.parametrize("id", RULES)
def test_an_id_is_kebab_case(id: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id)


@pytest.mark.parametrize("id", RULES)
def test_an_explanation_is_made_of_whole_sentences(id: str) -> None:
    assert re.fullmatch(r"[A-Z`0-9].*\.", RULES[id].explanation)


@pytest.mark.parametrize("id", RULES)
def test_a_rule_has_an_example(id: str) -> None:
    assert RULES[id].example.strip()


@pytest.mark.parametrize("id", RULES)
def test_explain_prints_a_rule_whole(id: str) -> None:
    result = click.testing.CliRunner().invoke(validate.command, ["--explain", id], standalone_mode=False)
    assert result.output.startswith(f"{id} ({RULES[id].level})\n")
    assert RULES[id].explanation.split() == _body(result.output, RULES[id].example).split()


def _body(output: str, example: str) -> str:
    """What stands between the first line and the example, which is there, indented."""
    indented = "".join(f"    {line}\n" if line else "\n" for line in example.split("\n"))
    assert output.endswith(f"\n\n{indented}")
    return output.partition("\n\n")[2].removesuffix(indented)
