"""The tables of a run and of two: every line, as it is read."""

from tests.benchmarks import table
from tests.benchmarks.figures import Measured, Taken, Target

OURS = Measured(
    group="planning",
    name="ours",
    rows=1000,
    taken=[Taken(seconds=0.5, peak=60_000_000, cpu=0.4), Taken(seconds=0.5, peak=60_000_000, cpu=0.4)],
    targets=[Target(against="theirs", limit=1.6), Target(against="theirs", of="speed", limit=6, least=True)],
)
THEIRS = Measured(group="planning", name="theirs", rows=1000, taken=[Taken(seconds=1.0), Taken(seconds=1.0)])
ABSENT = Measured(group="sending", name="absent", note="NOT MEASURED: not installed")


def test_a_line_has_the_figures_and_the_first_target_and_the_others_follow() -> None:
    head, *lines = table.lines([OURS, THEIRS, ABSENT])
    assert " ".join(head.split()) == "seconds spread CPU s msgs/s peak MB ratio and target"
    assert [" ".join(line.split()) for line in lines] == [
        "planning",
        "ours 0.500 0% 0.400 2,000 60.0 0.50 × of theirs; ≤ 1.6: met",
        "2.00 × speed of theirs; ≥ 6: NOT MET",
        "theirs 1.000 0% 1,000",
        "sending",
        "absent NOT MEASURED: not installed",
    ]


def test_the_columns_line_up() -> None:
    head, _, ours, second, *_ = table.lines([OURS, THEIRS])
    assert ours.index("0.50 ×") == second.index("2.00 ×") == head.index("ratio")


def test_the_summary_counts_the_targets_and_names_those_that_were_missed() -> None:
    said = table.summary([OURS, THEIRS]).splitlines()
    assert said == ["targets: 1 of 2 met", "  ours (2.00 × speed of theirs; ≥ 6: NOT MET)"]


def test_memory_is_told_in_megabytes() -> None:
    large = Measured(
        group="g", name="a", taken=[Taken(seconds=1, peak=250_000_000)], targets=[Target(of="memory", limit=200e6)]
    )
    assert table.summary([large]).endswith("a (250.0 MB; ≤ 200.0 MB: NOT MET)")


def test_two_runs_are_told_side_by_side_and_what_got_worse_by_name() -> None:
    slower = Measured(group="planning", name="ours", rows=1000, taken=[Taken(seconds=0.75, peak=60_000_000)] * 2)
    lines = [" ".join(line.split()) for line in table.compared([OURS, THEIRS], [slower])]
    assert lines[1:] == [
        "ours 0.500 0.750 1.50 60.0 60.0 1.00 slower",
        "in one of the two only: theirs",
        "slower or larger, beyond the spread of both: ours",
    ]
