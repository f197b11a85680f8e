"""The measuring itself works: small lists, one turn."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_every_side_is_measured_as_often_as_asked(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--pairs", "1", "--rows", "20", "--json", str(kept)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    measured = json.loads(kept.read_text(encoding="utf-8"))["sides"]
    assert {side["name"]: (len(side["seconds"]), len(side["peaks"])) for side in measured} == dict.fromkeys(
        [
            'python -c "import click"',
            "gewe-runner --version",
            "gewe-runner --help",
            "plan, 20 rows",
            "send --dry-run, 20 rows",
        ],
        (1, 1),
    )
