"""Requests over time: every one is counted once, in few steps, however long a run takes."""

import hypothesis
from hypothesis import strategies as st

from gewe_runner.report import timeline


@hypothesis.given(st.lists(st.integers(1_700_000_000_000, 1_710_000_000_000), max_size=200))
def test_all_are_counted_in_a_bounded_number_of_steps(moments: list[int]) -> None:
    found = timeline.Timeline()
    found.add(moments[:100])
    found.add(moments[100:])
    assert sum(found.counts.values()) == len(moments)
    assert len(found.counts) <= timeline.STEPS
    assert found.step in timeline.LENGTHS
    assert all(any(begin <= at < begin + found.step for at in moments) for begin in found.counts)


def test_a_short_run_keeps_its_seconds() -> None:
    found = timeline.Timeline()
    found.add((5_000, 5_400, 7_000))
    assert (found.step, found.counts) == (1_000, {5_000: 2, 7_000: 1})


def test_a_run_of_years_has_few_steps_as_well() -> None:
    found = timeline.Timeline()
    found.add(range(0, 1_000 * timeline.LENGTHS[-1], timeline.LENGTHS[-1]))
    assert len(found.counts) <= timeline.STEPS
    assert sum(found.counts.values()) == 1_000
