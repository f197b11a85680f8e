"""What was looked at and approved, in a file or by a lock, is what is sent, and nothing else ever is."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gewe_runner.ledger import connect, rows
from tests.acceptance.conftest import Shop
from tests.conftest import CAMPAIGN, ROOT

Done = subprocess.CompletedProcess[str]


def planned(shop: Shop, *options: str) -> Done:
    done = shop.run("plan", "fruit.yaml", *options)
    assert done.returncode == 0, done.stderr
    return done


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(shop: Shop) -> str:
    return str(lines(shop.folder / "fruit.jsonl")[0]["digest"])


def send(shop: Shop, *options: str) -> Done:
    return shop.run("send", "--plan", "fruit.jsonl", *options)


def no_ledger(shop: Shop) -> bool:
    return not (shop.folder / ".gewe").exists()


def test_one_hash_from_plan_file_to_gateway(shop: Shop) -> None:
    planned(shop, "-o", "fruit.jsonl")
    send(shop, "--dry-run")
    rehearsed = {one["toWxid"]: one["sha256"] for one in shop.report("dry-run")["messages"]}
    assert send(shop, "--yes").returncode == 0
    in_file = {line["toWxid"]: line["sha256"] for line in lines(shop.folder / "fruit.jsonl")[1:]}
    (run,) = [path.name for path in (shop.folder / "reports" / "fruit").iterdir() if path.name != "dry-run"]
    reported = {one["toWxid"]: one["sha256"] for one in shop.report(run)["messages"]}
    ledger = connect.open(connect.Address.create("sqlite", database=str(shop.folder / ".gewe" / "live.db")))
    kept = {one.to_wxid: one for one in rows.messages(ledger, run)}
    ledger.close()
    assert set(in_file) == set(shop.friends(3))
    assert in_file == rehearsed == reported == shop.hashes()
    assert in_file == {one: message.sha256 for one, message in kept.items()}
    bytes_of = {one: hashlib.sha256(message.payload.encode()).hexdigest() for one, message in kept.items()}
    assert in_file == bytes_of


def test_a_plan_says_that_its_file_holds_personal_data(shop: Shop) -> None:
    done = planned(shop, "-o", "fruit.jsonl.gz")
    assert "fruit.jsonl.gz: holds WeChat ids, which are personal data" in done.stderr
    assert (shop.folder / "fruit.jsonl.gz").stat().st_mode & 0o777 == 0o600


def test_an_altered_plan_is_not_sent(shop: Shop) -> None:
    planned(shop, "-o", "fruit.jsonl")
    shop.edit("fruit.jsonl", "水果到家", "水果到店")
    done = send(shop, "--yes")
    assert done.returncode == 4
    assert "fruit.jsonl: line 2: the payload was altered" in done.stderr
    assert not shop.accepted()
    assert no_ledger(shop)


def test_a_plan_is_sent_as_approved_and_the_lists_that_changed_are_named(shop: Shop) -> None:
    planned(shop, "-o", "fruit.jsonl")
    shop.add("wxid_somebody_new", device="shop-east")
    done = send(shop, "--approve", digest(shop))
    assert done.returncode == 0
    assert "source-changed: warning: lists/members.csv has changed since the plan was made" in done.stderr
    assert set(shop.accepted()) == set(shop.friends(3))


def test_a_plan_file_is_no_approval(shop: Shop) -> None:
    planned(shop, "-o", "fruit.jsonl")
    assert send(shop).returncode == 4
    assert send(shop, "--locked").returncode == 4
    assert not shop.accepted()


def test_people_suppressed_between_plan_and_send_get_nothing(shop: Shop) -> None:
    first, second, third = shop.friends(3)
    planned(shop, "-o", "fruit.jsonl")
    shop.write("suppressed.csv", f"toWxid\n{second}\n")
    done = send(shop, "--yes", "--limit", "1")
    assert "withdrawn         1   to people who were suppressed after the plan was made" in done.stdout
    assert shop.states() == {first: "sent", second: "cancelled", third: "pending"}
    # and those suppressed since, when the run goes on
    shop.write("suppressed.csv", f"toWxid\n{second}\n{third}\n")
    assert send(shop, "--yes").returncode == 0
    assert shop.states() == {first: "sent", second: "cancelled", third: "cancelled"}
    assert {one["reason"] for one in shop.report()["messages"] if one["state"] == "cancelled"} == {"suppressed"}
    assert shop.accepted() == {first: 1}


def test_a_plan_out_of_a_file_goes_on_with_the_run_of_its_campaign(shop: Shop) -> None:
    planned(shop, "-o", "fruit.jsonl")
    shop.send("--limit", "1")
    assert send(shop, "--yes").returncode == 0
    assert len(shop.runs()) == 1
    assert set(shop.accepted().values()) == {1}


def test_a_lock_is_an_approval(shop: Shop) -> None:
    shop.edit("gewe.yaml", "token_env:", "require_approval: true\n    token_env:")
    missing = shop.run("send", "fruit.yaml", "--locked")
    assert missing.returncode == 4
    assert "there is no lock file fruit.lock" in missing.stderr
    assert "gewe-runner plan fruit.yaml --lock --profile live" in missing.stderr
    assert no_ledger(shop)
    planned(shop, "--lock")
    assert shop.run("send", "fruit.yaml", "--yes").returncode == 4
    assert shop.run("send", "fruit.yaml", "--locked").returncode == 0
    assert set(shop.accepted()) == set(shop.friends(3))


def test_a_campaign_edited_after_its_lock_is_not_sent(shop: Shop) -> None:
    planned(shop, "--lock")
    shop.edit("fruit.yaml", "水果到家", "水果到店")
    done = shop.run("send", "fruit.yaml", "--locked", "--yes")
    assert done.returncode == 4
    assert "the plan is not the one of fruit.lock: digest " in done.stderr
    assert not shop.accepted()
    assert no_ledger(shop)


def test_several_plans_go_into_a_folder(shop: Shop) -> None:
    shop.write("pear.yaml", CAMPAIGN.replace("name: fruit", "name: pear"))
    done = shop.run("plan", "fruit.yaml", "pear.yaml", "-o", "plans.jsonl")
    assert done.returncode == 2
    assert "name a folder" in done.stderr
    (shop.folder / "plans").mkdir()
    assert shop.run("plan", ".", "-o", "plans", "--lock").returncode == 0
    assert {path.name for path in (shop.folder / "plans").iterdir()} == {"fruit.jsonl", "pear.jsonl"}
    assert {path.name for path in shop.folder.glob("*.lock")} == {"fruit.lock", "pear.lock"}
    assert shop.run("send", "--plan", "plans/pear.jsonl", "--yes").returncode == 0


def test_the_plan_of_a_draft_is_never_sent(shop: Shop) -> None:
    shop.edit("fruit.yaml", "edition: 1", "edition: 1\ndraft: true")
    planned(shop, "-o", "fruit.jsonl")
    done = send(shop, "--yes")
    assert done.returncode == 0
    assert "drafts are planned, never sent" in done.stdout
    assert not shop.accepted()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("send", "--yes"), "name either campaigns or one plan file"),
        (("plan", "fruit.yaml", "--redact"), "-o FILE"),
        (("plan", "fruit.yaml", "-o", "fruit.txt"), "ends in .jsonl or .jsonl.gz"),
    ],
)
def test_a_slip_of_the_hand_is_told(shop: Shop, arguments: tuple[str, ...], told: str) -> None:
    done = shop.run(*arguments)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def elsewhere(shop: Shop, folder: Path, seed: int) -> bytes:
    """The plan of the shop's files in another folder, by other hands: the message and skip lines, and the digest."""
    chance = random.Random(seed)
    (folder / "lists").mkdir(parents=True)
    for name in ("gewe.yaml", "fruit.yaml"):
        tree = yaml.safe_load((shop.folder / name).read_text(encoding="utf-8"))
        keys = list(tree)
        chance.shuffle(keys)
        text = yaml.safe_dump({key: tree[key] for key in keys}, sort_keys=bool(seed % 2), allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "lists" / "members.csv").write_bytes((shop.folder / "lists" / "members.csv").read_bytes())
    subprocess.run(
        [sys.executable, "-m", "gewe_runner", "plan", "fruit.yaml", "-o", "fruit.jsonl"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(seed),
            "TZ": ("Asia/Shanghai", "America/St_Johns")[seed % 2],
            "LC_ALL": ("C", "tr_TR.UTF-8")[seed % 2],
        },
        umask=(0o077, 0o000)[seed % 2],
        check=True,
        capture_output=True,
    )
    header, _, rest = (folder / "fruit.jsonl").read_bytes().partition(b"\n")
    return str(json.loads(header)["digest"]).encode() + b"\n" + rest


def test_a_plan_is_the_same_in_every_folder_time_zone_locale_and_order(shop: Shop, tmp_path: Path) -> None:
    shop.edit("fruit.yaml", "send:", "holdout: 30\nvariants: [{name: a}, {name: b, card: {title: 秋梨}}]\nsend:")
    shop.edit("fruit.yaml", "shop-east", "shop-east\n  waves: [2, 50%]\n  pace: {per_minute: 6, gap_seconds: [3, 6]}")
    shop.members(*shop.friends(40))
    first, second = (elsewhere(shop, tmp_path / name, seed) for seed, name in enumerate(("one", "two/deeper")))
    assert first == second
    assert first.count(b"\n") == 41
