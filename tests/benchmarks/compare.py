"""`make bench-compare OLD=FILE NEW=FILE`: what has become slower or larger between two runs kept with `--json`."""

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import table
from tests.benchmarks.figures import Measured


def sides(file: Path) -> list[Measured]:
    """Everything that a kept run has measured."""
    try:
        return [Measured.of(tree) for tree in json.loads(file.read_text(encoding="utf-8"))["sides"]]
    except OSError as error:
        sys.exit(f"error: {file}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f'error: {file} is no run kept with: make bench ARGS="--json FILE"')


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compare", description="Compare two runs.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    files = parser.parse_args()
    print(*table.compared(sides(files.old), sides(files.new)), sep="\n")


if __name__ == "__main__":
    main()
