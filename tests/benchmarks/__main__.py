"""`make bench`: what the program takes beside what a user would pick instead, in turns, as one table."""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import gewe_runner
from tests.benchmarks import growth, measure, planning, resume, sending, start, table, validating
from tests.benchmarks.figures import Measured
from tests.benchmarks.sides import Group, Options, measured, tell

GROUPS: Mapping[str, Group] = {
    "start": start.GROUP,
    "plan": planning.GROUP,
    "validate": validating.GROUP,
    "send": sending.GROUP,
    "growth": growth.GROUP,
    "resume": resume.GROUP,
}

#: Sees whether everything still works and roughly how fast; no figures to rely on.
QUICK = Options(pairs=2, rows=5_000, sizes=(1_000, 5_000), campaigns=30, messages=(500,), ledger=5_000)


def parser() -> argparse.ArgumentParser:
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure gewe-runner.")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS), help="what to measure (all)")
    parser.add_argument("--only", metavar="REGEX", default="", help="only the lines whose name has this in it")
    parser.add_argument("--quick", action="store_true", help="small lists and few turns: less than two minutes")
    parser.add_argument("--pairs", type=int, help=f"measurements of each side ({usual.pairs})")
    parser.add_argument("--warm-ups", type=int, help=f"turns before them that do not count ({usual.warm_ups})")
    parser.add_argument("--rows", type=int, help=f"rows of the list that all planners get ({usual.rows})")
    parser.add_argument("--sizes", type=int, nargs="+", help="rows by which growth is shown (1000 to 1000000)")
    parser.add_argument("--campaigns", type=int, help=f"campaign files to validate ({usual.campaigns})")
    parser.add_argument("--messages", type=int, nargs="+", help="messages to send, in sends of their own (4000 20000)")
    parser.add_argument("--ledger", type=int, help=f"messages of the run that is resumed ({usual.ledger})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every single measurement")
    return parser


def options_of(parsed: argparse.Namespace) -> Options:
    """How much to measure: the preset, and what was said beside it."""
    said = {name: value for name in Options.__slots__ if (value := getattr(parsed, name)) is not None}
    return replace(QUICK if parsed.quick else Options(), **said)


def kept(sides: Sequence[Measured], options: Options) -> dict[str, object]:
    """A run as `--json` writes it and `bench-compare` reads it."""
    load = round(os.getloadavg()[0], 2)
    machine = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count(), "load": load}
    return {
        "tool": gewe_runner.__version__,
        "machine": machine,
        "options": asdict(options),
        "sides": [asdict(side) for side in sides],
    }


def main() -> None:
    parsed = parser().parse_args()
    options = options_of(parsed)
    chosen = [GROUPS[name] for name in parsed.groups]
    minutes = max(1, round(sum(group.about(options) for group in chosen) / 60))
    tell(f"about {minutes} min on a calm machine with two cores; --quick takes less than two")
    wanted = re.compile(parsed.only)
    sides: list[Measured] = []
    try:
        for group in chosen:
            with tempfile.TemporaryDirectory(prefix="gewe-bench-") as folder:
                sides += measured(group, options, Path(folder), lambda name: bool(wanted.search(name)))
    except measure.MeasuringError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        tell("interrupted; what was measured until now:")
    print(*table.lines(sides), table.summary(sides), sep="\n", flush=True)
    if parsed.json:
        parsed.json.write_text(json.dumps(kept(sides, options), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
