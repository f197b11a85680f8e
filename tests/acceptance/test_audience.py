"""Who gets a card and who must not: policies, opt-outs and second tries, by the real program."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gewe_runner import sandbox
from tests import program
from tests.acceptance.conftest import Gateway, Shop, open_shop, wait_until


def policy(shop: Shop, text: str) -> None:
    shop.edit("fruit.yaml", "send:", f"policy: {text}\nsend:")


def test_a_list_that_has_changed_too_much_is_not_sent(shop: Shop) -> None:
    policy(shop, "{max_change_percent: 40}")
    first, second, third = shop.friends(3)
    assert shop.send().returncode == 0
    shop.add("wxid_somebody_new", device="shop-east")
    shop.edit("fruit.yaml", "edition: 1", "edition: 2")
    grown = shop.run("plan", "fruit.yaml")
    assert grown.returncode == 0, "one new of three is a third"
    shop.members(first, "wxid_somebody_new")
    refused = shop.send()
    assert refused.returncode == 3
    assert "fruit.yaml:14:30: max-change: 1 new and 2 gone since run" in refused.stderr
    assert "of 3 recipients then, are 100.0 percent; policy.max_change_percent allows 40" in refused.stderr
    assert shop.accepted() == {first: 1, second: 1, third: 1}


def test_a_run_that_goes_on_is_not_held_against_a_later_one(shop: Shop) -> None:
    policy(shop, "{max_change_percent: 0}")
    shop.send("--limit", "1")
    assert shop.send().returncode == 0
    assert set(shop.accepted()) == set(shop.friends(3))


def test_a_plan_file_that_differs_too_much_from_the_last_run_is_not_sent(shop: Shop) -> None:
    policy(shop, "{max_change_percent: 10}")
    shop.run("plan", "fruit.yaml", "-o", "fruit.jsonl")
    shop.members(*shop.friends(2))
    assert shop.send().returncode == 0
    refused = shop.run("send", "--plan", "fruit.jsonl", "--yes")
    assert (refused.returncode, "max-change" in refused.stderr) == (3, True)
    assert set(shop.accepted()) == set(shop.friends(2))


def test_a_plan_without_its_ledger_says_so_and_a_send_refuses(shop: Shop) -> None:
    shop.edit("gewe.yaml", "token_env:", "ledger_env: GEWE_LEDGER\n    token_env:")
    policy(shop, "{max_change_percent: 10}")
    planned = shop.run("plan", "fruit.yaml")
    assert planned.returncode == 0
    assert "ledger not consulted: the ledger's address is not set" in planned.stderr
    assert "change-unknown: warning: " in planned.stderr
    assert "  ledger    not consulted: who was served already is not known here" in planned.stdout
    assert "- ledger not consulted: " in shop.run("plan", "fruit.yaml", "--format", "markdown").stdout
    tree = json.loads(shop.run("plan", "fruit.yaml", "--format", "json").stdout)
    assert tree["plans"][0]["ledger"] == {"consulted": False, "state": "not consulted", "skips": {}}
    sent = shop.send()
    assert (sent.returncode, "$GEWE_LEDGER" in sent.stderr) == (3, True)
    assert not shop.accepted()


def test_a_first_plan_has_nothing_to_be_compared_with(shop: Shop) -> None:
    policy(shop, "{max_change_percent: 10}")
    planned = shop.run("plan", "fruit.yaml")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "  ledger    none yet: it knows of nobody who was served" in planned.stdout


def test_people_who_last_got_a_card_through_another_device_are_named(shop: Shop) -> None:
    shop.send()
    shop.edit("fruit.yaml", "edition: 1", "edition: 2")
    shop.members(*shop.friends(3), device="shop-west")
    planned = shop.run("plan", "fruit.yaml")
    assert "other-device: notice: 3 recipients last got a card through another device: " in planned.stderr
    assert f"{shop.friends(1)[0]} through shop-east (" in planned.stderr
    assert shop.send().returncode == 0


def suppressed(shop: Shop, to_wxid: str, *options: str) -> str:
    done = shop.run("suppress", "add", to_wxid, "--reason", "asked by phone", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_whoever_opts_out_between_two_sends_gets_nothing(shop: Shop) -> None:
    first, second, third = shop.friends(3)
    shop.send("--limit", "1")
    told = suppressed(shop, third)
    assert told == f"suppressed.csv: {third} added\nprofile live: 1 message cancelled\n"
    assert shop.runs()[0]["counts"]["cancelled"] == 1
    assert shop.send().returncode == 0
    assert shop.accepted() == {first: 1, second: 1}
    assert suppressed(shop, third) == f"suppressed.csv: {third} is there already\nprofile live: 0 messages cancelled\n"


def test_whoever_opts_out_while_it_is_sent_gets_nothing(slow_shop: Shop) -> None:
    friends = slow_shop.friends(12)
    slow_shop.members(*friends)
    with slow_shop.start("send", "fruit.yaml", "--yes") as process:
        wait_until(slow_shop.accepted, process)
        told = suppressed(slow_shop, friends[-1])
        assert process.wait(timeout=40) == 0, process.communicate()[1]
    assert "profile live: 1 message cancelled" in told
    assert slow_shop.accepted() == dict.fromkeys(friends[:-1], 1)
    (run,) = slow_shop.runs()
    assert (run["state"], run["counts"]["sent"], run["counts"]["cancelled"]) == ("finished", 11, 1)


def test_without_a_ledger_the_list_is_written_all_the_same(shop: Shop) -> None:
    assert suppressed(shop, "wxid_a") == "suppressed.csv: wxid_a added\n"
    assert not (shop.folder / ".gewe").exists()


def test_a_ledger_that_is_not_reached_is_told(shop: Shop) -> None:
    shop.edit("gewe.yaml", "token_env:", "ledger_env: GEWE_LEDGER\n    token_env:")
    add = ("suppress", "add", "wxid_a", "--reason", "asked")
    done = shop.run(*add)
    assert (done.returncode, "profile live: ledger not consulted: " in done.stderr) == (0, True)
    named = shop.run(*add, "--profile", "live")
    assert (named.returncode, "may still be sent by a run that is under way" in named.stderr) == (3, True)


@pytest.mark.parametrize("approval", ["approve", "locked"])
def test_who_opts_out_after_the_approval_of_a_plan_file_gets_nothing(shop: Shop, approval: str) -> None:
    first, second, third = shop.friends(3)
    assert shop.run("plan", "fruit.yaml", "-o", "fruit.jsonl", "--lock").returncode == 0
    digest = json.loads((shop.folder / "fruit.jsonl").read_text(encoding="utf-8").splitlines()[0])["digest"]
    suppressed(shop, second)
    said = ["--locked"] if approval == "locked" else ["--approve", digest]
    done = shop.run("send", "--plan", "fruit.jsonl", *said)
    assert done.returncode == 0, done.stderr
    assert shop.states() == {first: "sent", second: "cancelled", third: "sent"}
    assert shop.accepted() == {first: 1, third: 1}


def test_an_opt_out_after_the_lock_wants_a_new_lock(shop: Shop) -> None:
    first, second, third = shop.friends(3)
    shop.run("plan", "fruit.yaml", "--lock")
    suppressed(shop, second)
    refused = shop.run("send", "fruit.yaml", "--locked")
    assert (refused.returncode, "skips.suppressed none -> 1" in refused.stderr) == (4, True)
    assert not shop.accepted()
    shop.run("plan", "fruit.yaml", "--lock")
    assert shop.run("send", "fruit.yaml", "--locked").returncode == 0
    assert shop.accepted() == {first: 1, third: 1}


def test_every_list_of_people_who_get_nothing_counts(shop: Shop) -> None:
    first, second, third = shop.friends(3)
    shop.members(first, second, third, "wxid_a")
    shop.write("lists/out.csv", f"wxid\n{first}\n")
    shop.edit("fruit.yaml", "send:", f"suppress: [{{file: lists/out.csv}}, {{rows: [{{toWxid: {second}}}]}}]\nsend:")
    shop.edit("gewe.yaml", "token_env:", "suppress: [{rows: [{toWxid: wxid_a}]}]\n    token_env:")
    suppressed(shop, third)
    done = shop.run("plan", "fruit.yaml")
    assert "  skipped           4   suppressed\n" in done.stdout


@pytest.fixture
def fickle_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose second friend is refused, once."""
    faults = {"version": 1, "faults": [{"match": {"to": "wxid_shop*1"}, "count": 1, "refuse": {"inner": "用户不存在"}}]}
    with program.sandboxed(sandbox.Options(faults=faults)) as url:
        yield open_shop(tmp_path / "shop", Gateway(url))


def test_what_was_rejected_is_sent_after_its_cause_is_mended(fickle_shop: Shop) -> None:
    shop, (first, second, third) = fickle_shop, fickle_shop.friends(3)
    assert shop.send().returncode == 1
    assert shop.states() == {first: "sent", second: "rejected", third: "sent"}
    (run,) = (shop.folder / "reports" / "fruit").iterdir()
    advice = f"gewe-runner resolve {run.name} --profile live --retry-rejected"
    assert f"`{advice}`" in (run / "report.md").read_text(encoding="utf-8")

    # failed.csv is a list: the list's own columns, and the outcome beside them
    (shop.folder / "lists" / "failed.csv").write_bytes((run / "failed.csv").read_bytes())
    shop.edit("fruit.yaml", "lists/members.csv", "lists/failed.csv")
    shop.edit("fruit.yaml", "columns: {toWxid: wxid}", 'where: state == "rejected"')
    taken = shop.run("plan", "fruit.yaml")
    assert "  to send           0   of 1 planned\n" in taken.stdout
    assert "  skipped           1   unresolved\n" in taken.stdout

    shop.send()  # a run in which nobody is left; it points to the one that matters
    assert advice in shop.run("resolve", "--retry-rejected").stderr
    assert shop.run(*advice.split()[1:]).returncode == 0
    assert "  to send           1\n" in shop.run("plan", "fruit.yaml").stdout
    assert shop.send().returncode == 0
    assert shop.accepted() == {first: 1, second: 1, third: 1}
    new, former = shop.runs()
    assert (new["counts"]["sent"], former["counts"]["sent"]) == (1, 2)


def test_what_was_rejected_goes_on_in_its_own_run_where_nothing_was_changed(fickle_shop: Shop) -> None:
    fickle_shop.send()
    assert fickle_shop.run("resolve", "--retry-rejected").returncode == 0
    assert fickle_shop.send().returncode == 0
    assert set(fickle_shop.states().values()) == {"sent"}
    assert len(fickle_shop.runs()) == 1
    assert set(fickle_shop.accepted().values()) == {1}
