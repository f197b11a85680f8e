"""Decides whether a list's file may be read at all."""

import difflib
import os
import stat
from pathlib import Path

from gewe_runner import errors
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, lists


def check(path: Path, source: Source, project: Path, problems: Problems) -> None:
    """Make sure that the list is an ordinary file which, links resolved, lies in the project.

    Raises:
        errors.InvalidError: It is not, or cannot be read; the problem has been added where the source stands.
    """

    def refused(rule: Rule, message: str) -> errors.InvalidError:
        problems.add(rule.at(source.document, source.position, f"{source.name}: {message}"))
        return errors.InvalidError(f"{source.name} cannot be read")

    if "\0" in str(path):
        raise refused(lists.FILE, "a path cannot contain a NUL character; correct it")
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(project)):
        raise refused(lists.OUTSIDE, f"lies outside the project {_shown(project)}; copy the list into it")
    try:
        mode = real.stat().st_mode
        if stat.S_ISDIR(mode):
            raise refused(lists.FILE, "is a folder; name one list in it")
        if not stat.S_ISREG(mode):
            raise refused(lists.FILE, "is not an ordinary file; copy its content into one")
        real.open("rb").close()
    except FileNotFoundError as exc:
        raise refused(lists.FILE, f"there is no such file{_neighbour(path)}") from exc
    except OSError as exc:
        reason = os.strerror(exc.errno or 0).lower()
        raise refused(lists.FILE, f"cannot be read ({reason}); check its path and permissions") from exc


def _shown(project: Path) -> str:
    return f"({project.name}/)" if project.name else "folder"


def _neighbour(path: Path) -> str:
    if not path.parent.is_dir():
        return f'; there is no folder "{path.parent.name}" either; check the path'
    names = sorted(entry.name for entry in path.parent.glob("*") if entry.is_file())
    close = difflib.get_close_matches(path.name, names, n=1)
    return f'; did you mean "{close[0]}"?' if close else "; check the path"
