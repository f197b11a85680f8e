"""A command for shells that starts the program as the tests do, from what has loaded it (see `tests.program`)."""

import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests import program

#: Asks for the program with all that a process is given, and ends as that does.
_COMMAND = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({door!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(door, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    door.sendall(asked)
    code = int(door.recv(20))
sys.exit(code if code >= 0 else 128 - code)
"""


@contextlib.contextmanager
def command(path: Path) -> Iterator[None]:
    """Put the command there; it works as long as the context lasts."""
    # the name of a socket must be short
    with tempfile.TemporaryDirectory(prefix="gewe-door-") as folder, socket.socket(socket.AF_UNIX) as door:
        place = f"{folder}/door"
        door.bind(place)
        door.listen()
        path.write_text(_COMMAND.format(python=sys.executable, door=place), encoding="utf-8")
        path.chmod(0o755)
        threading.Thread(target=_open, args=(door,), daemon=True).start()
        yield
        door.shutdown(socket.SHUT_RDWR)  # whoever waits at it goes


def _open(door: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            asker, _ = door.accept()
            threading.Thread(target=_serve, args=(asker,), daemon=True).start()


def _serve(asker: socket.socket) -> None:
    with asker, contextlib.ExitStack() as stack:
        head, files, _, _ = socket.recv_fds(asker, 8, 3)
        for file in files:
            stack.callback(os.close, file)
        with asker.makefile("rb") as stream:
            arguments, cwd, env = json.loads(stream.read(int.from_bytes(head, "big")))
        stdin, stdout, stderr = files
        with program.start(*arguments, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr) as process:
            asker.sendall(str(process.wait()).encode())
