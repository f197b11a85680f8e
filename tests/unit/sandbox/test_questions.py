"""The sandbox answers questions about a device as the API does, and keeps them apart from messages."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from gewe_runner import sandbox
from gewe_runner.sandbox import questions
from tests import program
from tests.unit.sandbox.test_server import CARD, account, post

PRESENCE, PROFILE = "/login/checkOnline", "/personal/getProfile"
CONTACTS = ("/contacts/fetchContactsList", "/contacts/fetchContactsListCache")

FAULTS: list[dict[str, Any]] = [
    {"match": {"endpoint": "checkOnline", "device": "wx_odd"}, "refuse": {"envelope": {"ret": 200, "data": "yes"}}},
    {"match": {"endpoint": "getProfile", "device": "wx_odd"}, "refuse": {"inner": "未知错误"}},
    {"match": {"endpoint": "*", "device": "wx_gone"}, "offline": True},
    {"match": {"device": "wx_busy"}, "often": True},
    {"match": {"endpoint": "checkOnline", "device": "wx_page"}, "garbage": True},
    {"match": {"endpoint": "checkOnline", "device": "wx_noid"}, "no_id": True},
]
KNOWN = ["wxid_a", "123@chatroom", "gh_b"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with program.sandboxed() as url:
        yield url


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    options = sandbox.Options(faults={"version": 1, "contacts": KNOWN, "faults": FAULTS})
    with program.sandboxed(options) as url:
        yield url


def ask(url: str, path: str, body: Any, token: str = "any") -> Any:
    response = requests.post(f"{url}{path}", json=body, headers={"X-GEWE-TOKEN": token}, timeout=10)
    assert response.status_code == 200
    return response.json()


def about(url: str, path: str, device: str = "wx_sandbox_east") -> Any:
    return ask(url, path, {"appId": device})


def test_a_device_is_online(url: str) -> None:
    assert about(url, PRESENCE) == {"ret": 200, "msg": "操作成功", "data": True}


def test_a_device_whose_id_says_so_is_offline_wherever_it_is_asked(url: str) -> None:
    assert about(url, PRESENCE, "wx_offline_1")["data"] is False
    assert about(url, PROFILE, "wx_offline_1")["data"]["msg"] == "微信已离线"
    assert post(url, CARD | {"appId": "wx_offline_1"}).json()["data"]["msg"] == "微信已离线"


def test_each_device_has_a_profile_of_its_own(url: str) -> None:
    east, west = (about(url, PROFILE, f"wx_sandbox_{name}")["data"] for name in ("east", "west"))
    assert (east["nickName"], west["nickName"]) == ("沙盒 east", "沙盒 west")
    assert east["wxid"] != west["wxid"]


@pytest.mark.parametrize("path", CONTACTS)
def test_without_a_list_a_device_knows_whom_it_has_served(url: str, path: str) -> None:
    post(url, CARD | {"toWxid": "wxid_served"})
    known = about(url, path)["data"]
    assert {"filehelper", "weixin", "wxid_served"} <= set(known["friends"])


@pytest.mark.parametrize("path", CONTACTS)
def test_contacts_are_told_by_what_they_are(faulty: str, path: str) -> None:
    assert about(faulty, path)["data"] == {
        "friends": ["filehelper", "fmessage", "weixin", "wxid_a"],
        "chatrooms": ["123@chatroom"],
        "ghs": ["gh_b"],
    }


@pytest.mark.parametrize("path", questions.PATHS)
def test_a_question_wants_a_token_an_app_id_and_a_device_that_is_there(url: str, path: str) -> None:
    assert "不可用或已过期" in ask(url, path, {"appId": "wx_a"}, "expired")["msg"]
    assert ask(url, path, {})["msg"] == "appId不可为空"
    refused = ask(url, path, {"appId": "a"})
    assert (refused["ret"], refused["data"]["msg"]) == (500, "[a]设备不存在")
    assert "小程序" not in refused["msg"]


def test_questions_are_counted_beside_messages(url: str) -> None:
    before = account(url)
    about(url, PRESENCE)
    after = account(url)
    assert after["asked"]["checkOnline"] == before["asked"].get("checkOnline", 0) + 1
    assert (after["requests"], after["last_at"]) == (before["requests"], before["last_at"])


def test_a_fault_is_for_the_endpoint_that_it_names(faulty: str) -> None:
    assert about(faulty, PRESENCE, "wx_odd") == {"ret": 200, "data": "yes"}
    assert about(faulty, PROFILE, "wx_odd")["data"] == {"code": "-1", "msg": "未知错误"}
    assert post(faulty, CARD | {"appId": "wx_odd"}).json()["ret"] == 200


def test_a_fault_without_an_endpoint_is_for_messages(faulty: str) -> None:
    assert about(faulty, PRESENCE, "wx_busy")["data"] is True
    assert post(faulty, CARD | {"appId": "wx_busy"}).json()["ret"] == 500


def test_a_device_that_is_offline_says_so_at_every_endpoint(faulty: str) -> None:
    assert about(faulty, PRESENCE, "wx_gone") == {"ret": 200, "msg": "操作成功", "data": False}
    assert about(faulty, PROFILE, "wx_gone")["data"]["msg"] == "微信已离线"
    assert post(faulty, CARD | {"appId": "wx_gone"}).json()["data"]["msg"] == "微信已离线"


def test_a_fault_of_another_kind_gives_the_answer_of_the_question(faulty: str) -> None:
    assert about(faulty, PRESENCE, "wx_noid")["data"] is True
    page = requests.post(f"{faulty}{PRESENCE}", json={"appId": "wx_page"}, headers={"X-GEWE-TOKEN": "t"}, timeout=10)
    assert page.text.startswith("<html>")
