"""The workers' queue, in the ledger's own database: made, kicked, reaped and counted; PostgreSQL only.

A job says that a lane is to be worked on, and when. It lives as long as the lane has something to do and holds
nothing that the ledger does not know, so a lost one is simply made again.
"""

import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors
from gewe_runner.ledger import connect

#: The one task, and the beginning of its queues' names: each profile has a queue, whose workers know its devices.
TASK, QUEUE = "gewe.slice", "lanes"

#: What pins the engine: its tables are its own affair, and change with its minor versions.
PACKAGE = "procrastinate"

#: Under this key the ledger notes whose tables it holds.
_FACT = "engine"

#: From so many jobs at once on, the database has to look at its table anew.
_MANY = 500

# The engine looks for each job whether its lock is free; its own indexes do not begin with the lock, so with stale
# statistics each look read the whole table: 350 ms instead of one at 5,000 lanes.
_TUNE = (
    (
        "CREATE INDEX IF NOT EXISTS gewe_lane_of_job ON procrastinate_jobs (lock, priority, id) "
        "WHERE status IN ('todo', 'doing')"
    ),
    (
        "CREATE INDEX IF NOT EXISTS gewe_due_job ON procrastinate_jobs (queue_name, scheduled_at NULLS FIRST) "
        "WHERE status = 'todo'"
    ),
    (
        "ALTER TABLE procrastinate_jobs SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 2000, "
        "autovacuum_analyze_scale_factor = 0, autovacuum_vacuum_scale_factor = 0)"
    ),
    # what happened to a job that is gone interests nobody, and would be written four times a slice
    "ALTER TABLE procrastinate_jobs DISABLE TRIGGER USER",
)

# Only what the engine made: by the beginning of all its names.
_DROP = """\
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT tablename AS name FROM pg_tables
    WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\\_%'
  LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', one.name); END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema() AND p.proname LIKE 'procrastinate\\_%'
  LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', one.name); END LOOP;
  FOR one IN SELECT t.typname AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = current_schema() AND t.typname LIKE 'procrastinate\\_%' AND t.typtype IN ('e', 'c')
  LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', one.name); END LOOP;
END $$
"""

_ALIVE = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
)

# One job a lane: whoever kicks one that waits already can only bring it forward. The engine looks through jobs by their
# priority, past all that are not due yet: by a priority that is one lower each second, the lane that is due for longest
# comes first, and those that wait come last. In the order of their ids, 100,000 of them cost each job 30 ms.
_KICK = text(
    "INSERT INTO procrastinate_jobs AS job (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at) "
    "SELECT CAST(:queue AS TEXT), CAST(:task AS TEXT), CAST(2000000000 - at / 1000 AS INTEGER), "
    "  :profile || '/' || device, :profile || '/' || device, "
    "  jsonb_build_object('device', device), to_timestamp(at / 1000.0) "
    "FROM unnest(CAST(:devices AS TEXT[]), CAST(:times AS BIGINT[])) AS kicked (device, at) "
    "ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE "
    "SET scheduled_at = least(job.scheduled_at, excluded.scheduled_at), "
    "  priority = greatest(job.priority, excluded.priority)"
)

#: Whether a queue's job is due, as the driver takes it: to look for one and find none, the engine reads past all jobs
#: that wait, 20 to 40 ms at 100,000 lanes.
ANY_DUE = (
    "SELECT coalesce(scheduled_at <= now(), TRUE) AS due FROM procrastinate_jobs WHERE queue_name = %(queue)s "
    "AND status = 'todo' ORDER BY scheduled_at NULLS FIRST LIMIT 1"
)

_DUE = text(
    "SELECT args ->> 'device' FROM procrastinate_jobs WHERE lock = ANY(:locks) AND status = 'todo' "
    "AND scheduled_at <= now()"
)

# Whose worker is gone or silent. A job is deleted rather than tried again: a frozen worker that comes back may then
# say of its job what it likes, it is no longer there.
_STALLED = text(
    "DELETE FROM procrastinate_jobs WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN ("
    "  SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => :seconds))) "
    "RETURNING queue_name, args ->> 'device' AS device"
)

# Given out, but the worker, alive as it is, works on no such lane: the database crashed before it could hear of the
# job, or was away when that had ended. Should a slice begin after all, the lane's epoch lets only one of two send.
_UNHEARD = text(
    "DELETE FROM procrastinate_jobs job WHERE status = 'doing' "
    "AND scheduled_at < now() - make_interval(secs => :seconds) AND NOT EXISTS (SELECT 1 FROM lane "
    "  WHERE lane.device = job.args ->> 'device' AND lane.holder IS NOT NULL "
    "  AND lane.heartbeat_at > 1000 * (extract(epoch FROM now()) - :seconds)) "
    "RETURNING queue_name, args ->> 'device' AS device"
)

# A slice that raised leaves a job like this behind.
_ENDED = text("DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')")

_PRUNE = text("SELECT count(*) FROM procrastinate_prune_stalled_workers_v1(:seconds)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The workers and their queue as they stand."""

    #: Workers that were heard of within the last 30 s, and how long ago the most silent of them was (seconds).
    workers: int
    oldest_heartbeat: float
    #: Jobs that wait for their time, that are overdue, and that are being worked on.
    waiting: int
    overdue: int
    doing: int
    #: How late the latest is (seconds).
    lateness: float


def installed() -> str:
    """The engine's version on this machine; empty: it is not installed."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""


def make(connection: sqlalchemy.Connection) -> str:
    """Make the engine's tables, or those of its installed version in place of another's.

    Nothing is lost with them: which lane has something to do stands in the ledger.

    Returns:
        The version whose tables are there now; empty where the engine is not installed.

    Raises:
        errors.LedgerError: workers of the other version are alive.
    """
    version, known = installed(), _known(connection)
    if not version:
        return ""
    if not known or _minor(known) != _minor(version):
        _make(connection, known, version)
    for statement in _TUNE:  # also for tables that an earlier version of this program made
        connection.exec_driver_sql(statement)
    return version


def _make(connection: sqlalchemy.Connection, known: str, version: str) -> None:
    if connection.execute(text("SELECT to_regclass('procrastinate_workers')")).scalar_one() is not None:
        if known and (alive := connection.execute(_ALIVE, {"seconds": 30}).scalar_one()):
            raise errors.LedgerError(
                f"{alive} workers with {PACKAGE} {known} are alive, and this program has {version}",
                hint="end all workers, then run this again",
            )
        connection.exec_driver_sql(_DROP.replace("%", "%%"))
    from procrastinate import schema

    connection.exec_driver_sql(schema.SchemaManager.get_schema().replace("%", "%%"))
    connection.execute(
        text("INSERT INTO meta VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
        {"key": _FACT, "value": version},
    )


def expect_address(url: connect.Address) -> None:
    """Make sure that workers could share a ledger that lies there.

    Raises:
        errors.LedgerError: they could not.
    """
    if url.get_backend_name() != "postgresql":
        raise errors.LedgerError(
            f"{connect.shown(url)}: workers need a ledger in PostgreSQL, which they share",
            hint="let the profile's ledger_env name a variable with postgresql://user:password@host/database; "
            "gewe-runner ledger export and import take this ledger there",
        )


def expect(ledger: connect.Ledger) -> None:
    """Make sure that workers can use the ledger.

    Raises:
        errors.LedgerError: it is in SQLite, or its tables are missing or of another version.
    """
    expect_address(ledger.engine.url)
    with ledger.reading() as connection:
        known = _known(connection)
    version = installed()
    if not version:
        raise errors.LedgerError("the workers' engine is not installed", hint="pip install 'gewe-runner[workers]'")
    if not known or _minor(known) != _minor(version):
        state = f"are those of {PACKAGE} {known}, this program has {version}" if known else "are not there yet"
        raise errors.LedgerError(f"{ledger.name}: the workers' tables {state}", hint="gewe-runner ledger upgrade")


def kick(connection: sqlalchemy.Connection, profile: str, dues: Iterable[tuple[str, int]]) -> int:
    """Let the lanes of the devices be worked on at these times (UTC epoch milliseconds), or earlier.

    Returns:
        How many lanes they are.
    """
    found = sorted(dict(dues).items())  # in one order everywhere, so that two who kick do not wait for each other
    if not found:
        return 0
    devices, times = [device for device, _ in found], [at for _, at in found]
    values = {"queue": queue(profile), "task": TASK, "profile": profile, "devices": devices, "times": times}
    connection.execute(_KICK, values)
    if len(found) >= _MANY:
        connection.exec_driver_sql("ANALYZE procrastinate_jobs")
    return len(found)


def due(connection: sqlalchemy.Connection, profile: str, devices: Iterable[str]) -> list[str]:
    """Those of the devices whose lanes have a job that is due and not given out."""
    locks = [f"{profile}/{device}" for device in devices]
    return list(connection.execute(_DUE, {"locks": locks}).scalars()) if locks else []


def reap(connection: sqlalchemy.Connection, silent: float, *, thorough: bool) -> int:
    """Free the lanes of workers that are dead, or silent for so many seconds, and let them be worked on at once.

    Args:
        thorough: Also those that a living worker was given and, for as long, does not work on.

    Returns:
        How many jobs were taken from somebody.
    """
    connection.execute(_ENDED)
    stalled: dict[str, list[tuple[str, int]]] = {}
    found = (_STALLED, _UNHEARD) if thorough else (_STALLED,)
    rows = [row for statement in found for row in connection.execute(statement, {"seconds": silent})]
    for row in rows:
        stalled.setdefault(row.queue_name.removeprefix(f"{QUEUE}/"), []).append((row.device, 0))
    for profile, dues in stalled.items():
        kick(connection, profile, [(device, at) for device, at in dues if device])
    connection.execute(_PRUNE, {"seconds": 20 * silent})
    return len(rows)


def status(connection: sqlalchemy.Connection) -> Status:
    """How the queue stands."""
    workers = connection.execute(
        text(
            "SELECT count(*) AS workers, coalesce(max(extract(epoch FROM now() - last_heartbeat)), 0) AS silent "
            "FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
        )
    ).one()
    row = connection.execute(
        text(
            "SELECT count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS waiting, "
            "  count(*) FILTER (WHERE status = 'todo' AND scheduled_at <= now()) AS overdue, "
            "  count(*) FILTER (WHERE status = 'doing') AS doing, "
            # a lane that its worker keeps can be late as well as one that nobody has taken up
            "  coalesce(max(extract(epoch FROM "
            "    now() - greatest(scheduled_at, to_timestamp(lane.next_at / 1000.0)))), 0) AS late "
            "FROM procrastinate_jobs LEFT JOIN lane ON lane.device = args ->> 'device'"
        )
    ).one()
    return Status(
        workers=workers.workers,
        oldest_heartbeat=float(workers.silent),
        waiting=row.waiting,
        overdue=row.overdue,
        doing=row.doing,
        lateness=max(float(row.late), 0.0),
    )


def queue(profile: str) -> str:
    """The name of a profile's queue."""
    return f"{QUEUE}/{profile}"


def _known(connection: sqlalchemy.Connection) -> str:
    facts: Mapping[str, Any] = connect.facts(connection) or {}
    return str(facts.get(_FACT, ""))


def _minor(version: str) -> str:
    found = re.match(r"\d+\.\d+", version)
    return found[0] if found else version
