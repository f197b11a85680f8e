"""Chance that anybody can compute again: even, independent of everything but who, what and why."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner.model import Variant
from gewe_runner.plan import chance
from tests.unit.plan.conftest import campaign

IDS = [f"wxid_{number:06d}" for number in range(10_000)]
CAMPAIGN = campaign()
WHO = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
PERCENT = st.floats(0, 100)
AB = (Variant(name="a", weight=1, card={}), Variant(name="b", weight=3, card={}))


#: Of chi-square with 81 degrees of freedom: what chance alone exceeds once in ten thousand times.
LIMIT = 132


def chi_square(pairs: Sequence[tuple[float, float]], parts: int = 10) -> float:
    """How far two shares, each cut into ten equal parts, are from filling all hundred cells alike.

    The parts of each share are taken as they came, which leaves (10 - 1)^2 degrees of freedom.
    """
    cells = Counter((int(one * parts), int(other * parts)) for one, other in pairs)
    rows, columns = Counter(int(one * parts) for one, _ in pairs), Counter(int(other * parts) for _, other in pairs)
    expected = {(a, b): rows[a] * columns[b] / len(pairs) for a in rows for b in columns}
    return sum((cells[cell] - count) ** 2 / count for cell, count in expected.items())


def test_a_share_is_the_documented_hash() -> None:
    digest = hashlib.sha256(b"holdout\0fruit\x001\0wxid_x").digest()
    assert chance.share("holdout", campaign(), "wxid_x") == int.from_bytes(digest[:8]) / 2**64


@hypothesis.given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_share_lies_between_0_and_1(label: str, who: str) -> None:
    assert 0 <= chance.share(label, campaign(), who) < 1


def test_a_holdout_is_about_as_large_as_it_says() -> None:
    held = sum(chance.held_out(campaign(holdout=5), one) for one in IDS)
    assert 0.04 < held / len(IDS) < 0.06  # four and a half standard deviations


@hypothesis.given(WHO, PERCENT, PERCENT)
def test_raising_the_holdout_keeps_those_held_out(who: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    held = chance.held_out(campaign(holdout=low), who)
    assert not held or chance.held_out(campaign(holdout=high), who)


@pytest.mark.parametrize("weights", [(1, 3), (1, 1), (0.2, 0.3, 0.5), (99, 1), (7, 1, 1, 1)], ids=str)
def test_variants_are_as_frequent_as_their_weights_say(weights: tuple[float, ...]) -> None:
    variants = tuple(Variant(name=str(number), weight=weight, card={}) for number, weight in enumerate(weights))
    names = Counter(chosen.name for one in IDS if (chosen := chance.variant(campaign(variants=variants), one)))
    assert names.total() == len(IDS)
    for number, weight in enumerate(weights):
        part = weight / sum(weights)
        spread = math.sqrt(part * (1 - part) / len(IDS))
        assert abs(names[str(number)] / len(IDS) - part) < 4 * spread


@hypothesis.given(WHO, st.integers(0, 4))
def test_only_the_ratio_of_weights_matters(who: str, power: int) -> None:
    scaled = tuple(Variant(name=one.name, weight=one.weight * 2**power, card={}) for one in AB)
    first, second = chance.variant(campaign(variants=AB), who), chance.variant(campaign(variants=scaled), who)
    assert first is not None
    assert second is not None
    assert first.name == second.name


@pytest.mark.parametrize("pair", [("holdout", "variant"), ("holdout", "device"), ("variant", "device")], ids="-".join)
def test_holdout_variant_and_device_are_independent(pair: tuple[str, str]) -> None:
    first, second = ([chance.share(label, CAMPAIGN, one) for one in IDS] for label in pair)
    assert chi_square(list(zip(first, second, strict=True))) < LIMIT


def test_the_test_of_independence_finds_what_depends() -> None:
    shares = [chance.share("holdout", CAMPAIGN, one) for one in IDS]
    assert chi_square([(one, one * 0.9) for one in shares]) > LIMIT


def test_whom_the_holdout_spares_gets_the_variants_by_their_weights() -> None:
    both = campaign(variants=AB, holdout=50)
    spared = [one for one in IDS if not chance.held_out(both, one)]
    share = sum(chance.variant(both, one) == AB[0] for one in spared) / len(spared)
    assert abs(share - 0.25) < 4 * math.sqrt(0.25 * 0.75 / len(spared))


def test_another_edition_is_another_draw() -> None:
    first = [chance.held_out(campaign(holdout=50), one) for one in IDS[:200]]
    second = [chance.held_out(campaign(holdout=50, edition="2"), one) for one in IDS[:200]]
    assert first != second


def test_devices_share_the_recipients_evenly() -> None:
    names = Counter(chance.device(campaign(), one, ["east", "west"]) for one in IDS)
    assert 0.47 < names["east"] / len(IDS) < 0.53


@hypothesis.given(WHO, st.lists(WHO, min_size=1, unique=True), WHO)
def test_a_new_device_takes_its_share_and_moves_nobody_else(who: str, names: list[str], new: str) -> None:
    before, after = chance.device(CAMPAIGN, who, names), chance.device(CAMPAIGN, who, [new, *names])
    assert after in (before, new)


def test_a_third_device_takes_a_third() -> None:
    moved = sum(chance.device(CAMPAIGN, one, ["east", "west", "north"]) == "north" for one in IDS)
    assert abs(moved / len(IDS) - 1 / 3) < 4 * math.sqrt(2 / 9 / len(IDS))


@hypothesis.given(WHO, st.permutations(["east", "west", "north"]))
def test_the_order_of_devices_makes_no_difference(who: str, names: list[str]) -> None:
    assert chance.device(CAMPAIGN, who, names) == chance.device(CAMPAIGN, who, sorted(names))
