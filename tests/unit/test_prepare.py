"""Plans out of campaigns and out of files: the same bytes everywhere, and nothing that the project forbids by now."""

import hashlib
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from gewe_runner import errors, prepare, survey
from gewe_runner.expand import Extent
from gewe_runner.model import Level, Message, Skip
from gewe_runner.plan import files, freeze, lock
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from tests.conftest import CAMPAIGN
from tests.unit.plan.test_files import forged

#: Everything at which order might matter.
RICH: Mapping[str, Any] = {
    **yaml.safe_load(CAMPAIGN),
    "vars": {"minutes": 29, "shop": "百果园", "ratio": 0.1},
    "variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 2, "card": {"title": "{{ shop }}{{ ratio }}"}}],
    "holdout": 20,
    "frequency_cap": {"messages": 2, "days": 7},
    "send": {
        "device": "shop-east",
        "waves": [2, "50%"],
        "wave_wait_minutes": 1,
        "stop_when": {"failures_in_a_row": 3, "failure_percent": 5},
        "pace": {"per_minute": 6, "gap_seconds": [1, 2], "quiet_hours": "22:00-07:00"},
    },
}


def plan(project: Path, name: str = "fruit.yaml") -> Planned:
    (project / "frozen").mkdir(exist_ok=True)
    (found,) = prepare.plan_all([project / name], None, project / "frozen", Problems())
    return found


@pytest.fixture
def file(project: Path, tmp_path: Path) -> Path:
    """The project's plan, written to a file in it."""
    path = project / "fruit.jsonl"
    files.write(plan(project).plan, path)
    return path


def test_where_lists_were_not_read_nobody_is_told_to_be_left(project: Path) -> None:
    tree = yaml.safe_load(CAMPAIGN) | {"recipients": [{"sql": {"url_env": "NOT_SET", "query": "select 1"}}]}
    (project / "fruit.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    problems = Problems()
    (planned,) = prepare.plan_all([project / "fruit.yaml"], None, project, problems, Extent.KNOWN)
    assert planned.unread == ["recipients[0].sql"]
    assert "list-unread" in {one.rule for one in problems}
    assert "nobody" not in {one.rule for one in problems}


def from_file(path: Path, profile: str | None = None, problems: Problems | None = None) -> Planned:
    folder = path.parent / "copies"
    folder.mkdir(exist_ok=True)
    return prepare.from_file(path, profile, folder, problems or Problems())


def told(path: Path) -> dict[str, list[str]]:
    """The problems of a plan file by rule; whether it can be sent does not matter."""
    problems = Problems()
    try:
        from_file(path, problems=problems)
    except errors.InvalidError:
        assert problems.errors
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.rule, []).append(problem.message)
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def shuffled(node: Any, chance: random.Random) -> Any:
    """The tree with its mappings in another order; lists are what they are."""
    if isinstance(node, dict):
        keys = list(node)
        chance.shuffle(keys)
        return {key: shuffled(node[key], chance) for key in keys}
    return [shuffled(part, chance) for part in node] if isinstance(node, list) else node


def written(project: Path, tree: Any) -> tuple[str, bytes]:
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    (project / "fruit.yaml").write_text(text, encoding="utf-8")
    found = plan(project).plan
    return found.digest, found.path.read_bytes()


@hypothesis.given(st.integers(0, 2**32))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=25)
def test_the_order_of_keys_makes_no_difference(project: Path, seed: int) -> None:
    assert written(project, RICH) == written(project, shuffled(RICH, random.Random(seed)))


def test_a_plan_out_of_a_file_is_the_plan(project: Path, file: Path) -> None:
    made, found = plan(project), from_file(file)
    assert found.plan.digest == made.plan.digest
    assert list(found.lines()) == list(made.plan.lines())
    assert (found.campaign.name, found.campaign.edition, found.profile) == ("fruit", "1", made.profile)
    assert found.project == made.project


def test_everything_about_the_sending_comes_from_the_file(project: Path) -> None:
    written(project, RICH)
    made = plan(project)
    files.write(made.plan, project / "fruit.jsonl")
    found = from_file(project / "fruit.jsonl").campaign
    assert found.frequency_cap == made.campaign.frequency_cap
    assert freeze.delivery(found) == freeze.delivery(made.campaign)
    assert found.send.pace == made.campaign.send.pace


def test_a_plan_file_belongs_to_the_project_that_it_lies_in(file: Path, tmp_path: Path) -> None:
    (file.parent / "plans").mkdir()
    deeper = file.rename(file.parent / "plans" / file.name)
    assert from_file(deeper).project == file.parent


def test_a_plan_file_outside_belongs_to_the_project_of_the_working_directory(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "artifact").mkdir()
    outside = file.rename(tmp_path / "artifact" / file.name)
    with pytest.raises(errors.InvalidError, match=r"no gewe\.yaml"):
        from_file(outside)
    monkeypatch.chdir(file.parent)
    assert from_file(outside).project == file.parent


def test_a_plan_for_one_profile_is_refused_on_another(file: Path) -> None:
    edit(
        file.parent / "gewe.yaml",
        "  sandbox:\n",
        "  rehearsal:\n    gateway: sandbox\n    devices: {a: {}}\n  sandbox:\n",
    )
    with pytest.raises(errors.InvalidError, match="made for profile sandbox, not for rehearsal") as caught:
        from_file(file, "rehearsal")
    assert "--profile sandbox" in caught.value.hint


def test_nothing_is_said_where_nothing_has_changed(file: Path) -> None:
    assert told(file) == {}


def test_every_file_that_has_changed_since_is_named(file: Path) -> None:
    edit(file.parent / "lists" / "members.csv", "陈默", "陈沉")
    edit(file.parent / "fruit.yaml", "edition: 1", "edition: 2")
    assert [message.partition(" ")[0] for message in told(file)["source-changed"]] == [
        "fruit.yaml",
        "lists/members.csv",
    ]


def test_a_list_that_is_gone_is_named(file: Path) -> None:
    (file.parent / "lists" / "members.csv").unlink()
    assert told(file)["source-changed"] == [
        "lists/members.csv is gone since the plan was made; what it said then is sent"
    ]


def test_a_change_does_not_hinder_the_sending(file: Path) -> None:
    edit(file.parent / "lists" / "members.csv", "陈默", "陈沉")
    problems = Problems()
    assert from_file(file, problems=problems).plan.messages == 3
    assert problems.count(Level.ERROR) == 0


@pytest.mark.parametrize("where", ["project", "profile", "campaign"])
def test_whoever_is_suppressed_since_is_withdrawn(file: Path, where: str) -> None:
    project, suppress = file.parent, "[{rows: [{toWxid: wxid_demo000000002b}]}]"
    if where == "project":
        (project / "suppressed.csv").write_text("toWxid\n wxid_demo000000002b\n", encoding="utf-8")
    elif where == "profile":
        edit(project / "gewe.yaml", "    devices:", f"    suppress: {suppress}\n    devices:")
    else:
        edit(project / "fruit.yaml", "send:", f"suppress: {suppress}\nsend:")
    found = from_file(file)
    assert list(found.withdrawn) == [2]
    assert [type(line) for line in found.lines()] == [Message, Skip, Message]
    assert found.plan.messages == 3


def test_a_campaign_file_that_is_gone_is_told(file: Path) -> None:
    (file.parent / "fruit.yaml").unlink()
    assert any("suppression lists are not read" in message for message in told(file)["source-changed"])


def test_a_suppression_list_that_cannot_be_read_stops_everything(file: Path) -> None:
    (file.parent / "suppressed.csv").symlink_to("nowhere.csv")
    assert "list-file" in told(file)


def test_suppression_is_read_as_it_is_at_the_moment(file: Path) -> None:
    (file.parent / "suppressed.csv").write_text("toWxid\nwxid_a\n", encoding="utf-8")
    found = from_file(file)
    (file.parent / "suppressed.csv").write_text("toWxid\nwxid_a\nwxid_b\n", encoding="utf-8")
    assert list(prepare.suppressed(found)) == ["wxid_a", "wxid_b"]


def test_a_suppression_list_that_went_bad_meanwhile_stops_everything(file: Path) -> None:
    (file.parent / "suppressed.csv").write_text("toWxid\nwxid_a\n", encoding="utf-8")
    found = from_file(file)
    (file.parent / "suppressed.csv").unlink()
    with pytest.raises(errors.InvalidError, match=r"suppressed\.csv: .*nothing was sent"):
        list(prepare.suppressed(found))


def forgery(file: Path, change: Mapping[str, str] | None = None, **header: object) -> Path:
    """The plan file with another first payload or header, everything that is computed made right again."""
    found = plan(file.parent).plan
    lines = [json.loads(line) for line in found.path.read_text(encoding="utf-8").splitlines()]
    lines[0] |= {name: value for name, value in (change or {}).items() if name in ("device", "toWxid")}
    lines[0]["payload"] |= {name: value for name, value in (change or {}).items() if name != "device"}
    lines[0]["sha256"] = hashlib.sha256(freeze.canonical(lines[0]["payload"]).encode()).hexdigest()
    return forged(file, found, lines, **header)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"device": "shop-west"}, "row-device"),
        ({"toWxid": "weixin"}, "wxid-builtin"),
        ({"toWxid": "wxid a"}, "wxid-space"),
        ({"title": "a\nb"}, "value-control"),
        ({"coverImgUrl": "http://169.254.169.254/a.jpg"}, "cover-private"),
        ({"miniAppId": "wx_AbCdEfGhIjKlMnOpQrStU"}, "swapped-app-id"),
    ],
    ids=str,
)
def test_a_plan_file_keeps_the_rules_of_cards_and_devices(file: Path, change: Mapping[str, str], rule: str) -> None:
    found = told(forgery(file, change))
    assert list(found) == [rule]


def test_a_plan_file_keeps_the_policy_as_it_is_now(file: Path) -> None:
    forgery(file, {"toWxid": "123@chatroom"})
    edit(file.parent / "gewe.yaml", "    devices:", "    policy: {groups: deny}\n    devices:")
    assert "groups-denied" in told(file)
    edit(file.parent / "gewe.yaml", "groups: deny", "max_recipients: 2")
    assert "max-recipients" in told(file)
    edit(file.parent / "gewe.yaml", "max_recipients: 2", "allowed_mini_apps: [wx2f9ea355b47256dd]")
    assert "mini-app-denied" in told(file)
    edit(file.parent / "gewe.yaml", "allowed_mini_apps: [wx2f9ea355b47256dd]", "allowed_hosts: [img.example.com]")
    assert "host-denied" in told(file)
    edit(file.parent / "gewe.yaml", "allowed_hosts: [img.example.com]", "require_suppression: true")
    assert set(told(file)) == {"no-suppression", "source-changed"}
    (file.parent / "suppressed.csv").write_text("toWxid\n", encoding="utf-8")
    assert list(told(file)) == ["source-changed"]


def test_a_plan_file_keeps_the_policy_that_its_campaign_has_now(file: Path) -> None:
    with (file.parent / "fruit.yaml").open("a", encoding="utf-8") as campaign:
        campaign.write("policy: {max_recipients: 2}\n")
    assert "max-recipients" in told(file)


@pytest.mark.parametrize("check", [True, False], ids=["validate", "plan"])
def test_a_templated_card_is_held_against_the_policy_row_by_row(project: Path, check: bool) -> None:
    edit(project / "fruit.yaml", "https://cdn.example.com/covers", "https://{{ store }}.example.com")
    edit(project / "lists" / "members.csv", "徐家汇店", "cdn")
    for store in ("静安寺店", "五角场店"):
        edit(project / "lists" / "members.csv", store, "img")
    with (project / "fruit.yaml").open("a", encoding="utf-8") as campaign:
        campaign.write("policy: {allowed_hosts: [cdn.example.com]}\n")
    problems = Problems()
    if check:
        survey.check_all([project / "fruit.yaml"], None, problems, Extent.ALL)
    else:
        with pytest.raises(errors.InvalidError):
            prepare.plan_all([project / "fruit.yaml"], None, project, problems)
    found = [(problem.rule, Path(problem.path).name, problem.line) for problem in problems]
    assert found == [("host-denied", "members.csv", 3), ("host-denied", "members.csv", 4)]


def test_of_many_campaigns_is_told_what_each_alone_is_told(project: Path) -> None:
    files = [project / f"fruit-{number}.yaml" for number in range(40)]
    for number, file in enumerate(files):
        text = CAMPAIGN.replace("name: fruit", f"name: fruit-{number % 39}")
        file.write_text(text.replace("store |", "stor |") if number % 4 == 0 else text, encoding="utf-8")
    together, alone = Problems(), Problems()
    assert survey.check_all(files, None, together, Extent.FILES) == len(files)
    for file in files:
        survey.check_all([file], None, alone, Extent.FILES)
    assert list(together) == list(alone)
    assert {"template-undefined", "same-name"} <= {one.rule for one in together}
    assert together.unshown() == alone.unshown()


def test_a_plan_file_keeps_the_pace_as_it_is_now(file: Path) -> None:
    forgery(file, send={**plan(file.parent).plan.header["send"], "pace": {"per_minute": 20}})
    assert told(file) == {}
    edit(file.parent / "gewe.yaml", "    devices:", "    pace: {per_minute: 10}\n    devices:")
    assert "looser-pace" in told(file)


STOP = {"failures_in_a_row": 5, "failure_percent": None}


@pytest.mark.parametrize(
    "header",
    [
        {"campaign": "../../etc"},
        {"campaign": "fruit\n"},
        {"campaign": ["fruit"]},
        {"edition": "1\n"},
        {"edition": 1},
        {"profile": None},
        {"profile": "\u202esandbox"},
        {"made": None},
        {"made": {"tool": "x", "sources": {"/etc/passwd": "0" * 64}}},
        {"made": {"tool": "x", "sources": {"lists/../../../etc/passwd": "0" * 64}}},
        {"made": {"tool": "x", "sources": {"a.csv": "0"}}},
        {"made": {"tool": "x", "sources": {}, "campaign": "/etc/fruit.yaml"}},
        {"made": {"tool": "x", "sources": {}, "campaign": "campaigns/../../other/fruit.yaml"}},
        {"more": 1},
        {"draft": "yes"},
        {"format": True},
        {"send": None},
        {"send": {}},
        {"send": {"stop_when": {}}},
        {"send": {"stop_when": {"failures_in_a_row": "5", "failure_percent": None}}},
        {"send": {"stop_when": STOP, "waves": ["many"]}},
        {"send": {"stop_when": STOP, "waves": ["10%\n"]}},
        {"send": {"stop_when": STOP, "waves": [20]}},
        {"send": {"stop_when": STOP, "not_before": "2026-13-45T09:00:00+08:00"}},
        {"send": {"stop_when": STOP, "not_after": "tomorrow"}},
        {"send": {"stop_when": STOP, "wave_wait_minutes": -1}},
        {"send": {"stop_when": STOP, "pace": {"per_minute": "x"}}},
        {"send": {"stop_when": STOP, "pace": {"per_hour": 1}}},
        {"send": {"stop_when": STOP, "pace": {"gap_seconds": [1]}}},
        {"send": {"stop_when": STOP, "pace": {"quiet_hours": [0, 9999]}}},
        {"send": {"stop_when": STOP, "frequency_cap": {"messages": 1}}},
        {"send": {"stop_when": STOP, "device": "shop-east"}},
    ],
    ids=str,
)
def test_a_header_that_this_program_never_writes_is_refused(file: Path, header: Mapping[str, object]) -> None:
    with pytest.raises(errors.NotApprovedError) as caught:
        from_file(forgery(file, None, **header))
    assert "\n" not in caught.value.message


def test_no_other_file_stands_in_for_the_one_that_a_plan_was_made_of(file: Path) -> None:
    (file.parent / "other.yaml").write_text(CAMPAIGN.replace("name: fruit", "name: other"), encoding="utf-8")
    made = {**plan(file.parent).plan.header["made"], "campaign": "other.yaml"}
    assert prepare.campaign_file(from_file(forgery(file, None, made=made))) == file.parent / "fruit.yaml"


def test_a_draft_stays_one_in_its_plan_file(project: Path) -> None:
    edit(project / "fruit.yaml", "edition: 1", "edition: 1\ndraft: true")
    made = plan(project)
    files.write(made.plan, project / "fruit.jsonl", draft=made.campaign.draft)
    assert from_file(project / "fruit.jsonl").campaign.draft


def test_a_lock_is_looked_for_beside_the_campaign_file_of_a_plan(file: Path) -> None:
    found = from_file(file)
    with pytest.raises(errors.NotApprovedError, match=r"there is no lock file fruit\.lock") as caught:
        prepare.compare_locks([found])
    assert "gewe-runner plan " in caught.value.hint
    assert caught.value.hint.endswith("fruit.yaml --lock --profile sandbox")
    lock.write(found.plan, file.parent / "fruit.lock")
    prepare.compare_locks([found])


def test_every_campaign_without_its_lock_is_named_at_once(project: Path) -> None:
    (project / "pear.yaml").write_text(CAMPAIGN.replace("name: fruit", "name: pear"), encoding="utf-8")
    (project / "frozen").mkdir()
    both = prepare.plan_all([project], None, project / "frozen", Problems())
    with pytest.raises(errors.NotApprovedError, match=r"fruit\.lock; .*pear\.lock; nothing was sent"):
        prepare.compare_locks(both)
