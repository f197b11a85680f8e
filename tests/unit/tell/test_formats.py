"""What `validate` says to a CI service: whole, escaped, and in the form that the service asks for."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import hypothesis
import pytest
import sarif_pydantic
from hypothesis import strategies as st

from gewe_runner import rules, tell
from gewe_runner.model import Level, Problem
from gewe_runner.problems import Problems
from gewe_runner.tell import github
from gewe_runner.tell.checked import Checked

HOSTILE = "100 %\n::error::x, y: \x1b[31m <b>&amp;</b> | `code` @all \ud800"


def problem(number: int = 1, *, level: Level = Level.ERROR, message: str = "wrong", **more: Any) -> Problem:
    known = {"path": "campaigns/a b.yaml", "line": number, "column": 2, "rule": "bad-format"}
    return Problem(**{**known, **more}, level=level, message=message)


def checked(*problems: Problem, keep: int = 100) -> Checked:
    found = Problems(keep)
    for one in problems:
        found.add(one)
    return Checked(problems=found, campaigns=2, tool="1.2.3")


def commands(text: str) -> list[re.Match[str]]:
    """The lines as a runner of GitHub's reads them; a line that it would not take fails."""
    found = [re.fullmatch(r"::(error|warning|notice)(?: ([^:\r\n]*))?::([^\r\n]*)", line) for line in text.splitlines()]
    return [one for one in found if one]


def test_a_workflow_command_names_file_line_column_and_rule() -> None:
    assert github.text(checked(problem(7))) == ("::error file=campaigns/a b.yaml,line=7,col=2,title=bad-format::wrong")


def test_nothing_in_a_message_begins_another_command() -> None:
    text = github.text(checked(problem(message=HOSTILE, path="a,b:c%.yaml")))
    assert len(text.split("\n")) == 1
    assert "file=a%2Cb%3Ac%25.yaml" in text
    assert "100 %25%0A::error::x" in text


@hypothesis.given(st.lists(st.sampled_from(list(Level)), max_size=60))
def test_of_each_level_at_most_ten_are_shown_and_the_others_counted(levels: list[Level]) -> None:
    found = checked(*(problem(number, level=level) for number, level in enumerate(levels, 1)))
    told = commands(github.text(found))
    for level in Level:
        own = [one for one in told if one[1] == level]
        assert len(own) <= github.SHOWN
        counted = sum(int(one[3].split()[0]) if "title=gewe-runner" in one[2] else 1 for one in own)
        assert counted == levels.count(level)


def test_the_summary_holds_every_problem() -> None:
    text = github.summary(checked(*(problem(number) for number in range(1, 31))))
    assert text.count("bad-format") == 30


def test_the_summary_fits_into_a_step() -> None:
    text = github.summary(checked(*(problem(n, message="长" * 600 + str(n)) for n in range(1, 1800)), keep=9_000))
    assert len(text.encode()) <= github.SUMMARY
    assert re.search(r"… and [\d,]+ lines more", text)


def test_gitlab_gets_what_its_code_quality_report_asks_for() -> None:
    found = json.loads(tell.text("gitlab", checked(problem(3), problem(level=Level.NOTICE, line=None))))
    assert [set(one) for one in found] == [{"description", "check_name", "fingerprint", "severity", "location"}] * 2
    assert {one["severity"] for one in found} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(isinstance(one["location"]["lines"]["begin"], int) for one in found)


@pytest.mark.parametrize("form", ["gitlab", "sarif"])
def test_a_fingerprint_stays_while_lines_move_and_is_nobody_elses(form: str) -> None:
    def marks(*lines: int) -> list[str]:
        found = json.loads(tell.text(form, checked(*(problem(line) for line in lines))))
        if form == "gitlab":
            return [one["fingerprint"] for one in found]
        return [one["partialFingerprints"]["problem/v1"] for one in found["runs"][0]["results"]]

    assert marks(3, 9) == marks(4, 90)
    assert len(set(marks(3, 9))) == 2


def test_sarif_is_what_the_standard_says() -> None:
    text = tell.text("sarif", checked(problem(3, message=HOSTILE.replace("\ud800", "")), problem(line=None)))
    tree = json.loads(text)
    sarif_pydantic.Sarif.model_validate(tree)
    (run,) = tree["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["bad-format"] * 2
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]["id"] == "bad-format"
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "campaigns/a%20b.yaml"


def test_sarif_explains_every_rule_that_it_names() -> None:
    every = [problem(rule=rule) for rule in rules.catalogue()]
    (run,) = json.loads(tell.text("sarif", checked(*every)))["runs"]
    assert {one["id"] for one in run["tool"]["driver"]["rules"]} == set(rules.catalogue())


def test_junit_has_a_suite_a_file_and_a_failure_an_error() -> None:
    root = ElementTree.fromstring(
        tell.text("junit", checked(problem(1), problem(2, level=Level.WARNING), problem(path="b.yaml")))
    )
    suites = [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root]
    assert suites == [("b.yaml", "1", "1"), ("campaigns/a b.yaml", "2", "1")]
    assert len(root.findall(".//failure")) == 2


def test_junit_without_a_problem_has_a_test_that_passes() -> None:
    root = ElementTree.fromstring(tell.text("junit", checked()))
    assert [case.get("name") for case in root.iter("testcase")] == ["2 campaigns checked"]
    assert not root.findall(".//failure")


@hypothesis.given(st.text(st.characters(), max_size=50))
def test_every_text_can_be_read_back_from_junit(message: str) -> None:
    root = ElementTree.fromstring(tell.text("junit", checked(problem(message=message))))
    assert root.findall(".//failure")


@pytest.mark.parametrize("form", ["gitlab", "sarif", "junit"])
def test_what_was_counted_and_not_kept_is_said(form: str) -> None:
    text = tell.text(form, checked(*(problem(number) for number in range(1, 31)), keep=20))
    assert "10 more of these" in text
