"""The local engine: one loop that decides and records, and threads that do nothing but wait for answers.

The loop is the ledger's only writer. Each round it puts the outcomes that have come in and the intents of
the lanes that are due into one transaction, so that durability is paid once for all of them; a lane that
waits is an entry in a heap.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.model import Refusals, State
from gewe_runner.send import letters, policy
from gewe_runner.send.letters import AHEAD, Answered, Gateway, Letter, Withdrawn
from gewe_runner.send.scheduler import Scheduler

#: A holder says so often that it is alive, in milliseconds.
HEARTBEAT = 5_000

#: After an answer others are waited for so long (milliseconds): they are recorded together, since each transaction
#: waits for the disk, and meanwhile nobody makes requests.
GATHER = 10

#: How often a ledger that refuses is asked again to take what has come in, a second apart.
RESCUES = 5

#: Requests that can be under way at once.
MOST_THREADS = 512


class Ledger(Protocol):
    """What the engine needs of a ledger."""

    def step(self, outcomes: Iterable[Outcome], wants: Sequence[Want]) -> list[Intent | NoIntent]: ...
    def heartbeat(self, now: int) -> None: ...
    def release(self, claims: Iterable[Claim]) -> None: ...


class Watch(Protocol):
    """Who is told how it goes."""

    def note(self, outcome: Outcome) -> None:
        """An outcome is durable."""

    def wait(self, until: int) -> None:
        """Nothing is in flight, and nothing is begun before that time (UTC epoch milliseconds)."""


@dataclass(frozen=True, slots=True)
class Both:
    """Two watches as one."""

    one: Watch
    other: Watch

    def note(self, outcome: Outcome) -> None:
        self.one.note(outcome)
        self.other.note(outcome)

    def wait(self, until: int) -> None:
        self.one.wait(until)
        self.other.wait(until)


@dataclass(frozen=True, slots=True)
class _Bug:
    """What a thread died of, and the request that nobody will hear of now, or the device that was asked about."""

    about: Intent | str
    error: Exception


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of a device whose lane wants to begin."""

    device: str
    #: Why it may not; empty: nothing speaks against it.
    stopped: str


_Came = Answered | Withdrawn | _Asked | _Bug


class Stop:
    """A request to end: once, what is in flight is waited for; twice, it is dropped."""

    def __init__(self) -> None:
        self.asked = 0
        #: Whether an engine is there that heeds it.
        self.listening = False
        #: What whoever asks for the first time is told.
        self.says = b"finishing what is in flight; once more drops it\n"
        #: Answers, wake-up calls (None) and bugs; a SimpleQueue may be put to from a signal handler.
        self.inbox: queue.SimpleQueue[_Came | None] = queue.SimpleQueue()

    def pause(self) -> None:
        """Wait a moment before trying again.

        Raises:
            errors.Interrupted: somebody asks to end meanwhile.
        """
        self.listening = True
        with contextlib.suppress(queue.Empty):
            self.inbox.get(timeout=1)
        if self.asked:
            raise errors.Interrupted("interrupted while waiting for a device")

    def ask(self) -> None:
        self.asked += 1
        self.inbox.put(None)


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that a send is carried out with."""

    ledger: Ledger
    gateway: Gateway
    _: KW_ONLY
    #: Each device's appId by its name.
    app_ids: Mapping[str, str]
    refusals: Refusals
    stop: Stop
    watch: Watch
    #: Asked once about each device by its name, before its first message: why its lane may not begin, empty if it may.
    offline: Callable[[str], str] | None = None
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000


@dataclass(kw_only=True, slots=True)
class Tally:
    """What an execution came to."""

    #: Outcomes of any kind.
    attempted: int = 0
    #: Messages left rejected or unknown.
    bad: int = 0


def deliver(scheduler: Scheduler, engine: Engine) -> Tally:
    """Send until nothing may be sent any more; `scheduler` says afterwards why it ended.

    Raises:
        errors.LedgerError: the ledger refuses; nothing was begun after that.
    """
    loop = _Loop(scheduler, engine)
    engine.stop.listening = True
    try:
        loop.run()
    except Exception:
        loop.rescue()
        raise
    return loop.tally


class _Loop:
    """One send: what is in flight, and what has come in and is not recorded yet."""

    def __init__(self, scheduler: Scheduler, engine: Engine) -> None:
        self.tally = Tally()
        self._scheduler, self._engine = scheduler, engine
        self._pool = _Pool(engine)
        self._flying: dict[int, Intent] = {}
        #: The devices that were asked about, and those among them of which no answer has come yet.
        self._asked: set[str] = set()
        self._asking: set[str] = set()
        self._outcomes: list[Outcome] = []
        self._bug: Exception | None = None

    def run(self) -> None:
        engine, scheduler = self._engine, self._scheduler
        scheduler.start(engine.now())
        beat = time.monotonic()
        while True:
            now = engine.now()
            if engine.stop.asked > 1:
                self._outcomes += [scheduler.dropped(intent, now) for intent in self._flying.values()]
                self._flying.clear()
            if engine.stop.asked:
                self._asking.clear()  # nothing is begun any more, whatever the answer
            # a lane that is asked about may take the last message that the limit leaves
            room = min(MOST_THREADS - len(self._flying), scheduler.limit) - len(self._asking)
            self._step([] if engine.stop.asked else scheduler.wants(now, ahead=AHEAD, room=room))
            if self._bug:
                raise self._bug
            due = None if engine.stop.asked else scheduler.next_due()
            if not self._under_way and due is None:
                return
            # by a clock that nobody sets: the other hosts' patience is not measured by ours
            if time.monotonic() - beat >= HEARTBEAT / 1000:
                beat = time.monotonic()
                engine.ledger.heartbeat(now)
            if not self._under_way and due is not None:
                with contextlib.suppress(OSError):
                    engine.watch.wait(due)
            full = room <= 0
            self._take(HEARTBEAT if due is None or full else min(HEARTBEAT, due - AHEAD - engine.now()))

    def rescue(self) -> None:
        """Wait for what is in flight and record it, if the ledger takes it again; else it stays `sending`.

        Whoever claims the lane next makes `unknown` of that, which is what it is then.
        """
        while self._flying and self._engine.stop.asked < 2:
            self._take(HEARTBEAT)
        for _ in range(RESCUES):
            with contextlib.suppress(errors.LedgerError):
                self._record()
                return
            time.sleep(1)

    def _step(self, wants: list[Want]) -> None:
        """One transaction: the outcomes that have come in, and the intents of the lanes that are due."""
        wants = [want for want in wants if not self._ask(want)]
        if not self._outcomes and not wants:
            return
        asked = letters.asked()
        results = self._record(wants)
        now = self._engine.now()
        for want, result in zip(wants, results, strict=True):
            self._scheduler.began(want, result, now)
            if isinstance(result, Intent):
                self._flying[result.message_id] = result
                self._pool.send(Letter(result, want.now, asked), self._under_way)

    def _ask(self, want: Want) -> bool:
        """Hold a lane's first want back until it is known whether its device is offline."""
        if self._engine.offline is None or want.device in self._asked:
            return False
        self._asked.add(want.device)
        self._asking.add(want.device)
        self._pool.send(want.device, self._under_way)
        return True

    @property
    def _under_way(self) -> int:
        return len(self._flying) + len(self._asking)

    def _record(self, wants: Sequence[Want] = ()) -> list[Intent | NoIntent]:
        results = self._engine.ledger.step(self._outcomes, wants)
        for outcome in self._outcomes:
            self.tally.attempted += 1
            self.tally.bad += outcome.state in (State.REJECTED, State.UNKNOWN)
            with contextlib.suppress(OSError):  # a terminal that is gone or a log on a full disk ends no send
                self._engine.watch.note(outcome)
        self._outcomes = []
        return results

    def _take(self, milliseconds: int) -> None:
        """Judge the answers that come in, at least one unless the time runs out or somebody calls."""
        for one in _wait(self._engine.stop.inbox, milliseconds, self._under_way):
            if isinstance(one, _Asked):
                if one.device in self._asking:
                    self._asking.remove(one.device)
                    self._scheduler.asked(one.device, one.stopped, self._engine.now())
            elif isinstance(one, _Bug):
                self._bug = one.error
                if isinstance(one.about, Intent) and one.about.message_id in self._flying:
                    del self._flying[one.about.message_id]
                    self._outcomes.append(self._scheduler.dropped(one.about, self._engine.now()))
            elif not self._flying.pop(one.intent.message_id, None):
                continue
            elif isinstance(one, Withdrawn):
                self._outcomes.append(self._scheduler.withdrawn(one.intent, self._engine.now()))
            else:
                verdict = policy.classify(one.answer, self._engine.refusals)
                self._outcomes.append(self._scheduler.answered(one.intent, verdict, one.started, one.ended))


def _wait(inbox: "queue.SimpleQueue[_Came | None]", milliseconds: int, under_way: int) -> list[_Came]:
    """What has come in, at least one thing unless the time ran out or somebody called.

    Args:
        milliseconds: There is something else to do then.
        under_way: So many can come; for more than that nobody waits.
    """
    found: list[_Came | None] = []
    end = time.monotonic() + max(milliseconds, 0) / 1000
    with contextlib.suppress(queue.Empty):
        found.append(inbox.get(timeout=max(milliseconds, 0) / 1000))
        end = min(end, time.monotonic() + GATHER / 1000)
        while found[-1] is not None and len(found) < under_way:
            found.append(inbox.get(timeout=max(end - time.monotonic(), 0)))
    return [one for one in found if one is not None]


class _Pool:
    """Threads that each carry one request at a time, started as they are needed.

    They are daemons: a program that is told twice to end must not wait for an answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._letters: queue.SimpleQueue[Letter | str] = queue.SimpleQueue()
        self._threads = 0

    def send(self, letter: Letter | str, under_way: int) -> None:
        """Hand a request to a free thread, or the name of a device that is to be asked about.

        Args:
            under_way: Counts it and all others that have no answer yet.
        """
        self._letters.put(letter)
        if self._threads < min(under_way, MOST_THREADS):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True, name=f"gateway-{self._threads}").start()

    def _work(self) -> None:
        engine = self._engine
        while True:
            letter = self._letters.get()
            try:
                came = self._carry(letter)
            except Exception as error:  # noqa: BLE001 - the loop raises it again: it must not be left waiting
                engine.stop.inbox.put(_Bug(letter if isinstance(letter, str) else letter.intent, error))
                return
            engine.stop.inbox.put(came)

    def _carry(self, letter: Letter | str) -> _Came:
        engine = self._engine
        if isinstance(letter, Letter):
            return letters.carry(letter, engine.gateway, engine.app_ids, engine.now)
        return _Asked(letter, engine.offline(letter) if engine.offline else "")
