"""The hook of `.pre-commit-hooks.yaml`, tried by pre-commit itself, without reaching for the network."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli


def git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def team(cli: Cli, tmp_path: Path) -> Path:
    """A repository as `init` lays it out, all of it staged."""
    folder = tmp_path / "team"
    assert cli("init", str(folder)).returncode == 0
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A repository with this hook, and an environment in which pre-commit installs it from what is here already."""
    folder = tmp_path_factory.mktemp("hook")
    git(folder, "clone", "-q", str(ROOT), "product")
    product = folder / "product"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (product / name).parent.mkdir(parents=True, exist_ok=True)
            (product / name).write_bytes((ROOT / name).read_bytes())
    git(product, "add", "-A")
    git(product, "commit", "-q", "--allow-empty", "-m", "as it is here")
    # what it depends on is found beside this interpreter, so there is nothing to look up
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": sysconfig.get_path("purelib")}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PIP_"))}
    return product, {**env, **offline, "PRE_COMMIT_HOME": str(folder / "store")}


def tried(team: Path, hook: tuple[Path, dict[str, str]]) -> "subprocess.CompletedProcess[str]":
    """The hook over all files, as a team uses it; pre-commit installs a revision once."""
    product, env = hook
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=product, capture_output=True, text=True, check=True)
    uses = {"repo": str(product), "rev": revision.stdout.strip(), "hooks": [{"id": "gewe-validate"}]}
    config = product.parent / "pre-commit.yaml"
    config.write_text(json.dumps({"repos": [uses]}), encoding="utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "pre_commit", "run", "--config", str(config), "--all-files", "--verbose"]
    return subprocess.run(command, cwd=team, env=env, capture_output=True, text=True, check=False)


def test_a_valid_repository_passes(team: Path, hook: tuple[Path, dict[str, str]]) -> None:
    done = tried(team, hook)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 campaign: no problem" in done.stdout


def test_a_problem_stops_the_commit_and_is_named(team: Path, hook: tuple[Path, dict[str, str]]) -> None:
    campaign = team / "campaigns" / "first.yaml"
    campaign.write_text(campaign.read_text(encoding="utf-8").replace("edition: 1", "editoin: 1"), encoding="utf-8")
    done = tried(team, hook)
    assert done.returncode == 1, done.stderr
    assert "campaigns/first.yaml:4:1" in done.stdout
