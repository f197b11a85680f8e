"""What the figures of a run say: medians, ratios of pairs, targets, and what changed between two runs."""

from collections.abc import Sequence

import pytest

from tests.benchmarks import figures, growth
from tests.benchmarks.figures import Measured, Taken, Target


def side(name: str, seconds: Sequence[float], *targets: Target, rows: int = 0, peak: int = 0) -> Measured:
    taken = [Taken(seconds=one, peak=peak) for one in seconds]
    return Measured(group="g", name=name, rows=rows, taken=taken, targets=targets)


def verdicts(*sides: Measured) -> list[tuple[float, bool | None]]:
    known = {one.name: one for one in sides}
    return [(one.figure, one.is_met) for one in figures.verdicts(sides[0], known)]


def test_the_spread_is_the_distance_of_the_extremes_as_a_share_of_the_median() -> None:
    assert side("a", [1.0, 2.0, 4.0]).spread == 1.5


def test_a_ratio_is_the_median_of_those_of_the_pairs() -> None:
    # the machine was three times as slow in the second turn, for both
    assert figures.ratio(side("a", [2, 6, 2.2]), side("b", [1, 3, 1]), "time") == 2


def test_speeds_are_compared_by_their_messages_a_second() -> None:
    assert figures.ratio(side("a", [1], rows=100_000), side("b", [10], rows=50_000), "speed") == 20


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(against="b", limit=2), (2, True)),
        (Target(against="b", limit=1.9), (2, False)),
        (Target(against="b", of="speed", limit=0.5, least=True), (0.5, True)),
        (Target(against="b", of="speed", limit=0.6, least=True), (0.5, False)),
        (Target(against="b", of="memory", limit=1.15), (1.5, False)),
        (Target(of="memory", limit=300), (300, True)),
        (Target(against="b"), (2, None)),
    ],
)
def test_a_target_is_met_by_a_ratio_or_a_figure(target: Target, expected: tuple[float, bool | None]) -> None:
    assert verdicts(side("a", [2], target, rows=8, peak=300), side("b", [1], rows=8, peak=200)) == [expected]


def test_a_target_beside_a_side_that_was_not_measured_is_left_out() -> None:
    target = Target(against="b", limit=1)
    assert not verdicts(side("a", [1], target))
    assert not verdicts(side("a", [1], target), side("b", []))
    assert not verdicts(side("a", [], target), side("b", [1]))


def words(old: Measured, new: Measured) -> list[str]:
    (change,) = figures.changes([old], [new])
    return list(change.words)


def test_what_lies_beyond_the_spread_of_both_runs_is_slower_or_faster() -> None:
    old, new = side("a", [1.0, 1.1, 1.2]), side("a", [1.3, 1.4, 1.5])
    assert (words(old, new), words(new, old)) == (["slower"], ["faster"])


def test_what_lies_within_the_spread_has_not_changed() -> None:
    assert words(side("a", [1.0, 1.1, 1.5]), side("a", [1.4, 1.5, 1.6])) == []


def test_less_than_five_percent_is_no_change() -> None:
    assert words(side("a", [1.0, 1.0]), side("a", [1.04, 1.04])) == []


def test_more_memory_is_larger() -> None:
    assert words(side("a", [1.0], peak=100), side("a", [1.0], peak=120)) == ["larger"]


def test_sides_of_different_sizes_are_compared_by_speed() -> None:
    assert words(side("a", [1.0], rows=100), side("a", [5.0], rows=1000)) == ["faster"]


def test_only_what_both_runs_have_measured_is_compared() -> None:
    assert not figures.changes([side("a", [1.0]), side("c", [])], [side("b", [1.0]), side("c", [1.0])])


def test_growth_is_held_against_a_target_where_the_start_no_longer_counts() -> None:
    sizes = (1_000, 100_000, 1_000_000)
    assert [one.limit for one in growth.targets_of("plan", 1_000, sizes)] == []
    assert [one.limit for one in growth.targets_of("plan", 100_000, sizes)] == [None, None]
    assert [one.limit for one in growth.targets_of("plan", 1_000_000, sizes)] == [10.5, 1.15, 200e6]
    assert [one.limit for one in growth.targets_of("report", 1_000_000, sizes)] == [10.5, 1.15, 200e6, 0.5]
