"""report.html: read in ten seconds, every recipient found, and whatever a gateway says stays text."""

import itertools
from pathlib import Path

import pytest
from playwright.sync_api import Page

from gewe_runner.model import Reason, Record, RunState, State
from gewe_runner.report import html, outcome
from tests.browser.conftest import HOSTILE, Opened, english, everywhere
from tests.unit.report import build

FRAME = Path(html.__file__).with_name("report.html")


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


def states(*met: str) -> list[Record]:
    return [build.record(number, state) for number, state in enumerate(met, 1)]


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([], RunState.FINISHED),
        (states("sent"), RunState.FINISHED),
        (states("sent", "rejected", "cancelled"), RunState.CANCELLED),
        (states("pending"), RunState.PAUSED),
        (states("sent", "sending", "unknown"), RunState.OPEN),
        (states("rejected", "cancelled"), RunState.SUPERSEDED),
        (states("would_send", "would_send"), "dry-run"),
        (states(*["sent"] * 1_000, "rejected"), RunState.FINISHED),
    ],
)
def test_the_page_says_in_english_what_the_other_reports_say(
    opened: Opened, tmp_path: Path, records: list[Record], state: str
) -> None:
    build.write(tmp_path, records, state=state)
    run, totals = build.run(records, state=state), build.counted(records).totals
    page = opened.show(tmp_path / "report.html")
    assert page.locator("#headline").text_content() == outcome.headline(run, totals)
    equation = (page.locator("#equation").text_content() or "").replace("would send", "would_send")
    assert equation == outcome.equation(totals)


def test_where_the_report_comes_from_is_told(opened: Opened, tmp_path: Path) -> None:
    made = {"commit": "6c72213c1c93", "dirty": True, "tool": "gewe-runner 1.2.3"}
    build.write(tmp_path, [build.record()], made=made, written_by="ann@build-7")
    told = opened.show(tmp_path / "report.html").locator("#known").inner_text()
    for part in ("6c72213c1c93 with changes that are not committed", "gewe-runner 1.2.3", "ann@build-7", "cd" * 32):
        assert part in told
    assert "Dec 1, 2026, 09:00" in told  # in the reader's time zone


def test_messages_as_fast_as_the_pace_allows_stay_below_its_line(opened: Opened, tmp_path: Path) -> None:
    records = [build.record(number, started_at=build.NINE + number * 6_000) for number in range(100)]
    build.write(tmp_path, records, allowed=10.0)
    page = opened.show(tmp_path / "report.html")
    limit = float(page.locator("#chart line[stroke-dasharray]").get_attribute("y1") or "nan")
    tops = [float(one.get_attribute("y") or "nan") for one in page.locator("#chart rect").all()]
    assert len(tops) > 8
    assert all(top >= limit for top in tops)
    assert page.get_by_text("The dashed line is the most that the pace allows in that time: 10").is_visible()


def test_a_click_on_a_recipient_shows_the_whole_of_a_long_text(opened: Opened, tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(1, State.REJECTED, gateway_text="不是好友" * 30)])
    page = opened.show(tmp_path / "report.html")
    page.get_by_role("button", name="wxid_person0001").click()
    assert page.get_by_role("dialog", name="wxid_person0001").get_by_text("不是好友" * 30).is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


def test_a_search_that_finds_nobody_says_so(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_label("Find").fill("nobody")
    page.get_by_text("No row is like that.").wait_for()


@pytest.mark.parametrize("locale", ["zh-CN"])
def test_it_speaks_chinese_where_the_browser_does(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("#headline").text_content() == "42 条消息中已发送 40 条；被拒绝 1 条，未知 1 条。"
    assert page.locator("#equation").text_content() == "计划 42 = 已发送 40 + 被拒绝 1 + 未知 1"
    assert column(page, 3)[0] == "已发送 sent"
    page.get_by_label("状态").select_option("skipped")
    assert column(page, 6) == ["suppressed 在免打扰名单中"]
    assert english(page, FRAME) == set()
    assert opened.grave() == []


def test_the_switch_of_languages_keeps_what_is_filtered_and_sorted(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_label("State").select_option("rejected")
    page.get_by_role("button", name="Recipient").click()
    page.get_by_role("button", name="中文").press("Enter")
    assert page.get_by_text("共 43 行，显示 1 行").is_visible()
    assert page.get_by_label("状态").input_value() == "rejected"
    assert page.locator("#head th").nth(1).get_attribute("aria-sort") == "ascending"


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
    records = [build.record(number, State.REJECTED, gateway_text=text) for number, text in enumerate(HOSTILE, 1)]
    build.write(tmp_path, records, campaign=HOSTILE[0])
    page = opened.show(tmp_path / "report.html")
    assert page.title().startswith("<script>")
    assert column(page, 6)[:3] == HOSTILE[:3]
    assert column(page, 6)[3] == HOSTILE[3][:500]
    assert page.locator("img, b").count() == 0


def test_many_rows_are_drawn_only_where_they_are_seen(opened: Opened, tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(number) for number in range(1, 5_001)])
    page = opened.show(tmp_path / "report.html")
    assert page.locator("#rows tr").count() < 100
    page.get_by_label("Find").fill("person4999")
    page.get_by_text("1 of 5,000 rows").wait_for()
    assert column(page, 1) == ["4999"]


@everywhere
def test_everybody_can_use_it(opened: Opened, tmp_path: Path) -> None:
    texts = [text.replace("\ud800", "") for text in HOSTILE]
    records = [
        build.record(number, state, gateway_text=text, to_wxid=text[:300], variant=text[:300], started_at=build.NINE)
        for number, (state, text) in enumerate(itertools.product((State.REJECTED, State.UNKNOWN), texts), 1)
    ]
    build.write(
        tmp_path, records, [build.skip()], campaign="f" * 300, stopped=texts[3][:300], waves=(3, 12), allowed=10.0
    )
    page = opened.show(tmp_path / "report.html")
    assert not opened.wide()
    assert opened.grave() == []
    page.locator("#rows button").nth(3).click()
    assert not opened.wide()
    assert opened.grave() == []
