"""Each thing that a fault can do, over a real connection, and whether the message counts as accepted."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gewe_runner import sandbox, schemas
from gewe_runner.sandbox import behaviours
from tests import program
from tests.unit.sandbox.test_server import CARD, account, post

ENVELOPE = {"ret": 500, "msg": "发送小程序失败", "data": {"code": "-4", "msg": "用户不存在", "detail": None}}

#: What a fault does by the recipient whom it strikes.
CASES: dict[str, dict[str, Any]] = {
    "refuse_envelope": {"refuse": {"envelope": ENVELOPE, "http_status": 500}},
    "refuse_parts": {"refuse": {"inner": "用户不存在"}},
    "refuse_msg": {"refuse": {"msg": "token 不可用或已过期"}},
    "refuse_code": {"refuse": {"msg": "失败", "code": "-2"}},
    "refuse_accepted": {"refuse": {"inner": "exceeded maximum retries", "accepted": True}},
    "offline": {"offline": True},
    "often": {"often": True},
    "hang": {"hang": True},
    "late": {"hang": {"seconds": 0.3}},
    "reset_before": {"reset": "before"},
    "reset_after": {"reset": "after"},
    "garbage": {"garbage": True},
    "status": {"status": {"code": 429, "headers": {"Retry-After": "30"}, "body": "慢一点"}},
    "lost_answer": {"status": {"code": 502, "accepted": True}},
    "redirect": {"redirect": {"to": "http://127.0.0.1:9/login"}},
    "slow": {"slow": {"bytes_per_second": 500}},
    "huge": {"huge": {"bytes": 1_500_000}},
    "content_type": {"content_type": "text/html"},
    "truncated_gzip": {"truncated_gzip": True},
    "no_id": {"no_id": True},
}
ACCEPTED = {"refuse_accepted", "lost_answer", "hang", "late", "reset_after", "garbage", "slow", "huge"} | {
    "content_type",
    "truncated_gzip",
    "no_id",
}
BROKEN = (requests.ConnectionError, requests.ReadTimeout, requests.exceptions.ContentDecodingError)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    faults = [{"match": {"to": f"{name}_*"}, **does} for name, does in CASES.items()]
    with program.sandboxed(sandbox.Options(faults={"version": 1, "faults": faults})) as url:
        yield url


def send(url: str, to: str, timeout: float = 10) -> requests.Response:
    headers = {"X-GEWE-TOKEN": "any", "Accept-Encoding": "identity"}
    return requests.post(
        f"{url}/message/postMiniApp",
        json=CARD | {"toWxid": to},
        headers=headers,
        timeout=timeout,
        allow_redirects=False,
    )


@pytest.mark.parametrize("name", CASES)
def test_a_message_counts_as_accepted_or_not(url: str, name: str) -> None:
    try:
        send(url, f"{name}_1", timeout=2 if name == "late" else 0.5)
    except BROKEN:
        assert name in {"hang", "reset_before", "reset_after", "truncated_gzip"}
    assert account(url)["accepted"].get(f"{name}_1", 0) == (name in ACCEPTED)


@pytest.mark.parametrize(
    ("name", "envelope"),
    [
        ("refuse_envelope", ENVELOPE),
        ("refuse_parts", {"ret": 500, "msg": "发送小程序失败", "data": {"code": "-1", "msg": "用户不存在"}}),
        ("refuse_msg", {"ret": 500, "msg": "token 不可用或已过期"}),
        ("refuse_code", {"ret": 500, "msg": "失败", "data": {"code": "-2", "msg": None}}),
        ("offline", {"ret": 500, "msg": "发送小程序失败", "data": {"code": "-1", "msg": "微信已离线"}}),
        ("often", {"ret": 500, "msg": "发送小程序失败", "data": {"code": "-1", "msg": "操作过于频繁，请稍后再试"}}),
    ],
)
def test_a_refusal_has_the_apis_form(url: str, name: str, envelope: dict[str, Any]) -> None:
    assert send(url, f"{name}_2").json() == envelope


def test_a_refusal_can_have_another_status(url: str) -> None:
    assert send(url, "refuse_envelope_3").status_code == 500


def test_a_late_answer_is_a_success(url: str) -> None:
    assert send(url, "late_2").json()["ret"] == 200


@pytest.mark.parametrize("name", ["reset_before", "reset_after"])
def test_a_reset_breaks_the_connection(url: str, name: str) -> None:
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        send(url, f"{name}_2")


def test_a_status_has_its_headers_and_its_body(url: str) -> None:
    response = send(url, "status_2")
    assert (response.status_code, response.headers["Retry-After"], response.text) == (429, "30", "慢一点")


def test_a_redirect_points_elsewhere(url: str) -> None:
    response = send(url, "redirect_2")
    assert (response.status_code, response.headers["Location"]) == (307, "http://127.0.0.1:9/login")


@pytest.mark.parametrize("name", ["slow", "huge", "content_type"])
def test_an_odd_answer_still_holds_the_envelope(url: str, name: str) -> None:
    assert json.loads(send(url, f"{name}_2").content)["data"]["newMsgId"]


def test_a_huge_answer_has_its_size(url: str) -> None:
    assert len(send(url, "huge_3").content) == 1_500_000


def test_a_slow_answer_comes_in_pieces(url: str) -> None:
    headers = {"X-GEWE-TOKEN": "any"}
    body = CARD | {"toWxid": "slow_3"}
    with requests.post(f"{url}/message/postMiniApp", json=body, headers=headers, timeout=10, stream=True) as answer:
        assert len(answer.raw.read1(65_536)) < int(answer.headers["Content-Length"])


def test_a_content_type_is_the_one_that_was_asked_for(url: str) -> None:
    assert send(url, "content_type_3").headers["Content-Type"] == "text/html"


def test_a_truncated_gzip_is_complete_for_http_and_broken_inside(url: str) -> None:
    headers = {"X-GEWE-TOKEN": "any"}
    body = CARD | {"toWxid": "truncated_gzip_3"}
    with requests.post(f"{url}/message/postMiniApp", json=body, headers=headers, timeout=10, stream=True) as answer:
        raw = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert (len(raw), raw[:2]) == (int(answer.headers["Content-Length"]), b"\x1f\x8b")


def test_an_answer_without_id_is_a_success_otherwise(url: str) -> None:
    envelope = send(url, "no_id_2").json()
    assert (envelope["ret"], "newMsgId" in envelope["data"]) == (200, False)


def test_whom_no_fault_strikes_is_treated_by_the_id(url: str) -> None:
    assert post(url, CARD | {"toWxid": "wxid_other"}).json()["ret"] == 200
    assert post(url, CARD | {"toWxid": "sandbox_refused_1"}).json()["data"]["code"] == "-2"


def test_a_connection_lives_on_after_a_fault(url: str) -> None:
    headers = b"Host: x\r\nX-GEWE-TOKEN: any\r\n"
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=10) as line:
        for name in ("status_4", "refuse_parts_4", "slow_4", "wxid_other"):
            body = json.dumps(CARD | {"toWxid": name}).encode()
            head = b"POST /gewe/v2/api/message/postMiniApp HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n"
            line.sendall(head % (headers, len(body)) + body)
            with http.client.HTTPResponse(line) as answer:
                answer.begin()
                assert len(answer.read()) == int(answer.headers["Content-Length"])


def test_the_schema_knows_exactly_these_behaviours() -> None:
    choices = schemas.load("faults")["properties"]["faults"]["items"]["oneOf"]
    assert [choice["required"] for choice in choices] == [[kind] for kind in behaviours.KINDS]
    assert {next(iter(does)) for does in CASES.values()} == set(behaviours.KINDS)
