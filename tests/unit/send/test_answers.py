"""Answers: whatever bytes a server sends, they become one plain value."""

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner.send import answers
from gewe_runner.send.answers import Envelope, NoEnvelope


def envelope(tree: Any) -> Envelope:
    answer = answers.read(200, json.dumps(tree).encode(), str)
    assert isinstance(answer, Envelope)
    return answer


def test_a_success_gives_its_ids_exactly_as_text() -> None:
    data = {"toWxid": "filehelper", "createTime": 1704162674, "msgId": 0, "newMsgId": 9223372036854775807, "type": 33}
    answer = envelope({"ret": 200, "msg": "操作成功", "data": data})
    assert (answer.msg_id, answer.new_msg_id, answer.create_time) == ("0", "9223372036854775807", "1704162674")


def test_ids_may_be_text_already() -> None:
    assert envelope({"ret": 200, "data": {"newMsgId": "3190424380344821001"}}).new_msg_id == "3190424380344821001"


@pytest.mark.parametrize("value", [None, True, [], {}, "", "x", 1.5, 1e18, "1" * 21, int("9" * 4000)])
def test_what_is_no_id_is_none(value: Any) -> None:
    assert envelope({"ret": 200, "data": {"newMsgId": value}}).new_msg_id == ""


@pytest.mark.parametrize(
    ("tree", "inner"),
    [
        ({"msg": "failed", "data": {"code": "-1", "msg": "微信已离线"}}, "微信已离线"),
        ({"msg": "failed", "data": {"msg": None, "detail": '{"msg_err": "cause"}'}}, "cause"),
        ({"msg": "failed", "data": {"msg": "", "detail": {"msg_err": "cause"}}}, "cause"),
        ({"msg": "failed", "data": {"detail": "not json"}}, "failed"),
        ({"msg": "failed", "data": {"code": "-2", "msg": None}}, "failed"),
        ({"msg": "failed"}, "failed"),
        ({"msg": "failed", "data": []}, "failed"),
        ({"msg": ["failed"], "data": "no"}, ""),
    ],
)
def test_the_most_telling_text_is_the_innermost(tree: dict[str, Any], inner: str) -> None:
    assert envelope({"ret": 500} | tree).inner == inner


@pytest.mark.parametrize(("code", "text"), [("-4013", "-4013"), (-4013, "-4013"), (None, ""), ([1], "")])
def test_a_code_may_be_text_or_number(code: Any, text: str) -> None:
    assert envelope({"ret": 500, "data": {"code": code}}).code == text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"200",
        b"{}",
        b'{"ret": "200"}',
        b'{"ret": true}',
        b'{"ret": 200.0}',
        b'{"ret": NaN}',
        b'{"ret": 200, "x": Infinity}',
        b'{"ret": ' + b"2" * 5000 + b"}",
        b'{"ret": 500, "ret": 200, "data": {"newMsgId": 1}}',
        b'{"ret": 200',
        b'{"ret": 200} and more',
        b"[" * 500_000,
        b'{"a":' * 200_000,
        b"\xff\xfe\x00",
    ],
)
def test_anything_but_one_clear_envelope_is_none(body: bytes) -> None:
    assert isinstance(answers.read(200, body, str), NoEnvelope)


def test_a_byte_order_mark_does_not_hide_an_envelope() -> None:
    assert isinstance(answers.read(200, b'\xef\xbb\xbf{"ret": 200}', str), Envelope)


def test_every_text_is_cleaned() -> None:
    answer = answers.read(500, b'{"ret": 500, "msg": "a", "data": {"code": "b", "msg": "c"}}', str.upper)
    assert isinstance(answer, Envelope)
    assert (answer.msg, answer.code, answer.inner) == ("A", "B", "C")
    assert answers.read(502, b"bad gateway", str.upper) == NoEnvelope(http_status=502, text="BAD GATEWAY")


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ret", "msg", "data", "detail", "newMsgId", "code", "msg_err"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@hypothesis.given(st.binary() | TREES.map(lambda tree: json.dumps(tree).encode()), st.integers(100, 599))
def test_no_answer_raises(body: bytes, status: int) -> None:
    assert answers.read(status, body, str).http_status == status
