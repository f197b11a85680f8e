"""`init`: what it lays out works at once, is what the services take for a workflow, and replaces nothing unasked."""

import subprocess
import sys
from pathlib import Path

import pytest

from gewe_runner import init
from tests.conftest import Cli

SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}


def test_what_was_laid_out_validates_plans_and_sends_at_once(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "team"
    assert cli("init", str(folder)).returncode == 0
    for command in (["validate"], ["plan", "campaigns"], ["send", "campaigns", "--yes"]):
        done = cli(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert "planned 3 = sent 3" in done.stdout


@pytest.mark.parametrize("service", init.SERVICES)
@pytest.mark.parametrize("approval", init.APPROVALS)
def test_a_workflow_is_what_its_service_takes_for_one(cli: Cli, tmp_path: Path, service: str, approval: str) -> None:
    assert cli("init", str(tmp_path / "team"), "--ci", service, "--approval", approval).returncode == 0
    workflow = tmp_path / "team" / init.SERVICES[service]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[service], str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_that_is_there_is_replaced_and_nothing_half_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "gewe.yaml").write_text("mine", encoding="utf-8")
    done = cli("init", str(tmp_path))
    assert done.returncode == 2
    assert "gewe.yaml: already there" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name in init.COMMON] == ["gewe.yaml"]
    assert (tmp_path / "gewe.yaml").read_text(encoding="utf-8") == "mine"


def test_force_replaces(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "gewe.yaml").write_text("mine", encoding="utf-8")
    assert cli("init", str(tmp_path), "--force").returncode == 0
    assert "profiles:" in (tmp_path / "gewe.yaml").read_text(encoding="utf-8")


def test_the_ledger_the_reports_and_the_secrets_stay_out_of_git() -> None:
    ignored = init.contents(None, "lock")[".gitignore"].splitlines()
    assert {".gewe/", "reports/", ".env"} <= set(ignored)
