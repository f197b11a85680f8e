"""What holds for all commands."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gewe_runner import cli
from gewe_runner.cli import program


def told(folder: Path) -> str:
    """What `validate` says on a terminal of files that lack something."""
    for name in ("gewe.yaml", "x.yaml"):
        (folder / name).write_text("version: 1\n", encoding="utf-8")
    return CliRunner().invoke(program.of(cli.COMMANDS), ["validate", str(folder / "x.yaml")], color=True).output


def test_problems_have_colours_on_a_terminal(tmp_path: Path) -> None:
    assert "\x1b[31mmissing-key" in told(tmp_path)


def test_no_color_in_the_environment_takes_them_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = told(tmp_path)
    assert "missing-key" in shown
    assert "\x1b" not in shown
