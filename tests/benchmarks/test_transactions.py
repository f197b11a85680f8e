"""What a message costs is measured by messages that really go through the ledger."""

import pytest

from tests.benchmarks.transactions import NONE, Bench, medians
from tests.postgres import Own, Server, postgres

__all__ = ["postgres"]


def test_every_step_is_measured_and_every_lane_sends(postgres: Server) -> None:
    if not isinstance(postgres, Own):
        pytest.skip("somebody else's server does not tell its processor time")
    bench = Bench(postgres, lanes=3, waiting=2, turns=2)
    for _ in range(2):
        bench.turn()
    bench.look()
    assert bench.states() == {"sent": 6}
    steps = [one.step for one in medians(bench.costs)]
    assert steps[0] == "fetch the job"
    assert steps[-1] == NONE
    assert len(steps) == 8
    bench.close()
