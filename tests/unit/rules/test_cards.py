"""Each rule about a card's values, with values that break it and values that keep it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner.model import CARD_FIELDS
from gewe_runner.rules import Rule, cards

FIELDS = ("toWxid", *CARD_FIELDS)

COVER = "https://cdn.example.com/covers/%E6%B0%B4%E6%9E%9C.jpg"
COS = f"{COVER}?q-sign-algorithm=sha1&q-ak=AKIDexample&q-sign-time=1755695441;10395609041&q-signature=569f085f82"

#: Rule, field, values that break it, values that keep it.
TABLE: list[tuple[Rule, str, list[str], list[str]]] = [
    (cards.VALUE_EMPTY, "displayName", ["", " ", "\u3000"], ["百果园+", "0"]),
    (cards.VALUE_CONTROL, "title", ["a\nb", "a\tb", "a\x00", "a\x85b"], ["a b", "👨‍👩‍👧", "a\u3000b"]),
    (cards.WXID_SPACE, "toWxid", ["wxid_a wxid_b", "a\u200bb", "a\u00a0b"], ["wxid_8kqzt0p1v7lm22", "zhangchuan2288"]),
    (cards.WXID_BUILTIN, "toWxid", sorted(cards.BUILT_IN_IDS), ["filehelper", "weixin2", "qq526552198"]),
    (
        cards.WXID_FORM,
        "toWxid",
        ["林晓雨", "备注：仅供内部使用", "wxid_a;wxid_b", "wxid_a,wxid_b", "wxid_a|b"],
        ["zhang-3", "1.23457E+17", "a.b+c"],
    ),
    (cards.WXID_UNPROVEN, "toWxid", ["gh_690acf47ea05", "25984@openim"], ["wxid_gh_1", "my-gh_id"]),
    (cards.WXID_GROUP, "toWxid", ["fans@chatroom", "@chatroom", "12a@chatroom"], ["1234567890@chatroom", "chatroom"]),
    (cards.MINI_APP_ID, "miniAppId", ["wx1f9ea355b472", "WX1F9EA355B47256DD", "gh_1"], ["wx1f9ea355b47256dd"]),
    (cards.SWAPPED_APP_ID, "miniAppId", ["wx_AbCdEfGhIjKlMnOpQrStU"], ["wx1f9ea355b47256dd"]),
    (cards.USER_NAME, "userName", ["gh_690acf47ea05", "690acf47ea05@app", "gh_x@app"], ["gh_690acf47ea05@app"]),
    (
        cards.PAGE_PATH_HTML,
        "pagePath",
        ["pages/index", "pages/index?x=a.html", "pages/.html", "https://a.com/x.html", "pages/index.htm"],
        ["pages/index.html", "/pages/index.html?x=1", "a.html?x=%E4%B8%8A&y=a/b"],
    ),
    (
        cards.PAGE_PATH_QUERY,
        "pagePath",
        ["a.html?city=上海", "a.html?x=a b", 'a.html?x={"a":1}'],
        ["a.html?city=%E4%B8%8A%E6%B5%B7", "a.html?x=a+b&y=(1)*[2]~"],
    ),
    (
        cards.COVER_URL,
        "coverImgUrl",
        [
            "covers/a.jpg",
            "//cdn.example.com/a.jpg",
            "ftp://cdn.example.com/a.jpg",
            "https:///a.jpg",
            "https://[x]/a.jpg",
            "https://cdn.example.com/a b.jpg",
            "https://cdn.example.com\\@a/b.jpg",
            "https://cdn.example.com:x/a.jpg",
            "https://me:secret@cdn.example.com/a.jpg",
            "data:image/png;base64,AAAA",
        ],
        [COVER, COS, "http://cdn.example.com/a.jpg", "https://cdn.example.com:8443/水果.png", "HTTPS://8.8.8.8/a.jpg"],
    ),
    (
        cards.COVER_PRIVATE,
        "coverImgUrl",
        [
            "http://localhost/a.jpg",
            "http://nas.local/a.jpg",
            "http://metadata.google.internal/x",
            "http://intranet/a.jpg",
            "http://127.0.0.1/a",
            "http://10.1.2.3/a",
            "http://172.16.0.1/a",
            "http://192.168.1.7:8080/a",
            "http://0/a",
            "http://169.254.169.254/latest",
            "http://100.100.100.200/a",
            "http://224.0.0.1/a",
            "http://127.1/a",
            "http://2130706433/a",
            "http://0x7f000001/a",
            "http://0x7f.0.0.1/a",
            "http://017700000001/a",
            "http://[::1]/a",
            "http://[::ffff:10.0.0.1]/a",
            "http://[fe80::1%25eth0]/a",
            "http://[64:ff9b::a00:1]/a",
            "http://[2002:7f00:1::]/a",
            "http://１２７.0.0.1/a",
            "http://127。0。0。1/a",
            "http://127%2e0%2e0%2e1/a",
            "http://localhost./a",
            "http://LOCALHOST/a",
            "http://999.1.1.1/a",
            "http://08.1.1.1/a",
        ],
        [
            COVER,
            "http://8.8.8.8/a.jpg",
            "http://[2400:3200::1]/a.jpg",
            "https://localhost.example.com/a",
            "http://1.2.3.com/",
        ],
    ),
    (cards.TITLE_LENGTH, "title", ["果" * 22, "a" * 65], ["果" * 21, "a" * 64]),
]

BROKEN = [(rule, field, value) for rule, field, broken, _ in TABLE for value in broken]
KEPT = [(rule, field, value) for rule, field, _, kept in TABLE for value in kept]


def ids(field: str, value: str) -> set[str]:
    return {rule.id for rule, _ in cards.check(field, value)}


@pytest.mark.parametrize(("rule", "field", "value"), BROKEN)
def test_a_value_that_breaks_a_rule_is_found(rule: Rule, field: str, value: str) -> None:
    assert rule.id in ids(field, value)


@pytest.mark.parametrize(("rule", "field", "value"), KEPT)
def test_a_value_that_keeps_a_rule_passes(rule: Rule, field: str, value: str) -> None:
    assert rule.id not in ids(field, value)


def test_the_table_has_every_rule_of_cards() -> None:
    declared = {rule for rule in vars(cards).values() if isinstance(rule, Rule)}
    assert {rule for rule, *_ in TABLE} == declared


def test_the_sample_card_of_the_api_has_no_fault() -> None:
    sample = {
        "toWxid": "filehelper",
        "miniAppId": "wx1f9ea355b47256dd",
        "userName": "gh_690acf47ea05@app",
        "displayName": "百果园+",
        "title": "最快29分钟 好吃水果送到家",
        "pagePath": "pages/homeDelivery/index.html",
        "coverImgUrl": COS,
    }
    assert [list(cards.check(field, value)) for field, value in sample.items()] == [[]] * 7


@given(st.sampled_from(FIELDS), st.text() | st.from_regex(r"https?://[^ ]*|[0-9a-fx.:\[\]]*", fullmatch=True))
def test_any_text_gets_an_answer_of_one_line(field: str, value: str) -> None:
    messages = [message for _, message in cards.check(field, value)]
    assert all("\n" not in message and len(message) < 2 * len(value) + 300 for message in messages)


@given(st.ip_addresses(v=4))
def test_every_notation_of_an_address_is_judged_alike(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    notations = (f"http://{address}/", f"http://{number}/", f"http://{number:#x}/", f"http://[::ffff:{address}]/")
    assert len({frozenset(ids("coverImgUrl", url)) for url in notations}) == 1


def test_the_fixed_value_is_in_the_message() -> None:
    [(_, user_name)] = cards.check("userName", "gh_690acf47ea05")
    [(_, page_path)] = cards.check("pagePath", "pages/index?x=1")
    assert user_name.endswith("write gh_690acf47ea05@app")
    assert page_path.endswith("write pages/index.html?x=1")


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("q-sign-time=1755695441;10395609041", datetime(2299, 6, 4, 13, 10, 41, tzinfo=UTC)),
        ("q-sign-time=1755695441%3B1755695500", datetime(2025, 8, 20, 13, 11, 40, tzinfo=UTC)),
        ("OSSAccessKeyId=a&Expires=1755695500&Signature=b", datetime(2025, 8, 20, 13, 11, 40, tzinfo=UTC)),
        ("X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600", datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("x-oss-date=20260101T000000Z&x-oss-expires=60", datetime(2026, 1, 1, 0, 1, tzinfo=UTC)),
        ("x=1", None),
        ("q-sign-time=soon", None),
        ("X-Amz-Date=20260101T000000Z", None),
        ("Expires=99999999999999999999&Signature=b", None),
    ],
)
def test_the_end_of_a_signed_cover_is_read(query: str, end: datetime | None) -> None:
    url = f"{COVER}?{query}"
    assert cards.cover_expiry(url) == end
    assert end is None or cards.may_be_signed(url)


def test_a_shown_url_hides_its_credentials_and_nothing_else() -> None:
    assert cards.shown_url(COS) == COS.replace("AKIDexample", "***").replace("569f085f82", "***")
    assert cards.shown_url("https://me:pw@a.com/x?Signature=s&x=%20#f") == "https://***@a.com/x?Signature=***&x=%20#f"


def test_no_message_about_a_cover_shows_its_signature() -> None:
    messages = [message for _, message in cards.check("coverImgUrl", f"http://localhost/a.jpg?{COS.partition('?')[2]}")]
    assert messages
    assert not any("569f085f82" in message or "AKID" in message for message in messages)
