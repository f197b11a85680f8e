"""Runs that workers carry out: handed to them, and followed from here for as long as somebody looks."""

import contextlib
from collections.abc import Sequence

from gewe_runner import errors, pace
from gewe_runner.consult import Consulted
from gewe_runner.ledger import connect, parts, runs, watched
from gewe_runner.model import RunInfo, RunState, State
from gewe_runner.order import Ended, Order, View
from gewe_runner.send import local

_BAD = (State.REJECTED, State.UNKNOWN)


def deliver(
    order: Order, done: Sequence[tuple[Consulted, str]], ledger: connect.Ledger, view: View, stop: local.Stop
) -> Ended:
    """Hand the runs to the workers and follow them until they end, stop, or nobody wants to look any more."""
    ids = [run for _, run in done]
    before, follower = _infos(ledger, ids), watched.Follower(ledger, ids)
    left = sum(_hand(order, one, run, ledger) for one, run in done)
    if order.detach:
        return Ended(left=ids)
    try:
        with view.sending(left) as watch:
            _follow(ledger, ids, follower, view, watch, stop)
    except errors.Interrupted:
        return Ended(left=ids, interrupted=True)
    return _ended(before, _infos(ledger, ids))


def _hand(order: Order, one: Consulted, run: str, ledger: connect.Ledger) -> int:
    """Give a run to the workers; how many messages it has to send."""
    delivery = one.planned.campaign.send
    with ledger.writing() as connection:
        planned, pending = runs.left(connection, run)
        if not pending:
            runs.finish(connection, run, now=ledger.database.now(connection) or 0, stopped="")
            return 0
        sizes = pace.wave_sizes(delivery.waves, planned)
        waves, since = runs.places(connection, run, sizes)
        wait = round(delivery.wave_wait_minutes * pace.MINUTE)
        terms = parts.Terms(waves=waves, opens=since + wait if since else 0, wait=wait, priority=order.priority or 0)
        parts.hand(connection, run, terms)
    return sum(pending.values())


def _follow(
    ledger: connect.Ledger,
    ids: Sequence[str],
    follower: watched.Follower,
    view: View,
    watch: local.Watch,
    stop: local.Stop,
) -> None:
    stop.says = b"leaving; the run goes on\n"
    warned = False
    while True:
        over = all(_is_over(info) for info in _infos(ledger, ids))
        for outcome in follower.outcomes():
            with contextlib.suppress(OSError):
                watch.note(outcome)
        if over:
            return
        if not warned and not watched.workers(ledger):
            warned = True
            view.warn("no worker is there yet to carry this out: gewe-runner worker")
        stop.pause()


def _is_over(info: RunInfo) -> bool:
    return info.state != RunState.OPEN or bool(info.stopped)


def _infos(ledger: connect.Ledger, ids: Sequence[str]) -> list[RunInfo]:
    with ledger.reading() as connection:
        return [runs.info(connection, run) for run in ids]


def _ended(before: Sequence[RunInfo], after: Sequence[RunInfo]) -> Ended:
    def grown(*states: State) -> int:
        return sum(one.counts[state] for one in after for state in states) - sum(
            one.counts[state] for one in before for state in states
        )

    stops = {info.id: info.stopped or f"somebody made it {info.state}" for info in after}
    return Ended(
        attempted=grown(State.SENT, *_BAD),
        bad=max(0, grown(*_BAD)),
        stops={run: why for (run, why), info in zip(stops.items(), after, strict=True) if info.state != "finished"},
    )
