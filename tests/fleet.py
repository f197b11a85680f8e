"""Workers for the tests: real processes, a real PostgreSQL, a sandbox that counts what arrives."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy

from gewe_runner.ledger import connect, jobs
from tests import crash, program
from tests.postgres import text

#: How long anything may take that has no reason to, in seconds.
PATIENCE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """A project whose ledger is in PostgreSQL, and what runs for it."""

    project: crash.Project
    url: sqlalchemy.URL

    @property
    def environment(self) -> Mapping[str, str]:
        folder = str(self.project.folder)
        own = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return {**own, "GEWE_TOKEN": "tok-soak", "GEWE_LEDGER": text(self.url)}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`gewe-runner ARGUMENTS…`, running; what it says is added to `said`."""
        with (self.project.folder / "said").open("a", encoding="utf-8") as said:
            return program.start(*arguments, cwd=self.project.folder, env=self.environment, stdout=said, stderr=said)

    def run(self, *arguments: str, patience: float = PATIENCE) -> int:
        """`gewe-runner ARGUMENTS…` and its exit code."""
        with self.start(*arguments) as process:
            return process.wait(patience)

    def hand(self, *options: str, campaign: str = "fruit.yaml", patience: float = PATIENCE) -> None:
        """Give the campaign to the workers."""
        own = ("send", campaign, "--yes", "--engine", "procrastinate", "--detach", *options)
        code = self.run(*own, patience=patience)
        assert code == 0, self.project.said()

    @contextlib.contextmanager
    def workers(self, count: int = 1, *options: str, stale: float = 4) -> Iterator["list[subprocess.Popen[str]]"]:
        """So many workers; whoever is left is told to end, and killed where that does not help."""
        own = ("worker", "--stale", str(stale), "--log-recipients", *options)
        found = [self.start(*own) for _ in range(count)]
        try:
            yield found
        finally:
            for process in found:
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.terminate()
            for process in found:
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def counts(self) -> dict[str, int]:
        """How many messages are in which state."""
        return dict(self.ask("SELECT state, count(*) FROM message GROUP BY state"))

    def states(self) -> dict[str, str]:
        """What became of everybody."""
        return dict(self.ask("SELECT to_wxid, state FROM message"))

    def in_flight(self) -> set[str]:
        return {one for (one,) in self.ask("SELECT to_wxid FROM message WHERE state = 'sending'")}

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        # not by an engine, which would cost the workers whose tests look again and again a third of a processor
        with psycopg.connect(text(self.url.set(drivername="postgresql")), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def over(self) -> bool:
        """Whether no run goes on."""
        return not self.ask("SELECT 1 FROM run WHERE state = 'open' AND stopped = ''")

    def wait(self, until: Callable[[], bool] | None = None, patience: float = PATIENCE) -> None:
        """Wait until it is so; unless said, until no run goes on."""
        give_up = time.monotonic() + patience
        while not (until or self.over)():
            assert time.monotonic() < give_up, self.project.said()[-4000:]
            time.sleep(0.1)


def lay(
    folder: Path, at: crash.Gateway, url: sqlalchemy.URL, ids: Sequence[str], devices: Mapping[str, float | None]
) -> Fleet:
    """Write the project and make its ledger."""
    fleet = write(folder, at, url, ids, devices)
    connect.create(fleet.url, at.url).close()
    with connect.founding(fleet.url) as connection:
        jobs.make(connection)
    return fleet


def write(
    folder: Path, at: crash.Gateway, url: sqlalchemy.URL, ids: Sequence[str], devices: Mapping[str, float | None]
) -> Fleet:
    """Write the project alone."""
    project = crash.lay(folder, at, ids, devices)
    settings = folder / "gewe.yaml"
    changed = settings.read_text(encoding="utf-8").replace(
        "    token_env:", "    ledger_env: GEWE_LEDGER\n    token_env:"
    )
    settings.write_text(changed, encoding="utf-8")
    return Fleet(project=project, url=url.set(drivername="postgresql+psycopg"))
