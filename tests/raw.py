"""A server that speaks bytes, not HTTP: for what no well-behaved server can be made to do."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: What a server does with one connection.
Script = Callable[[socket.socket], None]


class Server:
    """Listens on loopback and plays its script on every connection, one after the other."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.gateway = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/gewe/v2/api"
        #: How many connections were accepted.
        self.connections = 0
        #: Every request that came in, whole.
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            line.settimeout(5)
            with contextlib.suppress(OSError), line, self._secured(line) as secured:
                self._script(secured)

    def _secured(self, line: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(line, server_side=True) if self._tls else line

    def take(self, line: socket.socket) -> bytes:
        """Read one request and remember it; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := line.recv(65536)):
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += line.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextlib.contextmanager
def answering(*pieces: bytes, pause: float = 0, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that reads a request, writes the pieces with pauses between, in seconds, and hangs up."""

    def script(line: socket.socket) -> None:
        if server.take(line):
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)

    with Server(script, tls) as server:
        yield server


@contextlib.contextmanager
def keeping_alive(*pieces: bytes) -> Iterator[Server]:
    """A server that answers any number of requests on each connection."""

    def script(line: socket.socket) -> None:
        while server.take(line):
            line.sendall(b"".join(pieces))

    with Server(script) as server:
        yield server


def http(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer, whole; in header names `_` stands for `-`."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


def certificate(folder: Path, name: str) -> Path:
    """Key and self-signed certificate in one file, for a subject such as `IP:127.0.0.1` or `DNS:cdn.example.com`."""
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=sandbox", "-addext", f"subjectAltName={name}"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


def tls(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
