"""Turns every way in which a command can end into words and an exit code."""

import contextlib
import datetime
import errno
import os
import tempfile
from pathlib import Path

import click

from gewe_runner import errors

#: A bug: the traceback goes to a file, not to the screen.
BUG = 70

#: What the system says where it has no room for what is written.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def code_of(command: click.Command) -> int:
    """Run the command with the process's arguments.

    Returns:
        The exit code of the contract.
    """
    try:
        code = command.main(prog_name="gewe-runner", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return errors.Interrupted.exit_code
    except click.ClickException as error:
        error.show()
        return errors.UsageError.exit_code
    except errors.GeweRunnerError as error:
        show(error)
        return error.exit_code
    except SystemExit:
        # click ends so when whoever reads our output has gone; 1 would mean that messages failed
        return errors.Interrupted.exit_code
    except Exception as error:  # noqa: BLE001 - the top of the program: whatever arrives here is a bug
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            with contextlib.suppress(OSError):  # nor for these words, perhaps
                show(_full(error))
            return errors.UsageError.exit_code
        click.echo(f"a bug in gewe-runner; the traceback is in {_log()}", err=True)
        return BUG
    return code if isinstance(code, int) else 0


def show(error: errors.GeweRunnerError) -> None:
    """What is wrong, then what to do."""
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def _full(error: OSError) -> errors.UsageError:
    return errors.UsageError(
        f"there is no room for what has to be written: {error.strerror}",
        hint=f"make room where the output goes and in {tempfile.gettempdir()}; TMPDIR can name another such folder",
    )


def _log() -> Path:
    import traceback  # for bugs alone

    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gewe-runner"
    state.mkdir(parents=True, exist_ok=True)
    log = state / f"bug-{stamp}.log"
    log.write_text(traceback.format_exc(), encoding="utf-8")
    return log
