"""Covers are noted as messages pass, in bounded memory."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.model import Message
from gewe_runner.plan import freeze
from gewe_runner.plan.covers import MOST, Use, Uses


def message(url: str, *, variant: str | None = None, title: str = "x") -> Message:
    payload = freeze.canonical({"coverImgUrl": url, "displayName": title, "title": title, "pagePath": title})
    assert json.loads(payload)["coverImgUrl"] == url
    return Message(to_wxid="a", device="d", variant=variant, source="s", row=1, payload=payload, sha256="")


@given(st.text(st.sampled_from('a"\\,:{}水') | st.characters(codec="utf-8")), st.text(st.sampled_from('a"\\,:{}')))
def test_an_address_is_read_as_json_would(url: str, title: str) -> None:
    uses = Uses()
    uses.note(message(url, title=f'{title}"coverImgUrl":"other"'))
    assert list(uses.urls) == [url]


def test_messages_are_counted_by_cover_with_the_first_variant() -> None:
    uses = Uses()
    for url, variant in [("a", "one"), ("b", "two"), ("a", "two")]:
        uses.note(message(url, variant=variant))
    assert uses.urls == {"a": Use("one", 2), "b": Use("two", 1)}


def test_beyond_the_first_covers_messages_are_only_counted() -> None:
    uses = Uses()
    for number in range(MOST + 7):
        uses.note(message(f"https://cdn.example.com/{number}.jpg"))
        uses.note(message("https://cdn.example.com/0.jpg"))
    assert (len(uses.urls), uses.others) == (MOST, 7)
    assert uses.urls["https://cdn.example.com/0.jpg"].messages == MOST + 8
