"""`plan --against`: what a reviewer asks first, with the real program, real git and a real ledger."""

import json
import subprocess

import pytest

from tests.acceptance.conftest import Shop


def git(shop: Shop, *arguments: str) -> None:
    own = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *arguments], cwd=shop.folder, check=True, capture_output=True)


@pytest.fixture
def committed(shop: Shop) -> Shop:
    """A shop in git, whose list and card have changed since."""
    first, second, third = shop.friends(3)
    shop.members(first, second)
    git(shop, "init", "-q")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "first")
    shop.members(second, third)
    return shop


def against(shop: Shop, other: str) -> dict[str, object]:
    done = shop.run("plan", "fruit.yaml", "--against", other, "--format", "json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["differences"]
    return {name: found[name] for name in ("same", "added", "removed")}


def test_a_git_revision_is_planned_from_its_own_files(committed: Shop) -> None:
    assert against(committed, "git:HEAD") == {"same": False, "added": 1, "removed": 1}


def test_a_plan_file_is_compared(committed: Shop) -> None:
    committed.run("plan", "fruit.yaml", "-o", "before.jsonl.gz")
    assert against(committed, "before.jsonl.gz") == {"same": True, "added": 0, "removed": 0}
    committed.members(*committed.friends(1))
    assert against(committed, "before.jsonl.gz") == {"same": False, "added": 1, "removed": 2}


def test_a_run_of_the_ledger_is_compared(committed: Shop) -> None:
    committed.send()
    assert against(committed, "latest") == {"same": True, "added": 0, "removed": 0}
    committed.members(*committed.friends(1))
    assert against(committed, "latest") == {"same": False, "added": 1, "removed": 2}


def test_a_campaign_that_is_not_there_is_new(committed: Shop) -> None:
    git(committed, "rm", "-q", "--cached", "fruit.yaml")
    git(committed, "commit", "-q", "-m", "without")
    done = committed.run("plan", "fruit.yaml", "--against", "git:HEAD")
    assert "there is no such campaign there, so all 2 are new" in done.stdout


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ("git:nowhere", "there is no such revision"),
        ("git:--all", "there is no such revision"),
        ("20260101-nothing", "there is no such file, and no ledger"),
        ("missing.jsonl", "missing.jsonl"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(committed: Shop, other: str, fault: str) -> None:
    done = committed.run("plan", "fruit.yaml", "--against", other)
    assert done.returncode == 2, done.stderr
    assert fault in done.stderr
    assert "Traceback" not in done.stderr


def test_a_revision_whose_list_is_not_in_git_says_what_to_do(committed: Shop) -> None:
    git(committed, "rm", "-q", "--cached", "lists/members.csv")
    git(committed, "commit", "-q", "-m", "lists live elsewhere")
    done = committed.run("plan", "fruit.yaml", "--against", "git:HEAD")
    assert done.returncode == 3
    assert "cannot be planned" in done.stderr
    assert "compare with a plan file instead" in done.stderr


def test_a_comment_holds_the_difference_with_ids_shortened(committed: Shop) -> None:
    done = committed.run("plan", "fruit.yaml", "--against", "git:HEAD", "--format", "markdown")
    assert "#### `fruit` against `git:HEAD`" in done.stdout
    assert not any(one in done.stdout for one in committed.friends(3))
