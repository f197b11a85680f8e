"""Whoever changes their mind at once gets one line, not a traceback, however early that is."""

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

#: What is being loaded when the signal comes: before the command line is looked at, and for a command.
MOMENTS = ("click._compat", "click.core", "sqlalchemy.util", "sqlalchemy.engine")


def interrupted_at(module: str, number: signal.Signals) -> tuple[int, str]:
    """Send a signal to `gewe-runner status` as soon as it has loaded that module; its exit code and stderr."""
    with subprocess.Popen(
        # the interpreter itself tells of every module, which is as near to a moment as another process can come
        [sys.executable, "-X", "importtime", "-m", "gewe_runner", "status"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == module:
                process.send_signal(number)
                break
        rest = process.stderr.read()
    return process.returncode, re.sub(r"^import time:.*\n", "", rest, flags=re.MULTILINE)


@pytest.mark.parametrize("module", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_program_starts_ends_it_in_one_line(module: str, number: signal.Signals) -> None:
    assert interrupted_at(module, number) == (130, "interrupted\n")


def test_a_program_that_was_started_to_ignore_ctrl_c_goes_on_ignoring_it() -> None:
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "from gewe_runner import starting; starting.begin(); signal.raise_signal(signal.SIGINT); starting.done();"
        "sys.exit(7 if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else 1)"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT)}).returncode == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_lets_a_command_clear_away_what_is_half_done(number: signal.Signals) -> None:
    script = (
        "import signal, sys; from gewe_runner import starting; starting.begin(); starting.done()\n"
        f"try: signal.raise_signal({int(number)})\n"
        "except KeyboardInterrupt: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT)}).returncode == 7


def test_garbage_is_looked_for_again_when_all_is_loaded() -> None:
    script = (
        "import gc, sys; from gewe_runner import starting; starting.begin(); before = gc.isenabled();"
        "starting.done(); sys.exit(7 if gc.isenabled() and not before else 1)"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT)}).returncode == 7


def test_to_import_the_program_changes_no_signal() -> None:
    script = (
        "import signal, sys; from gewe_runner.cli import program, send;"
        "sys.exit(7 if signal.getsignal(signal.SIGINT) is signal.default_int_handler else 1)"
    )
    path = os.pathsep.join([str(ROOT), *sys.path])
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": path}).returncode == 7
