"""`gewe-runner worker`: carries out runs that were handed to workers, on as many hosts as there are."""

import importlib.util
import json
import logging
import os
import signal
import sys
from datetime import UTC, datetime

import click

from gewe_runner import errors
from gewe_runner.cli import options
from gewe_runner.send.log import Style

#: What a log record holds by itself; everything else was said for programs.
_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@click.command("worker")
@options.profile
@click.option("--threads", type=click.IntRange(1, 500), default=20, show_default=True, help="Lanes worked on at once.")
@click.option(
    "--linger",
    type=click.FloatRange(0, 300),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="A lane that waits no longer stays with this worker; it needs no thread for that.",
)
@click.option(
    "--stale",
    type=click.FloatRange(2, 300),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="A worker that is silent for so long is gone; the same for all workers of a ledger.",
)
@click.option("--metrics-port", type=click.IntRange(1, 65535), metavar="PORT", help="Answer GET /metrics there.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="On this address.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="json", show_default=True, help="On stderr.")
@click.option("--log-recipients", is_flag=True, help="Whole ids in the log; they are shortened otherwise.")
def command(
    profile: str | None,
    threads: int,
    linger: float,
    stale: float,
    metrics_port: int | None,
    metrics_host: str,
    log_format: str,
    log_recipients: bool,
) -> None:
    """Carry out runs that were handed to workers, until SIGTERM or Ctrl-C.

    Settings come from gewe.yaml in this folder or above, token and appIds from the environment.
    """
    if not all(map(importlib.util.find_spec, ("procrastinate", "prometheus_client"))):
        raise errors.UsageError(
            "workers need libraries that are not installed", hint="pip install 'gewe-runner[workers]'"
        )
    from gewe_runner import work
    from gewe_runner.send import keeper
    from gewe_runner.send.procrastinate import Quit

    _log(as_json=log_format == "json")
    quit_ = Quit()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: quit_.ask())
    order = work.WorkOrder(
        profile=options.chosen(profile),
        project=options.project(),
        threads=threads,
        linger=round(1000 * linger),
        timing=keeper.Timing(stale=stale),
        metrics=(metrics_host, metrics_port) if metrics_port else None,
        log=Style(json=log_format == "json", recipients=log_recipients),
        log_stream=sys.stderr,
    )
    work.serve(order, quit_, os.environ)


class _Json(logging.Formatter):
    """A line of JSON: when, how bad, the sentence, the action and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            # what a library says has none of its own
            "action": record.name,
        }
        more = {key: value for key, value in vars(record).items() if key not in _OWN}
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        return json.dumps(told | more, ensure_ascii=False, default=str)


def _log(*, as_json: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("gewe_runner").setLevel(logging.INFO)
