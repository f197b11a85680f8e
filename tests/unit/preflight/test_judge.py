"""What is wrong with a cover that came, by what was seen of it."""

import pytest

from gewe_runner.model import CoverLimits
from gewe_runner.preflight import judge
from gewe_runner.preflight.judge import Look
from gewe_runner.rules import Rule, covers

SOUND = {"kind": "JPEG", "length": 40 * 1024, "width": 720, "height": 576}
LIMITS = CoverLimits()


def rules(limits: CoverLimits = LIMITS, **seen: object) -> list[Rule]:
    return [rule for rule, _ in judge.judge(Look(**SOUND | seen), limits)]  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(720, 576), (520, 416), (600, 500), (500, 400)])
def test_a_cover_as_it_should_be_has_no_fault(size: tuple[int, int]) -> None:
    assert rules(width=size[0], height=size[1]) == []


@pytest.mark.parametrize("kind", ["WebP", "HTML", ""])
def test_cover_type_is_told_alone(kind: str) -> None:
    assert rules(kind=kind, length=1 << 30, width=0, height=0) == [covers.COVER_TYPE]


def test_cover_type_of_a_file_without_a_picture() -> None:
    assert rules(width=0, height=0) == [covers.COVER_TYPE]
    # of one that was not read to its end nobody knows
    assert rules(width=0, height=0, length=1 << 30, complete=False) == [covers.COVER_TOO_BIG]


def test_cover_large_and_cover_too_big_begin_above_their_limits() -> None:
    assert rules(length=50 * 1024) == []
    assert rules(length=50 * 1024 + 1) == [covers.COVER_LARGE]
    assert rules(length=1024 * 1024) == [covers.COVER_LARGE]
    assert rules(length=1024 * 1024 + 1) == [covers.COVER_TOO_BIG]


def test_the_limits_are_the_profiles() -> None:
    assert rules(CoverLimits(warn_kb=None), length=1024 * 1024) == []
    assert rules(CoverLimits(warn_kb=10, max_kb=20)) == [covers.COVER_TOO_BIG]


def test_a_size_that_is_not_known_to_its_end_says_so() -> None:
    ((_, text),) = judge.judge(Look(kind="PNG", length=1 << 21, complete=False, width=720, height=576), LIMITS)
    assert text == "it has more than 2,048 KB, and at most 1024 KB are allowed; save it smaller"


@pytest.mark.parametrize("size", [(800, 800), (576, 720), (1000, 500)])
def test_cover_ratio(size: tuple[int, int]) -> None:
    assert rules(width=size[0], height=size[1]) == [covers.COVER_RATIO]


def test_cover_expired_from_the_second_on_at_which_the_signature_ends() -> None:
    url = "https://cdn.example.com/a.jpg?q-sign-time=1755695441;1755699041&q-signature=5e1f"
    assert list(judge.expired(url, 1755699040_999)) == []
    ((rule, text),) = judge.expired(url, 1755699041_000)
    assert (rule, text) == (covers.COVER_EXPIRED, "its signature ended 2025-08-20 14:10 UTC; sign it anew")
    assert list(judge.expired("https://cdn.example.com/a.jpg", 1755699041_000)) == []
