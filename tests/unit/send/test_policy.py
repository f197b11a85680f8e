"""The policy: every kind of answer, and what follows from it for the message, the lane and the run."""

import pytest

from gewe_runner.model import Refusals, State
from gewe_runner.send import answers, policy
from gewe_runner.send.answers import Answer, Envelope, Loss, Lost, NoEnvelope, NotSent
from gewe_runner.send.policy import LaneEffect, RunEffect
from gewe_runner.wire.failures import Unsent
from tests import outcomes
from tests.outcomes import Outcome, envelope

GO, REST, STOP = LaneEffect.GO_ON, LaneEffect.REST, LaneEffect.STOP

#: Every answer of the table with the row that it stands in.
OUTCOMES = [(answer, row) for row in outcomes.TABLE for answer in row.answers]


@pytest.mark.parametrize(("answer", "row"), OUTCOMES)
def test_an_answer_decides_message_lane_and_run(answer: Answer, row: Outcome) -> None:
    verdict = policy.classify(answer, Refusals())
    assert (verdict.state, verdict.lane, verdict.run, verdict.retry) == (row.state, row.lane, row.run, row.retry)


def test_the_table_of_outcomes_has_every_kind_of_answer() -> None:
    answers = [answer for answer, _ in OUTCOMES]
    assert {type(answer) for answer in answers} == {Envelope, NoEnvelope, NotSent, Lost}
    assert {answer.kind for answer in answers if isinstance(answer, NotSent)} == set(Unsent)
    assert {answer.kind for answer in answers if isinstance(answer, Lost)} == set(Loss)


def test_the_table_of_outcomes_has_every_effect() -> None:
    assert {row.state for row in outcomes.TABLE} == set(State) - {State.SENDING, State.CANCELLED}
    assert {row.lane for row in outcomes.TABLE} == set(LaneEffect)
    assert {row.run for row in outcomes.TABLE} == set(RunEffect)


@pytest.mark.parametrize(("answer", "row"), OUTCOMES)
def test_every_verdict_has_a_reason_and_the_gateways_text(answer: Answer, row: Outcome) -> None:
    verdict = policy.classify(answer, Refusals())
    assert verdict.reason
    assert bool(verdict.text) is (row.state is not State.SENT)


@pytest.mark.parametrize("answer", [answer for answer, row in OUTCOMES if row.run is RunEffect.STOP])
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
