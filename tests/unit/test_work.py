"""Slices are short: a worker remembers for a while that nothing spoke against a device."""

from gewe_runner import work


def test_a_device_is_asked_about_again_only_while_it_is_offline() -> None:
    answers = ["it is offline", "", "never asked for"]
    asks = work._NowAndThen(lambda _device: answers.pop(0))
    assert [asks.ask("east") for _ in range(4)] == ["it is offline", "", "", ""]
    assert answers == ["never asked for"]


def test_what_is_known_of_one_device_says_nothing_of_another() -> None:
    asks = work._NowAndThen(lambda device: "" if device == "east" else "it is offline")
    assert [asks.ask("east"), asks.ask("west")] == ["", "it is offline"]
