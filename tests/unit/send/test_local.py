"""The engine carries out what the scheduler decides: record, send, wait, and nothing else."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, NoIntent, Outcome, Want
from gewe_runner.model import UNLIMITED, Device, Refusals, State
from gewe_runner.pace import Usage
from gewe_runner.send import letters, local
from gewe_runner.send.answers import Answer, Envelope
from gewe_runner.send.scheduler import Job, Lane, Scheduler

OK = Envelope(http_status=200, ret=200, msg="", code="", inner="", msg_id="1", new_msg_id="2", create_time="3")


@dataclass
class Book:
    """A ledger at the engine's seam: queues by device, and what was written in which order."""

    queues: dict[str, list[int]]
    slow: float = 0
    always: bool = False
    #: After so many steps it refuses so many times.
    refuses: tuple[int, int] = (1_000, 0)
    steps: int = 0
    log: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    beats: int = 0

    def step(self, outcomes: Iterable[Outcome], wants: Sequence[Want]) -> list[Intent | NoIntent]:
        self.steps += 1
        first, times = self.refuses
        if first < self.steps <= first + times:
            raise errors.LedgerError("the disk is full")
        for outcome in outcomes:
            self.outcomes.append(outcome)
            self.log.append(f"{outcome.state} {outcome.intent.seq}")
            if outcome.state is State.PENDING:
                self.queues[outcome.intent.device].insert(0, outcome.intent.seq)
        found = [self._next(want) for want in wants]
        if wants and self.slow:
            time.sleep(self.slow)
            self.slow = self.slow if self.always else 0
        return found

    def _next(self, want: Want) -> Intent | NoIntent:
        queue = self.queues[want.device]
        if not queue:
            return NoIntent.EMPTY
        seq = queue.pop(0)
        self.log.append(f"sending {seq}")
        return Intent(
            message_id=seq, attempt_id=seq, run=want.run, seq=seq, to_wxid=f"w{seq}", device=want.device,
            epoch=1, payload='{"toWxid":"w"}',
        )  # fmt: skip

    def heartbeat(self, now: int) -> None:
        self.beats += 1

    def release(self, claims: Iterable[Claim]) -> None: ...


class Line:
    """A gateway at the engine's seam that counts how many requests a device has at once."""

    def __init__(self, *, delay: float = 0.0, hold: threading.Event | None = None) -> None:
        self.bodies: list[bytes] = []
        self.most: dict[bytes, int] = {}
        self._delay, self._hold = delay, hold
        self._under_way: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def post(self, body: bytes, leaves: Callable[[], None]) -> Answer:
        device = body[:16]
        with self._lock:
            self.bodies.append(body)
            self._under_way[device] = self._under_way.get(device, 0) + 1
            self.most[device] = max(self.most.get(device, 0), self._under_way[device])
        if self._hold:
            self._hold.wait(20)
        time.sleep(self._delay)
        with self._lock:
            self._under_way[device] -= 1
        return OK


class Silent:
    def note(self, outcome: Outcome) -> None: ...
    def wait(self, until: int) -> None: ...


class Broken:
    def post(self, body: bytes, leaves: Callable[[], None]) -> Answer:
        raise ZeroDivisionError("a bug")


def deliver(
    book: Book,
    gateway: letters.Gateway,
    *,
    stop: local.Stop | None = None,
    watch: local.Watch | None = None,
    offline: Callable[[str], str] | None = None,
    limit: int = 1_000,
) -> Scheduler:
    names = list(book.queues)
    job = Job(id="run", paces=dict.fromkeys(names, UNLIMITED))
    lanes = [
        Lane(
            device=Device(name=name, app_id=f"wx_{name}", app_id_env=None, pace=UNLIMITED),
            app_id=f"wx_{name}",
            claim=Claim(device=name, epoch=1, last_start=None, rested_at=0, today=0, orphans=0),
            usage=Usage(),
            jobs=[job],
        )
        for name in names
    ]
    scheduler = Scheduler(lanes=lanes, limit=limit)
    engine = local.Engine(
        book,
        gateway,
        app_ids={name: f"wx_{name}" for name in names},
        refusals=Refusals(),
        stop=stop or local.Stop(),
        watch=watch or Silent(),
        offline=offline,
    )
    local.deliver(scheduler, engine)
    return scheduler


def test_every_message_is_recorded_before_it_leaves_and_after() -> None:
    book = Book({"east": [1, 2]})
    deliver(book, Line())
    assert book.log == ["sending 1", "sent 1", "sending 2", "sent 2"]


def test_the_body_is_the_frozen_payload_with_the_app_id_put_in() -> None:
    line = Line()
    deliver(Book({"east": [1]}), line)
    assert line.bodies == [b'{"appId":"wx_east","toWxid":"w"}']


def test_a_device_has_one_request_at_a_time_and_devices_go_side_by_side() -> None:
    line = Line(delay=0.02)
    names = [f"d{number}" for number in range(8)]
    deliver(Book({name: [*range(10 * at, 10 * at + 5)] for at, name in enumerate(names)}), line)
    assert len(line.bodies) == 40
    assert set(line.most.values()) == {1}


def test_the_apis_ids_are_handed_on() -> None:
    book = Book({"east": [1]})
    deliver(book, Line())
    assert [(one.msg_id, one.new_msg_id, one.create_time) for one in book.outcomes] == [("1", "2", "3")]


def test_asked_to_end_it_waits_for_what_is_in_flight() -> None:
    book, hold, stop = Book({"east": [1, 2, 3]}), threading.Event(), local.Stop()
    threading.Timer(0.1, stop.ask).start()
    threading.Timer(0.2, hold.set).start()
    deliver(book, Line(hold=hold), stop=stop)
    assert book.log == ["sending 1", "sent 1"]


def test_asked_twice_it_drops_what_is_in_flight_as_unknown() -> None:
    book, hold, stop = Book({"east": [1, 2]}), threading.Event(), local.Stop()
    threading.Timer(0.1, stop.ask).start()
    threading.Timer(0.2, stop.ask).start()
    deliver(book, Line(hold=hold), stop=stop)
    hold.set()
    assert book.log == ["sending 1", "unknown 1"]


def test_an_intent_that_became_durable_too_late_is_not_sent() -> None:
    book, line = Book({"east": [1]}, slow=letters.STALE_INTENT + 0.1), Line()
    deliver(book, line)
    assert book.log == ["sending 1", "pending 1", "sending 1", "sent 1"]
    assert len(line.bodies) == 1


def test_a_bug_in_a_request_ends_the_send_and_leaves_its_message_unknown() -> None:
    book = Book({"east": [1, 2]})
    with pytest.raises(ZeroDivisionError, match="a bug"):
        deliver(book, Broken())
    assert book.log == ["sending 1", "unknown 1"]


def test_when_the_ledger_refuses_nothing_more_is_sent_and_what_was_in_flight_is_recorded() -> None:
    book, line = Book({"east": [1, 2, 3], "west": [11, 12]}, refuses=(1, 1)), Line(delay=0.05)
    with pytest.raises(errors.LedgerError, match="the disk is full"):
        deliver(book, line)
    assert sorted(book.log) == ["sending 1", "sending 11", "sent 1", "sent 11"]
    assert len(line.bodies) == 2


def test_what_a_ledger_does_not_take_any_more_stays_in_flight() -> None:
    book, line = Book({"east": [1, 2]}, refuses=(1, 1_000)), Line()
    with pytest.raises(errors.LedgerError, match="the disk is full"):
        deliver(book, line)
    assert book.log == ["sending 1"]
    assert len(line.bodies) == 1


class Gone(Silent):
    def note(self, outcome: Outcome) -> None:
        raise BrokenPipeError


def test_a_terminal_that_is_gone_ends_no_send() -> None:
    book = Book({"east": [1, 2, 3]})
    deliver(book, Line(), watch=Gone())
    assert book.log[-1] == "sent 3"


def test_a_ledger_that_confirms_everything_late_ends_the_send() -> None:
    book, line = Book({"east": [1]}, slow=letters.STALE_INTENT + 0.1, always=True), Line()
    scheduler = deliver(book, line)
    assert "takes too long to write" in scheduler.stopped
    assert line.bodies == []


@dataclass
class Asked:
    """Answers about devices, and notes in a book's log that they were asked about."""

    book: Book
    offline: Sequence[str] = ()
    hold: threading.Event | None = None

    def __call__(self, device: str) -> str:
        self.book.log.append(f"asked {device}")
        if self.hold and device == "slow":
            self.hold.wait(20)
        return "it is offline" if device in self.offline else ""


def test_a_device_is_asked_about_once_before_its_first_message() -> None:
    book = Book({"east": [1, 2]})
    deliver(book, Line(), offline=Asked(book))
    assert book.log == ["asked east", "sending 1", "sent 1", "sending 2", "sent 2"]


def test_a_device_that_is_offline_sends_nothing_and_the_others_go_on() -> None:
    book = Book({"east": [1], "west": [11]})
    scheduler = deliver(book, Line(), offline=Asked(book, offline=["east"]))
    assert [line for line in book.log if "asked" not in line] == ["sending 11", "sent 11"]
    assert scheduler.stops() == {"east": "it is offline"}


def test_nobody_waits_for_the_answer_about_another_device() -> None:
    book, hold = Book({"slow": [1], "west": [11]}), threading.Event()

    class Seen(Silent):
        def note(self, outcome: Outcome) -> None:
            hold.set()

    deliver(book, Line(), offline=Asked(book, hold=hold), watch=Seen())
    assert book.log.index("sent 11") < book.log.index("sending 1")


def test_a_device_without_messages_for_this_send_is_not_asked_about() -> None:
    book = Book({"east": [1], "west": [11]})
    deliver(book, Line(), offline=Asked(book), limit=1)
    assert book.log == ["asked east", "sending 1", "sent 1"]


def test_asked_to_end_it_waits_for_no_answer_about_a_device() -> None:
    book, hold, stop = Book({"slow": [1]}), threading.Event(), local.Stop()
    threading.Timer(0.1, stop.ask).start()
    deliver(book, Line(), stop=stop, offline=Asked(book, hold=hold))
    hold.set()
    assert book.log == ["asked slow"]


def test_a_bug_in_a_question_ends_the_send_with_nothing_begun() -> None:
    def broken(_device: str) -> str:
        raise ZeroDivisionError("a bug")

    book = Book({"east": [1]})
    with pytest.raises(ZeroDivisionError, match="a bug"):
        deliver(book, Line(), offline=broken)
    assert book.log == []


class Staggered(Line):
    """Answers that come one after the other."""

    def post(self, body: bytes, leaves: Callable[[], None]) -> Answer:
        time.sleep(0.02 * (1 + len(self.bodies) % 4))
        return super().post(body, leaves)


def test_answers_that_come_soon_after_each_other_are_recorded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GATHER", 20_000)
    book = Book({name: [number, number + 10, number + 20] for number, name in enumerate("abcd", 1)})
    deliver(book, Staggered())
    assert len(book.outcomes) == 12
    assert book.steps == 4


def test_nobody_waits_for_answers_while_a_lane_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GATHER", 20_000)
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    came = [local._Asked(name, "") for name in "abc"]
    for one in came[:2]:
        inbox.put(one)
    assert local._wait(inbox, 0, 3) == came[:2]
    inbox.put(came[2])
    inbox.put(None)
    assert local._wait(inbox, 20_000, 3) == came[2:]
