"""The sandbox as a process: where it listens, what it says, and how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from gewe_runner import errors, sandbox
from gewe_runner.sandbox import server

ROOT = Path(__file__).parents[3]


def is_open(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as line:
        return line.connect_ex((address.hostname, address.port)) == 0


def wait_until_closed(url: str) -> None:
    give_up = time.monotonic() + 20
    while is_open(url):
        assert time.monotonic() < give_up, f"{url} is still open"
        time.sleep(0.02)


def run(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.fixture
def foreground() -> Iterator["subprocess.Popen[str]"]:
    with run("-m", "gewe_runner", "sandbox", "--port", "0") as process:
        yield process
        process.kill()


def test_a_started_sandbox_ends_with_its_context() -> None:
    with sandbox.started() as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/gewe/v2/api", url)
        assert is_open(url)
    assert not is_open(url)


def test_a_started_sandbox_is_a_new_one_each_time() -> None:
    with sandbox.started() as one, sandbox.started() as other:
        assert one != other


def test_a_users_file_does_not_stand_in_for_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("aiohttp", "click", "json", "gewe_runner"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with sandbox.started() as url:
        assert is_open(url)


def test_a_sandbox_with_requests_under_way_ends_all_the_same() -> None:
    with sandbox.started(sandbox.Options(latency=60)) as url:
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{url}/message/postMiniApp", data=b"", timeout=0.3)
        line = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
        line.sendall(b"POST /gewe/v2/api/message/postMiniApp HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    line.close()
    assert not is_open(url)


def test_a_started_sandbox_dies_with_a_parent_that_is_killed() -> None:
    code = (
        "import time\nfrom gewe_runner import sandbox\n"
        "with sandbox.started() as url:\n print(url, flush=True)\n time.sleep(60)"
    )
    with run("-c", code) as parent:
        url = read_line(parent)
        assert is_open(url)
        parent.kill()
    wait_until_closed(url)


def test_a_terminals_interrupt_does_not_reach_a_started_sandbox() -> None:
    code = (
        "import os, signal\nfrom gewe_runner import sandbox\nsignal.signal(signal.SIGINT, lambda *_: None)\n"
        "with sandbox.started() as url:\n os.killpg(0, signal.SIGINT)\n import requests\n"
        " print(requests.get(url, timeout=10).status_code, flush=True)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, start_new_session=True, timeout=60
    )
    assert process.stdout.strip() == "404", process.stderr


def test_a_child_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(errors.StoppedError, match="did not start"), sandbox.started():
        pass


def test_the_command_says_its_address_first_and_how_to_use_it(foreground: "subprocess.Popen[str]") -> None:
    url = read_line(foreground)
    assert is_open(url)
    advice = [read_line(foreground) for _ in range(5)]
    assert f"gateway: {url}" in advice
    assert "nothing reaches WeChat" in advice[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_without_an_error(
    foreground: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    url = read_line(foreground)
    os.kill(foreground.pid, number)
    _, err = foreground.communicate(timeout=20)
    assert (foreground.returncode, err) == (0, "")
    assert not is_open(url)


@pytest.mark.parametrize("to_wxid", ["filehelper", "sandbox_hang_1", "sandbox_reset_1"])
def test_requests_leave_nothing_on_the_screen(foreground: "subprocess.Popen[str]", to_wxid: str) -> None:
    url = read_line(foreground)
    card = dict.fromkeys(server.FIELDS, "x") | {"appId": "wx_1", "toWxid": to_wxid}
    with contextlib.suppress(requests.RequestException):
        requests.post(f"{url}/message/postMiniApp", json=card, headers={"X-GEWE-TOKEN": "s3cr3t"}, timeout=0.3)
    requests.post(f"{url}/nothing", headers={"X-GEWE-TOKEN": "s3cr3t"}, timeout=10)
    foreground.terminate()
    out, err = foreground.communicate(timeout=20)
    assert ("s3cr3t" in out, err) == (False, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(errors.UsageError, match="this machine only"):
        sandbox.serve(host, 0, sandbox.Options(), print)


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(errors.UsageError, match=f"port {port} is in use") as caught:
            sandbox.serve("127.0.0.1", port, sandbox.Options(), print)
    assert "--port 0" in caught.value.hint


def test_a_sender_does_not_load_the_server() -> None:
    code = "import sys; from gewe_runner import sandbox; print('aiohttp' in sys.modules)"
    with run("-c", code) as process:
        assert read_line(process) == "False"


def test_a_sandbox_without_faults_loads_no_more_than_it_needs() -> None:
    code = (
        "import sys; from gewe_runner.cli import sandbox; print({'sqlalchemy', 'yaml', 'aiohttp'} & set(sys.modules))"
    )
    with run("-c", code) as process:
        assert read_line(process) == "set()"
