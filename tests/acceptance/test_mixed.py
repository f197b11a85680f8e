"""A campaign that mixes every kind of list plans to the same digest everywhere, and its counts add up."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from gewe_runner.model import Reason
from tests import audience
from tests.conftest import Cli
from tests.postgres import Server, postgres, text

__all__ = ["postgres"]

ROWS = 2_000


@pytest.fixture(scope="module")
def warehouses(postgres: Server) -> tuple[str, str]:
    """The addresses of two databases, as two machines would have them."""
    made: list[sqlalchemy.URL] = [postgres.database() for _ in range(2)]
    return text(made[0]), text(made[1])


def plan(cli: Cli, project: Path, env: dict[str, str]) -> dict[str, Any]:
    done = cli("plan", "audience.yaml", "--format", "json", cwd=project, env=env)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["plans"]
    return dict(found)


def test_the_digest_is_the_same_twice_and_on_another_machine(
    cli: Cli, tmp_path: Path, warehouses: tuple[str, str]
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere" / "project"
    env, rows = audience.lay(here, ROWS, warehouses[0])
    other, _ = audience.lay(elsewhere, ROWS, warehouses[1])
    first, again, there = plan(cli, here, env), plan(cli, here, env), plan(cli, elsewhere, other)
    assert first["digest"] == again["digest"] == there["digest"]

    counts = first["counts"]
    assert rows == counts["messages"] + sum(counts["skips"].values())
    assert counts["messages"] == sum(counts["devices"].values()) == sum(counts["variants"].values())
    assert counts["skips"].keys() == {
        Reason.FILTERED,
        Reason.DUPLICATE,
        Reason.SUPPRESSED,
        Reason.HOLDOUT,
        Reason.BY_TEMPLATE,
    }

    done = cli("send", "earlier.yaml", "--yes", cwd=here, env=env)
    assert done.returncode == 0, done.stderr
    capped = plan(cli, here, env)
    taken = capped["ledger"]["skips"]
    assert capped["digest"] == first["digest"]
    assert taken.keys() == {Reason.FREQUENCY_CAP}
    assert 0 < taken[Reason.FREQUENCY_CAP] <= 21
    assert rows == capped["left"] + taken[Reason.FREQUENCY_CAP] + sum(counts["skips"].values())
