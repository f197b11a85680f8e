"""Canonical lines and a digest over what the files decide, and over nothing else."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import strategies as st

from gewe_runner import schemas
from gewe_runner.model import Campaign, Delivery, FrequencyCap, Message, Profile, Reason, Skip, StopWhen
from gewe_runner.plan import freeze
from gewe_runner.plan.freeze import Plan
from tests.unit.plan.conftest import campaign


def message(to_wxid: str = "a", title: str = "t", **more: object) -> Message:
    payload = freeze.canonical({"title": title, "toWxid": to_wxid})
    known: dict[str, object] = {"to_wxid": to_wxid, "device": "east", "variant": None, "source": "l.csv", "row": 2}
    known |= {"payload": payload, "sha256": hashlib.sha256(payload.encode()).hexdigest(), **more}
    return Message(**known)  # type: ignore[arg-type]


def skip(to_wxid: str = "z", reason: Reason = Reason.HOLDOUT, text: str = "") -> Skip:
    return Skip(to_wxid=to_wxid, source="l.csv", row=3, reason=reason, text=text)


def frozen(
    tmp_path: Path, profile: Profile, items: Iterable[Message | Skip], of: Campaign | None = None, **made: object
) -> Plan:
    return freeze.freeze(of or campaign(), profile, items, tmp_path / "plan.jsonl", made)


def test_messages_are_numbered_in_order_and_skips_are_not(tmp_path: Path, profile: Profile) -> None:
    plan = frozen(tmp_path, profile, [message("a"), skip(), message("b")])
    assert [getattr(line, "seq", None) for line in plan.lines()] == [1, None, 2]


def test_a_line_is_canonical_json(tmp_path: Path, profile: Profile) -> None:
    plan = frozen(tmp_path, profile, [message("a", title='引"号\n'), skip(text="没货", reason=Reason.BY_TEMPLATE)])
    for line in plan.path.read_text(encoding="utf-8").splitlines():
        assert line == freeze.canonical(json.loads(line))


def test_what_was_frozen_is_what_is_read(tmp_path: Path, profile: Profile) -> None:
    first, between = message("a", variant="v"), skip(text="no: stock", reason=Reason.BY_TEMPLATE)
    second = message("b", device="west")
    plan = frozen(tmp_path, profile, [first, between, second])
    assert list(plan.lines()) == [first._replace(seq=1), between, second._replace(seq=2)]


@pytest.mark.parametrize("text", ['},"row":1,"payload":{', '"},"row":', '\\"},\\"row\\":', "\\"])
def test_no_text_is_mistaken_for_the_end_of_a_payload(tmp_path: Path, profile: Profile, text: str) -> None:
    plan = frozen(tmp_path, profile, [message(text, title=text), skip(text, reason=Reason.BY_TEMPLATE, text=text)])
    assert list(plan.lines()) == [
        message(text, title=text)._replace(seq=1),
        skip(text, reason=Reason.BY_TEMPLATE, text=text),
    ]


def test_counts_add_up(tmp_path: Path, profile: Profile) -> None:
    sent = [message("a", variant="v"), message("b", device="west", variant="w")]
    plan = frozen(tmp_path, profile, [*sent, skip(), skip(reason=Reason.FILTERED)])
    assert plan.header["counts"] == {
        "messages": 2,
        "devices": {"east": 1, "west": 1},
        "variants": {"v": 1, "w": 1},
        "skips": {"filtered": 1, "holdout": 1},
    }


def test_the_digest_covers_the_decided_header_and_every_line(tmp_path: Path, profile: Profile) -> None:
    plan = frozen(tmp_path, profile, [message(), skip()])
    decided = {key: plan.header[key] for key in ("format", "campaign", "edition", "profile", "send")}
    content = freeze.canonical(decided).encode() + b"\n" + plan.path.read_bytes()
    assert plan.digest == hashlib.sha256(content).hexdigest()


def test_the_seal_covers_the_header(tmp_path: Path, profile: Profile) -> None:
    header = dict(frozen(tmp_path, profile, [message()], tool="x").header)
    seal = header.pop("seal")
    assert seal == hashlib.sha256(freeze.canonical(header).encode()).hexdigest()


def test_where_a_plan_comes_from_is_not_in_its_digest(tmp_path: Path, profile: Profile) -> None:
    first = frozen(tmp_path, profile, [message()], commit="1", tool="gewe-runner 1")
    second = frozen(tmp_path, profile, [message()], commit="2", dirty=True)
    assert first.digest == second.digest
    assert first.header["seal"] != second.header["seal"]


@pytest.mark.parametrize("name", [name for name in Message._fields if name != "seq"])
def test_every_field_of_a_message_is_in_the_digest(tmp_path: Path, profile: Profile, name: str) -> None:
    other: dict[str, Any] = {"row": 9, "payload": '{"title":"other"}'}
    changed = message()._replace(**{name: other.get(name, "other")})
    assert frozen(tmp_path, profile, [message()]).digest != frozen(tmp_path, profile, [changed]).digest


@pytest.mark.parametrize("name", Skip._fields)
def test_every_field_of_a_skip_is_in_the_digest(tmp_path: Path, profile: Profile, name: str) -> None:
    other: dict[str, Any] = {"row": 9, "reason": Reason.FILTERED}
    changed = skip()._replace(**{name: other.get(name, "other")})
    assert frozen(tmp_path, profile, [skip()]).digest != frozen(tmp_path, profile, [changed]).digest


@pytest.mark.parametrize(
    "changed",
    [
        campaign(name="other"),
        campaign(edition="2"),
        campaign(send=Delivery(not_before="2026-12-01T09:00:00+08:00")),
        campaign(send=Delivery(not_after="2026-12-01T09:00:00+08:00")),
        campaign(send=Delivery(waves=("20",))),
        campaign(send=Delivery(wave_wait_minutes=5)),
        campaign(send=Delivery(stop_when=StopWhen(failures_in_a_row=6))),
        campaign(send=Delivery(stop_when=StopWhen(failure_percent=6))),
        campaign(send=Delivery(pace={"per_minute": 3})),
        campaign(frequency_cap=FrequencyCap(messages=1, days=7)),
    ],
)
def test_everything_about_the_sending_is_in_the_digest(tmp_path: Path, profile: Profile, changed: Campaign) -> None:
    assert frozen(tmp_path, profile, [message()]).digest != frozen(tmp_path, profile, [message()], changed).digest


def test_another_profile_is_another_digest(tmp_path: Path, profile: Profile) -> None:
    other = replace(profile, name="production")
    assert frozen(tmp_path, profile, [message()]).digest != frozen(tmp_path, other, [message()]).digest


_TEXT = st.text(alphabet=st.characters(codec="utf-8")) | st.sampled_from(['"', ',"payload":', '},"row":', "null"])
_MESSAGE = st.builds(message, _TEXT, _TEXT, device=_TEXT, variant=st.none() | _TEXT, source=_TEXT, row=st.integers(1))
_SKIP = st.builds(skip, _TEXT) | st.builds(skip, _TEXT, st.just(Reason.BY_TEMPLATE), _TEXT)


@hypothesis.given(st.lists(_MESSAGE | _SKIP, max_size=8))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_line_survives_and_the_digest_is_stable(
    tmp_path: Path, profile: Profile, items: list[Message | Skip]
) -> None:
    first = frozen(tmp_path, profile, items)
    found = [line._replace(seq=0) if isinstance(line, Message) else line for line in first.lines()]
    assert found == items
    assert frozen(tmp_path, profile, items).digest == first.digest


CARD = {
    "toWxid": "a",
    "miniAppId": "wx1f9ea355b47256dd",
    "userName": "gh_690acf47ea05@app",
    "displayName": "百果园+",
    "title": "t",
    "pagePath": "a.html",
    "coverImgUrl": "https://cdn.example.com/a.jpg",
}


def test_header_and_lines_are_what_the_schema_says(tmp_path: Path, profile: Profile) -> None:
    full = campaign(
        send=Delivery(
            not_before="2026-12-01T09:00:00+08:00",
            not_after="2026-12-02T09:00:00+08:00",
            waves=("20", "10%"),
            wave_wait_minutes=5,
            stop_when=StopWhen(failure_percent=10),
            pace={"per_minute": 3},
        ),
        frequency_cap=FrequencyCap(messages=1, days=7),
    )
    card = message("a", variant="v", payload=freeze.canonical(CARD))
    made = {"tool": "gewe-runner 1", "commit": "1", "dirty": True, "sources": {"l.csv": "0" * 64}}
    plan = frozen(tmp_path, profile, [card, skip(), skip(reason=Reason.BY_TEMPLATE, text="sold out")], full, **made)
    validator = jsonschema.Draft7Validator(schemas.load("plan"))
    lines = [json.loads(line) for line in plan.path.read_text(encoding="utf-8").splitlines()]
    for line in (json.loads(freeze.canonical(plan.header)), *lines):
        assert list(validator.iter_errors(line)) == []


@pytest.mark.parametrize("change", [{"seq": 0}, {"sha256": "x"}, {"more": 1}, {"payload": {}}])
def test_the_schema_refuses_other_lines(tmp_path: Path, profile: Profile, change: dict[str, object]) -> None:
    plan = frozen(tmp_path, profile, [message("a", payload=freeze.canonical(CARD))])
    line = json.loads(plan.path.read_text(encoding="utf-8"))
    assert not jsonschema.Draft7Validator(schemas.load("plan")).is_valid(line | change)
