"""Decides which lists a command reads, and names those that it does not."""

import enum
import os
from collections.abc import Iterable, Mapping

from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists


class Extent(enum.Enum):
    """How far a command goes for its lists."""

    #: Files and rows: what needs no secret, and waits for nobody.
    FILES = "files"
    #: Everything that can be reached from here: no database whose address this environment does not know.
    KNOWN = "known"
    ALL = "all"


def readable(
    sources: Iterable[Source], extent: Extent, problems: Problems, environ: Mapping[str, str] = os.environ
) -> list[Source]:
    """The lists that are read; each of the others is a notice."""
    found = []
    for source in sources:
        if reason := _unread(source, extent, environ):
            message = f"{source.called} was not read: {reason}"
            problems.add(lists.UNREAD.at(source.document, source.position, message))
        else:
            found.append(source)
    return found


def _unread(source: Source, extent: Extent, environ: Mapping[str, str]) -> str:
    """Why the list is not read; empty if it is."""
    if extent is Extent.FILES and source.is_stdin:
        return "standard input is read with --sources only"
    if source.sql is None or extent is Extent.ALL:
        return ""
    if extent is Extent.FILES:
        return "databases are asked with --sources only"
    variable = source.sql.url_env
    return "" if environ.get(variable) else f"${variable}, which holds the database's address, is not set here"
