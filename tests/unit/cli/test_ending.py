"""Every way in which a command ends has its words and its exit code."""

import errno
import os

import click
import pytest

from gewe_runner.cli import ending


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_no_bug(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def writing() -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("sys.argv", ["gewe-runner"])
    assert ending.code_of(writing) == 2
    said = capsys.readouterr().err
    assert f"no room for what has to be written: {os.strerror(number)}\n" in said
    assert "TMPDIR" in said
