"""Finds out what is wrong with a file that is no YAML; loaded only where there is one."""

from gewe_runner.load.tree import LINE_END, Builder, Fault, attempt
from gewe_runner.model import Position, Problem
from gewe_runner.problems import SHOWN
from gewe_runner.rules import documents, quotes

#: In longer files only the first value without quotes is told, as each one takes another reading.
_REPAIRED_BYTES = 256 * 1024


def problems(text: str, builder: Builder, first: Fault, name: str) -> list[Problem]:
    """All problems of a file; a line that lacks quotes is read on as if it had them.

    Args:
        text: The file's.
        builder: What has been read of it.
        first: Why it could not be read on.
    """
    found: list[Problem] = []
    places: list[Position] = []
    lines = LINE_END.split(text)
    fault: Fault | None = first
    while fault and len(found) < (SHOWN if len(text) <= _REPAIRED_BYTES else 1):
        number, quoting = _repair(lines, fault)
        if quoting is None:
            break
        repaired = [*lines[: number - 1], quoting.line, *lines[number:]]
        again, next_fault = attempt("\n".join(repaired), name)
        # An unquoted template before a scanner's fault is noticed only once that is out of the way.
        is_repairable = next_fault and not next_fault.problem and next_fault.at != fault.at
        if next_fault and next_fault.at <= (number, quoting.end + 1) and not is_repairable:
            break
        put_in = 2 * sum(at.line == number and at.column <= quoting.begin for at in places)
        places.append(Position(number, quoting.begin + 1 - put_in))
        found.append(documents.UNQUOTED.at(name, places[-1], quoting.message))
        lines, builder, fault = repaired, again, next_fault
    if fault:
        found.append(_syntax(lines, fault, name))
    return found + builder.problems


def _repair(lines: list[str], fault: Fault) -> tuple[int, quotes.Quoting | None]:
    """The number of the line where missing quotes may be the cause, and how it reads with them."""
    for at in (fault.at, fault.context_at):
        if at and at.line <= len(lines) and "quoted scalar" not in fault.context:
            quoting = quotes.quoting(lines[at.line - 1], at.column - 1, flow=fault.flow)
            if quoting:
                return at.line, quoting
    return fault.at.line, None


def _syntax(lines: list[str], fault: Fault, name: str) -> Problem:
    at = fault.at
    if at.line <= len(lines) and lines[at.line - 1][at.column - 1 :].startswith("\t"):
        return documents.TAB.at(name, at, "a tab cannot indent a line; use spaces")
    # What is never closed is noticed at the end of the file; the user must go to its beginning.
    if fault.context_at and any(kind in fault.context for kind in ("quoted scalar", "simple key", "flow")):
        at = fault.context_at if at.line > fault.context_at.line else at
    return documents.SYNTAX.at(name, at, quotes.plain_words(f"{fault.problem} {fault.context}"))
