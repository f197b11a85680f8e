"""The main job, by the real program, against a gateway that keeps its own account of who got what."""

import itertools
import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gewe_runner import schemas
from gewe_runner.sandbox import behaviours
from tests.acceptance.conftest import Gateway, Shop, open_shop
from tests.conftest import ROOT, Cli

REPORT = jsonschema.Draft7Validator(json.loads(schemas.text("report")))


def once(*ids: str) -> Counter[str]:
    return Counter(dict.fromkeys(ids, 1))


def add_up(totals: dict[str, int]) -> bool:
    return totals["planned"] == sum(count for state, count in totals.items() if state != "planned")


@dataclass(frozen=True)
class Job:
    """A campaign that was planned, then sent: what was said of it."""

    shop: Shop
    plan: dict[str, Any]
    code: int
    out: str
    report: dict[str, Any]


@pytest.fixture(scope="module")
def job(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Job:
    shop = open_shop(tmp_path_factory.mktemp("main") / "shop", gateway)
    plan = shop.run("plan", "fruit.yaml", "--format", "json")
    done = shop.send()
    return Job(shop, json.loads(plan.stdout)["plans"][0], done.returncode, done.stdout, shop.report())


def test_everybody_planned_is_sent_to_once(job: Job) -> None:
    assert job.code == 0
    assert job.report["totals"]["planned"] == job.report["totals"]["sent"] == 3
    assert job.shop.accepted() == once(*job.shop.friends(3))


def test_the_first_and_the_last_line_name_profile_and_gateway(job: Job) -> None:
    lines = job.out.splitlines()
    assert lines[0] == lines[-1] == f"profile live: {job.shop.gateway.url}"


def test_what_was_planned_is_what_the_gateway_got_and_what_the_report_tells(job: Job) -> None:
    planned = {one["toWxid"]: one["sha256"] for one in job.plan["samples"]}
    reported = {one["toWxid"]: one["sha256"] for one in job.report["messages"]}
    assert planned == reported == job.shop.hashes()
    assert job.plan["digest"] == job.report["run"]["digest"]


def test_the_report_keeps_to_its_schema(job: Job) -> None:
    assert [error.message for error in REPORT.iter_errors(job.report)] == []


def test_the_gateways_ids_are_reported_to_the_last_digit(job: Job) -> None:
    ids = {one["newMsgId"] for one in job.report["messages"]}
    requests = job.shop.gateway.received()["requests"]
    assert ids <= {str(behaviours._new_msg_id(number)) for number in range(1, requests + 1)}
    assert all(int(one) > 2**53 for one in ids)
    (table,) = job.shop.folder.glob("reports/fruit/*/messages.csv")
    assert all(one in table.read_text(encoding="utf-8") for one in ids)


def test_status_tells_of_the_run(job: Job) -> None:
    text = job.shop.run("status").stdout
    assert job.report["run"]["id"] in text
    assert "planned 3 = sent 3" in text


def test_sending_again_finds_nothing_left_to_do(job: Job) -> None:
    again = job.shop.send()
    assert again.returncode == 0
    assert "nothing left to do" in again.stdout
    assert job.shop.report() == job.report
    assert job.shop.accepted() == once(*job.shop.friends(3))


def test_a_limited_send_goes_on_as_the_same_run(shop: Shop) -> None:
    assert shop.send("--limit", "2").returncode == 0
    part = shop.report()
    assert (part["run"]["state"], part["totals"]["sent"], part["totals"]["pending"]) == ("open", 2, 1)
    assert shop.send().returncode == 0
    assert shop.report(part["run"]["id"])["totals"]["sent"] == 3
    assert shop.accepted() == once(*shop.friends(3))


def test_another_plan_supersedes_what_was_still_pending(shop: Shop) -> None:
    shop.send("--limit", "1")
    shop.edit("fruit.yaml", "水果到家", "水果今晚到家")
    assert shop.send().returncode == 0
    new, former = shop.runs()
    assert (former["state"], former["counts"]["sent"], former["counts"]["cancelled"]) == ("superseded", 1, 2)
    assert (new["state"], new["counts"]["sent"], new["skips"]) == ("finished", 2, {"already_sent": 1})
    assert shop.accepted() == once(*shop.friends(3))


def test_another_card_for_people_who_were_all_served_needs_a_new_edition(shop: Shop) -> None:
    shop.send()
    shop.edit("fruit.yaml", "水果到家", "水果今晚到家")
    refused = shop.send()
    assert refused.returncode == 3
    assert "raise `edition`" in refused.stderr
    assert shop.accepted() == once(*shop.friends(3))
    shop.edit("fruit.yaml", "edition: 1", "edition: 2")
    assert shop.send().returncode == 0
    assert set(shop.accepted().values()) == {2}


def test_each_answer_leads_to_its_state(shop: Shop) -> None:
    shop.edit("gewe.yaml", "read: 30", "read: 1")
    first, second = shop.friends(2)
    odd = {one: shop.id(one) for one in ("refused", "noid", "reset", "garbage", "hang")}
    # a friend in between: five failures in a row would stop the lane
    shop.members(odd["refused"], odd["noid"], odd["reset"], first, odd["garbage"], odd["hang"], second)
    assert shop.send().returncode == 1
    report = shop.report()
    assert shop.states() == {first: "sent", second: "sent", odd["refused"]: "rejected"} | {
        odd[one]: "unknown" for one in ("noid", "reset", "garbage", "hang")
    }
    assert (report["totals"]["sent"], report["totals"]["rejected"], report["totals"]["unknown"]) == (2, 1, 4)
    assert add_up(report["totals"])
    assert not list(REPORT.iter_errors(report))
    again = shop.send()
    assert (again.returncode, "nothing left to do" in again.stdout) == (0, True)
    assert set(shop.accepted().values()) == {1}


def test_trouble_with_a_device_stops_its_lane_and_no_other(shop: Shop) -> None:
    offline, often, friends = shop.id("offline"), shop.id("often"), shop.friends(4)
    shop.members(friends[0], offline, friends[1])
    shop.add(often, friends[2], device="shop-west")
    shop.add(friends[3], device="shop-north")
    done = shop.send()
    assert done.returncode == 5
    assert "stopped: shop-east: device offline or unknown: 微信已离线" in done.stderr
    assert "; shop-west: too often" in done.stderr
    assert shop.states() == {
        friends[0]: "sent",
        offline: "pending",
        friends[1]: "pending",
        often: "pending",
        friends[2]: "pending",
        friends[3]: "sent",
    }
    assert add_up(shop.report()["totals"])
    assert "shop-east" in shop.report()["run"]["stopped"]
    assert shop.accepted() == once(friends[0], friends[3])


def test_devices_send_side_by_side_and_each_one_request_at_a_time(slow_shop: Shop) -> None:
    friends = slow_shop.friends(6)
    slow_shop.members(*friends[:3])
    slow_shop.add(*friends[3:], device="shop-west")
    assert slow_shop.send().returncode == 0
    lanes: dict[str, list[tuple[str, str]]] = {}
    for one in slow_shop.report()["messages"]:
        lanes.setdefault(one["device"], []).append((one["startedAt"], one["endedAt"]))
    for spans in lanes.values():
        assert all(ended <= started for (_, ended), (started, _) in itertools.pairwise(sorted(spans)))
    (east, east_end), (west, west_end) = (spans[0] for spans in lanes.values())
    assert max(east, west) < min(east_end, west_end)


def test_only_the_owner_can_read_what_became_of_people(job: Job) -> None:
    (folder,) = (job.shop.folder / "reports" / "fruit").iterdir()
    assert {file.stat().st_mode & 0o077 for file in (folder, *folder.iterdir())} == {0}


def test_report_writes_the_same_files_again(job: Job) -> None:
    (folder,) = (job.shop.folder / "reports" / "fruit").iterdir()
    (folder / "run.log").unlink()  # written while it is sent, and only then
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    shutil.rmtree(folder)
    assert job.shop.run("report", folder.name[:-2]).returncode == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_draft_is_planned_and_never_sent(shop: Shop) -> None:
    shop.edit("fruit.yaml", "edition: 1", "edition: 1\ndraft: true")
    done = shop.send()
    assert done.returncode == 0
    assert "DRAFT" in done.stdout
    assert not shop.accepted()


def test_a_send_that_nobody_agreed_to_sends_nothing(shop: Shop) -> None:
    done = shop.run("send", "fruit.yaml")
    assert done.returncode == 4
    assert "--yes" in done.stderr
    assert not shop.accepted()


def test_a_profile_that_requires_approval_sends_only_the_plan_that_was_approved(shop: Shop) -> None:
    shop.edit("gewe.yaml", "allow_http: true", "allow_http: true\n    require_approval: true")
    unapproved = shop.send()
    digest = re.search("--approve ([0-9a-f]{64})", unapproved.stderr)
    assert digest
    other = shop.send("--approve", "0" * 64)
    assert (unapproved.returncode, other.returncode) == (4, 4)
    assert digest[1] in other.stderr
    assert not shop.accepted()
    assert shop.run("send", "fruit.yaml", "--approve", digest[1]).returncode == 0
    assert shop.accepted() == once(*shop.friends(3))


def test_in_ci_the_profile_and_a_new_ledger_must_be_said(shop: Shop) -> None:
    ci = {"CI": "true"}
    silent = shop.send(env=ci)
    assert (silent.returncode, "--profile" in silent.stderr) == (2, True)
    forgetful = shop.send("--profile", "live", env=ci)
    assert (forgetful.returncode, "--new-ledger" in forgetful.stderr) == (3, True)
    assert not (shop.folder / ".gewe").exists()
    assert not shop.accepted()
    assert shop.send("--new-ledger", env=ci | {"GEWE_PROFILE": "live"}).returncode == 0
    assert shop.accepted() == once(*shop.friends(3))


def test_a_ledger_that_a_refused_send_made_is_still_new(shop: Shop) -> None:
    assert shop.run("send", "fruit.yaml", "--profile", "live").returncode == 4
    again = shop.send("--profile", "live", env={"CI": "true"})
    assert (again.returncode, "--new-ledger" in again.stderr) == (3, True)
    assert not shop.accepted()


def test_a_file_where_the_reports_belong_is_noticed_before_anything_is_sent(shop: Shop) -> None:
    shop.write("reports", "")
    refused = shop.send()
    assert (refused.returncode, "--report" in refused.stderr) == (2, True)
    assert not shop.accepted()


def test_only_a_sandboxs_ledger_can_be_emptied(shop: Shop) -> None:
    refused = shop.send("--fresh")
    assert (refused.returncode, "sandbox" in refused.stderr) == (2, True)
    assert not shop.accepted()


def test_the_ledger_of_another_gateway_is_refused(shop: Shop, slow_gateway: Gateway) -> None:
    shop.send("--limit", "1")
    shop.edit("gewe.yaml", shop.gateway.url, slow_gateway.url)
    refused = shop.send()
    assert (refused.returncode, shop.gateway.url in refused.stderr) == (3, True)
    assert sum(shop.accepted().values()) == 1


def test_a_pinned_ledger_is_the_only_one_that_will_do(shop: Shop) -> None:
    pinned = "allow_http: true\n    ledger_id: 6f1c5a77"
    shop.edit("gewe.yaml", "allow_http: true", pinned)
    missing = shop.send("--new-ledger")
    assert (missing.returncode, "6f1c5a77" in missing.stderr) == (3, True)
    assert not (shop.folder / ".gewe").exists()
    shop.edit("gewe.yaml", pinned, "allow_http: true")
    shop.send("--limit", "1")
    shop.edit("gewe.yaml", "allow_http: true", pinned)
    other = shop.send()
    assert (other.returncode, "6f1c5a77" in other.stderr) == (3, True)
    assert sum(shop.accepted().values()) == 1


def test_the_examples_are_valid_and_can_be_rehearsed(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "campaigns"
    shutil.copytree(ROOT / "campaigns", folder, ignore=shutil.ignore_patterns(".gewe", "reports"))
    checked = cli("validate", cwd=folder)
    assert (checked.returncode, checked.stdout) == (0, "3 campaigns: no problem\n")
    assert cli("send", ".", "--dry-run", cwd=folder).returncode == 0
    totals = [json.loads(file.read_bytes())["totals"] for file in folder.glob("reports/*/dry-run/report.json")]
    assert len(totals) == 3
    assert all(one["planned"] == one["would_send"] > 0 for one in totals)
