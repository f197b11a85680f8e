"""Runs the program and notes how the processor time of its threads is spent: on requests, the ledger, or the rest.

    python -m tests.benchmarks.split FILE.json send campaign.yaml --yes

A thread of its own looks at every other one each few milliseconds, and books the processor time that it has used since
then to what it is doing now. What comes before the first request is booked by itself; the report at
the end is in the rest.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from gewe_runner import cli

_EVERY = 0.003

BEFORE = "start and planning"

#: The innermost frame whose file has one of these in its path says what its thread is doing.
_PARTS = {
    "requests": ("/send/gewe.py", "/send/wire.py", "/requests/", "/urllib3/", "/http/client.py"),
    "ledger": ("/gewe_runner/ledger/", "/sqlalchemy/"),
}


def part(frames: Iterator[str]) -> str:
    """What a thread is doing.

    Args:
        frames: The files of its frames, from the innermost.
    """
    for file in frames:
        for name, places in _PARTS.items():
            if any(place in file for place in places):
                return name
    return "rest"


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame:
        yield frame.f_code.co_filename
        frame = frame.f_back


class Watch(threading.Thread):
    """Books the processor time of all other threads until the process ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.spent: dict[str, float] = defaultdict(float)
        self._seen: dict[int, float] = {}
        self._has_begun = False

    def run(self) -> None:
        while True:
            time.sleep(_EVERY)
            self.look()

    def look(self) -> None:
        for ident, frame in sys._current_frames().items():
            if ident == self.ident:
                continue
            try:
                now = time.clock_gettime(time.pthread_getcpuclockid(ident))
            except OSError:  # it has just ended
                continue
            used = now - self._seen.get(ident, 0.0)
            self._seen[ident] = now
            doing = part(_files(frame))
            # the main thread never sends, but loads the libraries that do
            self._has_begun |= doing == "requests" and ident != threading.main_thread().ident
            self.spent[doing if self._has_begun else BEFORE] += used


def main() -> None:
    file = Path(sys.argv[1])
    del sys.argv[1]
    watch = Watch()
    watch.start()
    try:
        cli.main()
    finally:
        file.write_text(json.dumps(watch.spent), encoding="utf-8")


if __name__ == "__main__":
    main()
