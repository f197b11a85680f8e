"""A ledger with some thousand rows, made by SQL: four editions that everybody got, and a run that is half sent."""

import json

from sqlalchemy import text

from gewe_runner.ledger import connect
from tests.contract.plans import HEADER, NOW

#: Recipients of each run; of every run so many more were skipped.
PEOPLE, SKIPPED = 4_000, 500

#: The run that goes on; the ones before it are over.
OPEN = 5

#: When the first of them began.
BEGAN = NOW - 50 * 86_400_000

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "

_RUN = """
INSERT INTO run (n, id, edition_id, profile, digest, state, header, created_at, finished_at)
VALUES ({run}, 'run-{run}', {run}, 'sandbox', '{run:064}', '{state}', '{header}', {at}, {ended})
"""

_MESSAGES = """
INSERT INTO message (id, run_n, edition_id, seq, to_wxid, device, source, "row", payload, sha256, state, attempts,
  epoch, started_at, ended_at)
SELECT {run} * 10000 + i, {run}, {run}, i, 'wxid_' || i, CASE WHEN i % 2 = 0 THEN 'east' ELSE 'west' END, 'l.csv', i,
  'card', 'hash', CASE WHEN i <= {sent} THEN 'sent' ELSE 'pending' END, 1, 1, {at} + i, {at} + i FROM n
"""

_SKIPS = """
INSERT INTO skip (id, run_n, to_wxid, source, "row", reason)
SELECT {run} * 10000 + i, {run}, 'left_' || i, 'l.csv', i, 'holdout' FROM n
"""

_ATTEMPTS = """
INSERT INTO attempt (id, message_id, device, app_id, epoch, holder, started_at, ended_at, outcome)
SELECT id, id, device, 'wx_' || device, 1, 'a/1/1@b', started_at, ended_at, state FROM message WHERE state = 'sent'
"""


def fill(ledger: connect.Ledger) -> None:
    """Fill a new ledger, and let the database count what it holds as it would have by then."""
    header = json.dumps({**HEADER, "campaign": "fruit"})
    with ledger.writing() as connection:
        for run in range(1, OPEN + 1):
            goes_on, at = run == OPEN, BEGAN + run
            connection.execute(text("INSERT INTO edition VALUES (:n, 'fruit', :name)"), {"n": run, "name": str(run)})
            state, ended = ("open", "NULL") if goes_on else ("finished", at)
            run_of = {"run": run, "state": state, "header": header, "at": at, "ended": ended}
            connection.exec_driver_sql(_RUN.format(**run_of).replace("%", "%%"))
            sent = PEOPLE // 2 if goes_on else PEOPLE
            rows = _NUMBERS.format(rows=PEOPLE) + _MESSAGES.format(run=run, sent=sent, at=at)
            connection.execute(text(rows))
            connection.execute(text(_NUMBERS.format(rows=SKIPPED) + _SKIPS.format(run=run)))
        connection.execute(text(_ATTEMPTS))
        for table, key in (("edition", "id"), ("run", "n"), ("message", "id"), ("skip", "id"), ("attempt", "id")):
            ledger.database.count_on(connection, table, key)
            ledger.database.learn(connection, table)
