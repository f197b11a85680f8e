"""A registration that is cut short, in a shared ledger, leaves nothing that anybody could send."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from tests import crash, fleet
from tests.postgres import database, postgres, text

__all__ = ["database", "postgres"]

#: Messages are written before skips, so whoever waits for those has written these.
_WAITING = """\
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND left(query, 9) = 'COPY skip'
"""


@pytest.fixture
def shop(tmp_path: Path, database: sqlalchemy.URL) -> Iterator[fleet.Fleet]:
    """Three people, one of them twice on the list, so that the plan has a skip."""
    with crash.gateway(tmp_path, seed=7, median_ms=1) as gateway:
        own = fleet.lay(tmp_path / "p", gateway, database, ["wxid_a_fine", "wxid_b_fine", "wxid_c_fine"], {"t-0": None})
        with (own.project.folder / "lists" / "members.csv").open("a", encoding="utf-8") as file:
            file.write("wxid_a_fine,again,徐家汇店,t-0\n")
        yield own


def _kill(process: "subprocess.Popen[str]", _server: psycopg.Connection[Any], _pid: int) -> None:
    process.kill()


def _drop(_process: "subprocess.Popen[str]", server: psycopg.Connection[Any], pid: int) -> None:
    server.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.mark.parametrize(("cut", "codes"), [(_kill, {-9}), (_drop, {3, 5})])
def test_a_registration_cut_short_leaves_nothing_to_send(shop: fleet.Fleet, cut: Any, codes: set[int]) -> None:
    address = text(shop.url.set(drivername="postgresql"))
    with psycopg.connect(address, autocommit=True) as server, server.transaction():
        server.execute("LOCK TABLE skip IN SHARE MODE")
        with shop.start("send", "fruit.yaml", "--yes") as process:
            shop.wait(lambda: bool(shop.ask(_WAITING)))
            cut(process, server, shop.ask(_WAITING)[0][0])
            assert process.wait(fleet.PATIENCE) in codes, shop.project.said()
    assert shop.ask("SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM message)") == [(0, 0)]
    assert "Traceback" not in shop.project.said()
    assert shop.project.gateway.received()["accepted"] == {}
    assert shop.run("send", "fruit.yaml", "--yes") == 0, shop.project.said()
    assert shop.project.gateway.received()["accepted"] == dict.fromkeys(shop.project.recipients, 1)
