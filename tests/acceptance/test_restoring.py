"""A ledger that comes from a backup sends nobody a second card, if what docs/operations.md says is done."""

import json
import random
from pathlib import Path

import sqlalchemy

from tests import crash, fleet
from tests.postgres import Server, database, postgres

__all__ = ["database", "postgres"]


def test_nobody_is_served_twice_after_a_backup_was_restored(
    tmp_path: Path, postgres: Server, database: sqlalchemy.URL
) -> None:
    with crash.gateway(tmp_path, seed=7, median_ms=10) as gateway:
        everybody = crash.people(80, random.Random(3), faulty=0)
        own = fleet.lay(tmp_path / "p", gateway, database, everybody, {f"t-{n}": 240 for n in range(8)})
        own.hand()
        backup = postgres.copied(database)
        with own.workers(1):
            own.wait(lambda: own.counts().get("sent", 0) >= 40)
        restored = fleet.Fleet(project=own.project, url=backup.set(drivername="postgresql+psycopg"))
        assert restored.counts() == {"pending": 80}

        assert restored.run("pause", "latest") == 0
        _suppress(own.project)
        assert restored.run("resume", "latest") == 0
        restored.hand()
        with restored.workers(1):
            restored.wait()
        received = gateway.received()["accepted"]
        postgres.drop(backup)
    assert set(received) == set(everybody)
    assert set(received.values()) == {1}


def _suppress(project: crash.Project) -> None:
    """Put everybody onto the list whom a worker's log knows to be served."""
    lines = [json.loads(line) for line in project.said().splitlines() if line.startswith("{")]
    served = {line["to"] for line in lines if line["action"] == "attempt" and line["outcome"] != "unsent"}
    rows = "".join(f"{one},served before the loss\n" for one in sorted(served))
    (project.folder / "suppressed.csv").write_text(f"toWxid,reason\n{rows}", encoding="utf-8")
