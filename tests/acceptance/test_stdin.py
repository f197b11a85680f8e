"""A list from standard input: read once, used as often as it is needed, and never waited for."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import Shop
from tests.conftest import CAMPAIGN, MEMBERS, Cli

FROM_STDIN = CAMPAIGN.replace("file: lists/members.csv", 'file: "-"')


@pytest.fixture
def piped(project: Path) -> Path:
    """The small project, its members expected from standard input."""
    (project / "fruit.yaml").write_text(FROM_STDIN, encoding="utf-8")
    return project


def digest(text: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.startswith("  digest"))


def test_a_piped_list_is_planned_and_sent_as_a_file_would_be(piped: Path, cli: Cli) -> None:
    planned = cli("plan", "fruit.yaml", cwd=piped, stdin=MEMBERS)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "(<stdin>, row 2)" in planned.stdout
    assert cli("plan", "fruit.yaml", cwd=piped, stdin=MEMBERS).stdout.count(digest(planned.stdout)) == 1
    sent = cli("send", "fruit.yaml", "--approve", digest(planned.stdout), cwd=piped, stdin=MEMBERS)
    assert sent.returncode == 0, sent.stderr
    assert "planned 3 = sent 3" in sent.stdout


def test_the_format_of_standard_input_is_said_by_a_key(piped: Path, cli: Cli) -> None:
    text = FROM_STDIN.replace('file: "-"', 'file: "-"\n    format: jsonl')
    (piped / "fruit.yaml").write_text(text, encoding="utf-8")
    rows = '{"wxid": "wxid_a", "name": "林晓雨", "store": "S1"}\n'
    assert "to send           1" in cli("plan", "fruit.yaml", cwd=piped, stdin=rows).stdout


def test_one_input_serves_recipients_and_suppression(piped: Path, cli: Cli) -> None:
    text = FROM_STDIN + 'suppress:\n  - file: "-"\n    columns: {toWxid: wxid}\n    where: store == "静安寺店"\n'
    (piped / "fruit.yaml").write_text(text, encoding="utf-8")
    sent = cli("send", "fruit.yaml", "--yes", cwd=piped, stdin=MEMBERS)
    assert "planned 2 = sent 2" in sent.stdout, sent.stderr


def test_problems_of_standard_input_have_rows_and_columns(piped: Path, cli: Cli) -> None:
    done = cli("plan", "fruit.yaml", cwd=piped, stdin="wxid,name,store\nwxid_a,b,c\n,陈默,S2\n")
    assert done.returncode == 3
    assert "<stdin>:3:1: list-id-empty: wxid is empty" in done.stderr


def test_nobody_is_asked_where_standard_input_is_the_list(piped: Path, cli: Cli) -> None:
    done = cli("send", "fruit.yaml", cwd=piped, stdin=MEMBERS)
    assert done.returncode == 4
    assert "standard input is a list, so nobody can be asked; nothing was sent" in done.stderr
    assert "--yes or --approve DIGEST" in done.stderr


def test_validate_reads_standard_input_only_when_told(piped: Path, cli: Cli) -> None:
    done = cli("validate", cwd=piped, stdin="no list at all")
    assert done.returncode == 0
    assert (
        "fruit.yaml:12:11: list-unread: notice: <stdin> was not read: standard input is read with --sources only"
        in done.stdout
    )
    told = cli("validate", "--sources", cwd=piped, stdin="no list at all")
    assert (told.returncode, "list-unread" in told.stdout) == (3, False)


def test_a_terminal_is_not_waited_for(piped: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "gewe_runner", "plan", "fruit.yaml"],
            cwd=piped,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=theirs,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 3
    assert "fruit.yaml:12:11: list-stdin: the list is to come from standard input" in done.stderr


def test_what_came_in_is_gone_with_the_program(piped: Path, cli: Cli, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    assert cli("plan", "fruit.yaml", cwd=piped, stdin=MEMBERS, env={"TMPDIR": str(kept)}).returncode == 0
    assert list(kept.iterdir()) == []


def test_a_plan_is_compared_though_both_sides_read_standard_input(shop: Shop) -> None:
    shop.edit("fruit.yaml", "file: lists/members.csv", 'file: "-"')
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=shop.folder, check=True)
    shop.edit("fruit.yaml", "水果到家", "水果来了")
    done = subprocess.run(
        [sys.executable, "-m", "gewe_runner", "plan", "fruit.yaml", "--against", "git:HEAD"],
        cwd=shop.folder,
        env={**shop.clean(), **shop.env},
        input=(shop.folder / "lists" / "members.csv").read_text(encoding="utf-8"),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "水果来了" in done.stdout
