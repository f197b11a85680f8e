"""A run's plan is recalled as planning would make it, and only while everything that it was made of is the same."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gewe_runner import ask, consult, errors, prepare, recall, register
from gewe_runner.ledger import connect, forget, runs
from gewe_runner.ledger.tables import NOTES
from gewe_runner.model import RunState
from gewe_runner.plan import files
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from tests.conftest import CAMPAIGN, MEMBERS

#: Signed until the end of 2001, so whenever it is forecast to be over is too late.
SIGNED = "https://cdn.example.com/c.jpg?Expires=1009756800&Signature=abc"


def plan(project: Path, problems: Problems | None = None) -> Planned:
    (project / "frozen").mkdir(exist_ok=True)
    (found,) = prepare.plan_all([project / "fruit.yaml"], None, project / "frozen", problems or Problems())
    return found


def begin(project: Path, planned: Planned | None = None, problems: Problems | None = None) -> str:
    """Register the campaign as `send` would; the run's id."""
    problems = problems or Problems()
    planned = planned or plan(project, problems)
    with opened(planned) as ledger:
        (consulted,) = consult.overlays([planned], ask.Books(ledger), problems)
        return register.run(ledger, consulted)


@contextlib.contextmanager
def opened(planned: Planned) -> Iterator[connect.Ledger]:
    ledger = connect.create(connect.address(planned.profile, planned.project), planned.profile.gateway)
    yield ledger
    ledger.close()


def recalled(project: Path, problems: Problems | None = None) -> Planned | None:
    found = recall.plans_of([project / "fruit.yaml"], None, project / "recalled", problems or Problems())
    return found[0] if found else None


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")


def test_it_is_the_plan_that_planning_would_make(project: Path) -> None:
    edit(project, "lists/members.csv", MEMBERS, f"{MEMBERS}wxid_demo000000001a,again,五角场店\n")
    begin(project)
    made, found = plan(project), recalled(project)
    assert found is not None
    assert (found.plan.header, found.plan.samples) == (made.plan.header, made.plan.samples)
    assert (found.campaign, found.profile, found.suppress) == (made.campaign, made.profile, made.suppress)
    assert list(found.plan.lines()) == list(made.plan.lines())


def test_what_planning_said_is_said_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(project, "fruit.yaml", "store={{ store | urlencode }}", "store={{ store }}")
    rows = "".join(f"wxid_{number:015},某,第{number}店\n" for number in range(30))
    edit(project, "lists/members.csv", MEMBERS, MEMBERS + rows)
    first, again = Problems(), Problems()
    begin(project, problems=first)
    monkeypatch.chdir(project)
    assert recalled(project, again) is not None
    fresh = Problems()
    plan(project, fresh)
    assert list(again) == list(fresh) != []
    assert again.unshown() == fresh.unshown() != {}


def test_a_cover_that_ends_too_early_is_told_by_today(project: Path) -> None:
    edit(project, "fruit.yaml", "https://cdn.example.com/covers/fruit.jpg", SIGNED)
    begin(project)
    problems = Problems()
    assert recalled(project, problems) is not None
    assert "cover-expires" in {one.rule for one in problems}


def _card(project: Path) -> None:
    edit(project, "fruit.yaml", "水果到家", "水果到了")


def _list(project: Path) -> None:
    edit(project, "lists/members.csv", "林晓雨", "林小雨")


def _settings(project: Path) -> None:
    edit(project, "gewe.yaml", "shop_east}", "shop_east} # changed")


def _suppressed(project: Path) -> None:
    (project / "suppressed.csv").write_text("wxid\nwxid_demo000000001a\n", encoding="utf-8")


def _edition(project: Path) -> None:
    edit(project, "fruit.yaml", "edition: 1", "edition: 2")


def _broken(project: Path) -> None:
    edit(project, "fruit.yaml", "name: fruit", "name: Fruit!")


@pytest.mark.parametrize("change", [_card, _list, _settings, _suppressed, _edition, _broken])
def test_whatever_has_changed_it_is_planned_anew(project: Path, change: Callable[[Path], None]) -> None:
    begin(project)
    assert recalled(project) is not None
    change(project)
    problems = Problems()
    assert recalled(project, problems) is None
    assert list(problems) == []


def _cancelled(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE run SET state = ?", [RunState.CANCELLED])


def _other_program(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE run SET header = replace(header, 'gewe-runner 0', 'gewe-runner 9')")


def _pruned(connection: sqlite3.Connection) -> None:
    connection.execute('UPDATE run SET header = replace(header, \'{"format"\', \'{"pruned": {}, "format"\')')


@pytest.mark.parametrize("change", [_cancelled, _other_program, _pruned])
def test_a_run_that_cannot_stand_for_its_plan_is_not_asked(
    project: Path, change: Callable[[sqlite3.Connection], None]
) -> None:
    begin(project)
    with contextlib.closing(sqlite3.connect(project / ".gewe" / "sandbox.db")) as connection, connection:
        change(connection)
    assert recalled(project) is None


def test_without_a_ledger_there_is_nothing_to_recall(project: Path) -> None:
    assert recalled(project) is None
    assert not (project / ".gewe").exists()


def test_a_list_that_is_in_no_file_is_read_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "sql: {url_env: CRM_URL, query: \"select 'wxid_x' as wxid, 'Li' as name, 'S1' as store\"}"
    edit(project, "fruit.yaml", "file: lists/members.csv", query)
    monkeypatch.setenv("CRM_URL", f"sqlite:///{project / 'crm.db'}")
    sqlite3.connect(project / "crm.db").close()
    begin(project)
    assert recalled(project) is None


def test_a_run_that_a_plan_file_began_is_planned_anew(project: Path) -> None:
    files.write(plan(project).plan, project / "fruit.jsonl")
    (project / "copy").mkdir()
    begin(project, prepare.from_file(project / "fruit.jsonl", None, project / "copy", Problems()))
    assert recalled(project) is None


def test_what_was_said_of_a_forgotten_person_is_forgotten(project: Path) -> None:
    begin(project)
    with opened(plan(project)) as ledger:
        forget.forget(ledger, "wxid_demo000000001a", 1)
        with ledger.reading() as connection:
            assert NOTES not in runs.header(connection, runs.info(connection, "latest").id)
    assert recalled(project) is None


def test_lines_that_would_be_others_by_now_are_refused(project: Path) -> None:
    begin(project)
    found = recalled(project)
    assert found is not None
    _list(project)
    with pytest.raises(errors.InvalidError, match="has changed meanwhile"):
        list(found.plan.lines())


def test_one_campaign_that_has_changed_plans_them_all(project: Path) -> None:
    other = CAMPAIGN.replace("name: fruit", "name: other")
    (project / "other.yaml").write_text(other, encoding="utf-8")
    begin(project)
    assert recall.plans_of([project / "fruit.yaml", project / "other.yaml"], None, project, Problems()) == []
