"""Only a clear no of checkOnline keeps a lane from sending."""

import pytest

from gewe_runner.send import presence
from gewe_runner.send.presence import Online
from gewe_runner.wire.said import Said, Silence


def test_false_stops_the_lane_like_a_device_that_refuses_as_offline() -> None:
    found = presence.judge(Said(ret=200, data=False, text=""))
    assert found.online is Online.NO
    assert found.stops == "device offline or unknown: checkOnline says that it is not online"


def test_true_stops_nothing() -> None:
    found = presence.judge(Said(ret=200, data=True, text=""))
    assert (found.online, found.stops) == (Online.SAID, "")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Said(ret=200, data="false", text=""), "checkOnline answers neither true nor false"),
        (Said(ret=200, data=0, text=""), "checkOnline answers neither true nor false"),
        (Said(ret=500, data=False, text="微信已离线"), "微信已离线"),
        (Said(ret=500, data=None, text=""), "ret 500"),
        (Silence(status=404, text="HTTP 404: no"), "HTTP 404: no"),
    ],
)
def test_anything_else_says_nothing_of_the_device(answer: Said | Silence, text: str) -> None:
    found = presence.judge(answer)
    assert (found.online, found.text, found.stops) == (Online.UNCLEAR, text, "")
