"""Times, ids and texts from elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from gewe_runner import words


@given(st.text(), st.integers(10, 300))
def test_a_line_is_printable_and_within_its_limit(text: str, limit: int) -> None:
    shown = words.line(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


def test_a_line_that_was_cut_says_so() -> None:
    assert words.line("x" * 300) == "x" * 199 + "…"
    assert words.line("a" + " " * 10_000 + "b") == "a…"


@given(st.from_regex(r"[A-Za-z0-9_@]{6,40}", fullmatch=True))
def test_a_short_id_never_shows_the_whole(wxid: str) -> None:
    assert len(words.short_id(wxid).replace("…", "")) < len(wxid)
