"""What is counted, and that it adds up."""

from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.model import Reason, State
from gewe_runner.report import tally

from . import build

PARTS = ("sent", "rejected", "unknown", "pending", "cancelled")


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from("de"), st.sampled_from(["a", "b", None]))))
def test_totals_add_up_over_states_devices_and_variants(kinds: list[tuple[State, str, str | None]]) -> None:
    records = [build.record(n, state, device=device, variant=arm) for n, (state, device, arm) in enumerate(kinds, 1)]
    found = build.counted(records)
    for totals in (found.totals, *found.devices.values(), *found.variants.values()):
        assert totals["planned"] == sum(totals[part] for part in PARTS)
    assert found.totals["planned"] == len(records)
    for part in ("planned", *PARTS):
        assert sum(totals[part] for totals in found.devices.values()) == found.totals[part]
    assert sum(totals["planned"] for totals in found.variants.values()) == sum(arm is not None for _s, _d, arm in kinds)


def test_a_message_in_flight_counts_as_pending() -> None:
    assert tally.totals({"sending": 1, "pending": 2})["pending"] == 3


def test_a_dry_run_has_planned_what_it_would_send() -> None:
    totals = tally.totals({tally.WOULD_SEND: 4})
    assert totals == {"planned": 4, **dict.fromkeys(PARTS, 0), "would_send": 4}


def test_a_dry_run_that_leaves_nothing_says_so() -> None:
    assert tally.Count(dry=True).tally().totals == tally.totals({"would_send": 0})
    assert tally.totals({"would_send": 0})["would_send"] == 0


def test_a_run_that_was_sent_has_no_would_send() -> None:
    assert "would_send" not in tally.totals(dict.fromkeys(State, 0))


def test_refusals_are_grouped_by_text_the_commonest_first() -> None:
    texts = ["b", "a", "a", "", "b", "a"]
    found = build.counted(
        [build.record(n, State.REJECTED, gateway_text=text, reason="no text") for n, text in enumerate(texts, 1)]
    )
    assert list(found.refusals.items()) == [("a", 3), ("b", 2), ("no text", 1)]


def test_texts_beyond_the_first_hundred_are_counted_together() -> None:
    records = [build.record(n, State.REJECTED, gateway_text=f"text {n}") for n in range(1, 151)]
    found = build.counted(records)
    assert (len(found.refusals), found.other_refusals) == (tally.TEXTS, 50)


def test_skips_are_told_in_the_order_in_which_reasons_apply() -> None:
    reasons = [Reason.FREQUENCY_CAP, Reason.DUPLICATE, Reason.FILTERED, Reason.DUPLICATE]
    found = build.counted([], [build.skip(reason=reason) for reason in reasons])
    assert list(found.skips.items()) == [("filtered", 1), ("duplicate", 2), ("frequency_cap", 1)]
