"""Decides whether a file that a campaign names may be read: only ordinary ones inside the project, links resolved."""

import difflib
import os
import stat
from pathlib import Path
from typing import NamedTuple


class Refused(NamedTuple):
    """Why a file may not or cannot be read."""

    #: In words that follow the file's name, with what to do.
    text: str
    #: It is, or leads, out of the project.
    outside: bool = False


def refused(path: Path, project: Path, what: str) -> Refused | None:
    """What speaks against reading a file; None: nothing, it is there and can be opened.

    Args:
        what: What the file is in the user's words, e.g. `list`.
    """
    if "\0" in str(path):
        return Refused("a path cannot contain a NUL character; correct it")
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(project)):
        return Refused(f"lies outside the project {_shown(project)}; copy the {what} into it", outside=True)
    try:
        mode = real.stat().st_mode
        if stat.S_ISDIR(mode):
            return Refused(f"is a folder; name one {what} in it")
        if not stat.S_ISREG(mode):
            return Refused("is not an ordinary file; copy its content into one")
        real.open("rb").close()
    except FileNotFoundError:
        return Refused(f"there is no such file{_neighbour(path)}")
    except OSError as error:
        return Refused(f"cannot be read ({os.strerror(error.errno or 0).lower()}); check its path and permissions")
    return None


def _shown(project: Path) -> str:
    return f"({project.name}/)" if project.name else "folder"


def _neighbour(path: Path) -> str:
    if not path.parent.is_dir():
        return f'; there is no folder "{path.parent.name}" either; check the path'
    names = sorted(entry.name for entry in path.parent.glob("*") if entry.is_file())
    close = difflib.get_close_matches(path.name, names, n=1)
    return f'; did you mean "{close[0]}"?' if close else "; check the path"
