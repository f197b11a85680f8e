"""`ledger prune` says what goes, asks, and leaves a run that says so."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import Cli


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that becomes the project of the first test, and is what all of them begin with."""
    return tmp_path_factory.mktemp("once") / "sent"


@pytest.fixture
def sent(project: Path, once: Path, cli: Cli) -> Path:
    """The project after its campaign was sent, long ago."""
    if not once.exists():
        done = cli("send", "fruit.yaml", "--yes", cwd=project)
        assert done.returncode == 0, done.stderr
        with sqlite3.connect(project / ".gewe" / "sandbox.db") as ledger:
            ledger.execute("UPDATE run SET finished_at = finished_at - 86400000 * 91")
        ledger.close()
        shutil.copytree(project, once)
    return Path(shutil.copytree(once, project, dirs_exist_ok=True))


def test_without_a_terminal_it_says_what_would_go_and_removes_nothing(sent: Path, cli: Cli) -> None:
    done = cli("ledger", "prune", "--older-than", "90d", cwd=sent)
    assert done.returncode == 4
    assert "3   payloads and texts" in done.stdout
    assert "3   attempts" in done.stdout
    assert "nothing was removed" in done.stderr
    assert "3   payloads" in cli("ledger", "prune", "--older-than", "90d", cwd=sent).stdout


def test_a_pruned_run_says_so_everywhere(sent: Path, cli: Cli) -> None:
    done = cli("ledger", "prune", "--older-than", "90d", "--yes", cwd=sent)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pruned; " in done.stdout
    for told in (cli("status", cwd=sent).stdout, cli("report", cwd=sent).stdout):
        assert "planned 3 = sent 3" in told
        assert "the gateway's words were removed" in told
    (summary,) = (sent / "reports").glob("fruit/*/report.md")
    assert "- pruned 20" in summary.read_text(encoding="utf-8")
    against = cli("plan", "fruit.yaml", "--against", "latest", cwd=sent)
    assert against.returncode == 2
    assert "was pruned: what it sent is not kept any more" in against.stderr


def test_after_it_nobody_is_sent_to_again(sent: Path, cli: Cli) -> None:
    cli("ledger", "prune", "--older-than", "90d", "--yes", cwd=sent)
    again = cli("send", "fruit.yaml", "--yes", cwd=sent)
    assert (again.returncode, "nothing left to do" in again.stdout) == (0, True)


def test_there_may_be_nothing_to_remove(sent: Path, cli: Cli) -> None:
    done = cli("ledger", "prune", "--older-than", "100d", cwd=sent)
    assert (done.returncode, "nothing to prune" in done.stdout) == (0, True)


def test_budgets_need_the_last_two_days(sent: Path, cli: Cli) -> None:
    done = cli("ledger", "prune", "--older-than", "47h", "--yes", cwd=sent)
    assert done.returncode == 2
    assert "at least 2d" in done.stderr


def test_the_size_of_each_table_is_told(sent: Path, cli: Cli) -> None:
    sizes = json.loads(cli("ledger", "info", "--format", "json", cwd=sent).stdout)["sizes"]
    told = cli("ledger", "info", cwd=sent).stdout
    assert "message" in sizes
    assert all(f"{size:,} bytes" in told for size in sizes.values())
