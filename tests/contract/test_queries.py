"""No statement goes through a table that grows with the recipients, but for those whose business is all of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pytest
import sqlalchemy
from sqlalchemy import text

from gewe_runner import errors, pace
from gewe_runner.exchange import Intent, Mark
from gewe_runner.ledger import (
    care,
    connect,
    decide,
    export,
    forget,
    former,
    heal,
    jobs,
    judge,
    parts,
    progress,
    prune,
    restore,
    rows,
    runs,
    slices,
    trials,
    watched,
)
from gewe_runner.model import FrequencyCap, Profile, RunState, State
from gewe_runner.overlay import Overlay
from tests import explain
from tests.contract import filled
from tests.contract.conftest import KINDS
from tests.contract.plans import NOW, identity, message, messages, register, settle, skip
from tests.contract.test_lanes import claim, outcome, own, want
from tests.explain import Access, Seen
from tests.postgres import Server

DAY = 86_400_000
WHO = decide.Who(name="anna", at=NOW)

#: Tables with a row a recipient, or more.
GROWING = {"message", "skip", "attempt", "resolution", "forgotten"}

#: Indexes that hold only a few rows of them.
SHORT = {"message_in_flight", "attempt_trial"}

#: By these alone a statement comes at so many rows that it might as well go through all of them.
COARSE = ({"run_n"}, {"edition_id"}, {"run_n", "state"}, {"device"}, {"app_id"}, {"outcome"})

#: Who goes through all of a table, and why that is right.
ALL: Mapping[str, str] = {
    "care._counts": "`ledger info` tells how much there is of everything",
    "forget.count": "so do the forgotten",
    "export._header": "an export holds everything, and says how much that is",
    "export._rows": "by its key, a batch at a time",
    "prune._bulk": "joins the attempts to a run that may be most of the ledger",
    "restore._clear": "looks for one row, any",
    "runs.empty": "a sandbox's ledger is emptied",
    "watched.Follower.__init__": "the end of the key, where the database begins",
}

#: Who goes through all of a run, and why that is right.
ALL_OF_A_RUN: Mapping[str, str] = {
    "counts.skips": "counts what a run skipped, along an index",
    "runs._ends": "counts along an index, and only where the ledger forbade some of a plan",
    "runs.finish": "once, when the run is finished: when its last message ended",
    "enter._expect_whole": "counts what was entered, along an index, once when a run is made",
    "enter.settle": "the skips of a run that is known to have unresolved ones",
    "former._recipients": "counts a run, once a plan",
    "sqlite._sweep": "what a registration that was killed has left, a piece at a time",
    "prune._skips": "a batch at a time, until none is left",
}

#: Who goes through all of a run that is in one state, and why that is right.
ALL_IN_A_STATE: Mapping[str, str] = {
    "counts.standing": "counts a run, along an index that has all it needs",
    "counts.first_unfinished": "what is in flight, and the head of each device's queue",
    "enter._withdraw": "withdraws all that is pending",
    "runs._superseded": "counts it before, along an index",
    "runs.finish": "looks for one message that is not finished",
    "runs.told": "counts what was rejected, by text",
    "decide.holder": "looks for one message that is unknown or rejected",
    "decide.put": "cancels all that is pending",
    "decide.resolve": "what is unknown or rejected",
    "parts.hand": "once when a run is given to the workers: which devices have something to do",
    "parts.again": "likewise when it goes on",
    "heal.heal": "the same, should a part be missing",
    "watched.gauges": "what is unknown",
}

#: The run that goes on, and one that is over.
OPEN, OVER = f"run-{filled.OPEN}", "run-1"


def going_on() -> runs.Identity:
    """What a plan has to be to go on with it."""
    return identity(f"{filled.OPEN:064}", edition=str(filled.OPEN))


def looking(ledger: connect.Ledger) -> None:
    """What only looks: status, a plan over the ledger, a report."""
    assert connect.exists(ledger.engine.url)
    care.info(ledger)
    care.size(ledger)
    care.in_flight(ledger)
    care.expect_writable(ledger)
    with ledger.reading() as connection:
        runs.infos(connection)
        for one in ("latest", OPEN, OVER):
            runs.told(connection, one)
        with pytest.raises(errors.UsageError):
            runs.info(connection, "run-")
        runs.header(connection, OPEN)
        runs.any_there(connection)
        runs.newest(connection, "fruit", str(filled.OPEN), "sandbox")
        runs.devices_of(connection, OPEN)
        runs.unpaused(connection, going_on())
        runs.resumed(connection, going_on(), [1, 2, 3])
        for most in (filled.PEOPLE, filled.PEOPLE - 1):
            runs.places(connection, OPEN, [10, most])
        progress.lanes(connection, OPEN, NOW)
        cap = FrequencyCap(messages=1, days=7)
        capped = identity("d2" * 32, edition="1", cap=cap)
        for who in (capped, going_on()):
            list(runs.lay_over(connection, who, messages("wxid_7", "new"), NOW, Overlay()))
        judge.counted(connection, cap, "wxid_7", NOW)
        former.change(connection, "fruit", messages("wxid_7", "new"))
        moves = former.Moves(connection)
        moves.possible(["east"])
        list(moves.over(messages("wxid_7", "new")))
        list(decide.person(connection, "wxid_7"))
    for read in (rows.records, rows.messages, rows.pending, rows.skips):
        list(read(ledger, OPEN))


def working(ledger: connect.Ledger) -> None:
    """What workers do, where there can be any."""
    if ledger.engine.dialect.name != "postgresql":
        return
    follower, mine = watched.Follower(ledger, [OPEN]), slices.Slices(ledger, "sandbox")
    _engine(ledger)
    with ledger.writing() as connection:
        parts.hand(connection, OPEN, parts.Terms(waves=[10, filled.PEOPLE]))
        jobs.kick(connection, "sandbox", [(f"phone-{number}", NOW) for number in range(500)])
    now = mine.now()
    held = mine.claim("east", "wx_east", now=now, midnight=now - DAY)
    mark = Mark(device="east", epoch=held.epoch, stopped="", streaks=held.streaks)
    mine.parts("east")
    (intent,) = mine.take([], [replace(want(held, OPEN, now=now), limit=pace.NEVER)], mark, {})
    assert isinstance(intent, Intent)
    mine.take([outcome(intent)], [], mark, {OPEN: lambda _outcomes, _bad: ""})
    mine.take([], [want(held, "no such run")], mark, {})
    mine.beat(["east"])
    mine.called(["east"])
    mine.hand_over(held, mark, {}, now, now)
    again = mine.claim("east", "wx_east", now=now, midnight=now - DAY)
    mine.hand_over(again, replace(mark, epoch=again.epoch, stopped="offline"), {OPEN: "offline"}, now, now)
    mine.come_back("east", now)
    mine.stop(OPEN, "somebody said so")
    with ledger.writing() as connection:
        parts.again(connection, OPEN)
    done = register(ledger, messages("done"), identity("d8" * 32, edition="8"))
    with ledger.writing() as connection:
        connection.execute(text("UPDATE message SET state = 'sent' WHERE to_wxid = 'done'"))
        parts.hand(connection, done, parts.Terms(waves=[1]))
        connection.execute(text("UPDATE message SET state = 'sending', epoch = 0 WHERE run_n = 5 AND seq = 2"))
    heal.heal(ledger, silent=30, reaps=True, thorough=True)
    follower.outcomes()
    watched.workers(ledger)
    watched.gauges(ledger)
    with ledger.writing() as connection:
        parts.take_back(connection, OPEN)


def _engine(ledger: connect.Ledger) -> None:
    """The workers' own tables, and again in place of another version's."""
    for version in ("", "0.1"):
        with connect.founding(ledger.engine.url) as connection:
            connection.execute(text("UPDATE meta SET value = :version WHERE key = 'engine'"), {"version": version})
            jobs.make(connection)
    jobs.expect(ledger)


def sending(ledger: connect.Ledger) -> None:
    """A run that goes on, one that begins, and a test card."""
    assert register(ledger, messages("wxid_7"), going_on()) == OPEN
    mine = claim(ledger)
    (intent,) = own(ledger).step([], [replace(want(mine, OPEN), limit=pace.NEVER)])
    assert isinstance(intent, Intent)
    own(ledger).step([outcome(intent)], [want(mine, "no such run")])
    own(ledger).step([], [replace(want(mine, OPEN), epoch=0)])
    own(ledger).heartbeat(NOW)
    own(ledger).release([mine])
    cards = trials.Trials(ledger, {"east": message(1, "wxid_7")}, clock=lambda _: None)
    again = cards.claim("east", "wx_east", now=NOW, midnight=NOW - DAY)
    cards.step([], [want(again, trials.RUN)])
    cards.release([again])
    register(ledger, [*messages("wxid_7", "new"), skip("z")], identity("d6" * 32, edition="6"))
    with ledger.writing() as connection:
        runs.note(connection, OPEN, {"problems": []})
        runs.finish(connection, OPEN, now=NOW, stopped="token refused")


def deciding(ledger: connect.Ledger) -> None:
    """What people decide."""
    with ledger.writing() as connection:
        connection.execute(text("UPDATE message SET state = 'unknown' WHERE run_n = 5 AND seq = 9"))
        connection.execute(text("UPDATE message SET state = 'rejected' WHERE run_n = 1 AND seq IN (8, 9)"))
    taking = register(ledger, messages("wxid_9", card="b"), identity("d7" * 32, edition=str(filled.OPEN)))
    with ledger.writing() as connection:
        decide.holder(connection, OPEN, State.REJECTED)
        decide.holder(connection, OPEN, State.REJECTED, "wxid_8")
        decide.resolve(connection, OPEN, State.UNKNOWN, State.PENDING, WHO)
        decide.resolve(connection, OVER, State.REJECTED, State.PENDING, WHO, to_wxid="wxid_8")
    assert settle(ledger, taking, messages("wxid_9", card="b")) == 1
    with ledger.writing() as connection:
        decide.withdraw(connection, OVER, ["wxid_8", "wxid_9"], NOW)
        decide.suppress(connection, "wxid_9", NOW)
        for state in (RunState.PAUSED, RunState.OPEN, RunState.CANCELLED):
            decide.put(connection, taking, state, WHO)


def caring(ledger: connect.Ledger) -> None:
    """What is done for the ledger's own sake."""
    for _ in export.lines(ledger):
        pass
    forget.forget(ledger, "wxid_7", NOW)
    with ledger.reading() as connection:
        list(runs.lay_over(connection, going_on(), messages("wxid_7", "new"), NOW, Overlay()))
    before = NOW - 40 * DAY
    prune.prune(ledger, prune.look(ledger, before), before, NOW)
    care.adopt(ledger, "sandbox")


def moving(ledger: connect.Ledger, exported: Iterable[bytes]) -> None:
    """An emptied ledger takes an export in."""
    with ledger.writing() as connection:
        runs.empty(connection)
        connection.execute(text("DELETE FROM lane"))
    restore.restore(ledger.engine.url, exported, Profile(name="sandbox", gateway="sandbox"), "l.jsonl")


@pytest.fixture(scope="module", params=KINDS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What was seen of the statements in a ledger with some thousand rows."""
    server: Server | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    url = server.database().set(drivername="postgresql+psycopg") if server else sqlalchemy.make_url(f"sqlite:///{path}")
    small = connect.create(url, "sandbox")
    register(small, [*messages("a", "b"), skip("c")])
    exported = list(export.lines(small))
    with small.writing() as connection:
        runs.empty(connection)
    filled.fill(small)
    small.close()
    with explain.seen(request.param) as seen:
        ledger = connect.open(url, quick=2 if server else 0)
        for step in (looking, working, sending, deciding, caring):
            step(ledger)
        moving(ledger, exported)
        ledger.close()
    yield seen
    if server:
        server.drop(url)


def growing(found: Seen) -> list[Access]:
    return [one for one in found.accesses if one.table in GROWING and one.index not in SHORT]


def test_every_statement_of_the_ledger_was_looked_at(found: Seen) -> None:
    assert found.missed() == [], "let one of the steps above execute it"


def test_no_statement_goes_through_a_table_that_grows(found: Seen) -> None:
    assert [str(one) for one in growing(found) if not one.by and one.where not in ALL] == []


def test_no_statement_goes_through_a_run_when_some_of_it_is_wanted(found: Seen) -> None:
    may = {*ALL, *ALL_OF_A_RUN}
    coarse = [one for one in growing(found) if one.by in COARSE and one.where not in may]
    in_a_state = [one for one in coarse if one.by == {"run_n", "state"} and one.where in ALL_IN_A_STATE]
    assert [str(one) for one in coarse if one not in in_a_state] == []
