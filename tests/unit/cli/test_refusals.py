"""Refusals on the terminal: grouped, harmless, and each with a setting that can be pasted as it is."""

from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner import load, validate
from gewe_runner.cli import refusals
from gewe_runner.model import Refusals
from gewe_runner.problems import Problems
from gewe_runner.send import policy
from gewe_runner.send.answers import Envelope
from gewe_runner.send.policy import LaneEffect
from tests.unit.report.build import HOSTILE, run

SETTINGS = """\
version: 1
profiles:
  sandbox:
    gateway: sandbox
    devices: {{shop-east: {{appId: wx_east}}}}
    {line}
"""


def told(texts: dict[str, int], rejected: int | None = None) -> list[str]:
    counts = {"rejected": sum(texts.values()) if rejected is None else rejected}
    return list(refusals.told(run(counts=counts, refusals=texts)))


def pasted(folder: Path, line: str) -> Refusals:
    """What the settings say that hold the line."""
    path = folder / "gewe.yaml"
    path.write_text(SETTINGS.format(line=line), encoding="utf-8")
    problems = Problems()
    settings = validate.settings(load.document(path, "gewe.yaml", problems), problems)
    return settings.profiles["sandbox"].refusals


def envelope(inner: str, **fields: Any) -> Envelope:
    ids = dict.fromkeys(("code", "msg_id", "new_msg_id", "create_time"), "")
    return Envelope(**{"http_status": 200, "ret": 500, "msg": "发送小程序失败", "inner": inner, **ids, **fields})


def test_a_run_without_refusals_has_nothing_to_tell() -> None:
    assert told({}, rejected=0) == []


def test_each_text_stands_with_its_count_and_its_setting() -> None:
    assert told({"用户未授权": 1234, "账号异常": 2})[:5] == [
        "rejected, in the gateway's own words:",
        "    1,234 × 用户未授权",
        '            refusals: {too_often: ["用户未授权"]}',
        "        2 × 账号异常",
        '            refusals: {too_often: ["账号异常"]}',
    ]


def test_what_has_another_text_is_counted() -> None:
    assert "        7 × other texts: see messages.csv of the report" in told({"no": 3}, rejected=10)


@pytest.mark.parametrize("text", ["发送小程序失败 (code -2)", "ret 503", "ret -1", "", "\N{RIGHT-TO-LEFT OVERRIDE}no"])
def test_a_text_without_a_cause_has_no_setting(text: str) -> None:
    assert refusals.setting(text) == ""


def test_without_a_setting_there_is_no_advice_either() -> None:
    assert told({"ret 503": 1}) == ["rejected, in the gateway's own words:", "        1 × ret 503"]


def test_a_refusal_that_names_no_cause_is_known_by_what_the_sender_makes_of_it() -> None:
    for answer in (envelope("发送小程序失败", code="-2"), envelope("", msg="")):
        assert refusals.setting(policy.classify(answer, Refusals()).text) == ""


def test_a_hostile_text_is_one_harmless_line() -> None:
    lines = told({HOSTILE: 1, HOSTILE * 100: 1})
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 160


@pytest.mark.parametrize("text", ['"', "\\", "a: b # c", "{x}", "'", "- [no]", "!tag", "%", "\\u202e", "🍐" * 80])
def test_the_setting_can_be_pasted_whatever_is_in_the_text(text: str, tmp_path: Path) -> None:
    found = pasted(tmp_path, refusals.setting(text))
    assert policy.classify(envelope(text), found).lane is LaneEffect.REST


@hypothesis.settings(
    max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)  # each example writes the same file anew
@hypothesis.given(st.text(min_size=1, max_size=100))
def test_a_setting_always_says_what_the_gateway_said(tmp_path: Path, text: str) -> None:
    line = refusals.setting(text)
    assert "\n" not in line
    if line:
        (part,) = pasted(tmp_path, line).too_often
        assert part in text
