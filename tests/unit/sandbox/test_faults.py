"""Which requests a fault strikes: by whom, when, how often and by what chance."""

import statistics
from typing import Any

import pytest

from gewe_runner.sandbox.faults import Faults

DEVICE = "wx_sandbox_east"


def struck(entry: dict[str, Any], requests: int = 1, *, to: str = "wxid_a", device: str = DEVICE) -> list[bool]:
    """Which of so many requests, one a second from second 0 on, a single fault strikes."""
    faults = Faults({"faults": [{**entry, "offline": True}]})
    return [faults.decide(device, to, second).behaviour is not None for second in range(requests)]


def chosen(tree: dict[str, Any], recipients: list[str]) -> list[str]:
    """The recipients that the faults strike, asked for in this order."""
    faults = Faults(tree)
    return [to for to in recipients if faults.decide(DEVICE, to, 0).behaviour]


def latencies(tree: dict[str, Any]) -> list[float]:
    faults = Faults({"latency": tree})
    return [faults.decide(DEVICE, f"wxid_{number}", 0).latency for number in range(4_000)]


PEOPLE = [f"wxid_{number}" for number in range(2_000)]


@pytest.mark.parametrize(
    ("pattern", "to", "strikes"),
    [
        ("wxid_a", "wxid_a", True),
        ("wxid_a", "wxid_ab", False),
        ("wxid_*", "wxid_a", True),
        ("wxid_*", "WXID_a", False),
        ("*@chatroom", "123@chatroom", True),
        ("*@chatroom", "wxid_a", False),
        ("wxid_?", "wxid_a", True),
        ("wxid_[ab]", "wxid_c", False),
        ("*", "a\nb", True),
    ],
)
def test_a_recipient_is_matched_as_file_names_are(pattern: str, to: str, strikes: bool) -> None:
    assert struck({"match": {"to": pattern}}, to=to) == [strikes]


def test_both_sides_of_a_match_must_hold() -> None:
    match = {"to": "wxid_*", "device": "*_east"}
    assert struck({"match": match}) == [True]
    assert struck({"match": match}, device="wx_sandbox_west") == [False]


def test_without_a_match_everybody_is_struck() -> None:
    assert struck({}) == [True]


def test_the_first_fault_that_strikes_wins() -> None:
    faults = Faults({"faults": [{"match": {"to": "b"}, "hang": True}, {"offline": True}, {"garbage": True}]})
    first, second = faults.decide(DEVICE, "a", 0).behaviour, faults.decide(DEVICE, "b", 0).behaviour
    assert first is not None
    assert second is not None
    assert (first.accepts, second.accepts) == (False, True)


def test_after_spares_the_first_requests() -> None:
    assert struck({"after": 2}, 4) == [False, False, True, True]


def test_count_ends_a_fault() -> None:
    assert struck({"after": 1, "count": 2}, 5) == [False, True, True, False, False]


def test_a_window_begins_in_its_first_second_and_ends_before_its_last() -> None:
    assert struck({"from_seconds": 1, "until_seconds": 3}, 5) == [False, True, True, False, False]


def test_requests_outside_the_window_are_not_counted() -> None:
    assert struck({"from_seconds": 2, "after": 1}, 5) == [False, False, False, True, True]


def test_too_often_begins_above_the_limit_and_ends_with_the_minute() -> None:
    faults = Faults({"faults": [{"often": {"above_per_minute": 2}}]})
    seconds = [0, 10, 20, 59.9, 79.9, 80, 140.1]
    assert [faults.decide(DEVICE, "a", at).behaviour is not None for at in seconds] == [
        False,  # 0
        False,  # 0, 10
        True,  # 0, 10, 20
        True,  # 0, 10, 20, 59.9
        True,  # 20, 59.9, 79.9
        True,  # 59.9, 79.9, 80
        False,  # 140.1
    ]


def test_each_device_has_its_own_minute() -> None:
    faults = Faults({"faults": [{"often": {"above_per_minute": 1}}]})
    assert [faults.decide(device, "a", 0).behaviour is None for device in ("wx_1", "wx_2", "wx_1")] == [
        True,
        True,
        False,
    ]


def test_where_a_fault_does_not_strike_the_next_one_may() -> None:
    faults = Faults({"faults": [{"often": {"above_per_minute": 5}}, {"offline": True}]})
    assert faults.decide(DEVICE, "a", 0).behaviour is not None


def test_a_probability_is_kept() -> None:
    assert len(chosen({"faults": [{"probability": 0.1, "offline": True}]}, PEOPLE)) == pytest.approx(200, abs=50)


@pytest.mark.parametrize(("probability", "share"), [(0, 0), (1, len(PEOPLE))])
def test_a_probability_of_nought_or_one_is_no_chance(probability: int, share: int) -> None:
    assert len(chosen({"faults": [{"probability": probability, "offline": True}]}, PEOPLE)) == share


def test_chance_does_not_depend_on_the_order_of_requests() -> None:
    tree = {"seed": 7, "faults": [{"probability": 0.3, "offline": True}]}
    assert set(chosen(tree, PEOPLE)) == set(chosen(tree, PEOPLE[::-1]))


def test_another_seed_strikes_others() -> None:
    entry = {"probability": 0.5, "offline": True}
    assert chosen({"seed": 1, "faults": [entry]}, PEOPLE) != chosen({"seed": 2, "faults": [entry]}, PEOPLE)


def test_a_given_seed_takes_the_place_of_the_files() -> None:
    entry = {"probability": 0.5, "offline": True}
    given = Faults({"seed": 1, "faults": [entry]}, seed=2)
    own = Faults({"seed": 2, "faults": [entry]})
    assert all(
        (given.decide(DEVICE, to, 0).behaviour is None) == (own.decide(DEVICE, to, 0).behaviour is None)
        for to in PEOPLE
    )


def test_two_faults_draw_independently() -> None:
    one = {"probability": 0.5, "match": {"to": "never"}, "offline": True}
    other = {"probability": 0.5, "offline": True}
    assert chosen({"faults": [other]}, PEOPLE) != chosen({"faults": [one, other]}, PEOPLE)


def test_a_recipients_next_request_draws_anew() -> None:
    assert set(struck({"probability": 0.5}, 50)) == {True, False}


def test_a_fixed_latency_is_the_same_for_all() -> None:
    assert set(latencies({"ms": 30})) == {0.03}


def test_without_latency_nobody_waits() -> None:
    assert Faults({}).decide(DEVICE, "a", 0).latency == 0


def test_a_distribution_has_its_median_and_99th_percentile() -> None:
    found = sorted(latencies({"median_ms": 30, "p99_ms": 400}))
    assert statistics.median(found) == pytest.approx(0.03, rel=0.1)
    assert found[int(len(found) * 0.99)] == pytest.approx(0.4, rel=0.25)


def test_a_distribution_without_spread_is_its_median() -> None:
    assert latencies({"median_ms": 30, "p99_ms": 30}) == [pytest.approx(0.03)] * 4_000


def test_ids_that_are_no_real_text_are_drawn_for_all_the_same() -> None:
    assert struck({"probability": 0.5}, to="\ud800") in ([True], [False])
