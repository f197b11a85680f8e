"""While the program's own modules are still being loaded: Ctrl-C and SIGTERM end it at once and in one line.

Nor does anything look for garbage then, which would take a tenth of the time and find none: what is loaded is kept.
"""

import contextlib
import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

#: What each signal does in a process that has said nothing about it.
_USUAL: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


def begin() -> None:
    """From now on the signals end the process, unless it was started to ignore them, and garbage stays."""
    gc.disable()
    for number, usual in _USUAL.items():
        if signal.getsignal(number) == usual:
            signal.signal(number, _end)


def done() -> None:
    """From now on it is up to the command what the signals do, and garbage is looked for, though not in what is there.

    Does nothing where `begin` was not called.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    for number, usual in _USUAL.items():
        if signal.getsignal(number) is _end:
            signal.signal(number, usual)


@contextlib.contextmanager
def late() -> Iterator[None]:
    """Load what only some uses of a command need, in the same way."""
    begin()
    try:
        yield
    finally:
        done()


def _end(_number: int, _frame: object) -> None:
    # no exception: raised amid an import it may be swallowed, or shown with a traceback; there is nothing to undo yet
    os.write(2, b"interrupted\n")
    os._exit(130)
