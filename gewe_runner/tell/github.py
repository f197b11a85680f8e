"""Problems as GitHub's workflow commands, which annotate a pull request, and as a job's summary."""

from collections import Counter
from collections.abc import Iterator

from gewe_runner import words
from gewe_runner.model import Level, Problem
from gewe_runner.tell.checked import Checked, more, posix

#: A step shows so many annotations of one level and drops the others without a word.
SHOWN = 10

#: Bytes that a step's summary may have (1 MiB, of which a little is left for others).
SUMMARY = 1_000_000


def text(checked: Checked) -> str:
    """Workflow commands, at most `SHOWN` of each level, the last of which counts the others."""
    return "\n".join(_commands(checked))


def summary(checked: Checked) -> str:
    """Every problem as Markdown, cut where it would not fit into the summary of a step."""
    head = f"### gewe-runner: {checked.sentence}\n\n"
    if not any(checked.problems.count(level) for level in Level):
        return f"{head}No problem.\n"
    lines = list(words.table(["where", "rule", "level", "problem"], map(_row, checked.problems), ":--"))
    lines += [f"\n{words.code(path)}: {words.code(rule)}: {said}" for path, rule, said in more(checked.problems)]
    return head + fitting(lines, SUMMARY - len(head))


def fitting(lines: list[str], size: int) -> str:
    """As many of the lines, from the first on, as `size` bytes hold; then how many are missing."""
    kept, used = [], 0
    for line in lines:
        used += len(line.encode()) + 1
        if used > size - 60:
            break
        kept.append(line)
    missing = len(lines) - len(kept)
    return "\n".join([*kept, *([f"\n… and {missing:,} lines more"] if missing else [])]) + "\n"


def _commands(checked: Checked) -> Iterator[str]:
    told: Counter[Level] = Counter()
    for problem in checked.problems:
        total = checked.problems.count(problem.level)
        if told[problem.level] < (SHOWN if total <= SHOWN else SHOWN - 1):
            told[problem.level] += 1
            yield _command(problem)
    for level in Level:
        if missing := checked.problems.count(level) - told[level]:
            said = f"{missing:,} {level}s more: see the summary of this step, or run gewe-runner validate"
            yield f"::{level} title=gewe-runner::{_data(said)}"


def _command(problem: Problem) -> str:
    places = {"file": posix(problem.path), "line": problem.line, "col": problem.column, "title": problem.rule}
    named = ",".join(f"{name}={_property(str(value))}" for name, value in places.items() if value is not None)
    return f"::{problem.level} {named}::{_data(problem.message)}"


def _data(value: str) -> str:
    """A message, in which nothing may begin another command."""
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _row(problem: Problem) -> list[str]:
    place = ":".join(str(part) for part in (posix(problem.path), problem.line, problem.column) if part is not None)
    return [
        words.cell(place),
        words.cell(problem.rule),
        str(problem.level),
        words.cell(words.line(problem.message, 500)),
    ]
