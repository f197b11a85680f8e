"""`gewe-runner sandbox`: the local gateway, in the foreground."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gewe_runner import errors, find, load, sandbox, schemas
from gewe_runner.cli import show
from gewe_runner.document import Document, Scalar
from gewe_runner.problems import Problems
from gewe_runner.rules.structure import NOT_A_CHOICE, Finding
from gewe_runner.validate import structure

_ADVICE = """\
SANDBOX - nothing reaches WeChat. To send here, give a profile in gewe.yaml this address, and any token:
  gateway: {url}
  allow_http: true
What came in: {origin}/sandbox/received
Ctrl-C ends it."""


@click.command("sandbox")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--latency", type=click.FloatRange(0, 600_000), default=0, metavar="MS", help="Milliseconds that each answer takes."
)
@click.option(
    "--faults", type=click.Path(path_type=Path), metavar="FILE", help="What shall go wrong (docs/sandbox.md)."
)
@click.option("--seed", type=int, metavar="N", help="What chance in the faults is drawn from, instead of their own.")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write each accepted message to this file, and count on from what it holds.",
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def command(
    port: int, latency: float, faults: Path | None, seed: int | None, journal: Path | None, until_stdin_closes: bool
) -> None:
    """Play GeWe on this machine, to rehearse a campaign.

    Recipients whose id begins with sandbox_refused_, sandbox_offline_, sandbox_often_, sandbox_hang_, sandbox_reset_,
    sandbox_garbage_ or sandbox_noid_ get that behaviour; the token `expired` is refused.
    """

    def ready(url: str) -> None:
        click.echo(url)
        if not until_stdin_closes:
            click.echo(_ADVICE.format(url=url, origin=url.removesuffix("/gewe/v2/api")))

    tree = _faults(faults) if faults else None
    options = sandbox.Options(latency=latency / 1000, faults=tree, seed=seed, journal=journal)
    sandbox.serve("127.0.0.1", port, options, ready, until_stdin_closes=until_stdin_closes)


def _faults(path: Path) -> Mapping[str, Any]:
    """The content of a fault file; its problems are shown."""
    problems = Problems()
    try:
        document = load.document(path, find.shown(path), problems)
        tree: Mapping[str, Any] = _plain(document.root, schemas.load("faults"))
        for finding in _findings(document, tree):
            position = document.position(finding.where)
            problems.add(finding.rule.at(document.name, position, finding.message))
    finally:
        show.problems(problems)
    if count := problems.errors:
        several = "s" if count > 1 else ""
        hint = "gewe-runner schema faults describes such a file"
        raise errors.InvalidError(f"{document.name} has {count} problem{several}", hint=hint)
    return tree


def _findings(document: Document, tree: Any) -> Iterator[Finding]:
    # here, not above: `--help` must not wait for the server's library
    from gewe_runner.sandbox import check

    found = list(check.objections(tree))
    yield from (Finding(NOT_A_CHOICE, one.where, one.message) for one in found)
    settled = {*check.choices(tree), *(one.where for one in found)}
    yield from structure.findings("faults", document.root, settled)[0]


def _plain(node: Any, schema: Mapping[str, Any]) -> Any:
    """The tree with each scalar's value, or its text as written where the schema wants text."""
    if isinstance(node, Mapping):
        inner = schema.get("properties", {})
        rest = schema.get("additionalProperties") or {}
        return {str(key): _plain(value, inner.get(key, rest)) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, schema.get("items", {})) for value in node]
    is_text = isinstance(node, Scalar) and node.value is not None and "string" in schema.get("type", ())
    return str(node) if is_text else node.value
