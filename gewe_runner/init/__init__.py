"""Lays out a repository that a team can start from; every file stands ready in `files/`."""

from collections.abc import Mapping
from pathlib import Path

import gewe_runner
from gewe_runner import errors, schemas

#: Where each file goes, and what it is made from.
COMMON: Mapping[str, str] = {
    "gewe.yaml": "gewe.yaml",
    "campaigns/first.yaml": "first.yaml",
    "campaigns/lists/members.csv": "members.csv",
    "suppressed.csv": "suppressed.csv",
    ".gitignore": "gitignore",
    ".vscode/settings.json": "vscode.json",
    ".pre-commit-config.yaml": "pre-commit.yaml",
    "README.md": "README.md",
}

#: Where the services look for their workflow.
SERVICES: Mapping[str, str] = {"github": ".github/workflows/campaigns.yml", "gitlab": ".gitlab-ci.yml"}

#: How a send is approved: by a lock file in the pull request, or by a protected environment of the service.
APPROVALS = ("lock", "environment")

_FILES = Path(__file__).parent / "files"


def contents(service: str | None, approval: str) -> dict[str, str]:
    """Every file by its place in the repository.

    Args:
        service: One of `SERVICES`; None: without a workflow.
        approval: One of `APPROVALS`.
    """
    made = {place: _text(name) for place, name in COMMON.items()}
    made |= {f"schema/{name}.schema.json": schemas.text(name) for name in ("campaign", "settings")}
    if service is not None:
        made[SERVICES[service]] = _text(f"{service}-{approval}.yml")
    return made


def write(folder: Path, made: Mapping[str, str], *, force: bool) -> list[Path]:
    """Write the files; all of them or, where some exist and are not to be replaced, none.

    Raises:
        errors.UsageError: files are there already, or cannot be written.
    """
    there = [place for place in made if (folder / place).exists()]
    if there and not force:
        raise errors.UsageError(
            f"{', '.join(there)}: already there in {folder}; nothing was written",
            hint="name another folder, or say --force to replace them",
        )
    written = []
    for place, text in made.items():
        path = folder / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise errors.UsageError(f"{path}: cannot be written: {error.strerror}") from error
        written.append(path)
    return written


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8").replace("@VERSION@", gewe_runner.__version__)
