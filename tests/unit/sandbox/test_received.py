"""The sandbox's account: what was accepted, how many came at once, and when."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gewe_runner import sandbox
from gewe_runner.sandbox import received
from gewe_runner.sandbox.received import Received
from tests import program
from tests.unit.sandbox.test_server import CARD, account, post

#: Long enough for requests that shall be under way together, short enough to wait for.
LATENCY = 0.25


@pytest.fixture(scope="module")
def started() -> Iterator[str]:
    with program.sandboxed(sandbox.Options(latency=LATENCY)) as url:
        yield url


@pytest.fixture
def url(started: str) -> str:
    """A sandbox with latency that has counted nothing yet."""
    reset(started)
    return started


def reset(url: str) -> Any:
    return requests.post(f"http://{urlsplit(url).netloc}/sandbox/reset", timeout=10).json()


def together(url: str, *devices: str) -> None:
    threads = [threading.Thread(target=post, args=(url, CARD | {"appId": device})) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_sandbox_begins_with_an_empty_account(url: str) -> None:
    assert account(url) == {
        "requests": 0,
        "accepted": {},
        "asked": {},
        "overlaps": 0,
        "first_at": None,
        "last_at": None,
    }


def test_two_requests_of_a_device_at_once_overlap(url: str) -> None:
    together(url, "wx_1", "wx_1", "wx_1")
    assert account(url)["overlaps"] == 2


def test_requests_of_different_devices_do_not_overlap(url: str) -> None:
    together(url, "wx_1", "wx_2", "wx_3")
    assert account(url)["overlaps"] == 0


def test_one_request_after_the_other_does_not_overlap(url: str) -> None:
    with requests.Session() as session:
        for _ in range(2):
            session.post(f"{url}/message/postMiniApp", json=CARD, headers={"X-GEWE-TOKEN": "any"}, timeout=10)
    assert account(url)["overlaps"] == 0


def test_a_request_whose_client_has_left_overlaps_with_nothing(url: str) -> None:
    for timeout in (0.05, 0.05, 10):
        with contextlib.suppress(requests.ReadTimeout):
            post(url, CARD, timeout=timeout)
    told = account(url)
    assert (told["requests"], told["overlaps"]) == (3, 0)


def test_a_message_is_accepted_though_its_client_left_before_the_answer(url: str) -> None:
    with pytest.raises(requests.ReadTimeout):
        post(url, CARD | {"toWxid": "wxid_left"}, timeout=0.05)
    assert account(url)["accepted"] == {"wxid_left": 1}


def test_a_request_that_breaks_off_counts_for_nothing(url: str) -> None:
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as line:
        line.sendall(b"POST /gewe/v2/api/message/postMiniApp HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    assert account(url)["requests"] == 0


def test_the_first_and_the_last_request_are_told_in_milliseconds(url: str) -> None:
    before = time.time_ns() // 1_000_000
    post(url, CARD)
    post(url, CARD)
    told = account(url)
    assert before <= told["first_at"] < told["last_at"] <= time.time_ns() // 1_000_000


def test_arrivals_are_told_in_order_with_their_devices(url: str) -> None:
    for body in (CARD, CARD | {"appId": "wx_2"}, {}):
        post(url, body)
    arrivals = account(url, "?arrivals=1")["arrivals"]
    assert [device for device, _ in arrivals] == ["wx_sandbox", "wx_2", ""]
    assert arrivals[1][1] - arrivals[0][1] >= LATENCY * 1000


def test_arrivals_are_told_only_if_asked_for(url: str) -> None:
    assert "arrivals" not in account(url)


def test_a_reset_empties_the_account_and_answers_with_it(url: str) -> None:
    post(url, CARD)
    emptied = reset(url)
    assert emptied == account(url)
    assert (emptied["requests"], emptied["accepted"]) == (0, {})


def test_ids_go_on_after_a_reset(url: str) -> None:
    first = post(url, CARD).json()["data"]["newMsgId"]
    reset(url)
    assert post(url, CARD).json()["data"]["newMsgId"] != first


def test_only_the_last_bodies_are_kept() -> None:
    account = Received()
    for number in range(received.KEPT + 5):
        account.remember({"appId": "wx_1", "toWxid": f"wxid_{number}"})
    bodies = account.tree(bodies=True)["bodies"]
    assert (len(bodies), bodies[0]["toWxid"]) == (received.KEPT, "wxid_5")


def test_only_the_last_arrivals_are_kept_and_all_are_counted() -> None:
    account = Received()
    for number in range(received.KEPT_ARRIVALS + 5):
        with account.request("wx_1", number, lambda: True):
            pass
    told = account.tree(arrivals=True)
    assert (told["requests"], len(told["arrivals"])) == (received.KEPT_ARRIVALS + 5, received.KEPT_ARRIVALS)
    assert told["arrivals"][0] == ("wx_1", 5_000)
