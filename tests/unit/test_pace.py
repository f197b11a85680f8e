"""The governor's arithmetic: intervals, gaps, days, nights, and a forecast that agrees with them."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner import pace
from gewe_runner.model import UNLIMITED, Pace
from gewe_runner.pace import Usage

SHANGHAI = ZoneInfo("Asia/Shanghai")
FREE = replace(UNLIMITED, timezone="Asia/Shanghai")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOON = at("2026-12-01 12:00")


def test_the_interval_is_the_stricter_of_minute_and_half_hour() -> None:
    assert pace.interval(replace(FREE, per_minute=10)) == 6_000
    assert pace.interval(replace(FREE, per_minute=10, per_half_hour=200)) == 9_000
    assert pace.interval(FREE) == 0


def test_a_start_keeps_the_interval_to_the_start_before() -> None:
    ten = replace(FREE, per_minute=10)
    assert pace.next_start(ten, Usage(last_start=NOON), NOON + 1) == NOON + 6_000


def test_a_start_waits_for_the_gap_after_the_last_end() -> None:
    ten = replace(FREE, per_minute=10)
    assert pace.next_start(ten, Usage(last_start=NOON, rested_at=NOON + 61_000), NOON) == NOON + 61_000


def test_a_device_that_never_sent_starts_now() -> None:
    assert pace.next_start(replace(FREE, per_minute=1), Usage(), NOON) == NOON


def test_a_spent_day_waits_for_the_next_midnight_of_the_zone() -> None:
    spent = Usage(today=200, counted_at=NOON)
    assert pace.next_start(replace(FREE, per_day=200), spent, NOON) == at("2026-12-02 00:00")


def test_yesterdays_attempts_burden_nobody_today() -> None:
    spent = Usage(today=200, counted_at=at("2026-11-30 23:59"))
    assert pace.next_start(replace(FREE, per_day=200), spent, NOON) == NOON


def test_quiet_hours_lie_across_midnight() -> None:
    night = replace(FREE, quiet_hours=(21 * 60 + 30, 8 * 60))
    assert pace.next_start(night, Usage(), at("2026-12-01 21:30")) == at("2026-12-02 08:00")
    assert pace.next_start(night, Usage(), at("2026-12-02 03:00")) == at("2026-12-02 08:00")
    assert pace.next_start(night, Usage(), at("2026-12-01 21:29")) == at("2026-12-01 21:29")


def test_quiet_hours_within_a_day() -> None:
    noon = replace(FREE, quiet_hours=(12 * 60, 14 * 60))
    assert pace.next_start(noon, Usage(), NOON) == at("2026-12-01 14:00")


def test_a_spent_day_within_the_night_ends_with_the_night() -> None:
    both = replace(FREE, per_day=1, quiet_hours=(21 * 60 + 30, 8 * 60))
    spent = Usage(today=1, counted_at=NOON)
    assert pace.next_start(both, spent, NOON) == at("2026-12-02 08:00")


def test_the_night_ends_by_the_clock_on_the_wall_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = replace(UNLIMITED, quiet_hours=(22 * 60, 8 * 60), timezone="Europe/Berlin")
    assert pace.next_start(night, Usage(), at("2026-03-28 23:00", berlin)) == at("2026-03-29 08:00", berlin)
    assert pace.next_start(night, Usage(), at("2026-10-24 23:00", berlin)) == at("2026-10-25 08:00", berlin)


def test_a_budget_of_zero_never_opens() -> None:
    assert pace.next_start(replace(FREE, per_day=0), Usage(), NOON) == pace.NEVER
    assert pace.finish(replace(FREE, per_day=0), Usage(), NOON, 5) == pace.NEVER


def test_nothing_to_send_is_done_now() -> None:
    assert pace.finish(Pace(), Usage(), NOON, 0) == NOON


def test_the_forecast_of_the_default_pace_takes_a_day_for_200() -> None:
    # 200 at 9 s from noon: half an hour; the 201st waits for the morning after.
    assert pace.finish(Pace(), Usage(), NOON, 200) < at("2026-12-01 13:00")
    assert pace.finish(Pace(), Usage(), NOON, 201) == at("2026-12-02 08:00") + pace.ASSUMED_LATENCY


@st.composite
def paces(draw: st.DrawFn) -> Pace:
    gap = draw(st.integers(0, 30))
    return Pace(
        per_minute=draw(st.none() | st.integers(1, 60)),
        gap_seconds=(gap, gap),
        per_half_hour=draw(st.none() | st.integers(1, 400)),
        per_day=draw(st.none() | st.integers(1, 300)),
        quiet_hours=draw(
            st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda q: q[0] != q[1])
        ),
        timezone=draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"])),
    )


@hypothesis.given(settings=paces(), count=st.integers(1, 400), start=st.integers(NOON, NOON + 86_400_000))
@hypothesis.settings(max_examples=60)
def test_the_forecast_is_what_the_governor_does(settings: Pace, count: int, start: int) -> None:
    latency, usage, now = 300, Usage(), start
    gap = round(settings.gap_seconds[0] * 1000) if settings.gap_seconds else 0
    for _ in range(count):
        began = pace.next_start(settings, usage, now)
        same_day = pace.day_start(settings, began) == pace.day_start(settings, usage.counted_at)
        today = (usage.today if same_day else 0) + 1
        now = began + latency
        usage = Usage(last_start=began, rested_at=now + gap, today=today, counted_at=began)
    assert pace.finish(settings, Usage(), start, count, latency) == now


@pytest.mark.parametrize(
    ("waves", "total", "sizes"),
    [
        ([], 7, [7]),
        (["20", "10%", "100%"], 1000, [20, 100, 1000]),
        (["10%"], 101, [11, 101]),
        (["20", "10%"], 100, [20, 100]),
        (["500"], 30, [30]),
        (["10%"], 0, []),
        (["33.3%"], 1000, [333, 1000]),
    ],
)
def test_wave_sizes(waves: list[str], total: int, sizes: list[int]) -> None:
    assert pace.wave_sizes(waves, total) == sizes
