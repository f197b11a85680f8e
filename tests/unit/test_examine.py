"""`doctor` tells of each thing whether it is well, what to do if not, and how a send would end."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from gewe_runner import examine, sandbox
from gewe_runner.examine import Check, Examination, Health
from gewe_runner.ledger import connect
from gewe_runner.problems import Problems
from tests import program, raw
from tests.unit.sandbox.test_server import account

OK, WARN, FAIL = Health.OK, Health.WARN, Health.FAIL

LIVE = """\
version: 1
profiles:
  live:
    gateway: {gateway}
    allow_http: true
    token_env: GEWE_TOKEN
    devices: {{shop-east: {{appId_env: GEWE_APPID_EAST}}, shop-west: {{appId: {west}}}}}
"""
ENVIRON = {"GEWE_TOKEN": "tok-5e1f", "GEWE_APPID_EAST": "wx_east"}

FAULTS = [
    {"match": {"endpoint": "fetchContactsListCache", "device": "wx_mute"}, "status": {"code": 502}},
    {"match": {"endpoint": "fetchContactsList", "device": "wx_mute"}, "status": {"code": 502, "body": "ill"}},
    {"match": {"endpoint": "checkOnline", "device": "wx_odd"}, "refuse": {"envelope": {"ret": 200, "data": {}}}},
    {"match": {"endpoint": "getProfile", "device": "wx_liar"}, "offline": True},
    {"match": {"endpoint": "getProfile", "device": "wx_nobody"}, "refuse": {"envelope": {"ret": 200, "data": []}}},
]


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    with program.sandboxed(sandbox.Options(faults={"version": 1, "faults": FAULTS})) as url:
        yield url


def look(
    project: Path,
    gateway: str,
    *,
    west: str = "wx_west",
    environ: dict[str, str] | None = None,
    campaign: str = "",
    check_contacts: bool = False,
) -> dict[str, Check]:
    """What is found in a project whose profile goes to the gateway, by what it is about."""
    settings = project / "gewe.yaml"
    settings.write_text(LIVE.format(gateway=gateway, west=west), encoding="utf-8")
    order = Examination(
        settings=settings, paths=[project / campaign] if campaign else [], check_contacts=check_contacts
    )
    found = examine.examine(order, Problems(), ENVIRON if environ is None else environ)
    return {f"{check.about} {check.name}".strip(): check for check in found}


def health(found: dict[str, Check]) -> dict[str, Health]:
    return {about: check.health for about, check in found.items()}


def code(found: dict[str, Check]) -> int:
    return examine.exit_code(list(found.values()))


def test_of_a_good_project_only_the_new_ledger_is_worth_a_word(project: Path, gateway: str) -> None:
    found = look(project, gateway)
    assert health(found) == {
        "settings": OK, "ledger": WARN, "gateway": OK, "token": OK, "device shop-east": OK, "device shop-west": OK,
    }  # fmt: skip
    assert code(found) == 0


def test_nothing_is_sent_and_nothing_written(project: Path, gateway: str) -> None:
    look(project, gateway)
    assert account(gateway)["requests"] == 0
    assert not (project / ".gewe").exists()


def test_who_is_logged_in_is_told_and_that_online_proves_nothing(project: Path, gateway: str) -> None:
    told = look(project, gateway)["device shop-east"].text
    assert told.startswith("logged in as 沙盒 east (wxi…")
    assert told.endswith("; checkOnline says online, which proves nothing")


def test_a_missing_token_is_the_users_to_set_and_the_gateway_is_asked_all_the_same(project: Path, gateway: str) -> None:
    found = look(project, gateway, environ={"GEWE_APPID_EAST": "wx_east"})
    assert (found["gateway"].health, found["token"].health) == (OK, FAIL)
    assert found["token"].hint.startswith("export GEWE_TOKEN=")
    assert found["device shop-east"].text == "not asked: see token"
    assert code(found) == 3


def test_a_refused_token_is_told_without_it(project: Path, gateway: str) -> None:
    found = look(project, gateway, environ=ENVIRON | {"GEWE_TOKEN": "expired"})
    assert (found["token"].health, code(found)) == (FAIL, 5)
    assert (
        found["token"].text
        == "$GEWE_TOKEN is set, and the gateway refuses it: HTTP HEADER: X-GEWE-TOKEN=*** 不可用或已过期"
    )


def test_a_missing_app_id_hides_no_other_device(project: Path, gateway: str) -> None:
    found = look(project, gateway, environ={"GEWE_TOKEN": "t"})
    assert (found["device shop-east"].health, found["device shop-west"].health) == (FAIL, OK)
    assert found["device shop-east"].text.startswith("has no appId: profile live takes it from $GEWE_APPID_EAST")
    assert code(found) == 3


def test_two_devices_of_one_app_id_are_told(project: Path, gateway: str) -> None:
    found = look(project, gateway, west="wx_east")
    assert "have the same appId" in found["device shop-west"].text
    assert code(found) == 3


def test_a_device_that_is_offline_is_told_with_what_to_do(project: Path, gateway: str) -> None:
    found = look(project, gateway, west="wx_offline_1")
    assert health(found) | {"device shop-east": OK, "device shop-west": FAIL} == health(found)
    assert found["device shop-west"].text == "offline, as checkOnline says"
    assert found["device shop-west"].hint.startswith("log the account in again")
    assert code(found) == 5


def test_an_app_id_that_the_gateway_does_not_know_is_told(project: Path, gateway: str) -> None:
    found = look(project, gateway, environ=ENVIRON | {"GEWE_APPID_EAST": "east"})
    assert found["device shop-east"].text == "device offline or unknown: [east]设备不存在"
    assert found["device shop-east"].hint.endswith("or correct $GEWE_APPID_EAST")


def test_a_device_that_says_online_and_refuses_as_offline_is_offline(project: Path, gateway: str) -> None:
    found = look(project, gateway, west="wx_liar")
    assert found["device shop-west"].text == "device offline or unknown: 微信已离线"
    assert code(found) == 5


def test_an_odd_answer_is_a_warning(project: Path, gateway: str) -> None:
    odd, nobody = (look(project, gateway, west=west)["device shop-west"] for west in ("wx_odd", "wx_nobody"))
    assert odd.health is WARN
    assert odd.text.endswith("whether it is online is not known: checkOnline answers neither true nor false")
    assert (nobody.health, nobody.text.partition(";")[0]) == (OK, "whose account it is is not known")


def test_a_gateway_that_is_not_there_is_told_once(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = look(project, f"http://127.0.0.1:{port}")
    assert (found["gateway"].health, found["device shop-west"].text) == (FAIL, "not asked: see gateway")
    assert code(found) == 5


@pytest.mark.parametrize(("status", "healthy"), [("404 Not Found", FAIL), ("502 Bad Gateway", WARN)])
def test_what_is_no_gateway_is_told_from_one_that_is_ill(project: Path, status: str, healthy: Health) -> None:
    def script(line: socket.socket) -> None:
        while server.take(line):
            line.sendall(raw.http(b"no", status))

    with raw.Server(script) as server:
        found = look(project, f"http://127.0.0.1:{server.port}")
    assert found["gateway"].health is healthy
    assert f"HTTP {status[:3]}: no" in found["gateway"].text


def test_a_ledger_of_another_gateway_is_told(project: Path, gateway: str) -> None:
    (project / ".gewe").mkdir()
    database = str(project / ".gewe" / "live.db")
    connect.create(sqlalchemy.URL.create("sqlite", database=database), "https://other.example").close()
    found = look(project, gateway)
    assert (found["ledger"].health, code(found)) == (FAIL, 3)
    assert "belongs to the gateway https://other.example" in found["ledger"].text


def test_with_a_campaign_only_its_devices_are_asked(project: Path, gateway: str) -> None:
    found = look(project, gateway, campaign="fruit.yaml")
    assert found["campaign fruit"].text == "3 messages planned"
    assert [about for about in found if about.startswith("device")] == ["device shop-east"]


def test_a_campaign_with_problems_ends_no_other_check(project: Path, gateway: str) -> None:
    (project / "lists" / "members.csv").unlink()
    found = look(project, gateway, campaign="fruit.yaml")
    assert (found["campaign"].health, found["device shop-west"].health) == (FAIL, OK)
    assert found["campaign"].hint.startswith("gewe-runner validate ")
    assert code(found) == 3


def test_contacts_are_counted_where_that_is_asked_for(project: Path, gateway: str) -> None:
    found = look(project, gateway, west="wx_mute", check_contacts=True)
    assert (found["contacts shop-east"].health, found["contacts shop-west"].health) == (OK, WARN)
    assert found["contacts shop-east"].text == "3 friends, 0 groups saved to the address book"
    assert found["contacts shop-west"].text == "not known: HTTP 502: ill"


def test_recipients_whom_their_device_does_not_know_are_a_warning(project: Path, gateway: str) -> None:
    found = look(project, gateway, campaign="fruit.yaml", check_contacts=True)
    assert found["campaign fruit"].health is WARN
    assert found["campaign fruit"].text.startswith("3 of 3 recipients are not among the contacts of device shop-east: ")
    assert code(found) == 0
