"""Chromium, and a page in it that fails its test where it complains or asks for anything."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

from gewe_runner.cards import frame

#: Findings of axe that count.
GRAVE = {"serious", "critical"}

#: Texts that would do harm where they are taken for more than text.
HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202eevil\u2066 title",
    "长" * 10_000,
    "</script><b>bold</b>",
    "@DATA@ \ud800 half",
]


@dataclass
class Opened:
    """A page, what it said on the console and what it asked for beyond itself."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def show(self, file: Path) -> Page:
        """Open a page that says when it is ready."""
        self.page.on("console", lambda one: self.said.append(one.text) if one.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._note)
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("body[data-ready=yes]")
        return self.page

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.asked.append(request.url)

    def grave(self) -> list[str]:
        """What axe finds that would keep somebody from using the page."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in GRAVE]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, no longer than a file of tests needs it: its event loop would be in the way of others."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("these tests need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def locale() -> str:
    """What the browser prefers."""
    return "en-US"


@pytest.fixture
def opened(chromium: Browser, locale: str) -> Iterator[Opened]:
    """A desktop's page without a way to the network: what it asks for is noted, and fails."""
    context = chromium.new_context(
        offline=True, viewport={"width": 1100, "height": 900}, locale=locale, timezone_id="Asia/Shanghai"
    )
    one = Opened(context.new_page())
    yield one
    context.close()
    assert not one.said
    assert not one.asked


def english(page: Page, frame_file: Path) -> set[str]:
    """The words of a page in English that are visible, or said to screen readers, though it speaks Chinese."""
    said = page.evaluate("""() => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        while (walker.nextNode()) {
            const node = walker.currentNode, around = node.parentElement;
            if (around.checkVisibility() && !around.closest("code, #languages")) found.push(node.data.trim());
        }
        for (const one of document.querySelectorAll("[aria-label]")) found.push(one.ariaLabel.trim());
        return found;
    }""")
    words, chinese = (frame.words(frame_file, language) for language in frame.LANGUAGES)
    forms = [form for key, form in words.items() if form != chinese[key]]
    texts = [text for form in forms for text in ([form] if isinstance(form, str) else form.values())]
    return {part.strip() for text in texts for part in re.split(r"\{\w+\}", text) if part.strip(" ,:;")} & set(said)
