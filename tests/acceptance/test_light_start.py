"""What a command does not need is not loaded: nobody waits for a database to be told of a typing error."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: Each takes longer to load than all of ours.
HEAVY = {"sqlalchemy", "requests", "urllib3", "aiohttp", "rich", "asyncio", "jsonschema", "multiprocessing", "xml"}


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The modules that the command has loaded when it ends well."""
    script = (
        "import sys; from gewe_runner import cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["validate", "fruit.yaml"]])
def test_neither_database_nor_network_is_loaded_where_none_is_used(project: Path, arguments: list[str]) -> None:
    assert not HEAVY & loaded(*arguments, cwd=project)


def test_jinja_is_loaded_for_what_is_more_than_text_and_names(project: Path) -> None:
    assert "jinja2" not in loaded("validate", "fruit.yaml", cwd=project)
    card = (project / "fruit.yaml").read_text(encoding="utf-8")
    (project / "fruit.yaml").write_text(card.replace('title: "', "title: \"{{ 'a' | upper }}"), encoding="utf-8")
    assert "jinja2" in loaded("validate", "fruit.yaml", cwd=project)


@pytest.mark.parametrize("arguments", [["plan", "fruit.yaml"], ["send", "--dry-run", "fruit.yaml"]])
def test_neither_is_loaded_for_a_plan_as_long_as_there_is_no_ledger(project: Path, arguments: list[str]) -> None:
    assert not HEAVY & loaded(*arguments, cwd=project)


def test_a_plan_that_is_not_told_where_the_ledger_is_loads_no_database(project: Path) -> None:
    settings = project / "gewe.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("gateway: sandbox", "gateway: sandbox\n    ledger_env: LEDGER"), encoding="utf-8")
    assert "sqlalchemy" not in loaded("plan", "fruit.yaml", cwd=project)


def test_a_ledger_in_a_file_loads_no_other_database_and_no_object_mapper(project: Path) -> None:
    (project / ".gewe").mkdir()
    (project / ".gewe" / "sandbox.db").write_bytes(b"\0")  # looked into, and found to be none
    found = loaded("send", "--dry-run", "fruit.yaml", cwd=project)
    assert "sqlalchemy" in found
    assert not {name for name in found if "postgresql" in name or "psycopg" in name}
    assert "sqlalchemy.orm" not in found
