"""Lock files: the approved plan as a small text that is reviewed with its campaign."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gewe_runner import errors
from gewe_runner.model import Message, Profile, Reason, Skip
from gewe_runner.plan import freeze, lock
from gewe_runner.plan.freeze import Plan
from tests.unit.plan.conftest import campaign
from tests.unit.plan.test_freeze import message, skip

ITEMS = (message("wxid_a", variant="v"), message("wxid_b", device="west"), skip("wxid_c", Reason.FILTERED))


def frozen(tmp_path: Path, profile: Profile, items: Sequence[Message | Skip] = ITEMS, **made: object) -> Plan:
    return freeze.freeze(campaign(), profile, items, tmp_path / "frozen.jsonl", made)


@pytest.fixture
def plan(tmp_path: Path, profile: Profile) -> Plan:
    return frozen(tmp_path, profile)


@pytest.fixture
def path(plan: Plan, tmp_path: Path) -> Path:
    lock.write(plan, tmp_path / "fruit.lock")
    return tmp_path / "fruit.lock"


def test_a_lock_file_lies_beside_its_campaign(tmp_path: Path) -> None:
    assert lock.place(tmp_path / "campaigns" / "fruit.yaml") == tmp_path / "campaigns" / "fruit.lock"


def test_a_lock_file_holds_digest_and_counts_and_says_what_it_is(plan: Plan, path: Path) -> None:
    tree = json.loads(path.read_text(encoding="utf-8"))
    assert tree.pop("about").startswith("gewe-runner lock file")
    assert tree == {
        "version": 1,
        "campaign": "fruit",
        "edition": "1",
        "profile": "sandbox",
        "digest": plan.digest,
        "messages": 2,
        "devices": {"east": 1, "west": 1},
        "variants": {"v": 1},
        "skips": {"filtered": 1},
    }


def test_a_lock_file_holds_no_id(path: Path) -> None:
    assert "wxid_" not in path.read_text(encoding="utf-8")


def test_the_same_plan_has_the_same_lock_file_wherever_it_was_made(tmp_path: Path, profile: Profile) -> None:
    first, second = (frozen(tmp_path, profile, commit=commit, dirty=dirty) for commit, dirty in (("1", True), ("2", 0)))
    assert lock.text(first) == lock.text(second)


def test_a_lock_file_that_is_right_is_left_alone(plan: Plan, path: Path) -> None:
    before = path.stat()
    assert not lock.write(plan, path)
    assert path.stat() == before


def test_a_lock_file_agrees_with_its_plan(plan: Plan, path: Path) -> None:
    assert lock.differences(plan, path) == []


def test_line_ends_do_not_matter(plan: Plan, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert lock.differences(plan, path) == []


def test_what_differs_is_named(path: Path, tmp_path: Path, profile: Profile) -> None:
    other = frozen(tmp_path, replace(profile, name="live"), [message("wxid_a", device="west"), *ITEMS[1:]])
    digest, *rest = sorted(lock.differences(other, path))[2:]
    assert digest.startswith("digest ")
    assert rest == ["profile sandbox -> live", "variants.v 1 -> none"]


@pytest.mark.parametrize("name", ["digest", "messages", "profile", "edition", "campaign", "version", "about"])
def test_nothing_in_a_lock_file_can_be_edited(plan: Plan, path: Path, name: str) -> None:
    tree = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(tree | {name: "other"}), encoding="utf-8")
    assert [difference.partition(" ")[0] for difference in lock.differences(plan, path)] == [name]


def test_a_lock_that_is_not_there_is_no_approval(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(errors.NotApprovedError, match=r"there is no lock file fruit\.lock"):
        lock.differences(plan, tmp_path / "fruit.lock")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"<<<<<<< ours", b"{" * 100_000, b'{"a":' * 100_000, b"1"])
def test_what_is_no_lock_file_is_no_approval(plan: Plan, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(errors.NotApprovedError, match=r"fruit\.lock is no lock file"):
        lock.differences(plan, path)


def test_a_lock_that_is_a_folder_is_no_approval(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(errors.NotApprovedError, match="cannot be read"):
        lock.differences(plan, tmp_path)


@pytest.mark.parametrize("value", [["x" * 1000], {"a": {"b": "\x1b[31m" * 99}}, "\x1b[31mred", 9**99])
def test_what_somebody_wrote_into_a_lock_is_told_shortly_and_plainly(plan: Plan, path: Path, value: Any) -> None:
    tree = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(tree | {"digest": value}), encoding="utf-8")
    told = ", ".join(lock.differences(plan, path))
    assert told
    assert told.isprintable()
    assert len(told) < 100


def test_a_lock_that_cannot_be_written_is_told(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="cannot be written"):
        lock.write(plan, tmp_path / "nowhere" / "fruit.lock")
