"""Processes that make one ledger at the same moment."""

import contextlib

from tests import program

_CREATE = """
import sys
import sqlalchemy
from gewe_runner.ledger import connect
print("ready", flush=True)
sys.stdin.readline()
print(connect.create(sqlalchemy.make_url(sys.argv[1]), "sandbox").id)
"""


def ids(address: str) -> set[str]:
    """The ids that three processes, started at once, say the ledger there has; one that failed says nothing."""
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(program.script(_CREATE, address)) for _ in range(3)]
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        return {child.communicate(timeout=60)[0] for child in children}
