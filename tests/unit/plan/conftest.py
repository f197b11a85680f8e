"""A campaign and its profile, as data."""

from pathlib import Path

import pytest

from gewe_runner.model import UNLIMITED, Campaign, Device, Profile, Recipient, Source


def campaign(**more: object) -> Campaign:
    known: dict[str, object] = {"path": Path("fruit.yaml"), "shown": "fruit.yaml", "project": Path()}
    known |= {"name": "fruit", "edition": "1", "card": {}, "recipients": (), **more}
    return Campaign(**known)  # type: ignore[arg-type]


def recipient(
    to_wxid: str, *, row: int = 2, source: Source | None = None, wanted: bool = True, **values: str
) -> Recipient:
    name = "lists/all.csv"
    listed = source or Source(label=name, name=name, where=("recipients", 0), path=Path("/shop") / name)
    return Recipient(to_wxid=to_wxid, source=listed, row=row, values={"toWxid": to_wxid, **values}, wanted=wanted)


@pytest.fixture
def profile() -> Profile:
    devices = {
        name: Device(name=name, app_id=f"wx_{name}", app_id_env=None, pace=UNLIMITED) for name in ("east", "west")
    }
    return Profile(name="sandbox", gateway="sandbox", devices=devices)
