"""The house rules: who may import whom, who may touch clock, thread and socket, and how large a thing may grow."""

import ast
import functools
import graphlib
import importlib.metadata
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.schema import CreateTable

from gewe_runner.ledger import tables
from gewe_runner.model import State

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gewe_runner"

WORDS = {"model", "errors", "problems", "watch", "batches", "overlay", "starting"}
LEAVES = {"rules", "template", "pace", "cards", "schemas", "words", "wire", "confine"}
STEPS = {
    "load",
    "validate",
    "expand",
    "render",
    "plan",
    "send",
    "ledger",
    "report",
    "tell",
    "init",
    "sandbox",
    "preflight",
}
GROUND = {"find", "provenance"}
ROOTS = {
    "run",
    "work",
    "delegate",
    "recall",
    "trial",
    "compare",
    "explain",
    "suppress",
    "survey",
    "prepare",
    "gather",
    "compose",
    "consult",
    "ask",
    "register",
    "rehearse",
    "conclude",
    "write",
    "order",
    "reach",
    "foresee",
    "examine",
}

#: Which rooms a room may import, besides itself. A room that is not here does not exist; a new one needs a new verb.
ROOMS: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": ROOTS | {"document", "exchange"} | STEPS | LEAVES | GROUND | WORDS,
    "work": {"reach", "exchange", "plan", "ledger", "send"} | WORDS,
    "recall": {"ask", "consult", "gather", "prepare", "plan"} | LEAVES | GROUND | WORDS,
    "delegate": {"consult", "order", "ledger", "send", "pace"} | WORDS,
    "run": {"delegate", "recall", "prepare", "consult", "register", "conclude", "write", "order", "reach", "foresee"}
    | {"pace", "ledger", "send"}
    | WORDS,
    "rehearse": {"ask", "consult", "prepare", "order", "write", "plan", "report"} | WORDS,
    "trial": {"prepare", "consult", "order", "reach", "exchange", "plan", "ledger", "send"} | WORDS,
    "compare": {"ask", "prepare", "expand", "plan"} | WORDS,
    "explain": {"ask", "prepare", "consult", "expand", "plan", "template"} | WORDS,
    "suppress": {"gather", "expand", "ledger", "report"} | LEAVES | GROUND | WORDS,
    "survey": {"gather", "split", "expand", "plan", "find"} | WORDS,
    "prepare": {"gather", "validate", "expand", "plan"} | LEAVES | GROUND | WORDS,
    "gather": {"compose", "load", "validate", "expand", "render", "plan"} | LEAVES | GROUND | WORDS,
    "compose": {"load", "document", "rules", "template", "find", "confine"} | WORDS,
    "consult": {"ask", "prepare", "plan", "ledger"} | LEAVES | WORDS,
    "ask": {"prepare", "plan", "ledger"} | LEAVES | WORDS,
    "register": {"ask", "consult", "recall", "prepare", "plan", "ledger", "find"} | WORDS,
    "order": {"consult", "prepare", "send", "pace"} | WORDS,
    "foresee": {"ask", "prepare", "consult", "recall", "plan", "preflight"} | LEAVES | WORDS,
    "reach": {"prepare", "send", "sandbox", "preflight"} | WORDS,
    "examine": {"gather", "prepare", "reach", "foresee", "ledger", "send", "preflight"} | LEAVES | GROUND | WORDS,
    "conclude": {"write", "ledger", "report"} | WORDS,
    "write": {"expand", "report", "pace", "provenance"} | WORDS,
    # the steps: none knows another, their arrows meet in the four above
    "load": WORDS | {"document", "rules"},
    "validate": WORDS | {"document"} | {"rules", "template", "schemas"},
    "expand": WORDS | {"rules", "template", "wire", "words", "confine"},
    "render": WORDS | {"processes", "rules", "template", "schemas"},
    "plan": WORDS | {"rules", "pace"},
    "send": WORDS | {"pace", "exchange", "wire", "words"},
    "ledger": WORDS | {"exchange"},
    "report": WORDS | {"processes", "cards", "words"},
    "init": WORDS | {"schemas"},
    "tell": WORDS | {"rules", "words"},
    "sandbox": WORDS | {"cards"},
    "preflight": WORDS | {"rules", "wire"},
    # how a project lies on the disk
    "find": WORDS,
    "provenance": set(),
    # how work is shared out
    "split": WORDS,
    "processes": set(),
    # the leaves
    "rules": {"model", "document", "template"},
    "template": set(),
    "pace": {"model"},
    "cards": {"model", "words"},
    "schemas": set(),
    "words": set(),
    "wire": set(),
    "confine": set(),
    # the words
    "document": {"model"},
    "exchange": {"model"},
    "model": set(),
    "watch": {"batches"},
    "overlay": set(),
    "starting": set(),
    "batches": set(),
    "errors": {"model"},
    "problems": {"model", "errors"},
}

#: Everything from outside the standard library, and where it may be known.
LIBRARIES: dict[str, set[str]] = {
    "aiohttp": {"sandbox"},
    "click": {"cli"},
    "jinja2": {"template", "report", "cards"},
    "jsonschema": {"validate", "render"},
    "procrastinate": {"send", "ledger"},
    "prometheus_client": {"send"},
    "openpyxl": {"expand"},
    "psutil": {"ledger"},
    "psycopg_pool": {"send"},
    "requests": {"send", "preflight", "wire"},
    "rich": {"cli", "cards"},
    "sqlalchemy": {"ledger", "expand"},
    "urllib3": {"send", "preflight", "wire"},
    "yaml": {"load"},
}

#: What the standard library has for the world outside: imports, and attributes as `module.name`.
WORLD: dict[str, set[str]] = {
    "importlib": {"cli", "expand", "ledger", "rules", "tell"},
    "multiprocessing": {"processes"},
    "socket": {"sandbox", "ledger", "preflight", "wire"},
    "sqlite3": {"plan"},
    "sys.stderr": {"cli"},
    "sys.stdout": {"cli"},
    "threading": {"processes", "send", "split", "preflight", "sandbox", "ledger", "wire"},
    "time.sleep": {"send", "sandbox", "ledger", "cli"},
}

#: Names under which anything gathers.
ATTICS = {"base", "common", "constants", "core", "helper", "helpers", "misc", "types", "util", "utils"}


@functools.cache
def modules() -> dict[str, Path]:
    """The package's files by dotted name."""
    return {_dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def room(module: str) -> str:
    """The room of one of our modules; empty for the package itself, which holds the version and nothing else."""
    return ".".join(module.split(".")[1:2])


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


@functools.cache
def imports(path: Path) -> list[str]:
    """Dotted names of everything a file imports, at any depth and also for the type checker alone."""
    names: list[str] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports."""
    for name in imports(path):
        if name in modules():
            yield name
        elif name.rpartition(".")[0] in modules():
            yield name.rpartition(".")[0]


@functools.cache
def touched(path: Path) -> set[str]:
    """Everything a file imports or names as `module.attribute`."""
    named = (node for node in nodes(path) if isinstance(node, ast.Attribute))
    return {*imports(path), *(f"{node.value.id}.{node.attr}" for node in named if isinstance(node.value, ast.Name))}


def within(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_room_stands_in_the_table() -> None:
    assert {room(module) for module in modules()} - {""} <= set(ROOMS)


def test_a_room_imports_only_the_rooms_of_its_row() -> None:
    breaches = {
        f"{module} imports {other}"
        for module, path in modules().items()
        for other in own_imports(path)
        if room(other) not in {"", room(module), *ROOMS.get(room(module), ())}
    }
    assert not breaches


def test_the_table_of_rooms_has_no_cycle() -> None:
    graphlib.TopologicalSorter(ROOMS).prepare()


def test_no_module_is_part_of_an_import_cycle() -> None:
    graph = {module: set(own_imports(path)) - {module} for module, path in modules().items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_a_library_is_known_only_where_the_table_says() -> None:
    outside = {
        (name.partition(".")[0], room(module))
        for module, path in modules().items()
        for name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names | {"gewe_runner"}
    }
    assert not {f"{where} imports {library}" for library, where in outside if where not in LIBRARIES.get(library, ())}


def declared() -> set[str]:
    """Everything that pyproject.toml asks for, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wishes = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    return {re.split(r"[^\w.-]", wish)[0].lower() for wish in wishes}


def test_every_library_is_declared() -> None:
    distributions = importlib.metadata.packages_distributions()
    assert not {name for name in LIBRARIES if not {dist.lower() for dist in distributions[name]} & declared()}


def test_every_declared_dependency_has_its_exact_version() -> None:
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared() <= {name.lower() for name in pinned}


@pytest.mark.parametrize("thing", WORLD)
def test_the_world_outside_is_touched_only_where_the_table_says(thing: str) -> None:
    touching = {room(module) for module, path in modules().items() for name in touched(path) if within(name, thing)}
    assert touching <= WORLD[thing]


def test_only_the_command_line_prints() -> None:
    printing = {
        room(module)
        for module, path in modules().items()
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing <= {"cli"}


def test_no_module_is_an_attic() -> None:
    assert not {module for module in modules() if ATTICS & set(module.split("."))}


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    files = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    openings = {path: (ast.get_docstring(tree(path)) or "").split("\n\n")[0] for path in files}
    assert not {
        str(path) for path, opening in openings.items() if tree(path).body and not re.fullmatch(r"\S.*[.:;?]", opening)
    }


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert not {str(folder) for folder in folders if not (folder / "__init__.py").exists()}


def test_files_have_at_most_400_lines() -> None:
    assert not {f"{path}: {lines(path)} lines" for path in modules().values() if lines(path) > 400}


def test_functions_have_at_most_50_lines() -> None:
    assert not {
        f"{path}:{function.lineno} {function.name}"
        for path in modules().values()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= 50
    }


def test_the_composition_root_stays_on_its_screens() -> None:
    assert lines(modules()["gewe_runner.run"]) < 200


def test_the_ledger_knows_exactly_the_states_of_the_model() -> None:
    known = re.search(r"CHECK \(state IN \(([^)]*)\)\)", str(CreateTable(tables.message)))
    assert known is not None
    assert set(re.findall(r"'(\w+)'", known[1])) == set(State)
