"""Sets of ids on disk: each id is new once, however they are asked for."""

import hypothesis
from hypothesis import strategies as st

from gewe_runner.plan.ids import Ids

PEOPLE = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@hypothesis.given(batches=st.lists(PEOPLE, max_size=6))
def test_an_id_is_new_once(batches: list[list[str]]) -> None:
    with Ids() as ids:
        found = [new for batch in batches for new in ids.new(batch)]
    everybody = [one for batch in batches for one in batch]
    assert found == [one not in everybody[:place] for place, one in enumerate(everybody)]


def test_one_id_and_many_are_asked_for_in_turns() -> None:
    with Ids() as ids:
        assert ids.is_new("a")
        assert ids.new(["a", "b"]) == [False, True]
        assert not ids.is_new("b")


@hypothesis.given(listed=PEOPLE, asked=PEOPLE)
def test_those_are_suppressed_who_were_listed(listed: list[str], asked: list[str]) -> None:
    with Ids() as ids:
        ids.suppress(listed)
        assert ids.suppressed(asked) == set(listed) & set(asked)
        assert [one for one in asked if ids.is_suppressed(one)] == [one for one in asked if one in listed]


def test_after_clearing_nobody_is_suppressed_or_seen() -> None:
    with Ids() as ids:
        ids.suppress(["a"])
        ids.new(["b"])
        ids.clear()
        assert not ids.suppressed(["a"])
        assert ids.new(["a", "b", "b"]) == [True, True, False]
