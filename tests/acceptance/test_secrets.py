"""The token goes into the request's header and nowhere else, whatever happens on the way."""

import socket
import subprocess
from pathlib import Path

from tests.acceptance.conftest import TOKEN, Gateway, Shop, open_shop, wait_until
from tests.conftest import ROOT

#: Makes connecting a bug: what no program expects, raised where the token is at hand.
BUG = """
import sys

def fail(event, arguments):
    if event == "socket.connect":
        raise RuntimeError("no program expects this")

sys.addaudithook(fail)
"""


def leaks(shop: Shop, done: "subprocess.CompletedProcess[str]", secret: str = TOKEN) -> list[str]:
    """Where the secret can be read: on the terminal, or in a file of the project or of the user's home."""
    written = {str(path): path.read_bytes() for path in shop.folder.parent.rglob("*") if path.is_file()}
    said = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    return [place for place, content in (written | said).items() if secret.encode() in content]


def test_a_send_that_goes_well_keeps_the_token_to_itself(shop: Shop) -> None:
    done = shop.send()
    assert shop.accepted().total() == 3
    assert leaks(shop, done) == []


def test_a_gateway_that_echoes_the_token_does_not_spread_it(shop: Shop) -> None:
    done = shop.send(env={"GEWE_TOKEN": "expired"})
    assert done.returncode == 5
    assert "token refused" in done.stderr
    assert "X-GEWE-TOKEN=***" in shop.report()["run"]["stopped"]
    assert leaks(shop, done, "expired") == []


def test_neither_token_nor_the_proxys_password_is_told_when_nobody_answers(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "shop", Gateway("http://gateway.invalid"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://user:pass-88-word@127.0.0.1:{taken.getsockname()[1]}"
        done = shop.send("--no-check-covers", env={"http_proxy": proxy})
    assert done.returncode == 5
    assert "proxy" in done.stderr
    assert leaks(shop, done) == leaks(shop, done, "pass-88-word") == []


def test_a_bug_is_logged_without_the_token(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BUG, encoding="utf-8")
    done = shop.send(env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done.returncode == 70
    (log,) = (tmp_path / "home").rglob("bug-*.log")
    assert "no program expects this" in log.read_text(encoding="utf-8")
    assert "Traceback" not in done.stderr
    assert leaks(shop, done) == []


def test_the_list_of_processes_does_not_show_the_token(shop: Shop) -> None:
    shop.members(shop.id("hang"))
    # a variable of Python's keeps it from being forked off a process whose arguments are others
    with shop.start("send", "fruit.yaml", "--yes", env={"PYTHONDONTWRITEBYTECODE": "1"}) as process:
        wait_until(shop.accepted, process)
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.kill()
        process.communicate()
    assert b"send" in command
    assert TOKEN.encode() not in command
