"""`gewe-runner sandbox`: the local gateway, in the foreground."""

from pathlib import Path

import click

from gewe_runner import sandbox

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

    tree = None
    if faults:
        # here, not above: every send to a sandbox waits for it, and what reads files takes longer to load than it does
        from gewe_runner.cli import faults as reading

        tree = reading.faults(faults)
    options = sandbox.Options(latency=latency / 1000, faults=tree, seed=seed, journal=journal)
    sandbox.serve("127.0.0.1", port, options, ready, until_stdin_closes=until_stdin_closes)
