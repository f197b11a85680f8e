"""The policy: every kind of answer, and what follows from it for the message, the lane and the run."""

import pytest

from gewe_runner.model import Refusals, State
from gewe_runner.send import answers, policy
from gewe_runner.send.answers import Answer, Envelope, Loss, Lost, NoEnvelope, NotSent, Unsent
from gewe_runner.send.policy import LaneEffect, RunEffect


def envelope(
    ret: int = 500, msg: str = "发送小程序失败", *, inner: str = "", new: str = "", status: int = 200
) -> Envelope:
    return Envelope(
        http_status=status,
        ret=ret,
        msg=msg,
        code="",
        inner=inner or msg,
        msg_id="",
        new_msg_id=new,
        create_time="",
    )


def page(status: int) -> NoEnvelope:
    return NoEnvelope(http_status=status, text="<html>")


GO, REST, STOP = LaneEffect.GO_ON, LaneEffect.REST, LaneEffect.STOP

#: answer → state, lane, run stops, retry
OUTCOMES: list[tuple[Answer, State, LaneEffect, bool, bool]] = [
    (envelope(200, "操作成功", new="3190424380344821001"), State.SENT, GO, False, False),
    (envelope(200, "操作成功", new="-9"), State.SENT, GO, False, False),
    (envelope(200, "微信已离线", new="1"), State.SENT, GO, False, False),
    (envelope(200, "操作成功", new="1", status=500), State.SENT, GO, False, False),
    (envelope(200, "操作成功"), State.UNKNOWN, GO, False, False),
    (envelope(200, "操作成功", new="0"), State.UNKNOWN, GO, False, False),
    (envelope(), State.REJECTED, GO, False, False),
    (envelope(0, "ok", new="1"), State.REJECTED, GO, False, False),
    (envelope(-1, "用户不存在", status=500), State.REJECTED, GO, False, False),
    (envelope(inner="用户不存在", status=404), State.REJECTED, GO, False, False),
    (envelope(msg="header:X-GEWE-TOKEN 不可为空"), State.PENDING, GO, True, False),
    (envelope(msg="HTTP HEADER: X-GEWE-TOKEN=*** 不可用或已过期"), State.PENDING, GO, True, False),
    (envelope(msg="http header: x-gewe-token=***", status=401), State.PENDING, GO, True, False),
    (envelope(inner="微信已离线"), State.PENDING, STOP, False, False),
    (envelope(inner="[wx_1]设备不存在"), State.PENDING, STOP, False, False),
    (envelope(inner="操作过于频繁，请稍后再试"), State.PENDING, REST, False, False),
    (envelope(429, "Too Many Requests", status=429), State.PENDING, REST, False, False),
    (envelope(inner="exceeded maximum retries"), State.UNKNOWN, GO, False, False),
    (envelope(inner="exceeded maximum retries: 微信已离线"), State.UNKNOWN, GO, False, False),
    *((page(status), State.PENDING, GO, True, False) for status in (301, 302, 304, 307, 308, 401, 403, 404, 405, 407)),
    (page(429), State.PENDING, REST, False, False),
    *((page(status), State.UNKNOWN, GO, False, False) for status in (200, 204, 400, 413, 500, 502, 503, 504)),
    *((NotSent(kind=kind, text="no"), State.PENDING, GO, False, True) for kind in Unsent),
    *((Lost(kind=kind, text="no"), State.UNKNOWN, GO, False, False) for kind in Loss),
]


@pytest.mark.parametrize(("answer", "state", "lane", "stops", "retry"), OUTCOMES)
def test_an_answer_decides_message_lane_and_run(
    answer: Answer, state: State, lane: LaneEffect, stops: bool, retry: bool
) -> None:
    verdict = policy.classify(answer, Refusals())
    run = RunEffect.STOP if stops else RunEffect.GO_ON
    assert (verdict.state, verdict.lane, verdict.run, verdict.retry) == (state, lane, run, retry)


def test_the_table_of_outcomes_has_every_kind_of_answer() -> None:
    assert {type(answer) for answer, *_ in OUTCOMES} == {Envelope, NoEnvelope, NotSent, Lost}


@pytest.mark.parametrize(("answer", "state"), [(answer, state) for answer, state, *_ in OUTCOMES])
def test_every_verdict_has_a_reason_and_the_gateways_text(answer: Answer, state: State) -> None:
    verdict = policy.classify(answer, Refusals())
    assert verdict.reason
    assert bool(verdict.text) is (state is not State.SENT)


@pytest.mark.parametrize("answer", [answer for answer, _, _, stops, _ in OUTCOMES if stops])
def test_a_verdict_that_stops_the_run_says_what_to_do(answer: Answer) -> None:
    assert "run the same command again" in policy.classify(answer, Refusals()).hint


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        (Refusals(token=("Bad Key",)), (State.PENDING, GO, RunEffect.STOP)),
        (Refusals(device=("bad key",)), (State.PENDING, STOP, RunEffect.GO_ON)),
        (Refusals(too_often=(" bad key ",)), (State.PENDING, REST, RunEffect.GO_ON)),
        (Refusals(token=("", " "), device=("else",)), (State.REJECTED, GO, RunEffect.GO_ON)),
    ],
)
def test_a_profile_adds_texts_to_a_class(refusals: Refusals, expected: tuple[State, LaneEffect, RunEffect]) -> None:
    verdict = policy.classify(envelope(inner="the BAD key 7"), refusals)
    assert (verdict.state, verdict.lane, verdict.run) == expected


def test_a_profile_cannot_make_an_uncertain_message_go_out_again() -> None:
    verdict = policy.classify(envelope(inner="exceeded maximum retries"), Refusals(device=("exceeded",)))
    assert verdict.state is State.UNKNOWN


def test_the_outer_text_counts_as_well_as_the_inner() -> None:
    verdict = policy.classify(envelope(msg="操作频繁", inner="-"), Refusals())
    assert verdict.lane is LaneEffect.REST


def test_a_success_hands_on_its_ids() -> None:
    body = b'{"ret": 200, "msg": "", "data": {"msgId": 1, "newMsgId": 22, "createTime": 333}}'
    verdict = policy.classify(answers.read(200, body, str), Refusals())
    assert (verdict.msg_id, verdict.new_msg_id, verdict.create_time) == ("1", "22", "333")


def test_a_refusal_without_a_cause_shows_its_code() -> None:
    body = '{"ret": 500, "msg": "发送小程序失败", "data": {"code": "-2", "msg": null}}'.encode()
    assert policy.classify(answers.read(200, body, str), Refusals()).text == "发送小程序失败 (code -2)"


def test_a_refusal_without_any_text_shows_ret() -> None:
    assert policy.classify(answers.read(200, b'{"ret": 503}', str), Refusals()).text == "ret 503"
