"""Says where a plan comes from: the program, the git commit, and a digest of every file that it was made of."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gewe_runner


def made(project: Path, sources: Mapping[str, Path]) -> dict[str, Any]:
    """The `made` of a plan's header.

    Args:
        sources: The files by the label that they have in the plan.
    """
    commit = _git(project, "rev-parse", "HEAD")
    found: dict[str, Any] = {
        "tool": f"gewe-runner {gewe_runner.__version__}",
        "sources": {label: digest(path) for label, path in sorted(sources.items()) if path.is_file()},
    }
    if commit:
        found |= {"commit": commit, "dirty": bool(_git(project, "status", "--porcelain", "--", "."))}
    return found


def writer(environ: Mapping[str, str] = os.environ) -> str:
    """Who runs this, and where: a CI job's address, else user and host."""
    if environ.get("GITHUB_ACTIONS") == "true":
        names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        server, repository, run = (environ.get(name, "") for name in names)
        return f"{server}/{repository}/actions/runs/{run}"
    if environ.get("CI_JOB_URL"):
        return environ["CI_JOB_URL"]
    import getpass
    import platform

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        user = str(os.getuid())
    return f"{user}@{platform.node()}"


def digest(path: Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(project: Path, *arguments: str) -> str:
    """What git says; empty without git or outside a repository."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments],  # noqa: S607 - the user's own git, wherever it is installed
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
