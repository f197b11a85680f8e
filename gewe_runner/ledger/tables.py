"""The ledger's schema, one for SQLite and PostgreSQL; constraints make illegal states impossible.

Times are UTC epoch milliseconds. `message.state` moves as the README's diagram shows; the partial unique
index `message_identity` is what keeps one identity from standing in two runs at once.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
    true,
)

from gewe_runner.model import Engine, RunState, State

#: Raised by one with every change of the tables; `meta.schema` of a ledger says which it has.
SCHEMA = 4

#: Where the header of a run keeps what was said of its plan; rows and cards are quoted there.
NOTES = "planning"

metadata = MetaData()

_ROWS = "rows"

# 64 bit everywhere; SQLite calls that INTEGER, and only so is it the row id.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=f"{column}_known")


def _of(rows: str) -> dict[str, str]:
    """Which rows an index is of. What a dialect understands would load that dialect, which few commands need."""
    return {_ROWS: rows}


def create(connection: Connection) -> None:
    """Make all tables with their indexes."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _ROWS in index.info:
                index.dialect_options[connection.dialect.name]["where"] = text(index.info[_ROWS])
    metadata.create_all(connection)


meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: What an identity shares with the others of its campaign file: (campaign, edition).
edition = Table(
    "edition",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("edition", Text, nullable=False),
    UniqueConstraint("campaign", "edition"),
)

run = Table(
    "run",
    metadata,
    Column("n", _Id, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("edition_id", _Id, ForeignKey("edition.id"), nullable=False, index=True),
    Column("profile", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The plan's header: window, waves, gates, pace, and what the plan was made of.
    Column("header", Text, nullable=False),
    # Which run goes first where several share a device; the higher, the earlier.
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    # Why the last execution ended before everything was sent.
    Column("stopped", Text, nullable=False, server_default=text("''")),
    # Who carries it out: the process that sends it, or the workers.
    Column("engine", Text, nullable=False, server_default=text("'local'")),
    # For the workers: the last `seq` of each wave that was not over when they got it, as a JSON list; which of these
    # is the current one, when that one may begin, and the pause before each further one in milliseconds.
    Column("waves", Text, nullable=False, server_default=text("'[]'")),
    Column("wave", Integer, nullable=False, server_default=text("0")),
    Column("opens_at", BigInteger, nullable=False, server_default=text("0")),
    Column("wave_wait", BigInteger, nullable=False, server_default=text("0")),
    _one_of("state", RunState),
    _one_of("engine", Engine),
)

message = Table(
    "message",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run_n", _Id, ForeignKey("run.n"), nullable=False),
    Column("edition_id", _Id, ForeignKey("edition.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("to_wxid", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("variant", Text),
    Column("source", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    # The frozen body without appId: `send` never renders.
    Column("payload", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("gateway_text", Text, nullable=False, server_default=text("''")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # The lane's epoch under which the last attempt was begun.
    Column("epoch", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("msg_id", Text, nullable=False, server_default=text("''")),
    Column("new_msg_id", Text, nullable=False, server_default=text("''")),
    Column("create_time", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("run_n", "seq"),
    _one_of("state", State),
    CheckConstraint("state <> 'sending' OR epoch IS NOT NULL", name="sending_has_an_epoch"),
)

Index("message_identity", message.c.edition_id, message.c.to_wxid, unique=True, info=_of("state <> 'cancelled'"))
Index("message_queue", message.c.run_n, message.c.device, message.c.seq, info=_of("state = 'pending'"))
Index("message_in_flight", message.c.device, info=_of("state = 'sending'"))
Index("message_standing", message.c.run_n, message.c.state, message.c.device)
Index("message_person", message.c.to_wxid)

#: Rows that got no message, by the files' decision (`ledger` = 0) or the ledger's.
skip = Table(
    "skip",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run_n", _Id, ForeignKey("run.n"), nullable=False),
    Column("to_wxid", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False, server_default=text("''")),
)
Index("skip_of_run", skip.c.run_n, skip.c.id)

#: Append-only: every request that was begun. The budgets of a device are counted here.
attempt = Table(
    "attempt",
    metadata,
    Column("id", _Id, primary_key=True),
    # NULL: a test card, which has no identity.
    Column("message_id", _Id, ForeignKey("message.id"), index=True),
    Column("device", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    # The state it led to; NULL while nobody knows, `unsent` where nothing left the machine.
    Column("outcome", Text),
    Column("text", Text, nullable=False, server_default=text("''")),
    _one_of("outcome", [*State, "unsent"]),
)
Index("attempt_of_device", attempt.c.device, attempt.c.started_at)
Index("attempt_of_app", attempt.c.app_id, attempt.c.started_at)
Index("attempt_trial", attempt.c.device, attempt.c.started_at, info=_of("message_id IS NULL"))

lane = Table(
    "lane",
    metadata,
    Column("device", Text, primary_key=True),
    # Raised by every claim; whoever acts under an older one is fenced out.
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    # `host/pid/start time@boot`, NULL while nobody holds the lane.
    Column("holder", Text),
    Column("heartbeat_at", BigInteger, nullable=False, server_default=text("0")),
    # No message of the device may start earlier: its pace, its gap, its rest.
    Column("next_at", BigInteger, nullable=False, server_default=text("0")),
    Column("resting_until", BigInteger, nullable=False, server_default=text("0")),
    # For the workers: why the lane begins nothing more until a person lets it go on; and what leads there.
    Column("stopped", Text, nullable=False, server_default=text("''")),
    Column("failures_in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("unsent_in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("withdrawn_in_a_row", Integer, nullable=False, server_default=text("0")),
)

#: What one device has to do for one run that the workers carry out; gone when the run is over.
part = Table(
    "part",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run_n", _Id, ForeignKey("run.n"), nullable=False),
    Column("device", Text, nullable=False, index=True),
    # The wave that the two counters are about: outcomes, and the bad ones among them.
    Column("wave", Integer, nullable=False, server_default=text("0")),
    Column("outcomes", BigInteger, nullable=False, server_default=text("0")),
    Column("bad", BigInteger, nullable=False, server_default=text("0")),
    # So many waves of the run are done as far as the device is concerned.
    Column("done", Integer, nullable=False, server_default=text("0")),
    # Why the device begins nothing more for the run though it has messages.
    Column("stopped", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("run_n", "device"),
)

#: Append-only: what a person decided about a message.
resolution = Table(
    "resolution",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("message_id", _Id, ForeignKey("message.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("became", Text, nullable=False),
)

#: Append-only: whom the ledger has forgotten, by keyed hash; empty as long as nobody asked for it.
forgotten = Table(
    "forgotten",
    metadata,
    Column("pseudonym", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)


def registered(table: Table) -> ColumnElement[bool]:
    """Whether a row counts: that of a registration which goes on, or was killed, belongs to no run yet."""
    return table.c.run_n <= select(func.max(run.c.n)).scalar_subquery() if "run_n" in table.c else true()
