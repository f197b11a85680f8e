"""Chromium, and a page in it that fails its test where it complains or asks for anything."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

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
    #: The address's scheme and host.
    own: str = ""

    def __post_init__(self) -> None:
        self.page.on("console", lambda one: self.said.append(one.text) if one.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda one: None if one.url.startswith(self.own) else self.asked.append(one.url))

    def show(self, file: Path) -> Page:
        """Open a page that says when it is ready."""
        return self.visit(file.as_uri())

    def visit(self, address: str) -> Page:
        """The same with an address; the page may ask where it came from."""
        self.own = "/".join(address.split("/")[:3])
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready=yes]")
        return self.page

    def wide(self) -> bool:
        """Whether one has to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

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


@pytest.fixture
def locale() -> str:
    """What the browser prefers; tests say otherwise by a parameter of that name, as of the two below."""
    return "en-US"


@pytest.fixture
def scheme() -> Literal["light", "dark"]:
    return "light"


@pytest.fixture
def width() -> int:
    """Of the window, in pixels: a desktop's."""
    return 1100


@pytest.fixture(scope="module")
def windows(chromium: Browser) -> Iterator[Callable[[str], Opened]]:
    """A window for every locale, made once: to start a page's process takes longer than most tests."""
    known: dict[str, Opened] = {}

    def window(locale: str) -> Opened:
        if locale not in known:
            context = chromium.new_context(locale=locale, timezone_id="Asia/Shanghai")
            known[locale] = Opened(context.new_page())
        return known[locale]

    yield window
    for one in known.values():
        one.page.context.close()


@pytest.fixture
def empty(
    windows: Callable[[str], Opened], locale: str, scheme: Literal["light", "dark"], width: int
) -> Iterator[Opened]:
    """A page that knows nothing of what it has shown before."""
    one = windows(locale)
    one.page.set_viewport_size({"width": width, "height": 900})
    one.page.emulate_media(color_scheme=scheme)
    one.page.context.set_offline(False)
    yield one
    said, asked = one.said.copy(), one.asked.copy()
    one.page.evaluate("try { localStorage.clear(); sessionStorage.clear() } catch { /* an empty page has none */ }")
    one.page.context.clear_cookies()
    one.said.clear()
    one.asked.clear()
    assert not said
    assert not asked


@pytest.fixture
def opened(empty: Opened) -> Opened:
    """A page without a way to the network: what it asks for is noted, and fails."""
    empty.page.context.set_offline(True)
    return empty


#: Every way of looking at a page.
everywhere = pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("en-US", "light", 1100), ("en-US", "dark", 320), ("zh-CN", "light", 320), ("zh-CN", "dark", 1100)],
)


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
