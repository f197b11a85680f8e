"""Finds a project's files: its settings upwards from a campaign, the campaigns of a folder."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gewe_runner import errors

SETTINGS = "gewe.yaml"

#: Where a project keeps its campaigns, beside its settings or in this folder.
FOLDER = "campaigns"

#: What a campaign file ends in.
SUFFIXES = (".yaml", ".yml")

_NAME = re.compile(rb"^name:[ \t]*(['\"]?)([a-z0-9][a-z0-9-]*)\1[ \t]*(?:#.*)?$", re.MULTILINE)


def shown(path: Path) -> str:
    """The path as the user would type it: relative where it lies below the working directory or near it."""
    here, whole = os.path.join(os.getcwd(), ""), os.path.abspath(path)  # noqa: PTH100, PTH109, PTH118 - as texts
    if whole.startswith(here):
        return whole.removeprefix(here)
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("../../../") else relative


def settings(start: Path) -> Path:
    """The settings file of the folder or file, looked for upwards.

    Raises:
        errors.InvalidError: there is none.
    """
    start = start.absolute()
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS).is_file():
            return candidate / SETTINGS
    raise errors.InvalidError(
        f"{shown(start)}: no {SETTINGS} in its folder or above: it names the gateway and the devices",
        hint=f"write {shown(folder / SETTINGS)}; `gewe-runner schema settings` and the README say what belongs into it",
    )


def campaigns(paths: Iterable[Path]) -> list[Path]:
    """The campaign files meant by files and folders, each once, in order.

    A folder means the YAML files in it, and those in its `campaigns` folder.

    Raises:
        errors.InvalidError: a path does not exist, or a folder holds no campaign.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = list(_in_folder(path.absolute()))
            if not inside:
                raise errors.InvalidError(
                    f"{shown(path)}: there is no campaign in this folder", hint="name a campaign file (*.yaml)"
                )
            found |= dict.fromkeys(inside)
        elif path.exists():
            found[path.absolute()] = None
        else:
            raise errors.InvalidError(f"{path}: there is no such file", hint=_nearby(path))
    return list(found)


class Names:
    """The names that campaign files say; each folder is read once, however many campaigns are asked about."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[Path]]] = {}

    def namesakes(self, project: Path, campaign: Path, name: str) -> Iterator[Path]:
        """Other campaign files of the project that say the same `name`.

        Only that line is read: a command about one campaign must not cost the parsing of three hundred.
        """
        # as texts: paths take longer to compare than all else here
        folders = dict.fromkeys((str(project), os.path.join(project, FOLDER), os.path.dirname(campaign)))  # noqa: PTH118, PTH120
        for other in (file for folder in folders for file in self._of(folder).get(name, ())):
            if other != campaign and not other.samefile(campaign):
                yield other

    def _of(self, folder: str) -> dict[str, list[Path]]:
        if folder not in self._known:
            named: dict[str, list[Path]] = {}
            for file in _files(Path(folder)):
                named.setdefault(_said(file), []).append(file)
            self._known[folder] = named
        return self._known[folder]


def _said(file: Path) -> str:
    """The name that the file says; empty where it says none."""
    try:
        with file.open("rb", buffering=0) as stream:
            found = _NAME.search(stream.read(65_536))
    except OSError:
        return ""
    return found[2].decode() if found else ""


def _in_folder(folder: Path) -> Iterator[Path]:
    yield from _files(folder)
    yield from _files(folder / FOLDER)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:  # knows what each is; a path would have to ask
        named = {entry.name: entry for entry in entries if entry.name.endswith(SUFFIXES)}
    for name in sorted(named.keys() - {SETTINGS}):
        if not name.startswith(".") and (named[name].is_file(follow_symlinks=False) or (folder / name).is_file()):
            yield folder / name


def _nearby(path: Path) -> str:
    folder = path.parent
    names = [shown(file) for file in _files(folder)][:5] if folder.is_dir() else []
    return f"there are: {', '.join(names)}" if names else "check the path"
