"""What covers looked like is remembered for an hour, and never in the way."""

import json
from pathlib import Path

import pytest

from gewe_runner.preflight.judge import Look
from gewe_runner.preflight.memory import HOUR, Memory

URL = "https://cdn.example.com/a.jpg?q-signature=5e1f"
LOOK = Look(kind="PNG", length=7, width=5, height=4)
NOW = 1_800_000_000_000


def kept(file: Path) -> Memory:
    memory = Memory(file)
    memory.keep(URL, LOOK, NOW)
    memory.write(NOW)
    return Memory(file)


def test_what_was_seen_is_known_for_an_hour(tmp_path: Path) -> None:
    memory = kept(tmp_path / ".gewe" / "covers.json")
    assert memory.recall(URL, NOW) == memory.recall(URL, NOW + HOUR - 1) == LOOK
    assert memory.recall(URL, NOW + HOUR) is None
    assert memory.recall(f"{URL}x", NOW) is None


def test_what_was_seen_in_the_future_is_not_known(tmp_path: Path) -> None:
    assert kept(tmp_path / "covers.json").recall(URL, NOW - 1) is None


def test_the_address_stands_in_no_file(tmp_path: Path) -> None:
    kept(tmp_path / "covers.json")
    assert "5e1f" not in (tmp_path / "covers.json").read_text(encoding="utf-8")
    assert (tmp_path / "covers.json").stat().st_mode & 0o077 == 0


def test_what_is_too_old_is_written_no_more(tmp_path: Path) -> None:
    kept(tmp_path / "covers.json").write(NOW + HOUR)
    assert json.loads((tmp_path / "covers.json").read_text(encoding="utf-8"))["covers"] == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"format":1}',
        '{"format":2,"covers":{}}',
        '{"format":1,"covers":[]}',
        '{"format":1,"covers":{"x":1,"y":{"at":1},"z":{"at":1,"kind":"PNG","length":"7"}}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_none_is_as_good_as_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "covers.json").write_text(text, encoding="utf-8")
    assert Memory(tmp_path / "covers.json").recall(URL, NOW) is None
    assert kept(tmp_path / "covers.json").recall(URL, NOW) == LOOK


def test_a_folder_that_cannot_be_written_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept(tmp_path / "file" / "covers.json").recall(URL, NOW) is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
