"""Plan files: written canonically, and read back only where not a byte was altered."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import strategies as st

from gewe_runner import errors, schemas
from gewe_runner.model import Campaign, Delivery, FrequencyCap, Message, Profile, Reason, Skip, StopWhen
from gewe_runner.plan import files, freeze
from gewe_runner.plan.freeze import Plan
from tests.unit.plan.conftest import campaign
from tests.unit.plan.test_freeze import CARD, message, skip

FULL = campaign(
    send=Delivery(
        not_before="2026-12-01T09:00:00+08:00",
        not_after="2026-12-02T09:00:00+08:00",
        waves=("20", "10%"),
        wave_wait_minutes=2.5,
        stop_when=StopWhen(failures_in_a_row=None, failure_percent=10),
        pace={"per_minute": 3, "gap_seconds": (3, 6), "quiet_hours": (1290, 480), "per_day": 100},
    ),
    frequency_cap=FrequencyCap(messages=1, days=7),
)

MADE = {"tool": "gewe-runner 1", "commit": "1", "dirty": True, "sources": {"l.csv": "0" * 64}}

ITEMS = (
    skip(text="卖完: 了", reason=Reason.BY_TEMPLATE),
    skip("", Reason.FILTERED),
    skip("z", Reason.DUPLICATE),
)


def card(to_wxid: str, *, title: str = "秋梨", **more: Any) -> Message:
    payload = freeze.canonical({**CARD, "title": title, "toWxid": to_wxid})
    return message(to_wxid, payload=payload, sha256=hashlib.sha256(payload.encode()).hexdigest(), **more)


@pytest.fixture
def plan(tmp_path: Path, profile: Profile) -> Plan:
    """Three messages, one of them with hostile texts, and three skips; everything that a header can say is said."""
    hostile = card("wxid_b", title='"},"row":1,"payload":{}\\', variant="b", device="west", source="l.csv")
    items: list[Message | Skip] = [card("wxid_a", variant="a"), *ITEMS, hostile, card("123@chatroom", row=9)]
    return freeze.freeze(FULL, profile, items, tmp_path / "frozen.jsonl", MADE)


@pytest.fixture
def written(plan: Plan, tmp_path: Path) -> Path:
    files.write(plan, tmp_path / "fruit.jsonl")
    return tmp_path / "fruit.jsonl"


def read(path: Path) -> Plan:
    return files.read(path, path.with_name("copy"))


@pytest.mark.parametrize("name", ["fruit.jsonl", "fruit.jsonl.gz"])
def test_what_was_written_is_what_is_read(plan: Plan, tmp_path: Path, name: str) -> None:
    files.write(plan, tmp_path / name)
    found = read(tmp_path / name)
    assert freeze.canonical(found.header) == freeze.canonical(plan.header)
    assert list(found.lines()) == list(plan.lines())
    assert found.samples == plan.samples


def test_a_packed_plan_has_the_bytes_of_the_plain_one(plan: Plan, written: Path, tmp_path: Path) -> None:
    files.write(plan, tmp_path / "fruit.jsonl.gz")
    assert gzip.decompress((tmp_path / "fruit.jsonl.gz").read_bytes()) == written.read_bytes()


def test_a_packed_plan_holds_neither_time_nor_name(plan: Plan, tmp_path: Path) -> None:
    names = ("a.jsonl.gz", "b.jsonl.gz")
    for name in names:
        files.write(plan, tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in names)
    assert first == second
    assert first[4:8] == bytes(4)


def test_a_plan_file_is_readable_for_its_owner_alone(written: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_plan_file_takes_the_place_of_the_former_one(plan: Plan, written: Path) -> None:
    before = written.read_bytes()
    written.write_text("something else", encoding="utf-8")
    files.write(plan, written)
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir() if path.name.startswith(".")] == []


def test_a_plan_that_cannot_be_written_whole_leaves_nothing(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "taken.jsonl").mkdir()
    with pytest.raises(errors.UsageError, match="cannot be written"):
        files.write(plan, tmp_path / "taken.jsonl")
    with pytest.raises(errors.UsageError, match="cannot be written"):
        files.write(plan, tmp_path / "nowhere" / "fruit.jsonl")
    assert {path.name for path in tmp_path.iterdir()} == {"frozen.jsonl", "taken.jsonl"}


@pytest.mark.parametrize("name", ["fruit", "fruit.json", "fruit.yaml", "fruit.gz"])
def test_the_name_of_a_plan_file_says_what_it_is(plan: Plan, tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.UsageError, match=r"ends in \.jsonl or \.jsonl\.gz"):
        files.write(plan, tmp_path / name)


@pytest.mark.parametrize("options", [{}, {"draft": True}, {"redacted": True}], ids=str)
def test_every_line_keeps_the_schema(plan: Plan, tmp_path: Path, options: Mapping[str, bool]) -> None:
    files.write(plan, tmp_path / "fruit.jsonl", **options)
    validator = jsonschema.Draft7Validator(schemas.load("plan"))
    for line in (tmp_path / "fruit.jsonl").read_text(encoding="utf-8").splitlines():
        assert list(validator.iter_errors(json.loads(line))) == []
        assert line == freeze.canonical(json.loads(line))


def refused(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        read(path)
    except errors.NotApprovedError:
        return True
    return False


def test_no_change_of_a_single_byte_survives(tmp_path: Path, profile: Profile) -> None:
    written = tmp_path / "fruit.jsonl"
    files.write(freeze.freeze(campaign(), profile, [card("a"), skip()], tmp_path / "frozen.jsonl", MADE), written)
    content = written.read_bytes()
    survived = [
        place
        for place in range(len(content))
        if not refused(written, content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    ]
    assert survived == []


@hypothesis.given(st.data())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_byte_can_be_replaced_removed_or_put_in(written: Path, data: st.DataObject) -> None:
    content = written.read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 3)))
    put = data.draw(st.binary(max_size=3))
    hypothesis.assume(content[begin:end] != put)
    changed = content[:begin] + put + content[end:]
    assert refused(written.with_name("changed.jsonl"), changed)


@hypothesis.given(st.data())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=200)
def test_of_a_packed_plan_the_uncompressed_bytes_count(plan: Plan, tmp_path: Path, data: st.DataObject) -> None:
    packed = tmp_path / "fruit.jsonl.gz"
    files.write(plan, packed)
    content = packed.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = tmp_path / "changed.jsonl.gz"
    if not refused(changed, content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]):
        assert gzip.decompress(changed.read_bytes()) == gzip.decompress(content)


@pytest.mark.parametrize("cut", [1, 100, -1])
def test_a_packed_plan_that_breaks_off_is_refused(plan: Plan, tmp_path: Path, cut: int) -> None:
    files.write(plan, tmp_path / "fruit.jsonl.gz")
    assert refused(tmp_path / "fruit.jsonl.gz", (tmp_path / "fruit.jsonl.gz").read_bytes()[:cut])


def test_lines_in_another_order_are_refused(written: Path) -> None:
    first, second, third, *rest = written.read_bytes().splitlines(keepends=True)
    assert refused(written, b"".join([first, third, second, *rest]))


def test_the_lines_of_a_verified_plan_are_a_copy(written: Path, plan: Plan) -> None:
    found = read(written)
    written.write_text("something else", encoding="utf-8")
    assert list(found.lines()) == list(plan.lines())


def test_a_file_that_is_not_there_is_a_slip_of_the_hand(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="cannot be read"):
        read(tmp_path / "fruit.jsonl")


def forged(path: Path, plan: Plan, lines: Iterator[dict[str, Any]] | list[dict[str, Any]], **header: object) -> Path:
    """A file of somebody who knows how digest, counts and seal are made."""
    text = "".join(f"{freeze.canonical(line)}\n" for line in lines)
    seqs = [line for line in map(json.loads, text.splitlines()) if "payload" in line]
    counts: dict[str, Any] = {"messages": len(seqs), "devices": {}, "variants": {}, "skips": {}}
    for line in map(json.loads, text.splitlines()):
        kinds = [("devices", line.get("device")), ("variants", line.get("variant"))]
        kinds += [("skips", str(line["reason"]).partition(": ")[0])] if "reason" in line else []
        for kind, name in kinds:
            if isinstance(name, str):
                counts[kind][name] = counts[kind].get(name, 0) + 1
    whole = {**plan.header, "counts": counts, **header}
    digest = freeze.begun(whole)
    digest.update(text.encode())
    whole["digest"] = header.get("digest", digest.hexdigest())
    path.write_text(f"{freeze.canonical(freeze.sealed(whole))}\n{text}", encoding="utf-8")
    return path


def trees(plan: Plan) -> list[dict[str, Any]]:
    return [json.loads(line) for line in plan.path.read_text(encoding="utf-8").splitlines()]


Change = Callable[[dict[str, Any]], object]


def payload_for(line: dict[str, Any], to_wxid: str) -> None:
    line["payload"]["toWxid"] = to_wxid
    line["sha256"] = hashlib.sha256(freeze.canonical(line["payload"]).encode()).hexdigest()


MESSAGES: Mapping[str, tuple[Change, str]] = {
    "for somebody else": (lambda line: payload_for(line, "wxid_c"), "for somebody else"),
    "an altered payload": (lambda line: line["payload"].update(title="x"), "SHA-256"),
    "another hash": (lambda line: line.update(sha256="0" * 64), "SHA-256"),
    "a wrong number": (lambda line: line.update(seq=7), "message 1 is expected"),
    "a number that is true": (lambda line: line.update(seq=True), "message 1 is expected"),
    "a number with a point": (lambda line: line.update(seq=1.0), "message 1 is expected"),
    "a part too many": (lambda line: line.update(more=1), "other parts"),
    "a part too few": (lambda line: line.pop("source"), "other parts"),
    "an id that is a number": (lambda line: line.update(toWxid=1), "other parts"),
    "an id that is a list": (lambda line: line.update(toWxid=["a"]), "other parts"),
    "no id": (lambda line: line.update(toWxid="", payload={**line["payload"], "toWxid": ""}), "other parts"),
    "a device that is an object": (lambda line: line.update(device={}), "other parts"),
    "a variant that is a list": (lambda line: line.update(variant=[]), "other parts"),
    "a row of 0": (lambda line: line.update(row=0), "other parts"),
    "a row that no database holds": (lambda line: line.update(row=2**64), "other parts"),
    "a source with NUL": (lambda line: line.update(source="a\0b"), "other parts"),
    "a payload that is a text": (lambda line: line.update(payload="{}"), "seven texts"),
    "a payload that is null": (lambda line: line.update(payload=None), "seven texts"),
    "a payload with an appId": (lambda line: line["payload"].update(appId="wx_x"), "seven texts"),
    "a payload without a title": (lambda line: line["payload"].pop("title"), "seven texts"),
    "a payload with a number": (lambda line: line["payload"].update(title=1), "seven texts"),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_a_message_that_this_program_never_writes_is_refused(plan: Plan, tmp_path: Path, what: str) -> None:
    change, told = MESSAGES[what]
    lines = trees(plan)
    change(lines[0])
    with pytest.raises(errors.NotApprovedError, match=f"line 2: .*{told}"):
        read(forged(tmp_path / "forged.jsonl", plan, lines))


@pytest.mark.parametrize(
    "change",
    [
        *({"reason": reason} for reason in ("already_sent", "holdout: x", "by_template: ", 1)),
        *({"toWxid": None}, {"source": ""}, {"row": "2"}, {"more": 1}),
    ],
    ids=str,
)
def test_a_skip_that_this_program_never_writes_is_refused(
    plan: Plan, tmp_path: Path, change: Mapping[str, object]
) -> None:
    lines = trees(plan)
    lines[1] |= change
    with pytest.raises(errors.NotApprovedError, match="line 3: "):
        read(forged(tmp_path / "forged.jsonl", plan, lines))


def test_nobody_gets_two_messages_out_of_one_plan(plan: Plan, tmp_path: Path) -> None:
    first = trees(plan)[0]
    with pytest.raises(errors.NotApprovedError, match="line 3: there is a message for this recipient already"):
        read(forged(tmp_path / "forged.jsonl", plan, [first, {**first, "seq": 2}]))


def test_a_forgery_without_a_fault_is_a_plan(plan: Plan, tmp_path: Path) -> None:
    assert read(forged(tmp_path / "forged.jsonl", plan, trees(plan))).digest == plan.digest


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"digest": "0" * 64}, "the digest is [0-9a-f]{64}, and the header says another one"),
        ({"counts": {"messages": 3, "skips": {}}}, "counts 3 lines, and there are more"),
        ({"counts": {"messages": 3}}, "its counts"),
        ({"counts": {}}, "its counts"),
        ({"counts": []}, "its counts"),
        ({"counts": {"messages": "3", "skips": {"a": [], "b": 99}}}, "not those that the header counts"),
        ({"format": 2}, "no plan of format 1"),
        ({"redacted": True}, "redacted copy"),
        ({"redacted": False}, "redacted copy"),
    ],
    ids=str,
)
def test_a_header_that_says_otherwise_is_refused(
    plan: Plan, tmp_path: Path, header: Mapping[str, Any], told: str
) -> None:
    with pytest.raises(errors.NotApprovedError, match=told):
        read(forged(tmp_path / "forged.jsonl", plan, trees(plan), **header))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"\x00" * 100, b"{" * 100_000 + b"\n"),
        *(b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", b"[" * 100_000 + b"]" * 100_000 + b"\n"),
        *(b'{"a":' + b"9" * 10_000 + b"}\n", b'{"a":NaN}\n', b'{"a":"\\ud800"}\n', b'{"a":1,"a":2}\n'),
        b"x" * (files.LONGEST + 1),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("place", ["header", "line"])
def test_what_is_no_plan_at_all_is_refused_in_a_line(plan: Plan, tmp_path: Path, content: bytes, place: str) -> None:
    header = b"" if place == "header" else f"{freeze.canonical(plan.header)}\n".encode()
    (tmp_path / "bad.jsonl").write_bytes(header + content)
    with pytest.raises(errors.NotApprovedError) as caught:
        read(tmp_path / "bad.jsonl")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_a_file_that_goes_on_for_ever_is_not_read_for_ever(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    line = freeze.line(skip("")).encode()
    with path.open("wb") as file:
        file.write(f"{freeze.canonical(plan.header)}\n".encode())
        file.writelines(line for _ in range(1000))
    with pytest.raises(errors.NotApprovedError):
        read(path)
    assert len(list((tmp_path / "copy").read_bytes().splitlines())) <= 6


def test_the_campaign_of_a_plan_file_sends_as_its_own_file_says(plan: Plan, tmp_path: Path) -> None:
    files.write(plan, tmp_path / "fruit.jsonl", draft=True)
    found = files.campaign(read(tmp_path / "fruit.jsonl"), tmp_path, "fruit.jsonl", tmp_path)
    assert (found.name, found.edition, found.frequency_cap) == (FULL.name, FULL.edition, FULL.frequency_cap)
    assert (found.send, found.draft) == (FULL.send, True)


@pytest.mark.parametrize("more", [{"wave_wait_minutes": 0}, {"waves": []}, {"pace": {}}], ids=str)
def test_a_header_that_no_campaign_leads_to_is_refused(plan: Plan, tmp_path: Path, more: Mapping[str, Any]) -> None:
    send = {**plan.header["send"], **more}
    found = read(forged(tmp_path / "forged.jsonl", plan, trees(plan), send=send))
    with pytest.raises(errors.NotApprovedError, match="no campaign says"):
        files.campaign(found, tmp_path, "fruit.jsonl", tmp_path)


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@st.composite
def items(draw: st.DrawFn) -> Message | Skip:
    if draw(st.booleans()):
        texts = {name: draw(TEXT) for name in ("to_wxid", "device", "source", "payload", "sha256")}
        return message(**texts, variant=draw(st.none() | TEXT), row=draw(st.integers(1, 9)))
    reason = draw(st.sampled_from([Reason.FILTERED, Reason.HOLDOUT, Reason.BY_TEMPLATE]))
    text = draw(TEXT) if reason is Reason.BY_TEMPLATE else ""
    return Skip(to_wxid=draw(TEXT), source=draw(TEXT), row=draw(st.integers(1, 9)), reason=reason, text=text)


@hypothesis.given(st.lists(items(), min_size=1, max_size=4), st.data())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_no_field_can_be_changed_without_the_digest(
    tmp_path: Path, profile: Profile, rows: list[Message | Skip], data: st.DataObject
) -> None:
    def digest(of: list[Message | Skip]) -> str:
        return freeze.freeze(FULL, profile, of, tmp_path / "frozen.jsonl", {}).digest

    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    fields = ("to_wxid", "source", "row") if isinstance(row, Skip) else ("to_wxid", "device", "source", "row", "sha256")
    name = data.draw(st.sampled_from(fields))
    value = data.draw(st.integers(10, 99) if name == "row" else TEXT)
    hypothesis.assume(getattr(row, name) != value)
    change: dict[str, Any] = {name: value}
    changed: Message | Skip = row._replace(**change)
    assert digest(rows) != digest([*rows[:place], changed, *rows[place + 1 :]])


@hypothesis.given(st.data())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_nothing_that_a_header_decides_can_be_changed_without_the_digest(
    tmp_path: Path, profile: Profile, data: st.DataObject
) -> None:
    def digest(of: Campaign, through: Profile) -> str:
        return freeze.freeze(of, through, [], tmp_path / "frozen.jsonl", {}).digest

    number = st.integers(1, 99)
    gates = st.builds(StopWhen, failures_in_a_row=st.none() | number, failure_percent=st.none() | number)
    changes: Mapping[str, st.SearchStrategy[Any]] = {
        "waves": st.lists(st.integers(1, 99).map(str), max_size=3).map(tuple),
        "wave_wait_minutes": number,
        "not_before": st.none() | TEXT,
        "not_after": st.none() | TEXT,
        "stop_when": gates,
        "pace": st.dictionaries(st.sampled_from(["per_minute", "per_day"]), number),
    }
    name = data.draw(st.sampled_from([*changes, "name", "edition", "profile", "frequency_cap"]))
    base, other, through = FULL, FULL, profile
    if name in changes:
        other = replace(FULL, send=replace(FULL.send, **{name: data.draw(changes[name])}))
        hypothesis.assume(other.send != base.send)
    elif name == "profile":
        through = replace(profile, name=data.draw(TEXT))
        hypothesis.assume(through != profile)
    else:
        cap = st.none() | st.builds(FrequencyCap, messages=number, days=number)
        change: dict[str, Any] = {name: data.draw(cap if name == "frequency_cap" else TEXT)}
        other = replace(FULL, **change)
        hypothesis.assume(other != base)
    assert digest(base, profile) != digest(other, through)


def redacted(plan: Plan, path: Path) -> list[dict[str, Any]]:
    files.write(plan, path, redacted=True)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_redacted_copy_holds_no_id(plan: Plan, tmp_path: Path) -> None:
    redacted(plan, tmp_path / "fruit.jsonl")
    text = (tmp_path / "fruit.jsonl").read_text(encoding="utf-8")
    assert not [one for one in ("wxid_a", "wxid_b", "123@chatroom", '"z"') if one in text]


def test_a_redacted_copy_holds_no_id_that_a_template_put_into_the_card(tmp_path: Path, profile: Profile) -> None:
    payload = freeze.canonical({**CARD, "toWxid": "a@b", "pagePath": "p.html?a=a%40b", "title": "a@b"})
    plan = freeze.freeze(FULL, profile, [message("a@b", payload=payload)], tmp_path / "frozen.jsonl", MADE)
    line = redacted(plan, tmp_path / "fruit.jsonl")[1]
    assert line["payload"]["title"] == line["toWxid"] == line["payload"]["toWxid"]
    assert line["payload"]["pagePath"] == f"p.html?a={line['toWxid']}"


def test_a_redacted_copy_gives_no_hash_to_try_ids_out_on(plan: Plan, tmp_path: Path) -> None:
    true = {line["sha256"] for line in trees(plan) if "payload" in line}
    lines = [line for line in redacted(plan, tmp_path / "fruit.jsonl") if "payload" in line]
    assert not true & {line["sha256"] for line in lines}
    assert all(
        hashlib.sha256(freeze.canonical(line["payload"]).encode()).hexdigest() == line["sha256"] for line in lines
    )


def test_one_person_has_one_pseudonym_in_a_redacted_copy(tmp_path: Path, profile: Profile) -> None:
    rows: list[Message | Skip] = [card("wxid_a"), skip("wxid_a", Reason.DUPLICATE), card("wxid_b")]
    plan = freeze.freeze(FULL, profile, rows, tmp_path / "frozen.jsonl", MADE)
    first, again, other = (line["toWxid"] for line in redacted(plan, tmp_path / "fruit.jsonl")[1:])
    assert first == again != other


def test_the_same_plan_gives_the_same_redacted_copy_and_another_plan_other_pseudonyms(
    tmp_path: Path, profile: Profile
) -> None:
    plans = [
        freeze.freeze(FULL, profile, rows, tmp_path / f"{number}.jsonl", MADE)
        for number, rows in enumerate([[card("wxid_a")], [card("wxid_a")], [card("wxid_a"), card("wxid_b")]])
    ]
    first, same, other = (redacted(one, tmp_path / "copy.jsonl") for one in plans)
    assert first == same
    assert first[1]["toWxid"] != other[1]["toWxid"]


def test_groups_and_oneself_can_be_told_in_a_redacted_copy(tmp_path: Path, profile: Profile) -> None:
    rows: list[Message | Skip] = [card("filehelper"), card("123@chatroom"), skip("", Reason.FILTERED)]
    plan = freeze.freeze(FULL, profile, rows, tmp_path / "frozen.jsonl", MADE)
    own, group, nobody = (line["toWxid"] for line in redacted(plan, tmp_path / "fruit.jsonl")[1:])
    assert (own, nobody) == ("filehelper", "")
    assert group.endswith("@chatroom")


def test_a_redacted_copy_names_the_digest_of_the_plan_and_is_none(plan: Plan, tmp_path: Path) -> None:
    header = redacted(plan, tmp_path / "fruit.jsonl")[0]
    assert header["digest"] == plan.digest
    with pytest.raises(errors.NotApprovedError, match="redacted copy"):
        read(tmp_path / "fruit.jsonl")
    without = freeze.sealed({name: part for name, part in header.items() if name != "redacted"})
    lines = (tmp_path / "fruit.jsonl").read_text(encoding="utf-8").partition("\n")[2]
    (tmp_path / "fruit.jsonl").write_text(f"{freeze.canonical(without)}\n{lines}", encoding="utf-8")
    with pytest.raises(errors.NotApprovedError, match="the digest is"):
        read(tmp_path / "fruit.jsonl")
