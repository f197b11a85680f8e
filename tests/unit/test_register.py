"""A plan is entered as a run only if it can be sent."""

from pathlib import Path

import pytest

from gewe_runner import errors
from gewe_runner.ledger import runs
from tests.unit.test_recall import begin, edit, opened, plan


def test_where_suppression_cannot_be_read_any_more_the_former_run_goes_on(project: Path) -> None:
    former = begin(project)
    edit(project, "fruit.yaml", "水果到家", "半小时到家")
    suppressed = project / "suppressed.csv"
    suppressed.write_text("toWxid\nwxid_a\n", encoding="utf-8")
    changed = plan(project)
    suppressed.unlink()
    with pytest.raises(errors.InvalidError, match="nothing was sent"):
        begin(project, changed)
    with opened(changed) as ledger, ledger.reading() as connection:
        (run,) = runs.infos(connection)
    assert (run.id, run.state, run.counts["pending"]) == (former, "open", 3)
