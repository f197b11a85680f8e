"""`gewe-runner validate`: every problem of every file."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

import gewe_runner
from gewe_runner import errors, expand, rules, survey, tell
from gewe_runner.cli import options, progress, show
from gewe_runner.model import Level
from gewe_runner.problems import SHOWN, Problems

#: So many problems of one rule and file are listed for programs; the others are counted.
_KEPT_FOR_PROGRAMS = 10_000


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@options.profile
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *tell.FORMATS]),
    default="text",
    show_default=True,
    help="For people, for programs, or as a CI service reads it.",
)
@click.option("--sources", is_flag=True, help="Also read lists from databases and from standard input.")
@click.option("--explain", metavar="RULE", help="Say what a rule is for, with an example, and do nothing else.")
def command(paths: Sequence[Path], profile: str | None, form: str, sources: bool, explain: str | None) -> int:
    """Tell every problem of campaign files, settings and lists.

    PATH is a campaign, gewe.yaml or a folder; by default this folder.
    """
    if explain is not None:
        _explain(explain)
        return 0
    problems = Problems(SHOWN if form == "text" else _KEPT_FOR_PROGRAMS)
    extent = expand.Extent.ALL if sources else expand.Extent.FILES
    count = survey.check_all(paths or [Path()], profile, problems, extent, progress.watching)
    if form in tell.FORMATS:
        _tell(problems, count, form)
    elif form == "json":
        more = [{"path": path, "rule": rule, "more": n} for (path, rule), n in problems.unshown().items()]
        tree = {"campaigns": count, "problems": [show.problem_json(one) for one in problems], "unlisted": more}
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
    else:
        show.problems(problems, err=False)
        click.echo(_verdict(count, problems))
    return errors.InvalidError.exit_code if problems.errors else 0


def _tell(problems: Problems, count: int, form: str) -> None:
    """The problems as a CI service reads them; GitHub's also as the summary of the step that this runs in."""
    from gewe_runner.tell.checked import Checked

    checked = Checked(problems=problems, campaigns=count, tool=gewe_runner.__version__)
    if said := tell.text(form, checked):
        click.echo(said)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if form == "github" and summary:
        from gewe_runner.tell import github

        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(github.summary(checked))
        except OSError as error:
            click.echo(f"the step's summary cannot be written: {error.strerror}", err=True)


def _verdict(count: int, problems: Problems) -> str:
    found = ", ".join(f"{n} {level}s" if n > 1 else f"{n} {level}" for level in Level if (n := problems.count(level)))
    return f"{count} campaign{'' if count == 1 else 's'}: {found or 'no problem'}"


def _explain(rule: str) -> None:
    import textwrap

    catalogue = rules.catalogue()
    if rule not in catalogue:
        raise errors.UsageError(f"there is no rule {rule!r}", hint=f"there are {', '.join(catalogue)}")
    found = catalogue[rule]
    click.echo(f"{found.id} ({found.level})\n\n{textwrap.fill(found.explanation, 100)}\n")
    click.echo(textwrap.indent(found.example, "    "))
