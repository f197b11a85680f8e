"""A ledger as the first version of its tables had it, with one sent message and one that is pending."""

import sqlalchemy

_NUMBER = {"sqlite": "INTEGER NOT NULL", "postgresql": "BIGSERIAL NOT NULL"}
_REFERENCE = {"sqlite": "INTEGER", "postgresql": "BIGINT"}

_TABLES = """\
CREATE TABLE edition ( id {id}, campaign TEXT NOT NULL, edition TEXT NOT NULL, PRIMARY KEY (id), UNIQUE
    (campaign, edition) );
CREATE TABLE lane ( device TEXT NOT NULL, epoch BIGINT DEFAULT 0 NOT NULL, holder TEXT, heartbeat_at BIGINT
    DEFAULT 0 NOT NULL, next_at BIGINT DEFAULT 0 NOT NULL, resting_until BIGINT DEFAULT 0 NOT NULL, PRIMARY KEY
    (device) );
CREATE TABLE meta ( "key" TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY ("key") );
CREATE TABLE run ( n {id}, id TEXT NOT NULL, edition_id {ref} NOT NULL, profile TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL, header TEXT NOT NULL, priority INTEGER DEFAULT 0 NOT NULL, created_at BIGINT NOT NULL,
    finished_at BIGINT, stopped TEXT DEFAULT '' NOT NULL, PRIMARY KEY (n), CONSTRAINT state_known CHECK (state IN
    ('open', 'paused', 'finished', 'cancelled', 'superseded')), UNIQUE (id), FOREIGN KEY(edition_id) REFERENCES
    edition (id) );
CREATE INDEX ix_run_edition_id ON run (edition_id);
CREATE TABLE message ( id {id}, run_n {ref} NOT NULL, edition_id {ref} NOT NULL, seq BIGINT NOT NULL,
    to_wxid TEXT NOT NULL, device TEXT NOT NULL, variant TEXT, source TEXT NOT NULL, "row" BIGINT NOT NULL, payload
    TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, reason TEXT DEFAULT '' NOT NULL, gateway_text TEXT
    DEFAULT '' NOT NULL, attempts INTEGER DEFAULT 0 NOT NULL, epoch BIGINT, started_at BIGINT, ended_at BIGINT,
    msg_id TEXT DEFAULT '' NOT NULL, new_msg_id TEXT DEFAULT '' NOT NULL, create_time TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id), UNIQUE (run_n, seq), CONSTRAINT state_known CHECK (state IN ('pending', 'sending', 'sent',
    'rejected', 'unknown', 'cancelled')), CONSTRAINT sending_has_an_epoch CHECK (state <> 'sending' OR epoch IS NOT
    NULL), FOREIGN KEY(run_n) REFERENCES run (n), FOREIGN KEY(edition_id) REFERENCES edition (id) );
CREATE UNIQUE INDEX message_identity ON message (edition_id, to_wxid) WHERE state <> 'cancelled';
CREATE INDEX message_in_flight ON message (device) WHERE state = 'sending';
CREATE INDEX message_person ON message (to_wxid);
CREATE INDEX message_queue ON message (run_n, device, seq) WHERE state = 'pending';
CREATE INDEX message_standing ON message (run_n, state, device);
CREATE TABLE skip ( id {id}, run_n {ref} NOT NULL, to_wxid TEXT NOT NULL, source TEXT NOT NULL, "row" BIGINT
    NOT NULL, reason TEXT NOT NULL, text TEXT DEFAULT '' NOT NULL, PRIMARY KEY (id), FOREIGN KEY(run_n) REFERENCES
    run (n) );
CREATE INDEX ix_skip_run_n ON skip (run_n);
CREATE INDEX ix_skip_to_wxid ON skip (to_wxid);
CREATE TABLE attempt ( id {id}, message_id {ref}, device TEXT NOT NULL, app_id TEXT NOT NULL, epoch BIGINT NOT
    NULL, holder TEXT NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT, outcome TEXT, text TEXT DEFAULT '' NOT
    NULL, PRIMARY KEY (id), CONSTRAINT outcome_known CHECK (outcome IN ('pending', 'sending', 'sent', 'rejected',
    'unknown', 'cancelled', 'unsent')), FOREIGN KEY(message_id) REFERENCES message (id) );
CREATE INDEX attempt_of_app ON attempt (app_id, started_at);
CREATE INDEX attempt_of_device ON attempt (device, started_at);
CREATE INDEX ix_attempt_message_id ON attempt (message_id);
CREATE TABLE resolution ( id {id}, message_id {ref} NOT NULL, at BIGINT NOT NULL, "by" TEXT NOT NULL, was TEXT
    NOT NULL, became TEXT NOT NULL, PRIMARY KEY (id), FOREIGN KEY(message_id) REFERENCES message (id) );
CREATE INDEX ix_resolution_message_id ON resolution (message_id);
"""

_ROWS = """\
INSERT INTO meta VALUES ('id', '0123456789abcdef'), ('schema', '1'), ('gateway', 'sandbox'), ('created_at', '1');
INSERT INTO edition VALUES (1, 'fruit', '1');
INSERT INTO run (n, id, edition_id, profile, digest, state, header, created_at)
    VALUES (1, 'old', 1, 'sandbox', 'd0', 'open', '{}', 1);
INSERT INTO message (id, run_n, edition_id, seq, to_wxid, device, source, "row", payload, sha256, state)
    VALUES (1, 1, 1, 1, 'a', 'east', 'l.csv', 2, '{}', '', 'sent'),
    (2, 1, 1, 2, 'b', 'east', 'l.csv', 3, '{}', '', 'pending');
"""


def make(engine: sqlalchemy.Engine) -> None:
    """Fill an empty database."""
    kind = engine.dialect.name
    script = _TABLES.replace("{id}", _NUMBER[kind]).replace("{ref}", _REFERENCE[kind]) + _ROWS
    with engine.begin() as connection:
        for statement in filter(str.strip, script.split(";\n")):
            connection.exec_driver_sql(statement)
