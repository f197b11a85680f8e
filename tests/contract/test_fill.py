"""A plan becomes a run as a whole, however many lines it has; one that is cut short is none."""

import sqlalchemy

from gewe_runner.ledger import connect, rows, runs
from gewe_runner.model import Message, Skip
from tests import program
from tests.contract.plans import message, messages, register, skip, states

#: More than are written at once.
LINES = 5_200

#: Registers so many lines, says so, and then waits for ever for the next one.
_HALF = f"""
import sys, time
import sqlalchemy
from gewe_runner.ledger import connect, enter
from tests.contract.plans import message, register
enter.PIECE = {LINES - 1}
def lines():
    for seq in range(1, {LINES} + 1):
        yield message(seq, f"w{{seq}}")
    print("half", flush=True)
    time.sleep(1000)
register(connect.open(sqlalchemy.make_url(sys.argv[1])), lines())
"""


def test_lines_come_back_as_they_were_planned(ledger: connect.Ledger) -> None:
    odd = "\\N\t\n\\.\"'%s{}客,🍊"
    lines: list[Message | Skip] = []
    for seq in range(1, LINES):
        lines += [message(seq, f"w{seq}{odd if seq == 1 else ''}"), *([skip(f"s{seq}")] if seq % 100 == 0 else [])]
    run = register(ledger, lines)
    assert list(rows.messages(ledger, run)) == [one for one in lines if isinstance(one, Message)]
    assert list(rows.skips(ledger, run)) == [one for one in lines if isinstance(one, Skip)]


def test_a_registration_whose_process_is_killed_leaves_no_trace(url: sqlalchemy.URL, ledger: connect.Ledger) -> None:
    whole = url.render_as_string(hide_password=False)
    with program.script(_HALF, whole) as process:
        assert process.stdout
        assert process.stdout.readline() == "half\n"
        process.kill()
    with ledger.reading() as connection:
        assert runs.infos(connection) == []
    run = register(ledger, messages("w1", "w2"))
    assert states(ledger, run) == {"w1": "pending", "w2": "pending"}
