"""report.html: read in ten seconds, every recipient found, and whatever a gateway says stays text."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gewe_runner.model import Reason, State
from tests.browser.conftest import Opened
from tests.unit.report import build

TEXTS = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202eevil\u2066",
    "长" * 10_000,
    "</script><b>bold</b> @DATA@",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    records = [
        *(build.record(number, started_at=build.NINE + number * 1_000) for number in range(1, 41)),
        build.record(41, State.REJECTED, device="west", gateway_text="不是好友", started_at=build.NINE),
        build.record(42, State.UNKNOWN, reason="no clear answer", started_at=build.NINE),
    ]
    build.write(tmp_path, records, [build.skip(reason=Reason.SUPPRESSED)], waves=(10, 42), allowed=10.0)
    return tmp_path / "report.html"


def column(page: Page, number: int) -> list[str]:
    """The cells of a column that are drawn."""
    return page.locator(f"#rows tr:not(.gap) td:nth-child({number})").all_text_contents()


def test_the_outcome_stands_first_and_adds_up(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.locator("#headline").text_content() == "40 of 42 messages sent; 1 rejected, 1 unknown."
    assert page.locator("#equation").text_content() == "planned 42 = sent 40 + rejected 1 + unknown 1"
    for title in ("By device", "By wave", "Requests over time", "Unknown", "Rows that got no message"):
        assert page.get_by_role("heading", name=title, exact=True).is_visible()


def test_unknown_messages_come_with_the_command_to_resolve_them(opened: Opened, file: Path) -> None:
    told = opened.show(file).locator("#resolve").text_content() or ""
    assert told == "gewe-runner resolve 20261201-0900-fruit-delivery-3f2a --profile production --as sent"


def test_recipients_are_found_by_what_was_said_and_by_state(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_label("Find").fill("不是好友")
    page.get_by_text("1 of 43 rows").wait_for()
    assert column(page, 2) == ["wxid_person0041"]
    page.get_by_label("Find").fill("")
    page.get_by_label("State").select_option("skipped")
    page.get_by_text("1 of 43 rows").wait_for()
    assert column(page, 2) == ["wxid_skipped"]


def test_a_click_on_a_column_sorts_and_another_turns_it_round(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    button = page.get_by_role("button", name="Recipient")
    button.click()
    assert column(page, 2)[0] == "wxid_person0001"
    button.click()
    assert column(page, 2)[0] == "wxid_skipped"
    assert page.locator("#head th").nth(1).get_attribute("aria-sort") == "descending"


def test_whatever_a_gateway_says_stays_text(opened: Opened, tmp_path: Path) -> None:
    records = [build.record(number, State.REJECTED, gateway_text=text) for number, text in enumerate(TEXTS, 1)]
    build.write(tmp_path, records, campaign=TEXTS[0])
    page = opened.show(tmp_path / "report.html")
    assert page.title().startswith("<script>")
    assert [text.removeprefix(": ") for text in column(page, 6)][:3] == TEXTS[:3]
    assert page.locator("img, b").count() == 0


def test_many_rows_are_drawn_only_where_they_are_seen(opened: Opened, tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(number) for number in range(1, 5_001)])
    page = opened.show(tmp_path / "report.html")
    assert page.locator("#rows tr").count() < 100
    page.get_by_label("Find").fill("person4999")
    page.get_by_text("1 of 5,000 rows").wait_for()
    assert column(page, 1) == ["4999"]


def test_everybody_can_use_it(chromium: Browser, file: Path, scheme: str) -> None:
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    one = Opened(context.new_page())
    one.show(file)
    assert one.grave() == []
    assert not one.said
    context.close()


def test_a_phone_shows_it_without_scrolling_sideways(chromium: Browser, file: Path) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    one = Opened(context.new_page())
    one.show(file)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
