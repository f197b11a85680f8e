"""Lists that several campaigns name are read once, and nobody can tell from what they give."""

import dataclasses
from pathlib import Path

import pytest

from gewe_runner import expand
from gewe_runner.expand import again
from gewe_runner.model import Recipient, Source
from gewe_runner.problems import Problems


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "a.csv"
    path.write_text("toWxid,city\nwxid_a,sh\nwxid_b,bj\n", encoding="utf-8")
    return Source(label="a.csv", name="a.csv", where=("recipients", 0), path=path, document="a.yaml")


def told(source: Source, shelf: expand.Shelf | None) -> tuple[list[Recipient], list[object], object]:
    problems = Problems(keep=1)
    found = list(expand.recipients([source], source.path.parent if source.path else Path(), problems, shelf))
    return found, list(problems), problems.unshown()


def test_a_list_is_read_once_for_all_that_name_it(source: Source) -> None:
    shelf = expand.Shelf()
    first, other = told(source, shelf), dataclasses.replace(source, where=("recipients", 1), label="b", device="east")
    expected = told(other, None)
    assert source.path is not None
    source.path.write_text("", encoding="utf-8")
    assert told(source, shelf) == first
    assert told(other, shelf) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"columns": {"town": "city"}},
        {"condition": "city == 'sh'"},
        {"condition": "city == wanted", "vars": {"wanted": "bj"}},
        {"condition": "city == wanted", "vars": {"wanted": 1}},
        {"condition": "city"},
        {"columns": {"town": "nothing"}},
    ],
    ids=str,
)
def test_whoever_wants_something_else_of_a_list_gets_that(source: Source, other: dict[str, object]) -> None:
    shelf = expand.Shelf()
    told(dataclasses.replace(source, condition="city == wanted", vars={"wanted": True}), shelf)
    told(source, shelf)
    another = dataclasses.replace(source, **other)  # type: ignore[arg-type]
    assert told(another, shelf) == told(another, None)


@pytest.mark.parametrize(
    "text", ["toWxid\na b\nc d\n", "toWxid\nwxid_a\n wxid_b\n", "toWxid\n", "city\nsh\n", 'toWxid\n"']
)
def test_what_is_wrong_with_a_list_is_told_of_each_campaign(source: Source, text: str) -> None:
    shelf = expand.Shelf()
    assert source.path is not None
    source.path.write_text(text, encoding="utf-8")
    for document in ("a.yaml", "b.yaml"):
        one = dataclasses.replace(source, document=document)
        assert told(one, shelf) == told(one, None)
        assert told(one, shelf)[1]


def test_a_long_list_is_not_kept(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "LONGEST", 10)
    shelf = expand.Shelf()
    assert len(told(source, shelf)[0]) == 2
    assert source.path is not None
    source.path.write_text("toWxid,city\nwxid_a,sh\n", encoding="utf-8")
    assert len(told(source, shelf)[0]) == 1


def test_more_lists_than_are_kept_are_read(source: Source) -> None:
    shelf = expand.Shelf()
    for number in range(again.MOST + 2):
        assert told(dataclasses.replace(source, condition=f"{number} == 1"), shelf)[0][0].wanted is (number == 1)
