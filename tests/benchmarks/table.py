"""Draws the figures: one table of a run, one of the changes between two."""

import statistics
from collections.abc import Iterator, Sequence

from tests.benchmarks.figures import Change, Measured, Target, Verdict, changes, verdicts

_UNITS = {"time": "s", "speed": "/s", "memory": "MB"}
_NAME = 41
_HEAD = f"{'':{_NAME}} {'seconds':>9} {'spread':>6} {'CPU s':>8} {'msgs/s':>8} {'peak MB':>8}  ratio and target"


def lines(sides: Sequence[Measured]) -> Iterator[str]:
    """The table of a run: a line a side, and one more for each further target."""
    known = {side.name: side for side in sides}
    yield _HEAD
    group = None
    for side in sides:
        if side.group != group:
            group = side.group
            yield group
        told = [_told(one) for one in verdicts(side, known)] + ([side.note] if side.note else [])
        first, *others = told or [""]
        yield f"  {side.name:{_NAME - 2}} {_figures(side)}  {first}".rstrip()
        yield from (f"{'':{_NAME}} {'':43}  {one}" for one in others)


def summary(sides: Sequence[Measured]) -> str:
    """How many targets there were, and which were missed."""
    known = {side.name: side for side in sides}
    judged = [(side, one) for side in sides for one in verdicts(side, known) if one.is_met is not None]
    missed = [f"{side.name} ({_told(one)})" for side, one in judged if not one.is_met]
    return "\n  ".join([f"targets: {len(judged) - len(missed)} of {len(judged)} met", *missed])


def _figures(side: Measured) -> str:
    if not side.taken:
        return " " * 43
    speed = f"{side.median('speed'):,.0f}" if side.rows else ""
    cpu, peak = side.median("cpu"), side.median("memory")
    sizes = f"{cpu or '':>8{'.3f' if cpu else ''}} {speed:>8} {f'{peak / 1e6:.1f}' if peak else '':>8}"
    return f"{side.median('time'):9.3f} {side.spread:6.0%} {sizes}"


def _told(verdict: Verdict) -> str:
    target = verdict.target
    if target.against:
        kind = "" if target.of == "time" else f" {target.of}"
        said = f"{verdict.figure:.2f} ×{kind} of {target.against}"
    else:
        said = _amount(target, verdict.figure)
    if target.limit is None:
        return said
    sign = "≥" if target.least else "≤"
    limit = f"{target.limit:g}" if target.against else _amount(target, target.limit)
    return f"{said}; {sign} {limit}: {'met' if verdict.is_met else 'NOT MET'}"


def _amount(target: Target, figure: float) -> str:
    size = figure / 1e6 if target.of == "memory" else figure
    return f"{size:,.1f} {_UNITS[target.of]}"


def compared(old: Sequence[Measured], new: Sequence[Measured]) -> Iterator[str]:
    """The table of what two runs have both measured, and the names of what only one of them has."""
    yield f"{'':{_NAME}} {'old s':>9} {'new s':>9} {'times':>6} {'old MB':>8} {'new MB':>8} {'times':>6}"
    found = changes(old, new)
    yield from map(_change, found)
    both = {one.name for one in found}
    alone = [side.name for side in (*old, *new) if side.name not in both and side.taken]
    if alone:
        yield f"in one of the two only: {', '.join(alone)}"
    worse = [one.name for one in found if {"slower", "larger"} & set(one.words)]
    yield f"slower or larger, beyond the spread of both: {', '.join(worse) or 'nothing'}"


def _change(one: Change) -> str:
    times = [statistics.median(side.values("time")) for side in (one.old, one.new)]
    sizes = [statistics.median(side.values("memory")) / 1e6 for side in (one.old, one.new)]
    memory = f"{sizes[0]:8.1f} {sizes[1]:8.1f} {sizes[1] / sizes[0]:6.2f}" if all(sizes) else " " * 24
    line = f"{one.name:{_NAME}} {times[0]:9.3f} {times[1]:9.3f} {times[1] / times[0]:6.2f} {memory}"
    return f"{line}  {' '.join(one.words)}".rstrip()
