"""Only ordinary files inside the project are read, whatever a name leads to."""

from pathlib import Path

import pytest

from gewe_runner import confine


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "lists").mkdir(parents=True)
    (folder / "lists" / "members.csv").write_text("wxid\n", encoding="utf-8")
    (folder / "inside.csv").symlink_to("lists/members.csv")
    (folder / "outside.csv").symlink_to("/etc/hostname")
    return folder


@pytest.mark.parametrize("name", ["lists/members.csv", "inside.csv", "lists/../lists/members.csv"])
def test_an_ordinary_file_inside_the_project_may_be_read(project: Path, name: str) -> None:
    assert confine.refused(project / name, project, "list") is None


@pytest.mark.parametrize("name", ["../other.csv", "/etc/hostname", "outside.csv"])
def test_what_lies_or_leads_outside_may_not(project: Path, name: str) -> None:
    assert confine.refused(project / name, project, "list") == (
        "lies outside the project (shop/); copy the list into it",
        True,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lists", "is a folder; name one card in it"),
        ("lists/member.csv", 'there is no such file; did you mean "members.csv"?'),
        ("cards/a.yaml", 'there is no such file; there is no folder "cards" either; check the path'),
        ("a\0b", "a path cannot contain a NUL character; correct it"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_do(project: Path, name: str, text: str) -> None:
    assert confine.refused(project / name, project, "card") == (text, False)
