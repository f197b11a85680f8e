"""A plan is entered as a run only if it can be sent."""

import contextlib
from pathlib import Path

import pytest

from gewe_runner import ask, consult, errors, register
from gewe_runner.ledger import forget, runs
from gewe_runner.ledger.tables import NOTES
from gewe_runner.problems import Problems
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


def test_of_whom_is_forgotten_while_a_plan_is_entered_nothing_that_planning_said_is_kept(project: Path) -> None:
    planned = plan(project)
    with opened(planned) as ledger:
        (consulted,) = consult.overlays([planned], ask.Books(ledger), Problems())

        def seen(_rows: int) -> None:
            forget.forget(ledger, "wxid_demo000000001a", 1)

        run = register.run(ledger, consulted, lambda _what, _total: contextlib.nullcontext(seen))
        with ledger.reading() as connection:
            assert NOTES not in runs.header(connection, run)
