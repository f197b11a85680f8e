"""Who gets a card and who must not: policies, opt-outs and second tries, by the real program."""

import json

from tests.acceptance.conftest import Shop


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
