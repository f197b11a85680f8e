"""`send --test-card`: what operators do first, with the real program against a gateway."""

import pytest

from tests.acceptance.conftest import Shop


def received(shop: Shop, mark: str) -> list[str]:
    """Who got a card through a device whose appId holds the mark, in the order of their coming."""
    return [body["toWxid"] for body in shop.gateway.received()["bodies"] if mark in body["toWxid"]]


def test_one_card_goes_through_each_device_to_whom_it_was_said(shop: Shop) -> None:
    boss, (first, second, third) = shop.id("boss"), shop.friends(3)
    shop.members(first, second, device="shop-east")
    shop.add(third, device="shop-west")
    done = shop.send("--test-card", "--to", boss)
    assert done.returncode == 0, done.stderr
    assert shop.accepted() == {boss: 2}
    assert [line.split()[:2] for line in done.stdout.splitlines() if " ms" in line] == [
        ["shop-east", "sent"],
        ["shop-west", "sent"],
    ]


def test_a_test_card_takes_nobodys_card_away(shop: Shop) -> None:
    friends = shop.friends(2)
    shop.members(*friends)
    shop.send("--test-card")
    assert "no run yet" in shop.run("status").stdout
    assert shop.send().returncode == 0
    assert shop.accepted() == dict.fromkeys(friends, 1)


def test_without_a_recipient_the_card_goes_to_the_file_helper(shop: Shop) -> None:
    shop.members(*shop.friends(1))
    before = len(received(shop, "filehelper"))
    shop.send("--test-card")
    assert len(received(shop, "filehelper")) == before + 1


def test_a_row_says_whose_card_it_is(shop: Shop) -> None:
    shop.members(*shop.friends(3))
    done = shop.send("--test-card", "--row", "lists/members.csv:3")
    assert "the card of lists/members.csv, row 3" in done.stdout
    assert "客人2" in done.stdout


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--test-card", "--row", "lists/members.csv:77"], "the plan has no message for lists/members.csv:77"),
        (["--test-card", "--row", "members"], "is no row"),
        (["--test-card", "--limit", "3"], "--test-card and --limit do not go together"),
        (["--to", "wxid_boss"], "--to goes with --test-card only"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(shop: Shop, options: list[str], fault: str) -> None:
    shop.members(*shop.friends(1))
    done = shop.send(*options)
    assert done.returncode == 2
    assert fault in done.stderr
    assert not shop.accepted()


def test_somebody_who_opted_out_gets_no_test_card_either(shop: Shop) -> None:
    shop.members(*shop.friends(1))
    shop.write("suppressed.csv", f"toWxid,reason\n{shop.id('boss')},asked\n")
    done = shop.send("--test-card", "--to", shop.id("boss"))
    assert done.returncode == 2
    assert "suppressed" in done.stderr
    assert not shop.accepted()


def test_without_a_terminal_a_test_card_wants_a_yes(shop: Shop) -> None:
    shop.members(*shop.friends(1))
    done = shop.run("send", "fruit.yaml", "--test-card", "--to", shop.id("boss"))
    assert done.returncode == 4
    assert not shop.accepted()


def test_to_others_than_oneself_goes_only_what_was_approved(shop: Shop) -> None:
    shop.edit("gewe.yaml", "    devices:", "    require_approval: true\n    devices:")
    shop.members(*shop.friends(1))
    refused = shop.send("--test-card", "--to", shop.id("boss"))
    assert refused.returncode == 4
    digest = refused.stderr.split("--approve ")[1].split()[0]
    assert shop.send("--test-card", "--to", shop.id("boss"), "--approve", digest).returncode == 0
    assert shop.accepted() == {shop.id("boss"): 1}


def test_a_refused_test_card_ends_with_what_the_gateway_said(shop: Shop) -> None:
    shop.members(*shop.friends(1))
    done = shop.send("--test-card", "--to", shop.id("refused"))
    assert done.returncode == 1
    assert "rejected" in done.stdout


def test_a_device_that_sent_too_often_is_not_tried_again(shop: Shop) -> None:
    shop.members(*shop.friends(1))
    done = shop.send("--test-card", "--to", shop.id("often"))
    assert done.returncode == 5
    assert "shop-east: too often" in done.stderr
