"""The sandbox's inbox: what each phone would show, as it arrives."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from gewe_runner import sandbox
from tests import program
from tests.browser.conftest import HOSTILE, Opened, english, everywhere

FRAME = Path(sandbox.__file__).with_name("inbox.html")


@pytest.fixture(scope="module")
def started() -> Iterator[str]:
    with program.sandboxed() as url:
        yield url


@pytest.fixture
def gateway(started: str) -> str:
    """A sandbox that nothing has come to yet."""
    requests.post(f"{started.removesuffix('/gewe/v2/api')}/sandbox/reset", timeout=20).raise_for_status()
    return started


def post(gateway: str, to_wxid: str, title: str = "水果") -> None:
    card = {"displayName": "百果园+", "coverImgUrl": "https://cdn.example.com/a.jpg", "pagePath": "pages/x"}
    ids = {"appId": "wx_phone", "toWxid": to_wxid, "miniAppId": "wx1", "userName": "gh_1@app"}
    headers = {"X-GEWE-TOKEN": "tok"}
    requests.post(f"{gateway}/message/postMiniApp", json={**ids, **card, "title": title}, headers=headers, timeout=20)


@pytest.fixture
def inbox(empty: Opened, gateway: str) -> Iterator[Page]:
    """The page of a sandbox, which may ask that sandbox and nobody else."""
    yield empty.visit(f"{gateway.removesuffix('/gewe/v2/api')}/sandbox/inbox")
    assert empty.grave() == []
    # it would miss the sandbox, which ends before the browser does
    empty.page.goto("about:blank")


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
    for text in HOSTILE[:5]:
        post(gateway, "wxid_anna", text)
    inbox.locator(".card .title").nth(4).wait_for()
    assert inbox.locator(".card .title").all_text_contents() == HOSTILE[:5]
    assert inbox.title() == "Sandbox inbox"
    assert inbox.locator("img, b").count() == 0


def test_what_is_read_stays_as_it_is_when_more_arrives(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    inbox.get_by_text("Request and answer").click()
    inbox.get_by_role("button", name="wxid_anna").focus()
    post(gateway, "wxid_bert")
    inbox.get_by_text("1 new").wait_for()
    assert inbox.locator("details[open]").count() == 1
    assert inbox.evaluate("document.activeElement.value") == "wxid_anna"


def test_a_chat_is_found_by_its_id(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    post(gateway, "wxid_bert")
    inbox.get_by_role("button", name="wxid_bert").wait_for()
    inbox.get_by_label("Find a chat").fill("ANN")
    assert inbox.locator("#chats button").count() == 1


def test_what_the_sandbox_forgets_leaves_the_page(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    inbox.get_by_role("button", name="wxid_anna").wait_for()
    requests.post(f"{gateway.removesuffix('/gewe/v2/api')}/sandbox/reset", timeout=20)
    inbox.get_by_text("Waiting for the first message").wait_for()
    assert inbox.locator(".card").count() == 0


@pytest.mark.parametrize("locale", ["zh-CN"])
def test_it_speaks_chinese_where_the_browser_does(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    post(gateway, "sandbox_refused_1")
    inbox.get_by_role("button", name="sandbox_refused_1").click()
    inbox.get_by_text("2 条消息，2 个会话，1 条到达手机").wait_for()
    inbox.get_by_text("手机没有收到这条消息：被拒绝，或在途中丢失。").wait_for()
    inbox.get_by_text("请求与应答").click()
    assert inbox.locator("html").get_attribute("lang") == "zh-CN"
    assert inbox.title() == "沙箱收件箱"
    assert english(inbox, FRAME) == set()


def test_the_switch_of_languages_keeps_the_chat(inbox: Page, gateway: str) -> None:
    post(gateway, "wxid_anna")
    post(gateway, "wxid_bert", "梨")
    inbox.get_by_role("button", name="wxid_bert").click()
    inbox.get_by_role("button", name="中文").press("Space")
    assert inbox.get_by_role("heading", name="wxid_bert").is_visible()
    assert inbox.get_by_text("设备 wx_phone").is_visible()


@everywhere
def test_everybody_can_use_it(inbox: Page, empty: Opened, gateway: str) -> None:
    for number, text in enumerate(HOSTILE):
        post(gateway, f"wxid_{'x' * 300}{number}", text)
    inbox.locator("#chats li").nth(len(HOSTILE) - 1).wait_for()
    inbox.locator("summary").click()
    assert not empty.wide()
