"""`doctor` tells what can be known before a send, and ends as a send would."""

import json

from tests.acceptance.conftest import TOKEN, Gateway, Shop


def test_of_a_shop_that_can_send_every_line_is_well(shop: Shop) -> None:
    shop.send()
    looked = shop.run("doctor")
    assert (looked.returncode, looked.stderr) == (0, "")
    assert {line[:4] for line in looked.stdout.splitlines()} == {"ok  "}
    assert TOKEN not in looked.stdout


def test_what_fails_is_told_with_what_to_do_and_with_the_code_of_a_send(shop: Shop) -> None:
    shop.edit("gewe.yaml", "wx_west", "wx_offline_west")
    looked = shop.run("doctor", "--format", "json")
    told = json.loads(looked.stdout)
    assert looked.returncode == told["exit_code"] == 5
    (failed,) = [check for check in told["checks"] if check["health"] == "fail"]
    assert (failed["about"], failed["name"], failed["text"]) == ("device", "shop-west", "offline, as checkOnline says")


def test_a_token_that_is_not_set_is_exit_3_and_problems_stand_on_standard_error(shop: Shop) -> None:
    shop.edit("fruit.yaml", "title: ", "titel: ")
    looked = shop.run("doctor", "fruit.yaml", env={"GEWE_TOKEN": ""})
    assert looked.returncode == 3
    assert "fail  token: profile live takes it from $GEWE_TOKEN, which is not set\n" in looked.stdout
    assert "fail  campaign: " in looked.stdout
    assert 'unknown key "titel"' in looked.stderr


def test_settings_that_cannot_be_read_end_it(shop: Shop) -> None:
    shop.edit("gewe.yaml", "token_env", "token_end")
    looked = shop.run("doctor")
    assert (looked.returncode, looked.stdout) == (3, "")
    assert "unknown-key" in looked.stderr


def test_nothing_reaches_anybody(shop: Shop, gateway: Gateway) -> None:
    before = gateway.received()
    shop.run("doctor", "fruit.yaml")
    after = gateway.received()
    assert (after["requests"], after["accepted"]) == (before["requests"], before["accepted"])
    assert after["asked"]["checkOnline"] > before["asked"].get("checkOnline", 0)
