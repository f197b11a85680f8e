"""The numbers of an explanation are those by which the plan decides."""

import hypothesis
from hypothesis import strategies as st

from gewe_runner.model import Delivery, Profile, Variant
from gewe_runner.plan import assign, chance, explain
from tests.unit.plan.conftest import campaign, recipient

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
WEIGHTS = st.lists(st.integers(1, 1000).map(lambda number: number / 8), min_size=1, max_size=5)


@hypothesis.given(IDS, st.floats(0.01, 100))
def test_who_is_held_out_has_a_share_below_the_threshold(who: str, percent: float) -> None:
    own = campaign(holdout=percent)
    found = explain.holdout(own, who)
    assert found is not None
    assert found.held == chance.held_out(own, who)


@hypothesis.given(IDS, WEIGHTS)
def test_the_share_lies_in_the_part_of_the_variant(who: str, weights: list[float]) -> None:
    variants = tuple(Variant(name=f"v{number}", weight=weight, card={}) for number, weight in enumerate(weights))
    own = campaign(variants=variants)
    found, chosen = explain.variant(own, who), chance.variant(own, who)
    assert found is not None
    assert chosen is not None
    assert found.name == chosen.name
    assert found.begin <= found.share < found.end
    parts = [explain.variant(own, f"{who}{number}") for number in range(20)]
    assert all(0 <= part.begin < part.end <= 1 for part in parts if part)


def test_a_campaign_without_them_has_no_numbers() -> None:
    assert explain.holdout(campaign(), "a") is None
    assert explain.variant(campaign(), "a") is None


def test_the_way_says_who_names_the_device_and_among_which(profile: Profile) -> None:
    both = campaign(send=Delivery(devices=("east", "west")))
    found = explain.way(both, profile, recipient("a"))
    assert (found.by, found.among) == (assign.By.CAMPAIGN, ("east", "west"))
    assert found.device == chance.device(both, "a", ("east", "west"))
    own = explain.way(both, profile, recipient("a", device="west"))
    assert (own.device, own.by, own.among) == ("west", assign.By.ROW, ("west",))
