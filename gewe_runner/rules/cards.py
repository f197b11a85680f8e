"""What can be wrong with the values of a card and with a recipient's id, once they are rendered."""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from gewe_runner import rules
from gewe_runner.model import Level
from gewe_runner.rules import Rule

Finding = tuple[Rule, str]

VALUE_EMPTY = rules.declare(
    "value-empty",
    Level.ERROR,
    "The API requires all seven fields of a card; one that is empty after its template was rendered and stripped is "
    "refused, or gives a card without name, title or cover. Often a column is blank in that row.",
    example="broken: title: '{{ note }}' with a blank `note`; right: title: '{{ note or \"水果到家\" }}'",
)
VALUE_CONTROL = rules.declare(
    "value-control",
    Level.ERROR,
    "A line break, tab or other control character came into a value, mostly out of a spreadsheet cell or a block of "
    "YAML. Cards have one-line values, and WeChat shows such characters as boxes or cuts the text there.",
    example='broken: a title of two lines; right: title: \'{{ title | replace("\\n", " ") }}\'',
)
WXID_SPACE = rules.declare(
    "wxid-space",
    Level.ERROR,
    "A WeChat id has no space and no invisible character in it. Usually two ids share a cell, or a nickname stands "
    "where the id belongs. Spaces around an id are removed, those within it are not guessed at.",
    example="broken: wxid_a wxid_b; right: one row for each",
)
WXID_BUILTIN = rules.declare(
    "wxid-builtin",
    Level.ERROR,
    "Friend lists exported from the API contain WeChat's own accounts (weixin, fmessage, medianote, ...). They are no "
    "people, so a card to them is lost or looks like abuse. Only `filehelper`, the chat with oneself, can receive one.",
    example="broken: weixin; right: filehelper, or leave the row out",
)
WXID_UNPROVEN = rules.declare(
    "wxid-unproven",
    Level.WARNING,
    "Official accounts (gh_...) and WeCom contacts (...@openim) have ids like people do, but no source shows that a "
    "mini-program card reaches them. Try one with a test card before you send to all.",
    example="doubtful: gh_690acf47ea05; proven: wxid_..., a legacy id such as zhangchuan2288, 1234567890@chatroom",
)
WXID_FORM = rules.declare(
    "wxid-form",
    Level.ERROR,
    "Ids are made of Latin letters, digits, `_`, `-` and few other signs. What has Chinese characters in it is a name, "
    "or a remark below the table; what has separators in it is several ids in one field. It reaches nobody.",
    example="broken: 林晓雨, or wxid_a;wxid_b; right: wxid_8kqzt0p1v7lm22",
)
WXID_GROUP = rules.declare(
    "wxid-group",
    Level.ERROR,
    "A group's id is digits and `@chatroom`, as the API's contact list gives it. A group's name, or digits with "
    "something else before `@chatroom`, reaches nobody.",
    example="broken: fans@chatroom; right: 1234567890@chatroom",
)
MINI_APP_ID = rules.declare(
    "mini-app-id",
    Level.ERROR,
    "`miniAppId` is the mini-program's AppID: `wx` and 16 lower-case hexadecimal digits, shown in the mini-program's "
    "own admin pages and in every card received from it.",
    example="broken: wx1f9ea355b472; right: wx1f9ea355b47256dd",
)
SWAPPED_APP_ID = rules.declare(
    "swapped-app-id",
    Level.ERROR,
    "Two ids begin with wx. The device's (`appId` in gewe.yaml: `wx_` and about 21 characters) says through which "
    "login a card leaves; the mini-program's (`miniAppId` of a card: `wx` and 16 hexadecimal digits) says what opens.",
    example="broken: miniAppId: wx_AbCdEfGhIjKlMnOpQrStU; right: miniAppId: wx1f9ea355b47256dd",
)
USER_NAME = rules.declare(
    "user-name",
    Level.ERROR,
    "`userName` is the mini-program's original id with `@app` behind it. Users of the API report that a card without "
    "`@app` is sent but does not open.",
    example="broken: gh_690acf47ea05; right: gh_690acf47ea05@app",
)
PAGE_PATH_HTML = rules.declare(
    "page-path-html",
    Level.ERROR,
    "The page of a card ends in `.html`, before the query. Without it the card opens on a desktop but shows a blank "
    "page on phones (reported for this API, and WeCom's documentation says the same).",
    example="broken: pages/home/index?store=1; right: pages/home/index.html?store=1",
)
PAGE_PATH_QUERY = rules.declare(
    "page-path-query",
    Level.WARNING,
    "A page's query is percent-encoded in every card seen in the wild. A raw space, quote or Chinese character mostly "
    "means that the `urlencode` filter was forgotten, and the page may get half of the value.",
    example="doubtful: pages/a.html?city={{ city }}; right: pages/a.html?city={{ city | urlencode }}",
)
COVER_URL = rules.declare(
    "cover-url",
    Level.ERROR,
    "The gateway downloads the cover, so it must be a complete http or https address: with host, without blanks, "
    "backslashes, user name or password. The address is sent exactly as written, signature included.",
    example="broken: covers/a.jpg; right: https://cdn.example.com/covers/a.jpg",
)
COVER_PRIVATE = rules.declare(
    "cover-private",
    Level.ERROR,
    "The gateway downloads the cover from the public internet, where addresses of this computer, of a local network "
    "or of a cloud's metadata service do not exist or are somebody else's. The card would be refused.",
    example="broken: http://192.168.1.7/a.jpg; right: https://cdn.example.com/a.jpg",
)
TITLE_LENGTH = rules.declare(
    "title-length",
    Level.WARNING,
    "No limit is documented for this API. The nearest official figure is WeCom's: 64 bytes of UTF-8 for the title of a "
    "mini-program card, which is 21 Chinese characters. What is longer may be cut on the phone.",
    example="doubtful: a title of 30 Chinese characters; safe: 最快29分钟 好吃水果送到家",
)

TITLE_BYTES = 64

#: WeChat's own accounts as contact lists contain them; `filehelper` is the one that a card may go to.
BUILT_IN_IDS = frozenset(
    {
        "blogapp",
        "blogappweixin",
        "brandsessionholder",
        "facebookapp",
        "feedsapp",
        "floatbottle",
        "fmessage",
        "lbsapp",
        "masssendapp",
        "medianote",
        "meishiapp",
        "newsapp",
        "notification_messages",
        "officialaccounts",
        "qmessage",
        "qqfriend",
        "qqmail",
        "qqsync",
        "readerapp",
        "shakeapp",
        "tmessage",
        "userexperience_alarm",
        "voip",
        "weibo",
        "weixin",
        "weixinreminder",
        "wxitil",
    }
)

_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_TRANSLATED_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: No id has a letter of another script, or one of these signs; a number that a spreadsheet has damaged may have `,`.
_NO_WXID = re.compile(r"[^!-~]|[;|]|,(?!\d)")
_PLAIN_WXID = re.compile(r"(?!gh_)[A-Za-z0-9_-]+")
_INVISIBLE = re.compile(r"[\s\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_GROUP = re.compile(r"[0-9]+@chatroom")
_MINI_APP_ID = re.compile(r"wx[0-9a-f]{16}")
_APP_ID = re.compile(r"wx_[A-Za-z0-9_-]+")
_USER_NAME = re.compile(r"gh_[0-9a-f]{12}@app")
_RAW_IN_QUERY = re.compile(r"[^!#-;=?-\[\]_a-z~]")
_IPV4_PART = re.compile(r"0x[0-9a-f]*|[0-9]+")
#: As text: it takes as long to compile as all the others, and few addresses are shown.
_SIGNATURE = (
    r"(?i)([?&](?:q-ak|q-signature|sig|sign|signature|OSSAccessKeyId|AWSAccessKeyId|GoogleAccessId|(?:access_?)?token"
    r"|(?:api_?)?key|secret|password|(?:x-)?(?:amz|oss|cos|goog)-(?:signature|credential|security-token))=)[^&#]*"
)
_USER_INFO = re.compile(r"(?<=//)[^/?#@]*@")


def check(field: str, value: str) -> Iterator[Finding]:
    """What is wrong with one stripped value.

    Args:
        field: `toWxid` or one of `model.CARD_FIELDS`.

    Yields:
        The rule that is broken and the message, which does not repeat the field's name.
    """
    if not value or value.isspace():
        yield VALUE_EMPTY, "is empty; every card needs it"
        return
    if control := _CONTROL.search(value):
        yield VALUE_CONTROL, f"contains the control character U+{ord(control[0]):04X}; write it on one line without it"
        return
    if find := _CHECKS.get(field):
        yield from find(value)


def is_plain_wxid(value: str) -> bool:
    """Whether there is nothing to say about a recipient's id, which nearly all are: letters, digits, `_` and `-`."""
    return _PLAIN_WXID.fullmatch(value) is not None and value not in BUILT_IN_IDS


def looks_like_app_id(value: str) -> bool:
    """Whether a value has the shape of a device's `appId`."""
    return _APP_ID.fullmatch(value) is not None


def looks_like_mini_app_id(value: str) -> bool:
    """Whether a value has the shape of a mini-program's `miniAppId`."""
    return _MINI_APP_ID.fullmatch(value) is not None


def may_be_signed(text: str) -> bool:
    """Whether there may be a URL in the text whose end `cover_expiry` knows; quick, since every payload is asked."""
    return "xpires=" in text or "q-sign-time=" in text


def cover_expiry(url: str) -> datetime | None:
    """When a signed URL (Tencent COS, Aliyun OSS, S3 and alike) ends, in UTC; None where it is not signed."""
    try:
        query = {key.lower(): value for key, value in parse_qsl(urlsplit(url).query)}
        if "q-sign-time" in query:
            return datetime.fromtimestamp(int(query["q-sign-time"].split(";")[1]), tz=UTC)
        if "expires" in query and "signature" in query:
            return datetime.fromtimestamp(int(query["expires"]), tz=UTC)
        for vendor in ("x-amz", "x-oss", "x-goog"):
            if f"{vendor}-date" in query:
                begin = datetime.strptime(query[f"{vendor}-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return begin + timedelta(seconds=int(query[f"{vendor}-expires"]))
    except (ValueError, IndexError, KeyError, OverflowError, OSError):
        return None
    return None


def shown_url(url: str) -> str:
    """The URL with credentials and signatures masked, all else exactly as it is."""
    return _USER_INFO.sub("***@", re.sub(_SIGNATURE, r"\1***", url))


def is_private(host: str) -> bool:
    """Whether a host, in any notation that clients resolve, lies outside the public internet."""
    host = unicodedata.normalize("NFKC", unquote(host)).replace("。", ".").lower().rstrip(".")
    address = _address(host)
    if address is None:
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)
    return not address.is_global or address.is_multicast


def _shown(value: str) -> str:
    return f'"{value}"' if len(value) <= 80 else f'"{value[:77]}..."'


def _to_wxid(value: str) -> Iterator[Finding]:
    if is_plain_wxid(value):
        return
    if _INVISIBLE.search(value):
        yield WXID_SPACE, f"{_shown(value)} has a space or an invisible character in it; give one id without blanks"
    elif _NO_WXID.search(value):
        yield WXID_FORM, f"{_shown(value)} is no id; is it a name, a remark, or several ids in one field?"
    elif value in BUILT_IN_IDS:
        yield WXID_BUILTIN, f"{_shown(value)} is an account of WeChat itself, not a person; leave it out of the list"
    elif value.endswith("@chatroom"):
        if not _GROUP.fullmatch(value):
            yield WXID_GROUP, f"{_shown(value)} is not a group; a group is digits and @chatroom: 1234567890@chatroom"
    elif value.startswith("gh_") or value.endswith("@openim"):
        kind = "a WeCom contact" if value.endswith("@openim") else "an official account"
        yield WXID_UNPROVEN, f"{_shown(value)} is {kind}; whether cards reach those is unproven, try one first"


def _mini_app_id(value: str) -> Iterator[Finding]:
    if looks_like_mini_app_id(value):
        return
    if looks_like_app_id(value):
        advice = "here stands the mini-program's id, such as wx1f9ea355b47256dd"
        yield SWAPPED_APP_ID, f"{_shown(value)} is a device's appId, which belongs into gewe.yaml; {advice}"
    else:
        yield MINI_APP_ID, f"{_shown(value)} is not wx and 16 of 0-9a-f, such as wx1f9ea355b47256dd"


def _user_name(value: str) -> Iterator[Finding]:
    if _USER_NAME.fullmatch(value):
        return
    if _USER_NAME.fullmatch(f"{value}@app"):
        yield USER_NAME, f"{_shown(value)} lacks @app, without which the card does not open; write {value}@app"
    else:
        yield USER_NAME, f"{_shown(value)} is not gh_, 12 of 0-9a-f and @app, such as gh_690acf47ea05@app"


def _page_path(value: str) -> Iterator[Finding]:
    path, mark, query = value.partition("?")
    if "://" in path:
        yield PAGE_PATH_HTML, f"{_shown(value)} is a web address; give the page in the mini-program: pages/index.html"
    elif not path.endswith(".html") or path.endswith("/.html") or path == ".html":
        fixed = f"{path.rstrip('/')}.html{mark}{query}"
        yield PAGE_PATH_HTML, f"{_shown(value)} has no .html before the query, so phones open nothing; write {fixed}"
    if raw := _RAW_IN_QUERY.search(query):
        yield PAGE_PATH_QUERY, f"{_shown(value)} has an unencoded {_shown(raw[0])} in its query; use `| urlencode`"


def _cover(value: str) -> Iterator[Finding]:
    if re.search(r"[\s\\]", value):
        yield COVER_URL, f"{_shown(shown_url(value))} has a blank or backslash in it; write a blank as %20"
        return
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        yield COVER_URL, f"{_shown(shown_url(value))} has a host or port that cannot be read; check the address"
        return
    if parts.scheme not in ("http", "https") or not host:
        yield COVER_URL, f"{_shown(shown_url(value))} is not a complete address; begin it with https:// and a host"
    elif "@" in parts.netloc:
        yield COVER_URL, f"{_shown(shown_url(value))} carries a user name or password; use an open address"
    elif is_private(host):
        yield COVER_PRIVATE, f"{_shown(shown_url(value))} is not public, but the gateway must reach it; use a CDN"


def _title(value: str) -> Iterator[Finding]:
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > TITLE_BYTES:
        yield TITLE_LENGTH, f"{_shown(value)} has {size} bytes; beyond {TITLE_BYTES} a phone may cut it, shorten it"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host literally is, unwrapped from its IPv6 clothes; None for a name."""
    if ":" not in host:
        return _ipv4(host)
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return ipaddress.IPv6Address("::")
    if address in _TRANSLATED_IPV4:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _ipv4(host: str) -> ipaddress.IPv4Address | None:
    """Reads IPv4 as C libraries do: short forms, hexadecimal and octal included (127.1, 0x7f000001, 017700000001)."""
    texts = host.split(".")
    if len(texts) > 4 or not all(_IPV4_PART.fullmatch(text) for text in texts):
        return None
    *heads, tail = [_number(text) for text in texts]
    if any(head > 255 for head in heads) or tail >= 256 ** (4 - len(heads)):
        return ipaddress.IPv4Address(0)
    return ipaddress.IPv4Address(sum(head << 8 * (3 - place) for place, head in enumerate(heads)) + tail)


def _number(text: str) -> int:
    """A part of an IPv4 address; what no notation allows is too large for any."""
    try:
        if text.startswith("0x"):
            return int(text[2:] or "0", 16)
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:
        return 1 << 32


_CHECKS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "toWxid": _to_wxid,
    "miniAppId": _mini_app_id,
    "userName": _user_name,
    "title": _title,
    "pagePath": _page_path,
    "coverImgUrl": _cover,
}
