"""report.json keeps to its schema, whatever the run."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner import schemas
from gewe_runner.model import Reason, Record, State
from gewe_runner.report import contents, json

from . import build

SENT = build.record(
    1,
    attempts=1,
    started_at=build.NINE,
    ended_at=build.NINE + 1_005,
    msg_id="769533801",
    new_msg_id="5271007655758710001",
    create_time="1704163145",
    variant="a",
    gateway_text="操作成功",
)
RUNS: dict[str, tuple[list[Any], list[Any], dict[str, Any]]] = {
    "sent": ([SENT], [build.skip()], {"made": {"tool": "gewe-runner 0.1.0", "sources": {"a": "ab"}, "dirty": False}}),
    "empty": ([], [], {}),
    "dry": (
        [build.record(state="would_send")],
        [build.skip()],
        {"id": "dry-run", "state": "dry-run", "finished_at": None},
    ),
    "interrupted": (
        [SENT, build.record(2, State.SENDING), build.record(3, State.PENDING)],
        [],
        {"state": "open", "finished_at": None, "stopped": "interrupted"},
    ),
    "every state": ([build.record(n, state) for n, state in enumerate(State, 1)], [], {}),
    "every reason": ([], [build.skip(reason=reason) for reason in Reason], {}),
    "hostile": (
        [build.record(1, State.REJECTED, to_wxid=build.HOSTILE, gateway_text=build.HOSTILE * 99, device=build.HOSTILE)],
        [build.skip(text=build.HOSTILE, to_wxid=build.HOSTILE)],
        {"edition": build.HOSTILE, "stopped": build.HOSTILE},
    ),
    "many refusals": ([build.record(n, State.REJECTED, gateway_text=str(n)) for n in range(1, 120)], [], {}),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_report_keeps_to_the_schema(name: str, tmp_path: Path) -> None:
    records, skips, fields = RUNS[name]
    build.write(tmp_path, records, skips, **fields)
    jsonschema.Draft7Validator(schemas.load("report")).validate(build.read_json(tmp_path))


def test_the_schema_is_valid_and_its_examples_keep_to_it() -> None:
    schema = schemas.load("report")
    jsonschema.Draft7Validator.check_schema(schema)

    def check(part: Any) -> None:
        for example in part.get("examples", ()) if isinstance(part, dict) else ():
            jsonschema.Draft7Validator({**part, "definitions": schema["definitions"]}).validate(example)
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            check(inner)

    for part in (schema["properties"], schema["definitions"]):
        for inner in part.values():
            check(inner)


def test_ids_stay_text_with_every_digit(tmp_path: Path) -> None:
    build.write(tmp_path, [SENT])
    message = build.read_json(tmp_path)["messages"][0]
    assert (message["msgId"], message["newMsgId"], message["createTime"]) == (
        "769533801",
        "5271007655758710001",
        "1704163145",
    )


def test_times_are_utc_to_the_millisecond(tmp_path: Path) -> None:
    build.write(tmp_path, [SENT])
    found = build.read_json(tmp_path)
    assert found["run"]["created"] == "2026-12-01T01:00:00.000Z"
    assert found["run"]["finished"] == "2026-12-01T01:07:30.250Z"
    assert found["messages"][0]["endedAt"] == "2026-12-01T01:00:01.005Z"


def test_each_message_has_a_line_of_its_own(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(n, gateway_text="a\nb") for n in range(1, 6)])
    lines = (tmp_path / "report.json").read_text(encoding="utf-8").split("\n")
    assert [line[:9] for line in lines if line.startswith('{"seq"')] == [f'{{"seq": {n}' for n in range(1, 6)]


def test_texts_beyond_the_hundredth_have_no_text(tmp_path: Path) -> None:
    records, skips, fields = RUNS["many refusals"]
    build.write(tmp_path, records, skips, **fields)
    found = build.read_json(tmp_path)
    assert found["refusals"][-1] == {"text": None, "count": 19}
    assert sum(refusal["count"] for refusal in found["refusals"]) == found["totals"]["rejected"]


def test_half_a_surrogate_pair_comes_back_as_it_was(tmp_path: Path) -> None:
    text = "\\\ud83d x"
    build.write(tmp_path, [build.record(gateway_text=text)])
    assert build.read_json(tmp_path)["messages"][0]["gatewayText"] == text


TEXT = st.text(st.characters(codec="utf-8"), max_size=4)


@given(st.builds(build.record, to_wxid=TEXT, device=TEXT, variant=st.none() | TEXT.filter(bool), gateway_text=TEXT))
def test_lines_that_are_joined_are_those_that_are_encoded(record: Record) -> None:
    rows = contents.batch([record, record._replace(started_at=build.NINE)]).rows
    assert json.joined(rows) in (None, ",\n".join(map(json.careful, rows)))


@pytest.mark.parametrize("sign", ['"', "\\", "\t", "\n", "\0", "\x1f"])
def test_only_lines_without_signs_to_escape_are_joined(sign: str) -> None:
    assert json.joined(contents.batch([build.record(1), build.record(2, gateway_text="操作成功")]).rows)
    assert json.joined(contents.batch([build.record(1), build.record(2, gateway_text=f"a{sign}")]).rows) is None
