"""What keeps a send from asking is told once for each cause, and asked about is the device of that name."""

from collections.abc import Iterator

import pytest

from gewe_runner import reach
from gewe_runner.model import Profile
from tests import program

PROFILE = Profile(name="live", gateway="http://127.0.0.1:9/gewe/v2/api")
APP_IDS = {"east": "wx_east", "west": "wx_offline_west", "north": "north", "south": "north"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with program.sandboxed() as url:
        yield url


def test_a_device_is_asked_about_by_its_app_id(url: str) -> None:
    warned: list[str] = []
    with reach.offline(url, PROFILE, "t0k-en", APP_IDS, warned.append) as offline:
        assert [bool(offline(name)) for name in ("east", "west")] == [False, True]
    assert warned == []


def test_a_cause_is_told_once(url: str) -> None:
    warned: list[str] = []
    with reach.offline(url, PROFILE, "t0k-en", APP_IDS, warned.append) as offline:
        assert [offline(name) for name in ("north", "south", "north")] == ["", "", ""]
    assert warned == [
        "device north: whether it is online could not be asked ([north]设备不存在); it sends all the same"
    ]
