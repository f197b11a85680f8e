"""The preview's page: everything in it, nothing asked for, and whatever stands in a card stays text."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from gewe_runner.cards import page as pages
from gewe_runner.model import Message, Reason, Skip
from gewe_runner.plan import freeze
from tests.browser.conftest import Opened
from tests.conftest import Cli

HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202eevil\u2066 title",
    "长" * 10_000,
    "</script><b>bold</b>",
    "@DATA@ \ud800 half",
]


def message(number: int, title: str = "水果", to_wxid: str = "") -> Message:
    to_wxid = to_wxid or f"wxid_page{number:05}"
    fields = {"title": title, "displayName": "百果园+", "coverImgUrl": "https://cdn.example.com/a.jpg"}
    payload = freeze.canonical({**fields, "pagePath": "pages/x", "toWxid": to_wxid})
    return Message(
        seq=number, to_wxid=to_wxid, device="east", variant=None, source="a.csv", row=number, payload=payload, sha256=""
    )


def written(path: Path, lines: list[Message | Skip]) -> Path:
    facts = {"campaign": "fruit", "edition": "1", "profile": "live", "digest": "ab" * 32, "gateway": "sandbox"}
    with path.open("w", encoding="utf-8") as stream:
        pages.write({**facts, "draft": False}, lambda: lines, stream)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    skip = Skip(to_wxid="wxid_skipped", source="a.csv", row=99, reason=Reason.SUPPRESSED)
    lines: list[Message | Skip] = [message(1), message(2), message(3, "梨"), skip]
    return written(tmp_path / "preview.html", lines)


def test_cards_are_grouped_with_how_many_get_them(opened: Opened, file: Path) -> None:
    page = opened.show(file)
    assert page.locator(".card").count() == 2
    assert page.get_by_text("2 recipients, first wxid_page00001").is_visible()
    assert page.get_by_role("status").text_content() == "3 messages, 2 different cards, 1 rows skipped"


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


def test_everybody_can_use_it(chromium: Browser, file: Path, scheme: str) -> None:
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    one = Opened(context.new_page())
    one.show(file)
    one.page.get_by_label("Find a recipient").fill("wxid")
    one.page.get_by_role("cell", name="wxid_page00003").wait_for()
    assert one.grave() == []
    context.close()


def test_a_phone_shows_it_without_scrolling_sideways(chromium: Browser, file: Path) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    one = Opened(context.new_page())
    one.show(file)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_the_command_writes_the_page(opened: Opened, project: Path, cli: Cli) -> None:
    done = cli("preview", "fruit.yaml", "--html", "preview.html", cwd=project)
    assert done.returncode == 0, done.stderr
    page = opened.show(project / "preview.html")
    assert page.locator(".card .title").first.text_content() == "林晓雨，水果到家"
