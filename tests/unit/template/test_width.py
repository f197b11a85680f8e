"""How wide a text is shown, and that cutting it keeps to the width and to whole symbols."""

import hypothesis
import pytest
from hypothesis import strategies as st
from rich.cells import cell_len

from gewe_runner import template
from gewe_runner.template import width
from gewe_runner.template.faults import RefusalError

FAMILY, FLAG, KEYCAP, THUMB = "👨‍👩‍👧", "🇨🇳", "1️⃣", "👍🏽"

#: Letters that every table of widths agrees on.
AGREED = "abc 019，。、：（）《》「」水果到家最快分钟ァカヲ가힣ＡＢ０￥"

#: Whatever makes symbols of several characters, and what does not.
MIXED = st.text(
    st.sampled_from([*AGREED, *FAMILY, *FLAG, *KEYCAP, *THUMB, "\u0301", "\u0e33", "\u1160", "♥", "\u200b"])
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("card", 4),
        ("水果", 4),
        ("29分钟", 6),
        ("e\u0301", 1),
        ("\u0301", 0),
        ("が", 2),
        ("か\u3099", 2),
        ("가", 2),
        ("\u1100\u1161\u11a8", 2),
        ("🍐", 2),
        (THUMB, 2),
        (FAMILY, 2),
        (FLAG, 2),
        (FLAG + "🇯🇵", 4),
        (KEYCAP, 2),
        ("❤", 1),
        ("❤\ufe0f", 2),
        ("a\u200db", 2),
        ("，…“”", 5),
    ],
)
def test_a_symbol_takes_the_columns_that_it_is_drawn_in(text: str, columns: int) -> None:
    assert width.columns(text) == columns


@hypothesis.given(st.text(st.sampled_from(AGREED)))
def test_the_width_is_that_of_a_terminal(text: str) -> None:
    assert width.columns(text) == cell_len(text)


@pytest.mark.parametrize(
    ("text", "n", "cut"),
    [
        ("秋梨到店", 8, "秋梨到店"),
        ("秋梨到店", 7, "秋梨到…"),
        ("秋梨到店", 6, "秋梨…"),
        ("秋梨到店", 1, "…"),
        ("pears are here", 7, "pears…"),
        (f"ab{FAMILY}cd", 4, "ab…"),
        (f"ab{FAMILY}cd", 5, f"ab{FAMILY}…"),
        (f"{FLAG}🇯🇵", 3, f"{FLAG}…"),
        ("cafe\u0301 noir", 5, "cafe\u0301…"),
        ("cafe\u0301 noir", 4, "caf…"),
    ],
)
def test_a_text_is_cut_between_two_symbols(text: str, n: int, cut: str) -> None:
    assert width.truncate(text, n) == cut


def test_another_end_can_be_chosen() -> None:
    assert width.truncate("秋梨到店", 5, "") == "秋梨"
    assert width.truncate("秋梨到店", 5, "...") == "秋..."


@hypothesis.given(
    st.text() | MIXED, st.integers(1, 30), st.sampled_from(["…", "", "...", "》", "🍐", "🇨", "\u200d!"]) | st.text()
)
def test_what_is_cut_never_takes_more_columns_than_asked_for(text: str, n: int, end: str) -> None:
    try:
        cut = width.truncate(text, n, end)
    except RefusalError:
        assert width.columns(end) > n or width.columns(end[0]) == 0
        return
    assert width.columns(cut) <= n
    if cut == text:
        return
    assert width.columns(text) > n
    assert cut.endswith(end)
    assert text.startswith(cut.removesuffix(end))


@hypothesis.given(
    st.lists(st.sampled_from(["水", "a", FAMILY, FLAG, KEYCAP, THUMB, "e\u0301", "❤\ufe0f"]), min_size=1),
    st.integers(1, 30),
)
def test_no_symbol_is_cut_in_two(symbols: list[str], n: int) -> None:
    kept = width.truncate("".join(symbols), n).removesuffix("…")
    assert kept in {"".join(symbols[:number]) for number in range(len(symbols) + 1)}


@pytest.mark.parametrize("arguments", ["", "0", "-1", "'9'", "2.5", "true", "1, '...'", "5, 1", "5, '\u0301'"])
def test_a_width_that_cannot_be_is_told(arguments: str) -> None:
    with pytest.raises(template.TemplateFault, match="truncate_display"):
        template.Template(f"{{{{ '水果' | truncate_display({arguments}) }}}}").render({})


def test_a_number_is_cut_as_its_text() -> None:
    assert template.Template("{{ 1234567 | truncate_display(4) }}").render({}) == "123…"
