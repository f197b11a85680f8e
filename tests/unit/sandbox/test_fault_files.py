"""Fault files: what is wrong with one is told with its place, and what is right arrives in the sandbox."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gewe_runner import errors, sandbox, schemas
from gewe_runner.cli import faults as reading
from gewe_runner.sandbox import behaviours, check
from gewe_runner.sandbox.faults import Faults
from tests.conftest import Cli
from tests.unit.sandbox.test_server import CARD, post

WRONG = """\
version: 1
latency: {ms: 3, p99_ms: 5}
faults:
  - match: {to: wxid_*}
  - {offline: false}
  - {garbage: true, hang: true}
  - {refus: {}}
  - {refuse: {envelope: {ret: 1}, msg: x}}
  - {status: {code: 99}}
  - {reset: yes}
  - {from_seconds: 5, until_seconds: 2, often: {}}
  - reset
"""
PROBLEMS = """\
faults.yaml:2:1: not-a-choice: latency has either ms, or median_ms and p99_ms
faults.yaml:4:5: not-a-choice: faults[0] does nothing; add one of refuse, offline, often, hang, reset, garbage, \
status, redirect, slow, huge, content_type, truncated_gzip, no_id
faults.yaml:5:6: not-a-choice: faults[1].offline is false; write true, or leave the fault out
faults.yaml:6:5: not-a-choice: faults[2] has hang and garbage; give each a fault of its own
faults.yaml:7:6: unknown-key: unknown key "refus" in faults[3]; did you mean "refuse"?
faults.yaml:8:6: not-a-choice: faults[4].refuse has a whole envelope and parts of one; keep one of the two
faults.yaml:9:15: out-of-range: faults[5].status.code is 99; it must be at least 200
faults.yaml:10:6: not-a-choice: faults[6].reset is the text "yes"; it can be before or after
faults.yaml:11:23: not-a-choice: faults[7] is over before it begins; until_seconds must be more than from_seconds
faults.yaml:11:41: missing-key: faults[7].often lacks the key "above_per_minute"; add it, for example \
above_per_minute: 30
faults.yaml:12:5: wrong-type: faults[8] is the text "reset"; wanted a mapping, for example \
{match: {to: "wxid_vip_*"}, probability: 0.1, reset: after}
error: faults.yaml has 11 problems
  gewe-runner schema faults describes such a file
"""

DOCS = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")

#: Trees that contradict themselves, each once.
CONTRADICTIONS: list[dict[str, Any]] = [
    {"latency": {}},
    {"latency": {"median_ms": 3}},
    {"latency": {"ms": 3, "median_ms": 3, "p99_ms": 5}},
    {"faults": [{}]},
    {"faults": [{"offline": True, "no_id": True}]},
    {"faults": [{"refuse": {"envelope": {}, "inner": "x"}}]},
    {"faults": [{"offline": False}]},
]


def test_every_problem_is_told_with_its_place(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text(WRONG, encoding="utf-8")
    done = cli("sandbox", "--port", "0", "--faults", "faults.yaml")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == PROBLEMS


@pytest.mark.parametrize("text", ["", "- 1\n", "version: 1\nfaults: 3\n", "version: 1\nlatency: 3\n", "{", "a: b\n"])
def test_a_file_of_any_shape_is_refused_in_words(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faults.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(errors.InvalidError):
        reading.faults(tmp_path / "faults.yaml")
    assert "faults.yaml:" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(errors.InvalidError):
        reading.faults(tmp_path / "none.yaml")
    assert "there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("tree", CONTRADICTIONS, ids=json.dumps)
def test_a_contradiction_is_one_for_editors_too(tree: dict[str, Any]) -> None:
    assert len(list(check.objections(tree))) == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": 1, **tree}, schemas.load("faults"), jsonschema.Draft7Validator)


@pytest.mark.parametrize("window", [{"until_seconds": 0}, {"from_seconds": 2, "until_seconds": 2}])
def test_a_window_without_time_in_it_is_an_objection(window: dict[str, int]) -> None:
    assert list(check.objections({"faults": [{"offline": True, **window}]}))


def test_a_percentile_below_the_median_is_an_objection() -> None:
    assert list(check.objections({"latency": {"median_ms": 5, "p99_ms": 4}}))


def test_the_keys_of_the_schema_are_conditions_and_behaviours() -> None:
    keys = schemas.load("faults")["properties"]["faults"]["items"]["properties"]
    assert set(keys) == check.CONDITIONS | set(behaviours.KINDS)


def test_text_stays_text_and_values_keep_their_type(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "version: 1\nfaults:\n"
        "  - {match: {to: 0123}, status: {code: 429, headers: {Retry-After: 030}, body: no}}\n"
        '  - {probability: 0.5, refuse: {envelope: {ret: 500, data: {code: "-4", msg: null, on: true}}}}\n',
        encoding="utf-8",
    )
    assert reading.faults(file)["faults"] == [
        {"match": {"to": "0123"}, "status": {"code": 429, "headers": {"Retry-After": "030"}, "body": "no"}},
        {"probability": 0.5, "refuse": {"envelope": {"ret": 500, "data": {"code": "-4", "msg": None, "on": True}}}},
    ]


def test_the_schemas_example_has_no_problem(tmp_path: Path) -> None:
    for number, example in enumerate(schemas.load("faults")["examples"]):
        file = tmp_path / f"{number}.yaml"
        file.write_text(json.dumps(example, ensure_ascii=False), encoding="utf-8")
        assert reading.faults(file) == example


def test_a_started_sandbox_gets_faults_and_seed() -> None:
    tree = {"version": 1, "seed": 1, "faults": [{"match": {"to": "wxid_*"}, "probability": 0.5, "no_id": True}]}
    people = [f"wxid_{one}" for one in range(40)]
    expected = Faults(tree, 5)
    with sandbox.started(sandbox.Options(faults=tree, seed=5)) as url:
        for to in people:
            struck = "newMsgId" not in post(url, CARD | {"toWxid": to}).json()["data"]
            assert struck == (expected.decide(CARD["appId"], to, 0).behaviour is not None)


def test_faults_that_are_wrong_keep_a_sandbox_from_starting() -> None:
    options = sandbox.Options(faults={"version": 2})
    with pytest.raises(errors.StoppedError, match="did not start"), sandbox.started(options):
        pass


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL))
def test_an_example_of_the_docs_has_no_problem(text: str, tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text(text, encoding="utf-8")
    assert reading.faults(tmp_path / "faults.yaml")["version"] == 1


def test_the_docs_tell_of_each_condition_and_behaviour() -> None:
    told = set(re.findall(r"^\| .*?\|", DOCS, re.MULTILINE))
    keys = check.CONDITIONS | set(behaviours.KINDS)
    assert not {key for key in keys if not any(re.search(rf"`{key}\b", cell) for cell in told)}
