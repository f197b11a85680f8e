"""Before a device's first message it is looked whether it is offline; nothing else keeps it from sending."""

from pathlib import Path

from gewe_runner import sandbox
from tests import program
from tests.acceptance.conftest import Gateway, Shop, open_shop


def test_a_device_that_is_offline_stops_its_lane_and_no_other(shop: Shop, gateway: Gateway) -> None:
    shop.edit("gewe.yaml", "wx_west", "wx_offline_west")
    east, west = shop.friends(3), f"wxid_shop{shop.number:03}west"
    shop.add(west, device="shop-west")
    sent = shop.send()
    assert sent.returncode == 5
    assert "stopped: shop-west: device offline or unknown: checkOnline says that it is not online" in sent.stdout
    assert shop.states() == dict.fromkeys(east, "sent") | {west: "pending"}
    (stuck,) = [one for one in shop.report()["messages"] if one["toWxid"] == west]
    assert stuck["attempts"] == 0


def test_once_the_device_is_back_the_same_command_goes_on(shop: Shop) -> None:
    shop.edit("gewe.yaml", "wx_east", "wx_offline_east")
    assert shop.send().returncode == 5
    shop.edit("gewe.yaml", "wx_offline_east", "wx_east")
    assert shop.send().returncode == 0
    assert shop.accepted() == dict.fromkeys(shop.friends(3), 1)


def test_a_dry_run_and_a_send_with_nothing_left_ask_nobody(shop: Shop, gateway: Gateway) -> None:
    shop.send()
    asked = gateway.received()["asked"]
    assert shop.send().returncode == 0
    shop.send("--dry-run")
    assert gateway.received()["asked"] == asked


#: A device's question each that fails in its own way.
FAULTS = [
    {"match": {"endpoint": "checkOnline", "device": "wx_east"}, "status": {"code": 404, "body": "no such page"}},
    {"match": {"endpoint": "checkOnline", "device": "wx_west"}, "refuse": {"envelope": {"ret": 200, "data": "maybe"}}},
    {"match": {"endpoint": "checkOnline", "device": "wx_north"}, "hang": {"seconds": 20}},
]


def test_a_question_that_fails_is_a_notice_and_the_messages_leave(tmp_path: Path) -> None:
    with program.sandboxed(sandbox.Options(faults={"version": 1, "faults": FAULTS})) as url:
        shop = open_shop(tmp_path / "shop", Gateway(url), read=1)
        for device in ("shop-west", "shop-north"):
            shop.add(f"wxid_shop{shop.number:03}{device}", device=device)
        sent = shop.send()
        assert sent.returncode == 0
        assert sent.stderr.count("whether it is online could not be asked") == 3
        assert len(shop.accepted()) == 5


def test_recipients_who_are_no_contacts_are_a_warning_and_get_their_cards(tmp_path: Path) -> None:
    with program.sandboxed(sandbox.Options(faults={"version": 1, "contacts": ["wxid_friend"]})) as url:
        shop = open_shop(tmp_path / "shop", Gateway(url))
        shop.members("wxid_friend", *shop.friends(2))
        sent = shop.send("--check-contacts")
        assert sent.returncode == 0
        assert (
            "not-a-contact: warning: 2 of 3 recipients are not among the contacts of device shop-east: " in sent.stderr
        )
        assert len(shop.accepted()) == 2


def test_contacts_are_not_asked_for_in_a_dry_run(shop: Shop, gateway: Gateway) -> None:
    asked = gateway.received()["asked"]
    done = shop.send("--check-contacts", "--dry-run")
    assert (done.returncode, done.stderr) == (
        0,
        "note: a dry run asks nobody, so covers and contacts are not looked at\n",
    )
    assert gateway.received()["asked"] == asked
