"""Sets of ids: each id is new once, however they are asked for, in memory and on disk."""

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner.plan.ids import Ids

PEOPLE = st.lists(st.sampled_from("abcdefgh"), max_size=12)
#: All on disk, all in memory, and some that go from there to there.
FEW = st.sampled_from([0, 3, 100])


@hypothesis.given(batches=st.lists(PEOPLE, max_size=6), few=FEW)
def test_an_id_is_new_once(batches: list[list[str]], few: int) -> None:
    with Ids(few) as ids:
        found = [new for batch in batches for new in ids.new(batch)]
    everybody = [one for batch in batches for one in batch]
    assert found == [one not in everybody[:place] for place, one in enumerate(everybody)]


@pytest.mark.parametrize("few", [0, 2, 100])
def test_one_id_and_many_are_asked_for_in_turns(few: int) -> None:
    with Ids(few) as ids:
        assert ids.is_new("a")
        assert ids.new(["a", "b"]) == [False, True]
        assert not ids.is_new("b")


@hypothesis.given(listed=PEOPLE, asked=PEOPLE, few=FEW)
def test_those_are_suppressed_who_were_listed(listed: list[str], asked: list[str], few: int) -> None:
    with Ids(few) as ids:
        ids.suppress(listed)
        ids.new(asked)
        assert ids.suppressed(asked) == set(listed) & set(asked)
        assert [one for one in asked if ids.is_suppressed(one)] == [one for one in asked if one in listed]
