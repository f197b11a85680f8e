"""Whom a device knows: by what the gateway remembers, else by what it finds out."""

from collections.abc import Iterator
from typing import Any

import pytest

from gewe_runner import sandbox
from gewe_runner.preflight import contacts
from gewe_runner.preflight.ask import Asker
from gewe_runner.preflight.contacts import Contacts, Missing
from tests import program
from tests.unit.sandbox.test_server import account

CACHE, LIST = "fetchContactsListCache", "fetchContactsList"


def _answers(device: str, endpoint: str, data: Any) -> dict[str, Any]:
    return {"match": {"device": device, "endpoint": endpoint}, "refuse": {"envelope": {"ret": 200, "data": data}}}


FAULTS: list[dict[str, Any]] = [
    _answers("wx_new", CACHE, None),
    _answers("wx_empty", CACHE, {"friends": [], "chatrooms": [], "ghs": []}),
    {"match": {"device": "wx_empty", "endpoint": LIST}, "refuse": {"inner": "获取超时"}},
    _answers("wx_odd", CACHE, {"friends": "wxid_a", "chatrooms": {"1": 2}}),
    _answers("wx_odd", LIST, {"friends": [1, None], "chatrooms": None}),
    _answers("wx_half", CACHE, {"friends": ["wxid_a", 7], "ghs": None}),
    {"match": {"device": "wx_ill", "endpoint": "*"}, "status": {"code": 502, "body": "Bad Gateway"}},
]
BOOK = Contacts(friends=2, groups=1, ids=frozenset({"wxid_a", "wxid_b", "1@chatroom"}))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    tree = {"version": 1, "contacts": ["wxid_a", "1@chatroom", "gh_c"], "faults": FAULTS}
    with program.sandboxed(sandbox.Options(faults=tree)) as url:
        yield url


@pytest.fixture
def asker(url: str) -> Iterator[Asker]:
    asker = Asker(url, "any", connect_timeout=2, read_timeout=5)
    yield asker
    asker.close()


def test_what_the_gateway_remembers_is_enough(url: str, asker: Asker) -> None:
    before = account(url)["asked"].get(LIST, 0)
    found = contacts.fetch("wx_a", asker)
    assert isinstance(found, Contacts)
    assert (found.friends, found.groups) == (4, 1)
    assert {"wxid_a", "1@chatroom", "gh_c"} <= found.ids
    assert account(url)["asked"].get(LIST, 0) == before


def test_what_it_does_not_remember_it_has_to_find_out(asker: Asker) -> None:
    assert isinstance(contacts.fetch("wx_new", asker), Contacts)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("wx_empty", "获取超时"),
        ("wx_odd", "the gateway names no friend at all"),
        ("wx_ill", "HTTP 502: Bad Gateway"),
        ("unknown", "[unknown]设备不存在"),
    ],
)
def test_contacts_that_are_not_known_are_no_empty_list(asker: Asker, device: str, why: str) -> None:
    assert contacts.fetch(device, asker) == why


def test_what_is_no_id_in_a_list_is_left_out(asker: Asker) -> None:
    assert contacts.fetch("wx_half", asker) == Contacts(friends=1, groups=0, ids=frozenset({"wxid_a"}))


def test_whoever_is_missing_is_counted_and_the_first_are_named() -> None:
    missing = Missing()
    for one in ("wxid_a", "wxid_c", "1@chatroom", "2@chatroom", "wxid_d", "wxid_e", "filehelper"):
        missing.note(one, BOOK)
    assert (missing.recipients, missing.people, missing.groups) == (7, 3, 1)
    assert missing.first == ["wxid_c", "2@chatroom", "wxid_d"]
