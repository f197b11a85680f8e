"""Which variables of the developer's shell, or of CI, would change what the program does or prints."""

import os

#: Beginnings of such names, and such names.
FOREIGN = ("GEWE_", "XDG_", "LC_", "GITHUB_", "GITLAB_", "PIP_")
FOREIGN_NAMES = {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LANG", "LANGUAGE", "NETRC", "PYTHONPATH"}

#: An installed program is compiled once; with this variable ours would be compiled at each start.
FOREIGN_NAMES |= {"PYTHONDONTWRITEBYTECODE"}


def foreign() -> list[str]:
    """The names among those of this process's environment."""
    return [name for name in os.environ if _is_foreign(name)]


def own() -> dict[str, str]:
    """This process's environment without them."""
    return {name: value for name, value in os.environ.items() if not _is_foreign(name)}


def _is_foreign(name: str) -> bool:
    return name.startswith(FOREIGN) or name in FOREIGN_NAMES or name.lower().endswith("_proxy")
