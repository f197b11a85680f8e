"""The live view of a run: its lanes, redrawn every second until it is over or Ctrl-C."""

import datetime
import time
from collections.abc import Mapping

from rich.console import Console
from rich.live import Live
from rich.table import Table

from gewe_runner import pace, prepare
from gewe_runner.cli import show
from gewe_runner.ledger import connect, progress, runs
from gewe_runner.model import Pace, Profile, RunInfo, RunState
from gewe_runner.pace import Usage

_OVER = (RunState.FINISHED, RunState.CANCELLED, RunState.SUPERSEDED)

#: A holder that was not heard of for so long is probably gone (milliseconds).
_SILENT = 20_000


def run(ledger: connect.Ledger, profile: Profile, run_id: str) -> None:
    """Redraw until the run is over."""
    with Live(console=Console(), refresh_per_second=4, screen=False) as live:
        while True:
            now = prepare.now()
            with ledger.reading() as connection:
                info = runs.info(connection, run_id)
                lanes = progress.lanes(connection, info.id, now)
                own = runs.header(connection, info.id)["send"].get("pace", {})
            paces = {name: pace.tightened(device.pace, own) for name, device in profile.devices.items()}
            live.update(table(info, lanes, paces, now))
            if info.state in _OVER:
                return
            time.sleep(1)


def table(info: RunInfo, lanes: list[progress.LaneProgress], paces: Mapping[str, Pace], now: int) -> Table:
    """The run as it stands, one row a lane.

    Args:
        paces: What each device keeps to while it sends for this run.
    """
    drawn = Table(title=f"{info.id} ({info.state}): {_counts(info.counts)}", title_justify="left")
    for name in ("device", "sent", "failed", "unknown", "pending", "a minute", "next", "done by", "sender"):
        drawn.add_column(name, justify="left" if name in ("device", "next", "done by", "sender") else "right")
    for one in lanes:
        limits = paces.get(one.device, Pace())
        pending = one.counts.get("pending", 0)
        usage = Usage(rested_at=max(one.next_at, one.resting_until), today=0, counted_at=now)
        done = pace.finish(limits, usage, now, pending) if pending else None
        drawn.add_row(
            one.device,
            f"{one.counts.get('sent', 0):,}",
            f"{one.counts.get('rejected', 0):,}",
            f"{one.counts.get('unknown', 0):,}",
            f"{pending + one.counts.get('sending', 0):,}",
            f"{one.last_minute} of {60_000 / step:.0f}" if (step := pace.interval(limits)) else str(one.last_minute),
            _next(one, now) if pending else "",
            _clock(done) if done else "",
            _sender(one, now),
        )
    return drawn


def _counts(counts: object) -> str:
    states = dict(counts) if isinstance(counts, dict) else {}
    return ", ".join(f"{state} {count:,}" for state, count in states.items() if count) or "nothing planned"


def _next(lane: progress.LaneProgress, now: int) -> str:
    if lane.resting_until > now:
        return f"resting until {_clock(lane.resting_until)}"
    return f"in {(lane.next_at - now) / 1000:.0f} s" if lane.next_at > now else "now"


def _sender(lane: progress.LaneProgress, now: int) -> str:
    if lane.holder is None:
        return "nobody"
    host, pid, _ = (*lane.holder.rsplit("/", 2), "", "")[:3]
    silent = f", silent for {(now - lane.heartbeat_at) / 1000:.0f} s" if now - lane.heartbeat_at > _SILENT else ""
    return show.plain(f"process {pid} on {host}{silent}")


def _clock(at: int) -> str:
    if at >= pace.NEVER:
        return "never"
    return f"{datetime.datetime.fromtimestamp(at / 1000).astimezone():%m-%d %H:%M:%S}"
