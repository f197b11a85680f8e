"""The journal: what a sandbox accepted outlives it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from gewe_runner import errors
from gewe_runner.sandbox.journal import Journal
from gewe_runner.sandbox.received import Received
from tests.unit.sandbox.test_server import CARD, account, post

ROOT = Path(__file__).parents[3]


@contextmanager
def killed(journal: Path) -> Iterator[str]:
    """A sandbox that is killed at the end."""
    arguments = ("sandbox", "--port", "0", "--journal", str(journal))
    with subprocess.Popen(
        [sys.executable, "-m", "gewe_runner", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout
        yield one.stdout.readline().strip()
        one.send_signal(signal.SIGKILL)


def test_what_was_accepted_outlives_a_killed_sandbox(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with killed(journal) as url:
        first = post(url, CARD).json()["data"]["newMsgId"]
        post(url, CARD | {"toWxid": "sandbox_refused_1"})
    with killed(journal) as url:
        assert account(url)["accepted"] == {"filehelper": 1}
        assert post(url, CARD).json()["data"]["newMsgId"] != first
        assert account(url)["accepted"] == {"filehelper": 2}


def test_a_journal_has_a_line_for_each_accepted_message(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    Received(Journal(file)).accept(CARD)
    entry = json.loads(file.read_text(encoding="utf-8"))
    assert set(entry) == {"at", "appId", "toWxid"}
    assert (entry["appId"], entry["toWxid"]) == ("wx_sandbox", "filehelper")


def test_a_reset_holds_for_the_next_sandbox_too(tmp_path: Path) -> None:
    first = Received(Journal(tmp_path / "journal.jsonl"))
    first.accept(CARD)
    first.reset()
    first.accept(CARD | {"toWxid": "wxid_after"})
    assert Received(Journal(tmp_path / "journal.jsonl")).tree()["accepted"] == {"wxid_after": 1}


def test_a_line_that_was_not_written_whole_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    whole = '{"at": 1, "appId": "wx_1", "toWxid": "a"}\n'
    file.write_text(f'{whole}{{"at": 2, "app', encoding="utf-8")
    journal = Journal(file)
    assert journal.accepted == ["a"]
    journal.accept("wx_1", "b")
    journal.close()
    assert Journal(file).accepted == ["a", "b"]


@pytest.mark.parametrize("text", ["hello\n", "hello", "[]\n", "[]", '{"toWxid": 1}\n', "version: 1\nname: fruit\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "fruit.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(errors.UsageError, match="is no journal of a sandbox: line 1"):
        Journal(file)
    assert file.read_text(encoding="utf-8") == text


def test_a_journal_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="cannot be opened: No such file or directory"):
        Journal(tmp_path / "none" / "journal.jsonl")


def test_a_device_is_no_journal() -> None:
    with pytest.raises(errors.UsageError, match="/dev/zero is no journal"):
        Journal(Path("/dev/zero"))


def test_a_sandbox_ends_when_its_journal_can_no_longer_be_written(tmp_path: Path) -> None:
    command = f"ulimit -f 0; exec {sys.executable} -m gewe_runner sandbox --port 0 --journal {tmp_path}/journal.jsonl"
    with subprocess.Popen(
        ["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout
        with pytest.raises(requests.ConnectionError):
            post(one.stdout.readline().strip(), CARD)
        _, err = one.communicate(timeout=20)
    assert one.returncode == errors.StoppedError.exit_code
    assert "the journal cannot be written: File too large" in err
    assert "Traceback" not in err
