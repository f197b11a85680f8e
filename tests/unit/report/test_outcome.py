"""The lines that the terminal shows at the end of a send."""

from gewe_runner import report
from gewe_runner.model import Reason, State

from . import build


def test_the_summary_adds_up_and_leaves_empty_states_out() -> None:
    run = build.run(counts={**dict.fromkeys(State, 0), "sent": 28, "rejected": 1, "unknown": 1})
    assert report.summary(run) == "planned 30 = sent 28 + rejected 1 + unknown 1"


def test_skips_and_the_stop_have_lines_of_their_own() -> None:
    skips = [build.skip(reason=reason) for reason in (Reason.SUPPRESSED, Reason.DUPLICATE, Reason.SUPPRESSED)]
    run = build.run((), skips, counts={"pending": 1_000, "sending": 1}, stopped="token")
    assert report.summary(run).splitlines() == [
        "planned 1,001 = pending 1,001",
        "skipped 3: duplicate 1, suppressed 2",
        "stopped: token",
    ]


def test_a_dry_run_would_send() -> None:
    assert report.summary(build.run(counts={"would_send": 30})) == "planned 30 = would_send 30"


def test_a_run_of_no_messages_is_one_number() -> None:
    assert report.summary(build.run()) == "planned 0"


def test_a_hostile_stop_cannot_steer_the_terminal() -> None:
    lines = report.summary(build.run(stopped=build.HOSTILE * 99)).splitlines()
    assert len(lines) == 2
    assert lines[1].isprintable()
    assert len(lines[1]) <= 209
