"""How two plans differ: everybody is counted once, and every changed value is told with how often."""

from collections.abc import Mapping, Sequence
from typing import Any

import hypothesis
from hypothesis import strategies as st

from gewe_runner.model import Message, Reason, Skip
from gewe_runner.plan import difference, freeze
from gewe_runner.plan.difference import Difference, Side


def message(to_wxid: str, *, device: str = "east", variant: str | None = None, **card: str) -> Message:
    payload = freeze.canonical({"title": "水果", **card, "toWxid": to_wxid})
    return Message(
        to_wxid=to_wxid, device=device, variant=variant, source="a.csv", row=2, payload=payload, sha256=payload
    )


def side(name: str, messages: Sequence[Message | Skip], send: Mapping[str, Any] | None = None, **more: Any) -> Side:
    header = {
        "campaign": "fruit",
        "edition": "1",
        "profile": "live",
        "send": send or {},
        "counts": {"messages": len(messages), "skips": {}},
        "digest": name,
        **more,
    }
    return Side(name=name, header=header, lines=lambda: iter(messages))


def compared(before: Sequence[Message | Skip], now: Sequence[Message | Skip], **more: Any) -> Difference:
    return difference.difference(side("before", before), side("now", now, **more))


def test_the_same_digest_is_no_difference() -> None:
    found = difference.difference(side("same", [message("a")]), side("same", [message("a")]))
    assert (found.same, found.kept) == (True, 1)


def test_who_is_new_and_who_is_gone_is_counted_and_named() -> None:
    found = compared([message("a"), message("b")], [message("b"), message("c")])
    assert (found.added, found.added_ids, found.removed, found.removed_ids, found.kept) == (1, ["c"], 1, ["a"], 1)


def test_only_some_of_many_are_named() -> None:
    found = compared([], [message(f"p{number}") for number in range(50)])
    assert (found.added, len(found.added_ids)) == (50, difference.NAMED)


def test_somebody_who_is_skipped_now_is_gone() -> None:
    skip = Skip(to_wxid="a", source="a.csv", row=2, reason=Reason.SUPPRESSED)
    assert compared([message("a")], [skip]).removed == 1


def test_a_device_and_a_variant_are_told_with_what_they_were() -> None:
    found = compared([message("a", variant="x")], [message("a", device="west", variant="y")])
    assert (found.moved, found.variants) == ({("east", "west"): 1}, {("x", "y"): 1})
    assert not found.fields


def test_a_changed_value_is_told_with_how_often() -> None:
    found = compared([message("a"), message("b")], [message("a", title="梨"), message("b", title="梨")])
    assert found.fields == {"title": {("水果", "梨"): 2}}


def test_a_field_that_is_new_had_no_value() -> None:
    found = compared([message("a")], [message("a", pagePath="pages/x")])
    assert found.fields == {"pagePath": {(None, "pages/x"): 1}}


def test_changes_beyond_what_is_kept_are_counted() -> None:
    many = difference.KEPT + 7
    found = compared(
        [message(f"p{number}") for number in range(many)],
        [message(f"p{number}", title=f"t{number}") for number in range(many)],
    )
    assert (len(found.fields["title"]), found.others) == (difference.KEPT, {"title": 7})


def test_what_the_header_decides_is_compared() -> None:
    found = compared([], [], send={"waves": ["10%"]}, edition="2")
    assert found.header == {"edition": ("1", "2"), "send.waves": (None, ["10%"])}


_people = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.sampled_from("EW"), st.sampled_from("123")))


@hypothesis.given(_people, _people)
def test_everybody_is_counted_exactly_once(before: dict[str, tuple[str, str]], now: dict[str, tuple[str, str]]) -> None:
    def messages(people: dict[str, tuple[str, str]]) -> list[Message]:
        return [message(one, device=device, title=title) for one, (device, title) in people.items()]

    found = compared(messages(before), messages(now))
    changed = sum(1 for one in before.keys() & now.keys() if before[one] != now[one])
    assert found.added + found.kept + changed == len(now)
    assert found.removed + found.kept + changed == len(before)
    assert sum(found.fields.get("title", {}).values()) == sum(
        1 for one in before.keys() & now.keys() if before[one][1] != now[one][1]
    )
