"""The simulated fleet keeps the laws that a real one cannot break either."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.simulation import Costs, Fleet, row, scenarios, simulate

fleets = st.builds(
    Fleet,
    devices=st.integers(1, 40),
    workers=st.integers(1, 4),
    threads=st.integers(1, 5),
    cores=st.integers(1, 3),
    gap=st.floats(0.05, 3),
    api=st.floats(5, 400),
    poll=st.floats(0.1, 1),
    linger=st.floats(0, 3),
    slice=st.integers(1, 4),
    messages=st.integers(1, 6),
)


@settings(max_examples=40)
@given(fleet=fleets, seed=st.integers(0, 99))
def test_every_message_is_sent_once_and_none_sooner_than_the_pace_allows(fleet: Fleet, seed: int) -> None:
    seen = simulate(fleet, seed=seed, seconds=10_000)
    assert seen.sent == dict.fromkeys(range(fleet.devices), fleet.messages)
    assert len(seen.late) == fleet.devices * (fleet.messages or 0)
    assert seen.shortest_gap >= fleet.gap
    assert min(seen.late) > 0


@settings(max_examples=40)
@given(fleet=fleets, seed=st.integers(0, 99))
def test_nobody_works_more_than_there_is_time(fleet: Fleet, seed: int) -> None:
    seen = simulate(replace(fleet, messages=None), seed=seed, seconds=20, warm=5)
    assert 0 < seen.share(fleet) <= 1 + 1e-9
    assert seen.worked <= seen.seconds * fleet.workers + 1e-9
    assert seen.rate <= fleet.devices / fleet.gap + fleet.devices / seen.seconds


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    fleet = Fleet(devices=50, workers=2, threads=10)
    assert simulate(fleet, seed=3, seconds=20) == simulate(fleet, seed=3, seconds=20)
    assert simulate(fleet, seed=3, seconds=20).late != simulate(fleet, seed=4, seconds=20).late


def by_message(costs: Costs, slice_: int) -> float:
    """What a message costs the ledger, in milliseconds."""
    return costs.before + costs.after + (costs.find + costs.give) / slice_


def test_a_ledger_is_as_busy_as_its_messages_and_looks_for_work_make_it() -> None:
    fleet = Fleet(devices=1000, workers=4, gap=10, cores=2)
    seen = simulate(fleet, seconds=200, warm=20)
    by_messages = seen.rate * by_message(fleet.costs, fleet.slice) / 1000
    by_looks = fleet.workers / fleet.poll * fleet.costs.none / 1000
    assert seen.rate == pytest.approx(100, rel=0.02)
    assert seen.share(fleet) == pytest.approx((by_messages + by_looks) / fleet.cores, rel=0.05)


def test_a_ledger_that_is_too_small_sends_what_it_can_and_falls_behind() -> None:
    fleet = Fleet(devices=1000, workers=40, gap=0.2, cores=2)
    seen = simulate(fleet, seconds=20, warm=20)
    assert seen.share(fleet) > 0.99
    assert seen.rate == pytest.approx(fleet.cores * 1000 / by_message(fleet.costs, fleet.slice), rel=0.1)
    assert seen.lateness(50) > fleet.gap


def test_a_lane_that_waits_for_longer_than_workers_keep_it_costs_more() -> None:
    kept, found = (simulate(Fleet(devices=1000, gap=10, linger=linger), seconds=50, warm=20) for linger in (30, 1))
    assert found.rate == pytest.approx(kept.rate, rel=0.1)
    assert found.busy > 2 * kept.busy


def test_each_scenario_is_a_row_of_its_table() -> None:
    made = list(scenarios(Costs()))
    assert len({name for name, _, _ in made}) == len(made)
    name, fleet, ledgers = made[0]
    assert row(name, fleet, ledgers, simulate(fleet, seconds=2)).count("|") == 10
