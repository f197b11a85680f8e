"""Decides whether a list's file may be read at all."""

from pathlib import Path

from gewe_runner import confine, errors
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists


def check(path: Path, source: Source, project: Path, problems: Problems) -> None:
    """Make sure that the list is an ordinary file which, links resolved, lies in the project.

    Raises:
        errors.InvalidError: It is not, or cannot be read; the problem has been added where the source stands.
    """
    if refused := confine.refused(path, project, "list"):
        rule = lists.OUTSIDE if refused.outside else lists.FILE
        problems.add(rule.at(source.document, source.position, f"{source.name}: {refused.text}"))
        raise errors.InvalidError(f"{source.name} cannot be read")
