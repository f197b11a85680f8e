"""A slice works on one lane, records what becomes of it, and leaves the rest to the next one."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from gewe_runner import errors
from gewe_runner.exchange import Claim, Intent, Mark, NoIntent, Outcome, Part, Streaks, Want
from gewe_runner.model import UNLIMITED, Device, Refusals, State
from gewe_runner.send import letters, slices
from gewe_runner.send.answers import Answer, Envelope
from gewe_runner.send.scheduler import Job

OK = Envelope(http_status=200, ret=200, msg="", code="", inner="", msg_id="1", new_msg_id="2", create_time="3")
REFUSED = Envelope(http_status=200, ret=500, msg="no", code="", inner="no", msg_id="", new_msg_id="", create_time="")

CLAIM = Claim(device="east", epoch=1, last_start=None, rested_at=0, today=0, orphans=0)


@dataclass
class Book:
    """A ledger at the slice's seam."""

    left: int
    slow: float = 0
    refuses: bool = False
    held: bool = False
    claimed: Claim = CLAIM
    outcomes: list[Outcome] = field(default_factory=list)
    stops: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    dues: list[int | None] = field(default_factory=list)
    came_back: list[str] = field(default_factory=list)

    def claim(self, device: str, app_id: str, *, now: int, midnight: int) -> Claim:
        if self.held:
            raise errors.LaneHeldError(device, "elsewhere/1/1")
        return self.claimed

    def parts(self, device: str) -> list[Part]:
        return [Part(run="r", limit=99, opens=0)]

    def take(
        self, outcomes: Sequence[Outcome], wants: Sequence[Want], mark: Mark, judges: Mapping[str, slices.Judge]
    ) -> list[Intent | NoIntent]:
        if outcomes and self.refuses:
            raise errors.LedgerError("away")
        self.outcomes += outcomes
        self.left += sum(one.state is State.PENDING for one in outcomes)
        if wants:
            time.sleep(self.slow)
        return [self._next(want) for want in wants]

    def _next(self, want: Want) -> Intent | NoIntent:
        if not self.left:
            return NoIntent.EMPTY
        self.left -= 1
        return Intent(
            message_id=self.left, attempt_id=1, run=want.run, seq=1, to_wxid="w", device=want.device, epoch=want.epoch,
            payload='{"toWxid":"w"}',
        )  # fmt: skip

    def stop(self, run: str, reason: str) -> None:
        self.stops[run] = reason

    def hand_over(self, claim: Claim, mark: Mark, closed: Mapping[str, str], due: int | None, now: int) -> bool:
        self.marks.append(mark)
        self.dues.append(None if due is None else due - now)
        return True

    def come_back(self, device: str, at: int) -> None:
        self.came_back.append(device)


@dataclass
class Line:
    answer: Answer = OK
    sent: int = 0

    def post(self, body: bytes, leaves: Callable[[], None]) -> Answer:
        self.sent += 1
        return self.answer


@dataclass
class Witness:
    noted: list[Outcome] = field(default_factory=list)
    lost_: list[Outcome] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        self.noted.append(outcome)

    def lost(self, outcome: Outcome) -> None:
        self.lost_.append(outcome)

    def fenced(self, device: str) -> None: ...


def tools(book: Book, line: Line, messages: int = 20) -> slices.Tools:
    device = Device(name="east", app_id="wx", app_id_env=None, pace=UNLIMITED)
    return slices.Tools(
        ledger=book,
        gateway=line,
        refusals=Refusals(),
        watch=Witness(),
        devices={"east": device},
        app_ids={"east": "wx"},
        job=lambda run, one: Job(id=run, paces={one.name: one.pace}),
        now=lambda: time.time_ns() // 1_000_000,
        messages=messages,
    )


def drive(own: slices.Tools) -> list[int]:
    """A slice from its beginning to its end; for how long it would have waited."""
    return list(slices.work("east", own))


def test_a_slice_ends_after_its_messages_and_the_lane_goes_on_at_once() -> None:
    book, line = Book(9), Line()
    drive(tools(book, line, messages=4))
    assert (line.sent, len(book.outcomes), book.dues) == (4, 4, [0])


def test_a_lane_that_is_done_needs_no_other_slice() -> None:
    book, line = Book(3), Line()
    drive(tools(book, line))
    assert (line.sent, book.dues) == (3, [None])


def test_a_lane_that_somebody_has_is_looked_at_again() -> None:
    book, line = Book(3, held=True), Line()
    drive(tools(book, line))
    assert (line.sent, book.came_back, book.marks) == (0, ["east"], [])


def test_one_process_never_works_on_a_device_twice_at_once() -> None:
    book, line = Book(3), Line()
    own = tools(book, line)
    with own.lanes.alone("east"):
        drive(own)
    assert (line.sent, book.came_back) == (0, ["east"])


def test_failures_in_a_row_are_counted_over_slices() -> None:
    streaks = Streaks(failures=4)
    claim = replace(CLAIM, streaks=streaks)
    book, line = Book(9, claimed=claim), Line(REFUSED)
    drive(tools(book, line))
    assert (line.sent, book.dues) == (1, [None])
    assert book.marks[-1].stopped == "5 failures in a row (stop_when.failures_in_a_row: 5)"


def test_a_lane_that_has_stopped_sends_nothing() -> None:
    claim = replace(CLAIM, stopped="offline")
    book, line = Book(9, claimed=claim), Line()
    drive(tools(book, line))
    assert (line.sent, book.marks[-1].stopped, book.dues) == (0, "offline", [None])


def test_a_ledger_that_is_slow_stops_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "STALE_INTENT", 0.01)
    book, line = Book(9, slow=0.05), Line()
    drive(tools(book, line))
    assert (line.sent, book.stops, [one.unsent for one in book.outcomes]) == (0, {}, [True] * 3)
    assert book.dues == [pytest.approx(slices.RELIEF, abs=50)]


def test_an_outcome_that_the_ledger_never_takes_is_told_to_whoever_watches() -> None:
    book, witness = Book(3, refuses=True), Witness()
    own = replace(tools(book, Line()), watch=witness)
    own.give_up.set()
    with pytest.raises(errors.LedgerError):
        drive(own)
    assert ([one.state for one in witness.lost_], witness.noted) == ([State.SENT], [])


def test_a_device_is_asked_about_once_in_a_slice_and_sends_nothing_when_it_is_offline() -> None:
    asked: list[str] = []

    def offline(device: str) -> str:
        asked.append(device)
        return "it is offline" if len(asked) > 1 else ""

    book, line = Book(9), Line()
    own = replace(tools(book, line, messages=4), offline=offline)
    drive(own)
    drive(own)
    assert (line.sent, asked) == (4, ["east", "east"])
    assert [mark.stopped for mark in book.marks] == ["", "it is offline"]


def test_a_lane_with_nothing_to_send_is_not_asked_about() -> None:
    def offline(device: str) -> str:
        raise AssertionError(device)

    own = replace(tools(Book(9, claimed=replace(CLAIM, stopped="a person has to look")), Line()), offline=offline)
    drive(own)


def paced(own: slices.Tools, per_minute: float) -> slices.Tools:
    """The same with a pace."""
    device = replace(own.devices["east"], pace=replace(UNLIMITED, per_minute=per_minute))
    return replace(own, devices={"east": device})


def test_a_lane_that_waits_says_for_how_long_and_is_kept() -> None:
    book, line = Book(9), Line()
    own = paced(tools(book, line), 60)
    steps = slices.work("east", own)
    pause = next(steps)
    assert (line.sent, 900 < pause <= 1000 - letters.AHEAD, book.marks, own.lanes.busy()) == (1, True, [], ["east"])


def test_a_lane_that_waits_for_longer_is_given_back() -> None:
    book, line = Book(9), Line()
    assert drive(replace(paced(tools(book, line), 60), linger=900)) == []
    assert line.sent == 1
    assert book.dues == [pytest.approx(1000, abs=50)]


def test_a_lane_that_waits_ends_when_the_worker_does() -> None:
    book, line = Book(9), Line()
    own = paced(tools(book, line), 60)
    steps = slices.work("east", own)
    next(steps)
    own.stop.set()
    assert (list(steps), line.sent, len(book.marks), own.lanes.busy()) == ([], 1, 1, [])


def test_a_lane_for_which_something_new_has_come_up_is_given_back_at_its_next_turn() -> None:
    book, line = Book(9), Line()
    own = paced(tools(book, line), 60)
    own.lanes.call(["east"])  # not worked on yet: it will see for itself
    steps = slices.work("east", own)
    next(steps)
    own.lanes.call(["east", "west"])
    assert (list(steps), line.sent, len(book.outcomes)) == ([], 1, 1)


def test_the_pace_goes_by_when_the_request_has_left_not_by_when_a_connection_was_asked_for() -> None:
    @dataclass
    class Far(Line):
        left: int = 0

        def post(self, body: bytes, leaves: Callable[[], None]) -> Answer:
            time.sleep(0.1)
            self.left = time.time_ns() // 1_000_000
            leaves()
            return super().post(body, leaves)

    book, line = Book(1), Far()
    drive(paced(tools(book, line), 60))
    assert book.outcomes[0].next_at >= line.left + 1000


def test_a_lane_that_nobody_drives_on_is_left_to_others() -> None:
    book, line = Book(9), Line()
    own = paced(tools(book, line), 60)
    steps = slices.work("east", own)
    next(steps)
    steps.close()
    assert (book.marks, own.lanes.busy()) == ([], [])
