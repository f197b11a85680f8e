"""A dry run is the send itself without the sending: no connection, no ledger, no address needed, the same bytes."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import Shop
from tests.conftest import ROOT

#: Python runs this first: it writes down whom the process asks for or connects to.
WATCH = """
import os, sys

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        with open(os.environ["WATCHED"], "a") as file:
            print(event, *arguments[-1:], file=file)

sys.addaudithook(watch)
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """An environment in which every attempt to reach somebody is noted in the file `WATCHED`."""
    hook = tmp_path / "watch" / "sitecustomize.py"
    hook.parent.mkdir()
    hook.write_text(WATCH, encoding="utf-8")
    return {"PYTHONPATH": f"{hook.parent}:{ROOT}", "WATCHED": str(tmp_path / "watched")}


def ledger(shop: Shop) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (shop.folder / ".gewe").iterdir()}


def test_it_reaches_nobody(shop: Shop, watched: dict[str, str], tmp_path: Path) -> None:
    # a name that would be resolved, and a port that would be tried
    shop.edit("fruit.yaml", "cdn.example.com", "covers.invalid")
    done = shop.send("--dry-run", env=watched)
    assert done.returncode == 0
    assert not (tmp_path / "watched").exists()
    assert not shop.accepted()
    # the watch itself works
    shop.send(env=watched)
    assert "socket.connect" in (tmp_path / "watched").read_text(encoding="utf-8")
    assert "covers.invalid" not in (tmp_path / "watched").read_text(encoding="utf-8")


def test_it_needs_neither_token_nor_app_id(shop: Shop) -> None:
    shop.edit("gewe.yaml", "appId: wx_east", "appId_env: GEWE_APPID_EAST")
    assert shop.send("--dry-run", env={"GEWE_TOKEN": ""}).returncode == 0
    assert shop.report()["totals"] == {"planned": 3, "would_send": 3} | dict.fromkeys(
        ("sent", "rejected", "unknown", "pending", "cancelled"), 0
    )
    assert not (shop.folder / ".gewe").exists()


def test_it_leaves_an_existing_ledger_alone_and_tells_what_is_left(shop: Shop) -> None:
    shop.send("--limit", "1")
    before = ledger(shop)
    done = shop.send("--dry-run")
    assert ledger(shop) == before
    assert shop.report("dry-run")["totals"]["would_send"] == 2
    assert done.stdout.splitlines()[-1].endswith("DRY RUN - nothing was sent")


def test_after_the_send_it_would_send_nothing(shop: Shop) -> None:
    shop.send()
    done = shop.send("--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    totals = shop.report("dry-run")["totals"]
    assert (totals["planned"], totals["would_send"]) == (0, 0)


def test_it_shows_the_very_bytes_that_are_sent(shop: Shop) -> None:
    shop.send("--dry-run")
    rehearsed = {one["toWxid"]: one["sha256"] for one in shop.report()["messages"]}
    shop.send()
    assert rehearsed == shop.hashes()
