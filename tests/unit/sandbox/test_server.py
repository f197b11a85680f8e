"""The sandbox's endpoint: the API as it is described, and each behaviour of a special recipient."""

import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gewe_runner.sandbox import behaviours
from tests import program

CARD = {
    "appId": "wx_sandbox",
    "toWxid": "filehelper",
    "miniAppId": "wx1f9ea355b47256dd",
    "userName": "gh_690acf47ea05@app",
    "title": "最快29分钟 好吃水果送到家",
    "coverImgUrl": "https://cdn.example.com/cover.jpg",
    "pagePath": "pages/homeDelivery/index.html",
    "displayName": "百果园+",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with program.sandboxed() as url:
        yield url


def post(url: str, body: Any, *, token: str | None = "any", timeout: float = 10) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"X-GEWE-TOKEN": token})
    return requests.post(f"{url}/message/postMiniApp", data=data, headers=headers, timeout=timeout)


def answer(url: str, body: Any, *, token: str | None = "any") -> Any:
    response = post(url, body, token=token)
    assert response.status_code == 200
    return response.json()


def account(url: str, query: str = "") -> Any:
    return requests.get(f"http://{urlsplit(url).netloc}/sandbox/received{query}", timeout=10).json()


def accepted(url: str, to_wxid: str) -> int:
    return int(account(url)["accepted"].get(to_wxid, 0))


def test_a_card_is_accepted_as_the_api_says(url: str) -> None:
    envelope = answer(url, CARD)
    assert (envelope["ret"], envelope["msg"]) == (200, "操作成功")
    assert set(envelope["data"]) == {"toWxid", "createTime", "msgId", "newMsgId", "type"}
    assert (envelope["data"]["toWxid"], envelope["data"]["type"]) == ("filehelper", 33)


def test_every_new_msg_id_is_new_and_too_large_for_a_float(url: str) -> None:
    ids = [answer(url, CARD)["data"]["newMsgId"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(2**53 < new < 2**63 for new in ids)


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_refused(url: str, token: str | None) -> None:
    assert answer(url, CARD, token=token) == {"ret": 500, "msg": "header:X-GEWE-TOKEN 不可为空"}


def test_the_token_expired_is_refused_and_echoed(url: str) -> None:
    assert answer(url, CARD, token="expired") == {"ret": 500, "msg": "HTTP HEADER: X-GEWE-TOKEN=expired 不可用或已过期"}


@pytest.mark.parametrize("field", CARD)
def test_every_field_is_required(url: str, field: str) -> None:
    without = {key: value for key, value in CARD.items() if key != field}
    for body in (without, without | {field: ""}, without | {field: None}):
        assert answer(url, body) == {"ret": 500, "msg": f"{field}不可为空"}


@pytest.mark.parametrize("value", [1, True, ["x"], {"x": "y"}])
def test_every_field_is_text(url: str, value: Any) -> None:
    assert answer(url, CARD | {"title": value}) == {"ret": 500, "msg": "title必须为字符串"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"[" * 100_000, b"\xff\xfe\xfd"])
def test_a_body_that_is_no_json_object_is_refused(url: str, body: bytes) -> None:
    assert answer(url, body)["ret"] == 500


def test_an_unknown_device_is_refused(url: str) -> None:
    data = {"code": "-1", "msg": "[wx1f9ea355b47256dd]设备不存在"}
    assert answer(url, CARD | {"appId": "wx1f9ea355b47256dd"})["data"] == data


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("refused", {"code": "-2", "msg": None}),
        ("offline", {"code": "-1", "msg": "微信已离线"}),
        ("often", {"code": "-1", "msg": "操作过于频繁，请稍后再试"}),
    ],
)
def test_a_refused_recipient_gets_nothing(url: str, name: str, data: dict[str, str | None]) -> None:
    to_wxid = f"sandbox_{name}_1"
    assert answer(url, CARD | {"toWxid": to_wxid}) == {"ret": 500, "msg": "发送小程序失败", "data": data}
    assert accepted(url, to_wxid) == 0


def test_a_hanging_recipient_is_accepted_and_never_answered(url: str) -> None:
    with pytest.raises(requests.ReadTimeout):
        post(url, CARD | {"toWxid": "sandbox_hang_1"}, timeout=0.3)
    assert accepted(url, "sandbox_hang_1") == 1


def test_a_reset_recipient_is_accepted_and_the_connection_reset(url: str) -> None:
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        post(url, CARD | {"toWxid": "sandbox_reset_1"})
    assert accepted(url, "sandbox_reset_1") == 1


def test_a_garbage_recipient_is_answered_with_a_page(url: str) -> None:
    response = post(url, CARD | {"toWxid": "sandbox_garbage_1"})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert accepted(url, "sandbox_garbage_1") == 1


def test_a_noid_recipient_is_accepted_without_a_new_msg_id(url: str) -> None:
    envelope = answer(url, CARD | {"toWxid": "sandbox_noid_1"})
    assert envelope["ret"] == 200
    assert "newMsgId" not in envelope["data"]


@pytest.mark.parametrize("to_wxid", ["sandbox", "sandbox_", "sandbox_hang", "sandbox_else_1", "wxid_sandbox_hang_1"])
def test_everybody_else_is_accepted(to_wxid: str) -> None:
    assert behaviours.behaviour(to_wxid) is behaviours.ACCEPT


@pytest.mark.parametrize(("method", "path"), [("GET", "/gewe/v2/api/message/postMiniApp"), ("GET", "/sandbox/reset")])
def test_a_known_path_with_another_method_is_not_allowed(url: str, method: str, path: str) -> None:
    assert requests.request(method, f"http://{urlsplit(url).netloc}{path}", timeout=10).status_code == 405


@pytest.mark.parametrize("path", ["/", "/gewe/v2/api", "/gewe/v2/api/message/postText", "/message/postMiniApp"])
def test_any_other_path_is_not_found_and_has_no_envelope(url: str, path: str) -> None:
    response = requests.post(f"http://{urlsplit(url).netloc}{path}", data=b"{}", timeout=10)
    assert (response.status_code, "ret" in response.text) == (404, False)


def test_the_account_counts_what_was_accepted_for_whom(url: str) -> None:
    before = account(url)["requests"]
    for _ in range(2):
        answer(url, CARD | {"toWxid": "wxid_counted"})
    answer(url, {}, token=None)
    after = account(url)
    assert (after["accepted"]["wxid_counted"], after["requests"] - before) == (2, 3)


def test_the_account_has_the_hash_of_each_payload(url: str) -> None:
    answer(url, CARD | {"toWxid": "wxid_hashed"})
    payload = {key: value for key, value in (CARD | {"toWxid": "wxid_hashed"}).items() if key != "appId"}
    canonical = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    expected = {"appId": "wx_sandbox", "toWxid": "wxid_hashed", "sha256": hashlib.sha256(canonical).hexdigest()}
    assert account(url, "?bodies=1")["bodies"][-1] == expected


def test_answers_to_many_at_once_do_not_wait_for_each_other(url: str) -> None:
    threads = [threading.Thread(target=answer, args=(url, CARD | {"toWxid": "wxid_many"})) for _ in range(20)]
    hanging = threading.Thread(target=_give_up, args=(url,))
    hanging.start()
    for thread in threads:
        thread.start()
    for thread in [*threads, hanging]:
        thread.join()
    assert accepted(url, "wxid_many") == 20


def _give_up(url: str) -> None:
    with pytest.raises(requests.ReadTimeout):
        post(url, CARD | {"toWxid": "sandbox_hang_2"}, timeout=0.5)
