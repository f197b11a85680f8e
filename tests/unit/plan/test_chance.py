"""Chance that anybody can compute again: even, independent of everything but who, what and why."""

import hashlib
import itertools
from collections import Counter

import hypothesis
from hypothesis import strategies as st

from gewe_runner.model import Variant
from gewe_runner.plan import chance
from tests.unit.plan.conftest import campaign

IDS = [f"wxid_{number:06d}" for number in range(10_000)]
AB = (Variant(name="a", weight=1, card={}), Variant(name="b", weight=3, card={}))


def test_a_share_is_the_documented_hash() -> None:
    digest = hashlib.sha256(b"holdout\0fruit\x001\0wxid_x").digest()
    assert chance.share("holdout", campaign(), "wxid_x") == int.from_bytes(digest[:8]) / 2**64


@hypothesis.given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_share_lies_between_0_and_1(label: str, who: str) -> None:
    assert 0 <= chance.share(label, campaign(), who) < 1


def test_a_holdout_is_about_as_large_as_it_says() -> None:
    held = sum(chance.held_out(campaign(holdout=5), one) for one in IDS)
    assert 0.04 < held / len(IDS) < 0.06  # four and a half standard deviations


def test_raising_the_holdout_keeps_those_held_out() -> None:
    held = {one for one in IDS if chance.held_out(campaign(holdout=5), one)}
    assert held < {one for one in IDS if chance.held_out(campaign(holdout=10), one)}


def test_variants_are_as_frequent_as_their_weights_say() -> None:
    names = Counter(chosen.name for one in IDS if (chosen := chance.variant(campaign(variants=AB), one)))
    assert names.total() == len(IDS)
    assert 0.73 < names["b"] / len(IDS) < 0.77


def test_variant_and_holdout_are_independent() -> None:
    both = campaign(variants=AB, holdout=50)
    cells = Counter((chance.held_out(both, one), chance.variant(both, one) == AB[0]) for one in IDS)
    halves = itertools.product((True, False), ((True, 0.25), (False, 0.75)))
    expected = {(held, first): len(IDS) / 2 * part for held, (first, part) in halves}
    chi_square = sum((cells[cell] - count) ** 2 / count for cell, count in expected.items())
    assert chi_square < 16.27  # three degrees of freedom, one in a thousand


def test_another_edition_is_another_draw() -> None:
    first = [chance.held_out(campaign(holdout=50), one) for one in IDS[:200]]
    second = [chance.held_out(campaign(holdout=50, edition="2"), one) for one in IDS[:200]]
    assert first != second


def test_devices_share_the_recipients_evenly() -> None:
    names = Counter(chance.device(campaign(), one, ["east", "west"]) for one in IDS)
    assert 0.47 < names["east"] / len(IDS) < 0.53


def test_a_new_device_takes_its_share_and_moves_nobody_else() -> None:
    before = {one: chance.device(campaign(), one, ["east", "west"]) for one in IDS}
    after = {one: chance.device(campaign(), one, ["west", "north", "east"]) for one in IDS}
    moved = [one for one in IDS if before[one] != after[one]]
    assert {after[one] for one in moved} == {"north"}
    assert 0.30 < len(moved) / len(IDS) < 0.37
