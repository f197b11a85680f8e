"""Ctrl-C and SIGTERM while a send is carried out."""

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a dry run stops without
    from gewe_runner.send import local


@contextlib.contextmanager
def heard(stop: "local.Stop | None" = None) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the send after what is in flight; before anything is sent they end it at once.

    Args:
        stop: Is told; None: nothing will be sent.
    """

    def asked(_number: int, _frame: object) -> None:
        if stop is None or not stop.listening:
            raise KeyboardInterrupt
        stop.ask()
        if stop.asked == 1:
            # past Python's buffers: the signal may have come in the middle of writing to stderr, which bears no second
            os.write(2, stop.says)

    former = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
