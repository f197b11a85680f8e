"""While the program's own modules are still being loaded: Ctrl-C and SIGTERM end it at once and in one line.

Nor does anything look for garbage then, which would take a tenth of the time and find none: what is loaded is kept.
"""

import contextlib
import gc
import os
import signal
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def begin() -> None:
    """From now on the signals end the process, unless it was started to ignore them, and garbage stays."""
    gc.disable()
    for number in _SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def done() -> None:
    """From now on either signal is a KeyboardInterrupt, unless the command says otherwise.

    Garbage is looked for again, though not in what is there. Does nothing where `begin` was not called.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    for number in _SIGNALS:
        if signal.getsignal(number) is _end:
            # by itself SIGTERM would leave behind what is half done: drafts of files, temporary folders
            signal.signal(number, signal.default_int_handler)


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
