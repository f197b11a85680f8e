"""The preview's page: everything in it, nothing asked for, and whatever stands in a card stays text."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from gewe_runner.cards import page as pages
from gewe_runner.model import Message, Reason, Skip
from gewe_runner.plan import freeze
from tests.browser.conftest import HOSTILE, Opened, english, everywhere
from tests.conftest import Cli

FRAME = Path(pages.__file__).with_name("preview.html")


def message(number: int, title: str = "水果", to_wxid: str = "") -> Message:
    to_wxid = to_wxid or f"wxid_page{number:05}"
    fields = {"title": title, "displayName": "百果园+", "coverImgUrl": "https://cdn.example.com/a.jpg"}
    payload = freeze.canonical({**fields, "pagePath": "pages/x", "toWxid": to_wxid})
    return Message(
        seq=number, to_wxid=to_wxid, device="east", variant=None, source="a.csv", row=number, payload=payload, sha256=""
    )


def written(path: Path, lines: list[Message | Skip], campaign: str = "fruit") -> Path:
    facts = {"campaign": campaign, "edition": "1", "profile": "live", "digest": "ab" * 32, "gateway": "sandbox"}
    with path.open("w", encoding="utf-8") as stream:
        pages.write({**facts, "draft": False}, lines, stream)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    skip = Skip(to_wxid="wxid_skipped", source="a.csv", row=99, reason=Reason.SUPPRESSED)
    lines: list[Message | Skip] = [message(1), message(2), message(3, "梨"), skip]
    return written(tmp_path / "preview.html", lines)


def test_cards_are_grouped_with_how_many_get_them(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.locator(".card").count() == 2
    assert page.locator(".gets").all_text_contents() == ["2 recipients", "wxid_page00003"]
    assert page.locator("#figures").inner_text().split("\n") == [
        *("3", "messages", "2", "different cards", "1", "row skipped")
    ]


def test_a_click_on_a_card_lists_who_gets_it(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_role("button", name="2 recipients").click()
    assert page.locator("#found td:first-child").all_text_contents() == ["wxid_page00001", "wxid_page00002"]
    assert page.locator(".card").count() == 1
    page.get_by_role("button", name="Show all cards").click()
    assert page.locator(".card").count() == 2


def test_a_click_on_a_reason_lists_who_gets_nothing_for_it(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.get_by_role("cell", name="the id is on a suppression list").is_visible()
    page.get_by_role("button", name="suppressed").click()
    assert page.locator("#found td:first-child").all_text_contents() == ["wxid_skipped"]
    assert page.get_by_text("None of the rows found gets a card.").is_visible()


def test_every_device_of_a_card_is_named(opened: Opened, tmp_path: Path) -> None:
    lines: list[Message | Skip] = [message(number)._replace(device=f"d{number}") for number in range(1, 6)]
    page = opened.show(written(tmp_path / "devices.html", lines))
    assert page.get_by_text("through d1, d2, d3, and 2 more").is_visible()


def test_a_plan_without_a_message_says_so(opened: Opened, tmp_path: Path) -> None:
    page = opened.show(written(tmp_path / "nobody.html", []))
    assert page.get_by_text("No row of the lists gets a card.").is_visible()


@pytest.mark.parametrize("locale", ["zh-CN"])
def test_it_speaks_chinese_where_the_browser_does(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.title() == "fruit：卡片预览"
    assert page.get_by_role("button", name="2 位接收人").is_visible()
    page.get_by_label("查找接收人").fill("wxid")
    page.get_by_text("找到 4 行").wait_for()
    assert english(page, FRAME) == set()
    assert opened.grave() == []


def test_the_switch_of_languages_is_worked_by_keyboard(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="中文", pressed=True).is_visible()
    assert page.get_by_role("heading", name="不会收到卡片的人").is_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.get_by_role("heading", name="Who gets nothing").is_visible()


def test_a_recipient_is_found_with_the_card(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_label("Find a recipient").fill("PAGE00003")
    page.get_by_role("cell", name="wxid_page00003").wait_for()
    assert page.locator(".card .title").all_text_contents() == ["梨"]


def test_a_recipient_who_gets_nothing_is_found_with_the_reason(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    page.get_by_label("Find a recipient").fill("skipped")
    page.get_by_role("cell", name="skipped: suppressed").wait_for()
    assert page.locator(".card").count() == 0


def test_covers_are_asked_for_only_after_a_click(chromium: Browser, file: Path) -> None:
    context = chromium.new_context()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route(re.compile("^https?:"), refuse)
    one = context.new_page()
    one.goto(file.as_uri())
    one.wait_for_selector("body[data-ready=yes]")
    assert not asked
    one.get_by_role("button", name="Load covers").click()
    one.get_by_text("the cover cannot be loaded").first.wait_for()
    assert set(asked) == {"https://cdn.example.com/a.jpg"}
    context.close()


def test_whatever_stands_in_a_card_stays_text(opened: Opened, tmp_path: Path) -> None:
    lines: list[Message | Skip] = [message(number, title) for number, title in enumerate(HOSTILE, 1)]
    page = opened.show(written(tmp_path / "hostile.html", lines))
    assert page.title() == "fruit: card preview"
    shown = page.locator(".card .title").all_text_contents()
    assert shown[:5] == HOSTILE[:5]
    assert page.locator("img, b").count() == 0


def test_a_name_that_turns_writing_round_leaves_our_words_where_they_are(opened: Opened, tmp_path: Path) -> None:
    page = opened.show(written(tmp_path / "turned.html", [], campaign="\u202etiurf"))
    places = page.locator("h1").evaluate("""(heading) => [...heading.childNodes].map((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return range.getBoundingClientRect().left;
    })""")
    assert len(places) == 3
    assert places == sorted(places)


@everywhere
def test_everybody_can_use_it(opened: Opened, tmp_path: Path) -> None:
    skip = Skip(to_wxid="wxid_" + "s" * 300, source="a.csv", row=99, reason=Reason.BY_TEMPLATE, text=HOSTILE[3][:300])
    cards = [message(number, title, "wxid_" + "x" * 300 + str(number)) for number, title in enumerate(HOSTILE, 1)]
    page = opened.show(written(tmp_path / "hostile.html", [*cards, skip], campaign="f" * 300))
    page.locator("#search").fill("wxid")
    page.locator("#found tr").first.wait_for()
    page.locator("summary").first.click()
    assert not opened.wide()
    assert opened.grave() == []


def test_the_command_writes_the_page(opened: Opened, project: Path, cli: Cli) -> None:
    done = cli("preview", "fruit.yaml", "--html", "preview.html", cwd=project)
    assert done.returncode == 0, done.stderr
    page = opened.show(project / "preview.html")
    assert page.locator(".card .title").first.text_content() == "林晓雨，水果到家"
