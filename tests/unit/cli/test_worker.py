"""What workers need is loaded by workers alone, and said where it is not installed."""

import subprocess
import sys

from tests.conftest import Cli


def test_nothing_of_the_workers_is_loaded_by_a_send() -> None:
    script = (
        "import sys\nfrom gewe_runner.cli import send, ledger, status\n"
        "print(sorted({'procrastinate', 'prometheus_client', 'psycopg_pool'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_options_of_workers_want_workers(cli: Cli, project: object) -> None:
    done = cli("send", f"{project}/fruit.yaml", "--yes", "--detach")
    assert done.returncode == 2
    assert "--engine procrastinate" in done.stderr
