"""A plan as a comment on a pull request: short enough, and harmless whatever stands in it."""

import re
from collections.abc import Sequence
from typing import Any

import hypothesis
from hypothesis import strategies as st

from gewe_runner.model import Level, Message, Problem
from gewe_runner.plan import freeze
from gewe_runner.tell import plans

SIGNED = "https://cdn.example.com/a.jpg?x=1&X-Amz-Signature=secret77"


def message(
    title: str = "水果", cover: str = "https://cdn.example.com/a.jpg", to_wxid: str = "wxid_abcdefghijkl"
) -> Message:
    payload = freeze.canonical({"title": title, "coverImgUrl": cover, "toWxid": to_wxid})
    return Message(
        to_wxid=to_wxid, device="east", variant=None, source="members.csv", row=2, payload=payload, sha256=""
    )


def seen(samples: Sequence[Message] = (), **more: Any) -> plans.Seen:
    known: dict[str, Any] = {
        "campaign": "fruit",
        "edition": "1",
        "draft": False,
        "profile": "live",
        "gateway": "https://api.example.com",
        "planned": 30,
        "left": 20,
        "replaces": 0,
        "devices": {"east": 30},
        "variants": {},
        "skips": {"suppressed": 2},
        "samples": samples,
        "forecast": "done in about 2 h",
        "unasked": "",
        "digest": "ab" * 32,
    }
    return plans.Seen(**{**known, **more})


def test_a_plan_says_how_many_by_whom_and_how_it_is_approved() -> None:
    text = plans.markdown([seen([message()])], [])
    for part in ("**20 to send** of 30 planned", "`east` 30", "`suppressed` 2", "ab" * 32, "plan --lock", "`水果`"):
        assert part in text


def test_ids_are_shortened_in_samples_and_in_problems() -> None:
    problem = Problem(path="a.csv", line=3, rule="duplicate", level=Level.WARNING, message="wxid_abcdefghijkl again")
    assert "wxid_abcdefghijkl" not in plans.markdown([seen([message()])], [problem])


def test_the_signature_of_a_cover_is_left_out() -> None:
    text = plans.markdown([seen([message(cover=SIGNED)])], [])
    assert "https://cdn.example.com/a.jpg?…" in text
    assert "secret77" not in text


def test_what_a_card_asks_for_is_no_signature() -> None:
    assert plans.unsigned("pages/index.html?store=1&token_of=love") == "pages/index.html?store=1&token_of=love"


def test_a_plan_that_is_too_long_is_cut_between_lines_and_says_so() -> None:
    text = plans.markdown([seen([message("长" * 190)] * 50, campaign=f"c{n}") for n in range(80)], [])
    assert len(text) <= plans.COMMENT
    assert re.search(r"… [\d,]+ lines more do not fit here", text)
    assert "`c79`" in text  # the overview of each comes before the samples of any


def test_a_draft_asks_for_no_approval() -> None:
    assert "to approve" not in plans.markdown([seen(draft=True)], [])


def test_a_ledger_that_was_not_asked_is_said() -> None:
    assert "- ledger not consulted: why" in plans.markdown([seen(unasked="not consulted: why")], [])


def test_of_many_devices_the_largest_are_named_and_the_others_counted() -> None:
    text = plans.markdown([seen(devices={f"d{n}": 100 - n for n in range(50)})], [])
    assert "`d0` 100" in text
    assert "`30 others` 1,965" in text


@hypothesis.given(st.text(max_size=80))
def test_no_text_of_a_card_comes_alive(title: str) -> None:
    lines = plans.markdown([seen([message(f"@all <img src=x> #1 | {title}")])], []).splitlines()
    (row,) = (line for line in lines if line.startswith("| title"))
    cell = row.removeprefix("| title | ").removesuffix(" |")
    fence = re.match("`+", cell)
    assert fence
    assert cell.endswith(fence[0])
    assert fence[0] not in cell[len(fence[0]) : -len(fence[0])].replace("`" * (len(fence[0]) + 1), "")
    assert "|" not in cell
