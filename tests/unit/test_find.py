"""Settings are found upwards, campaigns in files and folders, namesakes without parsing everything."""

from pathlib import Path

import pytest

from gewe_runner import errors, find


def write(path: Path, text: str = "name: a\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_settings_are_found_upwards(tmp_path: Path) -> None:
    settings = write(tmp_path / "gewe.yaml")
    assert find.settings(write(tmp_path / "campaigns" / "deep" / "a.yaml")) == settings
    assert find.settings(tmp_path) == settings


def test_the_nearest_settings_count(tmp_path: Path) -> None:
    write(tmp_path / "gewe.yaml")
    nearer = write(tmp_path / "shop" / "gewe.yaml")
    assert find.settings(write(tmp_path / "shop" / "campaigns" / "a.yaml")) == nearer


def test_without_settings_it_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidError, match=r"no gewe\.yaml") as caught:
        find.settings(write(tmp_path / "a.yaml"))
    assert "gewe.yaml" in caught.value.hint


def test_a_folder_means_its_campaigns_and_those_of_its_campaigns_folder(tmp_path: Path) -> None:
    write(tmp_path / "gewe.yaml")
    write(tmp_path / "lists" / "x.yaml")
    write(tmp_path / ".hidden.yaml")
    write(tmp_path / "notes.txt")
    expected = [write(tmp_path / "b.yaml"), write(tmp_path / "campaigns" / "a.yml")]
    assert find.campaigns([tmp_path]) == expected


def test_a_campaign_named_twice_counts_once(tmp_path: Path) -> None:
    campaign = write(tmp_path / "a.yaml")
    assert find.campaigns([campaign, tmp_path, campaign]) == [campaign]


def test_a_folder_without_campaigns_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path / "gewe.yaml")
    with pytest.raises(errors.InvalidError, match="no campaign in this folder"):
        find.campaigns([tmp_path])


def test_a_missing_file_names_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "fruit.yaml")
    with pytest.raises(errors.InvalidError, match="there is no such file") as caught:
        find.campaigns([tmp_path / "friut.yaml"])
    assert "fruit.yaml" in caught.value.hint


@pytest.mark.parametrize("line", ["name: fruit", "name:   fruit  # ours", 'name: "fruit"', "name: 'fruit'"])
def test_a_namesake_is_found_however_the_name_is_written(tmp_path: Path, line: str) -> None:
    campaign = write(tmp_path / "campaigns" / "a.yaml", "name: fruit\n")
    other = write(tmp_path / "b.yaml", f"version: 1\n{line}\n")
    assert list(find.Names().namesakes(tmp_path, campaign, "fruit")) == [other]


@pytest.mark.parametrize("text", ["name: fruits\n", "vars:\n  name: fruit\n", "# name: fruit\n", "\x00\xff"])
def test_other_files_are_no_namesakes(tmp_path: Path, text: str) -> None:
    campaign = write(tmp_path / "a.yaml", "name: fruit\n")
    write(tmp_path / "b.yaml", text)
    assert list(find.Names().namesakes(tmp_path, campaign, "fruit")) == []


def test_each_folder_is_read_once_however_many_campaigns_are_asked_about(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.yaml", f"name: {name}\n") for name in ("a", "b")]
    names = find.Names()
    assert list(names.namesakes(tmp_path, files[0], "a")) == []
    files[1].write_text("name: a\n", encoding="utf-8")
    assert list(names.namesakes(tmp_path, files[0], "a")) == []
    assert list(find.Names().namesakes(tmp_path, files[0], "a")) == [files[1]]


def test_a_campaign_is_no_namesake_of_itself_through_a_link(tmp_path: Path) -> None:
    campaign = write(tmp_path / "a.yaml", "name: fruit\n")
    (tmp_path / "link.yaml").symlink_to(campaign)
    assert list(find.Names().namesakes(tmp_path, campaign, "fruit")) == []


def test_paths_are_shown_as_they_would_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert find.shown(tmp_path / "here" / "a.yaml") == "a.yaml"
    assert find.shown(tmp_path / "a.yaml") == "../a.yaml"
    assert find.shown(Path("/a.yaml")) == "/a.yaml"
