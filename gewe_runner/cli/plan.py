"""`gewe-runner plan`: what would be sent, read-only."""

import contextlib
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gewe_runner import compare, consult, errors, expand, explain, find, prepare, recall, starting
from gewe_runner.cli import differing, explaining, options, progress, show
from gewe_runner.consult import Consulted
from gewe_runner.plan import files
from gewe_runner.plan import lock as locks
from gewe_runner.plan.difference import Difference
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.tell import plans

if TYPE_CHECKING:
    from gewe_runner.ask import Books

_PERSONAL = "holds WeChat ids, which are personal data: keep it out of git; --redact writes a copy without them"
_REDACTED = "a copy to look at, without ids; what the templates put into the cards is in it, and it cannot be sent"


def _text(consulted: Sequence[Consulted], found: Sequence[Difference], _problems: Problems) -> str:
    lines = [show.banner(consulted[0].planned.profile)]
    for one, difference in itertools.zip_longest(consulted, found):
        lines += show.plan(one)
        lines += differing.text(difference) if difference else ()
    return "\n".join(lines)


def _json(consulted: Sequence[Consulted], found: Sequence[Difference], problems: Problems) -> str:
    tree = {
        "plans": [show.plan_json(one) for one in consulted],
        "problems": [show.problem_json(problem) for problem in problems],
        **({"differences": [differing.tree(one) for one in found]} if found else {}),
    }
    return json.dumps(tree, ensure_ascii=False, indent=2)


def _markdown(consulted: Sequence[Consulted], found: Sequence[Difference], problems: Problems) -> str:
    seen = [
        show.seen(one, tuple(differing.markdown(difference)) if difference else ())
        for one, difference in itertools.zip_longest(consulted, found)
    ]
    return plans.markdown(seen, list(problems))


def _written(planned: Sequence[Planned], output: Path | None, *, redact: bool, locked: bool) -> Iterator[str]:
    """Write what was asked for, and say what it is."""
    if output is not None and len(planned) > 1 and not output.is_dir():
        raise errors.UsageError(
            f"{len(planned)} plans do not fit into {output}", hint="name a folder that exists: -o FOLDER"
        )
    if (output is not None or locked) and (unread := [label for one in planned for label in one.unread]):
        raise errors.InvalidError(
            f"{', '.join(unread)} was not read, so the plan is not whole; nothing was written",
            hint="set the variable with the database's address, then plan again",
        )
    for one in planned:
        if output is not None:
            path = output / f"{one.campaign.name}{files.PLAIN}" if output.is_dir() else output
            files.write(one.plan, path, draft=one.campaign.draft, redacted=redact)
            yield f"{show.plain(str(path))}: {_REDACTED if redact else _PERSONAL}"
        if locked:
            path = locks.place(one.campaign.path)
            written = locks.write(one.plan, path)
            yield f"{show.plain(find.shown(path))}: {'written' if written else 'up to date'}, digest {one.plan.digest}"


def _ledger(planned: Planned) -> tuple["Books | None", bool]:
    """The ledger if there is one, and whether it is known where it would be; a plan makes none, and does without."""
    try:
        return consult.ledger(planned.profile, planned.project), True
    except errors.AddressError as error:
        click.echo(f"ledger not consulted: {error.message}", err=True)
        return None, False


_SHOWN: Mapping[str, Callable[[Sequence[Consulted], Sequence[Difference], Problems], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}


@click.command("plan")
@options.campaigns
@options.profile
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_SHOWN)),
    default="text",
    show_default=True,
    help="For people, for programs, or as a comment on a pull request.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the plan to FILE (.jsonl, .jsonl.gz), or into a folder under the campaign's name.",
)
@click.option("--redact", is_flag=True, help="With -o: pseudonyms instead of ids; a copy to look at, never to send.")
@click.option("--lock", is_flag=True, help="Write the lock file beside each campaign, for `send --locked`.")
@click.option(
    "--against",
    "other",
    metavar="OTHER",
    help="Show what has changed: against a plan file, a run (its id, or `latest`) or git:REVISION.",
)
@click.option("--explain", "person", metavar="WXID", help="Say in full why this recipient gets what they get, or not.")
@click.option("--check-covers", is_flag=True, help="Also look at every cover: is it there, a picture, small, 5 to 4?")
def command(
    campaigns: Sequence[Path],
    profile: str | None,
    form: str,
    output: Path | None,
    redact: bool,
    lock: bool,
    other: str | None,
    person: str | None,
    check_covers: bool,
) -> None:
    """Show who would get what, who would not and why, and when it would be done. Nothing is sent."""
    if redact and output is None:
        raise errors.UsageError("--redact says how a plan file is written", hint="name the file with -o FILE")
    if person is not None and (output or lock or other or form == "markdown"):
        raise errors.UsageError("--explain tells of one recipient, as text or json; leave the other options out")
    problems = Problems()
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder, contextlib.ExitStack() as parts:
        try:
            whole = bool(output or lock or other or person)
            planned = (
                [] if whole else recall.plans_of(campaigns, profile, Path(folder), problems)
            ) or prepare.plan_all(campaigns, profile, Path(folder), problems, expand.Extent.KNOWN, progress.watching)
            ledger, known = _ledger(planned[0])
            if ledger:
                parts.callback(ledger.close)
            consulted = consult.overlays(planned, ledger, problems, progress.watching, known=known)
            if check_covers:
                # here, not above: what makes connections takes longer to load than most plans to make
                with starting.late():
                    from gewe_runner import foresee

                foresee.covers(consulted, ledger, problems)
                problems.raise_errors()
        finally:
            show.problems(problems)
        if person is not None:
            explained = explain.explanations(consulted, ledger, person)
            told = explaining.text(explained, planned[0].profile)
            click.echo(told if form == "text" else explaining.tree(explained, list(problems)))
            return
        found = compare.against(other, planned, ledger) if other else []
        for told in _written(planned, output, redact=redact, locked=lock):
            click.echo(told, err=True)
        click.echo(_SHOWN[form](consulted, found, problems))
