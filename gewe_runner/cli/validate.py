"""`gewe-runner validate`: every problem of every file."""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click

from gewe_runner import errors, prepare, rules
from gewe_runner.cli import options, show
from gewe_runner.model import Level
from gewe_runner.problems import SHOWN, Problems

#: So many problems of one rule and file are listed as JSON; the others are counted.
_KEPT_FOR_JSON = 10_000


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@options.profile
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
@click.option("--explain", metavar="RULE", help="Say what a rule is for, with an example, and do nothing else.")
def command(paths: Sequence[Path], profile: str | None, form: str, explain: str | None) -> int:
    """Tell every problem of campaign files, settings and lists.

    PATH is a campaign, gewe.yaml or a folder; by default this folder.
    """
    if explain is not None:
        _explain(explain)
        return 0
    problems = Problems(SHOWN if form == "text" else _KEPT_FOR_JSON)
    count = prepare.check_all(paths or [Path()], profile, problems)
    if form == "json":
        more = [{"path": path, "rule": rule, "more": n} for (path, rule), n in problems.unshown().items()]
        tree = {"campaigns": count, "problems": [show.problem_json(one) for one in problems], "unlisted": more}
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2))
    else:
        show.problems(problems, err=False)
        click.echo(_verdict(count, problems))
    return errors.InvalidError.exit_code if problems.errors else 0


def _verdict(count: int, problems: Problems) -> str:
    found = ", ".join(f"{n} {level}s" if n > 1 else f"{n} {level}" for level in Level if (n := problems.count(level)))
    return f"{count} campaign{'' if count == 1 else 's'}: {found or 'no problem'}"


def _explain(rule: str) -> None:
    catalogue = rules.catalogue()
    if rule not in catalogue:
        raise errors.UsageError(f"there is no rule {rule!r}", hint=f"there are {', '.join(catalogue)}")
    found = catalogue[rule]
    click.echo(f"{found.id} ({found.level})\n\n{textwrap.fill(found.explanation, 100)}\n")
    click.echo(textwrap.indent(found.example, "    "))
