"""The bytes of an answer are the API's envelope, or they are not."""

import json
from typing import Any

import pytest

from gewe_runner.wire import masks, said
from gewe_runner.wire.said import Said, Silence


def read(answer: Any, status: int = 200) -> Said | Silence:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return said.read(status, body, masks.cleaner("tok-1"))


def test_an_envelope_is_taken_whole() -> None:
    assert read({"ret": 200, "msg": "操作成功", "data": False}) == Said(ret=200, data=False, text="操作成功")


def test_the_inner_text_tells_more_than_the_outer_one() -> None:
    answer = read({"ret": 500, "msg": "失败", "data": {"code": "-1", "msg": "微信已离线"}})
    assert isinstance(answer, Said)
    assert answer.text == "微信已离线"


def test_the_token_is_masked() -> None:
    assert read({"ret": 500, "msg": "X-GEWE-TOKEN=tok-1 已过期"}) == Said(
        ret=500, data=None, text="X-GEWE-TOKEN=*** 已过期"
    )


def test_an_envelope_counts_under_any_status() -> None:
    assert isinstance(read({"ret": 500, "msg": ""}, 500), Said)


@pytest.mark.parametrize("answer", [b"", b"{", [], {"ret": True}, {"ret": "200"}, {"msg": "ok"}, b"[" * 100_000])
def test_anything_else_is_none(answer: Any) -> None:
    assert isinstance(read(answer), Silence)


def test_a_page_is_told_by_its_text() -> None:
    assert read(b"<html><h1>Bad tok-1</h1></html>", 502) == Silence(status=502, text="HTTP 502: Bad ***")
