"""Problems are counted once each, however many there are and whoever finds them."""

from collections.abc import Iterable

import pytest

from gewe_runner.model import Level, Position, Problem
from gewe_runner.problems import SHOWN, TOLD_APART, Problems
from gewe_runner.rules import lists


def bad_rows(rows: Iterable[int]) -> list[Problem]:
    return [lists.ROW.at("a.csv", Position(row, 1), "too long") for row in rows]


def found(*parts: Iterable[Problem], keep: int = SHOWN) -> Problems:
    problems = Problems(keep)
    for part in parts:
        for one in part:
            problems.add(one)
    return problems


def told(problems: Problems) -> tuple[list[Problem], dict[tuple[str, str], int], int]:
    return list(problems), problems.unshown(), problems.count(Level.ERROR)


def test_what_several_campaigns_find_in_a_list_counts_once_though_few_of_it_is_kept() -> None:
    many = bad_rows(range(2, 2 + 3 * SHOWN))
    kept, more, count = told(found(many, many, many))
    assert (kept, list(more.values()), count) == (many[:SHOWN], [2 * SHOWN], 3 * SHOWN)


@pytest.mark.parametrize("size", [SHOWN // 2, 2 * SHOWN, TOLD_APART // 2])
def test_it_makes_no_difference_who_finds_what(size: int) -> None:
    first, second, third = (bad_rows(range(start, start + size)) for start in (2, size // 2, size))
    apart = Problems()
    for one in (found(first), found(second, third), found(third)):
        apart.take(one)
    assert told(apart) == told(found(first, second, third, third))


def test_an_error_that_was_known_is_met_all_the_same() -> None:
    once = found(bad_rows([2]))
    twice = found(bad_rows([2]), bad_rows([2]))
    assert (once.errors, once.met, twice.errors, twice.met) == (1, 1, 1, 2)
    twice.take(once)
    assert (twice.errors, twice.met) == (1, 3)


def test_to_keep_many_takes_no_longer_for_each() -> None:
    many = found(bad_rows(range(2, TOLD_APART)), keep=TOLD_APART)
    compared = 0

    class Counting(Problem):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = Problem.__hash__

    many.add(Counting(path="a.csv", rule=lists.ROW.id, message="too long", line=1))
    assert compared < 100
