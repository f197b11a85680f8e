"""The sandbox's inbox: what each phone would show, as it arrives."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page

from gewe_runner import sandbox
from tests.browser.conftest import Opened

HOSTILE = "<script>document.title='owned'</script>"


@pytest.fixture
def gateway() -> Iterator[str]:
    with sandbox.started() as url:
        yield url


def post(gateway: str, to_wxid: str, title: str = "水果") -> None:
    card = {"displayName": "百果园+", "coverImgUrl": "https://cdn.example.com/a.jpg", "pagePath": "pages/x"}
    ids = {"appId": "wx_phone", "toWxid": to_wxid, "miniAppId": "wx1", "userName": "gh_1@app"}
    headers = {"X-GEWE-TOKEN": "tok"}
    requests.post(f"{gateway}/message/postMiniApp", json={**ids, **card, "title": title}, headers=headers, timeout=20)


@pytest.fixture
def inbox(chromium: Browser, gateway: str) -> Iterator[Page]:
    """The page of a sandbox, which may ask that sandbox and nobody else."""
    context = chromium.new_context()
    one = Opened(context.new_page())
    origin = gateway.removesuffix("/gewe/v2/api")
    page = one.page
    page.on("console", lambda said: one.said.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if asked.url.startswith(origin) else one.asked.append(asked.url))
    page.goto(f"{origin}/sandbox/inbox")
    page.wait_for_selector("body[data-ready=yes]")
    yield page
    assert one.grave() == []
    context.close()
    assert not one.said
    assert not one.asked


def test_a_card_appears_in_its_chat_as_it_arrives(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    inbox.get_by_role("button", name="wxid_anna").wait_for()
    post(gateway, "wxid_bert", "梨")
    inbox.get_by_role("button", name="wxid_bert").click()
    assert inbox.locator(".card .title").all_text_contents() == ["梨"]
    assert inbox.get_by_role("heading", name="wxid_bert").is_visible()


def test_the_request_and_its_answer_are_behind_a_click(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    inbox.get_by_text("Request and answer").click()
    told = inbox.locator("pre").all_text_contents()
    assert '"appId": "wx_phone"' in told[0]
    assert "newMsgId" in told[1]


def test_a_card_that_no_phone_got_says_so(inbox: Page, gateway: str) -> None:
    post(gateway, "sandbox_refused_1")
    inbox.get_by_text("The phone did not get this").wait_for()


def test_whatever_stands_in_a_card_stays_text(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna", HOSTILE)
    inbox.locator(".card .title").wait_for()
    assert inbox.locator(".card .title").text_content() == HOSTILE
    assert inbox.title() == "Sandbox inbox"
