"""One line an attempt, fit for people or programs, with as little of a person as will do."""

import io
import json

from gewe_runner.exchange import Intent, Outcome
from gewe_runner.model import State
from gewe_runner.send import log

OUTCOME = Outcome(
    intent=Intent(
        message_id=1, attempt_id=1, run="run-1", seq=7, to_wxid="wxid_abcdef123", device="east", epoch=1, payload="{}"
    ),
    state=State.REJECTED,
    reason="refused",
    text="no\nfriend",
    ended_at=1_796_000_000_123,
    took=312,
    next_at=0,
)


def test_a_line_tells_run_device_seq_outcome_and_duration() -> None:
    assert log.line(OUTCOME, log.Style()) == (
        "2026-11-30T00:53:20.123+00:00 rejected run=run-1 device=east seq=7 to=wxi…123 ms=312  refused: no friend"
    )


def test_the_same_for_programs() -> None:
    assert json.loads(log.line(OUTCOME, log.Style(json=True))) == {
        "at": "2026-11-30T00:53:20.123+00:00",
        "action": "attempt",
        "outcome": "rejected",
        "run": "run-1",
        "device": "east",
        "seq": 7,
        "to": "wxi…123",
        "ms": 312,
        "text": "refused: no\nfriend",
    }


def test_whole_ids_are_logged_only_when_asked_for() -> None:
    assert "wxid_abcdef123" not in log.line(OUTCOME, log.Style())
    assert "wxid_abcdef123" in log.line(OUTCOME, log.Style(recipients=True))


def test_every_run_has_its_own_log_and_one_may_see_all() -> None:
    own, other, every = io.StringIO(), io.StringIO(), io.StringIO()
    log.Log(style=log.Style(), files={"run-1": own, "run-2": other}, all=every).note(OUTCOME)
    assert own.getvalue() == every.getvalue() == log.line(OUTCOME, log.Style()) + "\n"
    assert other.getvalue() == ""
