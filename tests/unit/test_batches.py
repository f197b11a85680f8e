"""Rows in batches, and beside what becomes of them."""

from collections.abc import Iterable, Iterator

from gewe_runner import batches


def test_items_come_in_lists_of_at_most_that_many() -> None:
    assert list(batches.of(range(5), 2)) == [[0, 1], [2, 3], [4]]


def test_each_thing_stands_beside_its_result_however_far_the_work_reads_ahead() -> None:
    def work(things: Iterable[int]) -> Iterator[int]:
        yield from sorted(one * 10 for one in things)

    assert list(batches.beside(range(4), work)) == [(0, 0), (1, 10), (2, 20), (3, 30)]


def test_nothing_is_held_that_has_its_result() -> None:
    class Thing:
        alive = 0

        def __init__(self) -> None:
            Thing.alive += 1

        def __del__(self) -> None:
            Thing.alive -= 1

    for _one, _result in batches.beside((Thing() for _ in range(100)), lambda things: (0 for _ in things)):
        assert Thing.alive <= 2
