"""`plan --explain` says in full why somebody gets what they get, or nothing, by the real program."""

import json
from typing import Any

import pytest

from tests.acceptance.conftest import Shop

CAMPAIGN = """\
version: 1
name: fruit
edition: 1
vars: {minutes: 29}
card:
  miniAppId: wx1f9ea355b47256dd
  userName: gh_690acf47ea05@app
  displayName: 百果园+
  title: "{{ name }}，{{ minutes }} 分钟{{ campaign.name }}"
  pagePath: pages/index.html?store={{ store | urlencode }}
  coverImgUrl: https://cdn.example.com/covers/fruit.jpg
recipients:
  - {file: lists/members.csv, columns: {toWxid: wxid}, where: store != "关店"}
  - rows: [{toWxid: wxid_twice, name: 陈默, store: 五角场店}]
suppress: [{rows: [{toWxid: wxid_out}]}]
variants: [{name: a, weight: 1}, {name: b, weight: 3, card: {title: 秋梨到店}}]
holdout: 10
frequency_cap: {messages: 1, days: 7}
send: {devices: [shop-east, shop-west]}
"""

MEMBERS = """\
wxid,name,store
wxid_twice,陈默,静安寺店
wxid_out,林晓雨,徐家汇店
wxid_closed,王思远,关店
"""


@pytest.fixture
def orchard(shop: Shop) -> Shop:
    shop.write("fruit.yaml", CAMPAIGN)
    shop.write("lists/members.csv", MEMBERS)
    shop.write("suppressed.csv", "toWxid\nwxid_out\nwxid_elsewhere\n")
    return shop


def explained(shop: Shop, to_wxid: str) -> dict[str, Any]:
    done = shop.run("plan", "fruit.yaml", "--explain", to_wxid, "--format", "json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["explanations"]
    assert isinstance(found, dict)
    return found


def test_a_card_is_explained_by_everything_that_makes_it(orchard: Shop) -> None:
    found = explained(orchard, " wxid_twice\u200b")
    assert (found["toWxid"], found["gets"], found["reason"]) == ("wxid_twice", True, None)
    first, second = found["rows"]
    assert (first["source"], first["row"], first["reason"]) == ("lists/members.csv", 2, None)
    assert (second["source"], second["row"], second["reason"]) == ("recipients[1].rows", 1, "duplicate")
    assert second["values"] == []
    assert found["suppressedBy"] == []
    assert found["suppressions"] == ["suppress[0].rows", "suppressed.csv"]
    assert found["holdout"]["below"] == 0.1 <= found["holdout"]["share"]
    assert found["variant"]["from"] <= found["variant"]["share"] < found["variant"]["to"]
    assert found["device"]["by"] == "campaign"
    assert found["device"]["among"] == ["shop-east", "shop-west"]
    assert found["payload"]["toWxid"] == "wxid_twice"
    assert found["ledger"] == {"state": "new"}
    (sample,) = json.loads(orchard.run("plan", "fruit.yaml", "--format", "json").stdout)["plans"][0]["samples"]
    assert (sample["sha256"], sample["payload"]) == (found["sha256"], found["payload"])
    assert (sample["device"], sample["variant"]) == (found["device"]["name"], found["variant"]["name"])


def test_the_values_are_those_that_the_card_of_the_variant_uses(orchard: Shop) -> None:
    orchard.edit("fruit.yaml", "{name: b, weight: 3, card: {title: 秋梨到店}}", "{name: b, weight: 0.0001}")
    values = explained(orchard, "wxid_twice")["rows"][0]["values"]
    assert values == [
        {"name": "minutes", "value": 29, "from": "vars of the campaign"},
        {"name": "name", "value": "陈默", "from": "the row"},
        {"name": "store", "value": "静安寺店", "from": "the row"},
    ]


def test_why_there_is_no_card_is_said_on_the_terminal(orchard: Shop) -> None:
    told = {
        who: orchard.run("plan", "fruit.yaml", "--explain", who).stdout
        for who in ("wxid_out", "wxid_closed", "wxid_elsewhere")
    }
    assert "  wxid_out gets nothing: suppressed, the id is on a suppression list\n" in told["wxid_out"]
    assert "  suppress  on suppress[0].rows, suppressed.csv\n" in told["wxid_out"]
    assert "  row       lists/members.csv, row 4: filtered\n" in told["wxid_closed"]
    assert '    where   store != "关店"\n    value   store = 关店   from the row\n' in told["wxid_closed"]
    assert "  row       in no list of recipients\n" in told["wxid_elsewhere"]


def test_what_the_ledger_knows_is_part_of_it(orchard: Shop) -> None:
    assert orchard.send().returncode == 0
    served = explained(orchard, "wxid_twice")
    assert (served["gets"], served["reason"]) == (False, "already_sent")
    assert served["ledger"]["continues"] == orchard.runs()[0]["id"]
    assert sorted(card["state"] for card in served["ledger"]["cards"]) == ["sent", "skipped"]
    orchard.edit("fruit.yaml", "edition: 1", "edition: 2")
    capped = explained(orchard, "wxid_twice")
    assert (capped["gets"], capped["reason"]) == (False, "frequency_cap")
    assert capped["ledger"]["cards"] == []
    (counted,) = capped["ledger"]["cap"]["counted"]
    assert (counted["campaign"], counted["edition"], counted["state"]) == ("fruit", "1", "sent")
    told = orchard.run("plan", "fruit.yaml", "--explain", "wxid_twice").stdout
    assert "gets nothing: frequency_cap, has got as many cards as the frequency cap allows\n" in told
    assert "  cap       1 of at most 1 in 7 days\n    counts  20" in told


def test_an_id_in_no_list_is_told(orchard: Shop) -> None:
    done = orchard.run("plan", "fruit.yaml", "--explain", "wxid_nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--explain wxid_nobody: no list names that id" in done.stderr
    assert "gewe-runner status --to wxid_nobody --profile live" in done.stderr


def test_a_list_that_could_not_be_read_is_named(orchard: Shop) -> None:
    sql = "  - {sql: {url_env: CRM_URL, query: select wxid from members}, columns: {toWxid: wxid}}\nsuppress: [{rows"
    orchard.edit("fruit.yaml", "suppress: [{rows", sql)
    done = orchard.run("plan", "fruit.yaml", "--explain", "wxid_twice")
    assert "  unread    recipients[2].sql: may name this recipient, too\n" in done.stdout
    (orchard.folder / "suppressed.csv").unlink()
    orchard.edit("fruit.yaml", "suppress: [{rows", "suppress: [{sql: {url_env: CRM_URL, query: select 1}}]\n#")
    done = orchard.run("plan", "fruit.yaml", "--explain", "wxid_twice")
    assert "  suppress  no suppression list was read\n" in done.stdout
    unknown = orchard.run("plan", "fruit.yaml", "--explain", "wxid_nobody")
    assert "different letters; not read here: recipients[2].sql" in unknown.stderr


@pytest.mark.parametrize("other", [("--lock",), ("-o", "a.jsonl"), ("--format", "markdown"), ("--against", "latest")])
def test_nothing_else_is_done_beside_it(orchard: Shop, other: tuple[str, ...]) -> None:
    done = orchard.run("plan", "fruit.yaml", "--explain", "wxid_twice", *other)
    assert (done.returncode, "--explain tells of one recipient" in done.stderr) == (2, True)
