"""Whatever ends a send, nobody gets two cards, nothing in flight is forgotten, and running it again goes on."""

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import PATIENCE, Shop, wait_until


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for a process; its exit code and stderr."""
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


@pytest.fixture
def waiting(shop: Shop) -> Iterator["subprocess.Popen[str]"]:
    """A send whose second message is in flight and gets no answer for a long time; a third waits."""
    first, last = shop.friends(2)
    shop.members(first, shop.id("hang"), last)
    with shop.start("send", "fruit.yaml", "--yes") as process:
        wait_until(lambda: shop.accepted()[shop.id("hang")], process)
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_send_finishes_what_is_in_flight_and_goes_on_later(
    slow_shop: Shop, number: signal.Signals
) -> None:
    friends = slow_shop.friends(6)
    slow_shop.members(*friends)
    with slow_shop.start("send", "fruit.yaml", "--yes") as process:
        wait_until(lambda: len(slow_shop.accepted()) >= 2, process)
        process.send_signal(number)
        code, err = end(process)
    assert code == 130
    assert "run the same command again to go on" in err
    accepted, report = slow_shop.accepted(), slow_shop.report()
    assert 2 <= len(accepted) < 6
    assert slow_shop.states() == {one: "sent" if one in accepted else "pending" for one in friends}
    assert (report["run"]["state"], report["run"]["stopped"]) == ("open", "interrupted")
    assert slow_shop.send().returncode == 0
    assert slow_shop.report()["totals"]["sent"] == 6
    assert slow_shop.accepted() == Counter(friends)


def test_a_second_signal_drops_what_is_in_flight(shop: Shop, waiting: "subprocess.Popen[str]") -> None:
    waiting.send_signal(signal.SIGINT)
    assert waiting.stderr
    assert next(line for line in waiting.stderr if "once more drops it" in line)
    waiting.send_signal(signal.SIGINT)
    assert end(waiting)[0] == 130
    assert list(shop.states().values()) == ["sent", "unknown", "pending"]


def test_after_a_kill_what_was_in_flight_is_unknown_and_the_rest_is_sent(
    shop: Shop, waiting: "subprocess.Popen[str]"
) -> None:
    waiting.kill()
    end(waiting)
    again = shop.send()
    assert list(shop.states().values()) == ["sent", "unknown", "sent"]
    assert set(shop.accepted().values()) == {1}
    assert again.returncode == 1
    assert "nothing left to do" in shop.send().stdout


def test_a_device_that_another_process_sends_through_is_left_to_it(
    shop: Shop, waiting: "subprocess.Popen[str]"
) -> None:
    second = shop.send()
    assert second.returncode == 5
    assert re.search(rf"device shop-east is in use by process {waiting.pid} on ", second.stderr)
    assert waiting.poll() is None
    assert shop.accepted().total() == 2


def test_a_last_message_that_was_in_flight_at_a_kill_is_not_forgotten(shop: Shop) -> None:
    shop.members(*shop.friends(1), shop.id("hang"))
    with shop.start("send", "fruit.yaml", "--yes") as process:
        wait_until(lambda: shop.accepted()[shop.id("hang")], process)
        process.kill()
    again = shop.send()
    assert again.returncode == 1
    assert list(shop.states().values()) == ["sent", "unknown"]


def test_what_was_not_sent_after_all_is_sent_by_the_next_send(shop: Shop, waiting: "subprocess.Popen[str]") -> None:
    waiting.kill()
    end(waiting)
    shop.send()
    resolved = shop.run("resolve", "--as", "sent", "--to", shop.id("hang"))
    assert "1 unknown message" in resolved.stdout
    assert set(shop.states().values()) == {"sent", "unknown"}  # the report is written anew by the next send
    assert shop.send().returncode == 0
    assert set(shop.states().values()) == {"sent"}
