"""The composition root of a comparison: finds the other plan, in a file, in the ledger or in git, and compares."""

import contextlib
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gewe_runner import errors, expand, prepare
from gewe_runner.plan import difference, files
from gewe_runner.plan.difference import Difference, Side
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems

if TYPE_CHECKING:
    from gewe_runner.ask import Books

#: What stands before a revision.
GIT = "git:"

#: Seconds that git may take for the files of one revision.
_PATIENCE = 120


def against(other: str, planned: Sequence[Planned], ledger: "Books | None") -> list[Difference]:
    """How each plan differs from its former one.

    Args:
        other: A plan file, a run of the ledger (its id, a unique prefix, or `latest`), or `git:REVISION`.

    Raises:
        errors.UsageError: there is no such plan, run or revision, or none of these campaigns.
        errors.InvalidError: what lies in git cannot be planned.
    """
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder:
        sides = _sides(other, planned, ledger, Path(folder))
        named = {one.campaign.name for one in planned}
        if not other.startswith(GIT) and not named & set(sides):
            raise errors.UsageError(
                f"--against {other}: that is a plan of {', '.join(sides)}, not of {', '.join(sorted(named))}",
                hint="compare with a plan of the same campaign",
            )
        return [_compared(other, one, sides.get(one.campaign.name)) for one in planned]


def _compared(other: str, planned: Planned, side: Side | None) -> Difference:
    if side is None:
        plan = planned.plan
        return Difference(campaign=planned.campaign.name, former=other, new=True, added=plan.messages)
    now = Side(name="now", header=planned.plan.header, lines=planned.plan.lines)
    return difference.difference(side, now)


def _sides(other: str, planned: Sequence[Planned], ledger: "Books | None", folder: Path) -> Mapping[str, Side]:
    """The former plans by campaign."""
    if other.startswith(GIT):
        return _revision(other, planned, folder)
    path = Path(other)
    if path.is_file() or path.name.endswith((files.PLAIN, files.PACKED)):
        plan = prepare.plan_file(path, folder / "lines.jsonl")
        return {plan.header["campaign"]: Side(name=other, header=plan.header, lines=plan.lines)}
    if ledger is None:
        raise errors.UsageError(
            f"--against {other}: there is no such file, and no ledger that could know such a run",
            hint="name a plan file, a run (gewe-runner status lists them) or git:REVISION",
        )
    side = ledger.former(other)
    return {side.header["campaign"]: side}


def _revision(other: str, planned: Sequence[Planned], folder: Path) -> Mapping[str, Side]:
    """The campaigns as they were planned in that revision, from its own lists and settings."""
    project, there = planned[0].project, folder / "tree"
    there.mkdir()
    revision = _checked_out(other.removeprefix(GIT), project, there)
    found = {}
    for number, one in enumerate(planned):
        path = there / one.campaign.path.relative_to(project)
        if not path.is_file():
            continue
        problems, place = Problems(), folder / str(number)
        place.mkdir()
        try:
            (plan,) = prepare.plan_all([path], one.profile.name, place, problems, expand.Extent.KNOWN)
        except (errors.InvalidError, errors.UsageError) as error:
            first = next((f"{fault.path}: {fault.message}" for fault in problems), error.message)
            raise errors.InvalidError(
                f"--against {other}: {path.relative_to(there)} of {revision[:12]} cannot be planned: "
                f"{first.replace(f'{there}/', '')}",
                hint="lists that are not in git, and what lies in LFS, are not there; compare with a plan file instead",
            ) from error
        header = plan.plan.header
        found[header["campaign"]] = Side(name=other, header=header, lines=plan.plan.lines)
    return found


def _checked_out(revision: str, project: Path, into: Path) -> str:
    """Write the project's files of a revision; its commit."""
    name = f"{revision}^{{commit}}"
    commit = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", name).decode().strip()
    archive = into.with_suffix(".tar")
    _git(project, "archive", "--format=tar", f"--output={archive}", commit, "--", ".")
    try:
        with contextlib.closing(tarfile.open(archive)) as tar:
            tar.extractall(into, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise errors.UsageError(f"the files of {revision} cannot be laid out: {error}") from error
    return commit


def _git(project: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise errors.UsageError(f"git cannot be asked: {error}", hint="install git, or name a plan file") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "there is no such revision"
        raise errors.UsageError(
            f"git {arguments[0]}: {said}", hint="fetch it first (in CI: fetch-depth: 0), or name a plan file"
        )
    return done.stdout
