"""`make bench`: each figure beside what it is compared with, taken in turns on this machine, as one table.

Every measurement is a process of its own; the sides of a comparison alternate (A B A B …) after one
warm-up each, so that a machine that slows down slows both.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import gewe_runner
from tests.benchmarks import sending

ROOT = Path(__file__).parents[2]

#: What the installed `gewe-runner` script does.
PROGRAM = (sys.executable, "-c", "import sys; from gewe_runner.cli import main; sys.exit(main())")

#: This checkout is measured, whatever is installed.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

#: The kernel counts the peak in KiB, on macOS in bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024

SETTINGS = """\
version: 1
default_profile: sandbox
profiles:
  sandbox: {gateway: sandbox, devices: {east: {appId: wx_sandbox_east}}}
"""

CAMPAIGN = """\
version: 1
name: bench-{rows}
edition: 1
vars: {{minutes: 29}}
card:
  miniAppId: wx1f9ea355b47256dd
  userName: gh_690acf47ea05@app
  displayName: 百果园+
  title: "{{{{ name }}}}，{{{{ minutes }}}}分钟 好吃水果送到家"
  pagePath: pages/homeDelivery/index.html?store={{{{ store | urlencode }}}}
  coverImgUrl: https://cdn.example.com/covers/{{{{ city }}}}.jpg
recipients:
  - file: {rows}.csv
    columns: {{toWxid: wxid}}
send: {{device: east}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One line of the table: a command and what it took each time."""

    #: Lines of one group are compared with the group's first.
    group: str
    name: str
    command: Sequence[str]
    #: Rows of the list; 0 where there is none.
    rows: int = 0
    seconds: list[float] = field(default_factory=list)
    #: Largest resident size of the process, in bytes; never below this program's own, from which it was started.
    peaks: list[int] = field(default_factory=list)


def lay_project(folder: Path, sizes: Sequence[int]) -> None:
    """A project with one campaign a size; the same bytes every time."""
    (folder / "gewe.yaml").write_text(SETTINGS, encoding="utf-8")
    for rows in sizes:
        (folder / f"{rows}.yaml").write_text(CAMPAIGN.format(rows=rows), encoding="utf-8")
        with (folder / f"{rows}.csv").open("w", encoding="utf-8") as file:
            file.write("wxid,name,store,city\n")
            file.writelines(members(rows))


def members(rows: int) -> Iterator[str]:
    chance = random.Random(rows)
    for number in range(rows):
        name, store, city = chance.choice("林陈王赵孙"), chance.randrange(400), chance.choice(("shanghai", "suzhou"))
        yield f"wxid_bench{number:09d},{name}女士,{store}号店,{city}\n"


def sides(folder: Path, sizes: Sequence[int]) -> Iterator[Side]:
    yield Side(group="start-up", name='python -c "import click"', command=(sys.executable, "-c", "import click"))
    for option in ("--version", "--help"):
        yield Side(group="start-up", name=f"gewe-runner {option}", command=(*PROGRAM, option))
    for name, options in (("plan", ()), ("send --dry-run", ("--dry-run",))):
        for rows in sizes:
            command = (*PROGRAM, name.split()[0], str(folder / f"{rows}.yaml"), "--profile", "sandbox", *options)
            yield Side(group=name, name=f"{name}, {rows:,} rows", command=command, rows=rows)


def measure(command: Sequence[str], folder: Path) -> tuple[float, int]:
    """Seconds and peak bytes of one execution that has to succeed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command[3:])}: exit {process.returncode}\n{said.read()}")
    return seconds, usage.ru_maxrss * RSS_UNIT


def compare(group: Sequence[Side], pairs: int, folder: Path) -> None:
    for turn in range(pairs + 1):
        for side in group:
            seconds, peak = measure(side.command, folder)
            if turn:  # the first only warms the caches
                side.seconds.append(seconds)
                side.peaks.append(peak)


def line(side: Side, first: Side) -> str:
    median, peak = statistics.median(side.seconds), statistics.median(side.peaks)
    spread = (max(side.seconds) - min(side.seconds)) / median
    speed = f"{side.rows / median:,.0f}" if side.rows else ""
    times, sizes = median / statistics.median(first.seconds), peak / statistics.median(first.peaks)
    return f"{side.name:32} {median:9.3f} {spread:6.0%} {times:7.2f} {speed:>10} {peak / 1e6:9.1f} {sizes:7.2f}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure gewe-runner.")
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each side (default 5)")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the lists")
    parser.add_argument("--messages", type=int, help="messages of the send (as many as rows, up to 4000; 0: none)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every single measurement")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    print(f"{'median of ' + str(options.pairs):32}   seconds spread   times     rows/s   peak MB   times")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_project(folder, options.rows)
        everything = list(sides(folder, options.rows))
        for title in dict.fromkeys(side.group for side in everything):
            group = [side for side in everything if side.group == title]
            compare(group, options.pairs, folder)
            print(*(line(side, group[0]) for side in group), sep="\n", flush=True)
    messages = min(4000, *options.rows) if options.messages is None else options.messages
    if messages:
        print(*sending.table(messages, options.pairs), sep="\n", flush=True)
    if options.json:
        machine = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
        kept = {"tool": gewe_runner.__version__, "machine": machine, "sides": [asdict(side) for side in everything]}
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
