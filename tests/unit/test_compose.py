"""A campaign that is put together from several files is one document, and each part is told of where it stands."""

from pathlib import Path

import pytest

from gewe_runner import errors, find, gather, prepare, template
from gewe_runner.gather import Loaded
from gewe_runner.model import Campaign
from gewe_runner.problems import Problems

SETTINGS = """\
version: 1
profiles: {sandbox: {gateway: sandbox, devices: {east: {}}}}
"""
CARD = """\
miniAppId: wx1f9ea355b47256dd
userName: gh_690acf47ea05@app
displayName: 百果园+
title: 好吃水果送到家
pagePath: pages/index.html
coverImgUrl: https://cdn.example.com/a.jpg
"""
CAMPAIGN = """\
version: 1
name: fruit
edition: 1
card: {use: cards/fruit.yaml, title: "{% include 'parts/hello.txt' %}"}
variants: [{name: a}, {name: b, card: {use: cards/other.yaml}}]
recipients: [{rows: [{toWxid: filehelper, name: 林}]}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("campaigns/cards", "parts"):
        (tmp_path / folder).mkdir(parents=True)
    for name, text in {
        "gewe.yaml": SETTINGS,
        "campaigns/fruit.yaml": CAMPAIGN,
        "campaigns/cards/fruit.yaml": CARD,
        "campaigns/cards/other.yaml": "# only a title\ntitle: 水果\n",
        "parts/hello.txt": "你好{{ name }}",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def loaded(project: Path, problems: Problems) -> Loaded:
    file = project / "campaigns" / "fruit.yaml"
    return gather.load_one(file, None, gather.Known(problems).of, find.Names(), problems)


def campaign(project: Path) -> Campaign:
    return loaded(project, Problems()).campaign


def told(project: Path) -> list[tuple[str, int | None, str]]:
    problems = Problems()
    with pytest.raises(errors.InvalidError):
        loaded(project, problems)
    return [(Path(one.path).name, one.line, one.rule) for one in problems]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_card_takes_what_it_does_not_say_from_the_one_that_it_uses(project: Path) -> None:
    found = campaign(project)
    assert found.card["title"] == "{% include 'parts/hello.txt' %}"
    assert found.card["displayName"] == "百果园+"
    assert [dict(one.card) for one in found.variants] == [{}, {"title": "水果"}]


def test_the_files_that_it_is_put_together_from_are_known(project: Path) -> None:
    found = campaign(project)
    assert {path.relative_to(project).as_posix() for path in found.files} == {
        "campaigns/cards/fruit.yaml",
        "campaigns/cards/other.yaml",
        "parts/hello.txt",
    }
    assert found.parts == {"parts/hello.txt": "你好{{ name }}"}


def test_a_problem_of_a_used_card_is_told_in_its_file(project: Path) -> None:
    change(project / "campaigns/cards/fruit.yaml", "gh_690acf47ea05@app", "gh_690acf47ea05")
    assert told(project) == [("fruit.yaml", 2, "user-name")]


def test_a_key_that_a_used_card_misspells_is_told_in_its_file(project: Path) -> None:
    change(project / "campaigns/cards/other.yaml", "title", "titel")
    assert told(project) == [("other.yaml", 2, "unknown-key")]


def test_a_key_that_neither_has_is_missing_in_the_campaign(project: Path) -> None:
    change(project / "campaigns/cards/fruit.yaml", "pagePath: pages/index.html\n", "")
    assert told(project) == [("fruit.yaml", 4, "missing-key")]


def test_a_problem_of_a_part_is_told_in_its_file(project: Path) -> None:
    (project / "parts/hello.txt").write_text("\n{{ name", encoding="utf-8")
    assert told(project) == [("hello.txt", 2, "template-syntax")]


@pytest.mark.parametrize(
    ("use", "file", "line"),
    [
        ("cards/none.yaml", "fruit.yaml", 4),
        ("../../fruit.yaml", "fruit.yaml", 4),
        ("/etc/hostname", "fruit.yaml", 4),
        ("cards", "fruit.yaml", 4),
        ("''", "fruit.yaml", 4),
        ("cards/link.yaml", "fruit.yaml", 4),
        ("cards/list.yaml", "list.yaml", None),
        ("cards/nested.yaml", "nested.yaml", 2),
    ],
)
def test_a_card_file_is_an_ordinary_one_in_the_project(project: Path, use: str, file: str, line: int | None) -> None:
    (project / "campaigns/cards/link.yaml").symlink_to("/etc/hostname")
    (project / "campaigns/cards/list.yaml").write_text("- title\n", encoding="utf-8")
    (project / "campaigns/cards/nested.yaml").write_text("title: a\nuse: fruit.yaml\n", encoding="utf-8")
    change(project / "campaigns/fruit.yaml", "cards/fruit.yaml", use)
    assert told(project) == [(file, line or 1, "card-file")]


@pytest.mark.parametrize(
    "name", ["parts/none.txt", "../hello.txt", "/etc/hostname", "parts", "parts/link.txt", "parts/gbk.txt", "a\\\\b"]
)
def test_a_part_is_a_text_file_in_the_project(project: Path, name: str) -> None:
    (project / "parts/link.txt").symlink_to("/etc/hostname")
    (project / "parts/gbk.txt").write_bytes("水果".encode("gbk"))
    change(project / "campaigns/fruit.yaml", "parts/hello.txt", name.replace("\\\\", "\\\\\\\\"))
    assert told(project) == [("fruit.yaml", 4, "template-file")]


def test_a_part_that_is_too_long_is_told_as_that_wherever_it_is_cut(project: Path) -> None:
    (project / "parts/hello.txt").write_text("水" * template.LENGTH * 2, encoding="utf-8")
    problems = Problems()
    with pytest.raises(errors.InvalidError):
        loaded(project, problems)
    assert [one.message for one in problems] == ["parts/hello.txt: is longer than 16,384 characters; split it"]


def test_what_an_alias_repeats_stands_where_the_alias_does(project: Path) -> None:
    change(project / "campaigns/fruit.yaml", "card: {use: cards/fruit.yaml", "card: &c {use: cards/fruit.yaml")
    change(project / "campaigns/fruit.yaml", "card: {use: cards/other.yaml}", "card: *c")
    assert campaign(project).positions["variants", 1, "card", "title"] == (5, 39)
    change(project / "campaigns/fruit.yaml", "cards/fruit.yaml", "cards/none.yaml")
    assert told(project) == [("fruit.yaml", 4, "card-file"), ("fruit.yaml", 5, "card-file")]


def test_a_part_of_a_part_that_is_missing_is_told_in_the_one_that_names_it(project: Path) -> None:
    (project / "parts/hello.txt").write_text("{% include 'parts/none.txt' %}", encoding="utf-8")
    assert told(project) == [("hello.txt", 1, "template-file")]


def test_a_plan_says_of_which_files_it_was_made(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("plan")
    (planned,) = prepare.plan_all([project / "campaigns/fruit.yaml"], None, folder, Problems())
    made = planned.plan.header["made"]
    assert made["campaign"] == "campaigns/fruit.yaml"
    assert {"campaigns/cards/fruit.yaml", "parts/hello.txt"} <= made["sources"].keys()
    assert prepare.campaign_file(planned) == project / "campaigns/fruit.yaml"


def test_a_fault_of_a_row_says_in_which_part_it_is(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (project / "parts/hello.txt").write_text("\n{{ nme }}", encoding="utf-8")
    change(project / "campaigns/fruit.yaml", "{name: b, card: {use: cards/other.yaml}}", "{name: b}")
    problems, folder = Problems(), tmp_path_factory.mktemp("plan")
    with pytest.raises(errors.InvalidError):
        prepare.plan_all([project / "campaigns/fruit.yaml"], None, folder, problems)
    (problem,) = (one for one in problems if one.level == "error")
    assert "card.title: parts/hello.txt line 2: 'nme' is undefined" in problem.message
