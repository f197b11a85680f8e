"""Covers are looked at before a send: through a proxy that stands for the internet, since only this machine is open."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures, raw
from tests.conftest import CAMPAIGN, SETTINGS, Cli

REAL = """
  production:
    gateway: http://gateway.invalid
    allow_http: true
    token_env: GEWE_TOKEN
    devices: {shop-east: {appId: wx_east}}
    pace: {per_minute: null, gap_seconds: null, per_half_hour: null, per_day: null, quiet_hours: null}
"""

#: Public addresses that nobody reaches: the proxy answers for them.
COVER = "http://93.184.216.34/{{ store }}.png?q-signature=5e1f"
ONLINE = b"/login/checkOnline"
SENT = b'{"ret":200,"msg":"ok","data":{"newMsgId":3190424380344821001}}'


class Internet:
    """A proxy behind which covers and a gateway seem to lie."""

    def __init__(self) -> None:
        self.covers: dict[str, bytes] = {}
        self.server = raw.Server(self._script)

    @property
    def env(self) -> dict[str, str]:
        return {
            "HTTP_PROXY": f"http://127.0.0.1:{self.server.port}",
            "GEWE_TOKEN": "tok-5e1f",
            "GEWE_PROFILE": "production",
        }

    def asked(self, method: str) -> int:
        """How often it was; of what was posted the messages alone."""
        lines = (request.partition(b"\r\n")[0] for request in self.server.requests)
        return sum(line.startswith(method.encode()) and ONLINE not in line for line in lines)

    def _script(self, line: socket.socket) -> None:
        while request := self.server.take(line):
            method, target, _ = request.split(b" ", 2)
            name = target.decode().partition("?")[0]
            if method == b"CONNECT":
                line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            elif ONLINE in target:
                line.sendall(raw.http(b'{"ret":200,"msg":"ok","data":true}'))
            elif method == b"POST":
                line.sendall(raw.http(SENT))
            elif name in self.covers:
                line.sendall(raw.http(self.covers[name]))
            else:
                line.sendall(raw.http(b"", "404 Not Found"))


@pytest.fixture
def internet() -> Iterator[Internet]:
    made = Internet()
    with made.server:
        yield made


@pytest.fixture
def shop(project: Path) -> Path:
    """A project whose profile `production` has a real gateway, and whose people have a cover for each store."""
    (project / "gewe.yaml").write_text(SETTINGS + REAL, encoding="utf-8")
    campaign = CAMPAIGN.replace("https://cdn.example.com/covers/fruit.jpg", COVER)
    (project / "fruit.yaml").write_text(campaign, encoding="utf-8")
    members = "wxid,name,store\nwxid_a,甲,s1\nwxid_b,乙,s1\nwxid_c,丙,s2\n"
    (project / "lists" / "members.csv").write_text(members, encoding="utf-8")
    return project


PLACE = "fruit.yaml:10:16"


def test_a_plan_tells_what_is_wrong_with_covers_where_they_stand(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {"/s1.png": pictures.png(800, 800, padding=60_000)}
    done = cli("plan", "fruit.yaml", "--check-covers", cwd=shop, env=internet.env)
    assert (done.returncode, done.stdout) == (3, "")
    s1, s2 = (f"the cover http://93.184.216.34/{name}.png?q-signature=***" for name in ("s1", "s2"))
    large = "it has 59 KB, and at most 50 KB are advised; save it smaller"
    square = "it has 800 x 800 pixels, which are not 5 to 4; draw it as 720 x 576"
    assert done.stderr.splitlines() == [
        f"{PLACE}: cover-large: warning: {s1} of 2 messages: {large}",
        f"{PLACE}: cover-ratio: warning: {s1} of 2 messages: {square}",
        f"{PLACE}: cover-unreachable: {s2} of 1 message: HTTP 404",
        "error: 1 problem found; nothing was sent",
    ]


def test_a_plan_that_was_not_asked_to_looks_at_no_cover(cli: Cli, shop: Path, internet: Internet) -> None:
    assert cli("plan", "fruit.yaml", cwd=shop, env=internet.env).returncode == 0
    assert internet.server.connections == 0


def test_a_cover_that_is_missing_stops_a_send_before_anything_is_sent(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {"/s1.png": pictures.png()}
    done = cli("send", "fruit.yaml", "--yes", cwd=shop, env=internet.env)
    assert done.returncode == 3
    assert f"{PLACE}: cover-unreachable:" in done.stderr
    assert internet.asked("POST") == 0

    done = cli("send", "fruit.yaml", "--yes", "--no-check-covers", cwd=shop, env=internet.env)
    assert (done.returncode, internet.asked("POST")) == (0, 3)


def test_covers_that_are_sound_let_a_send_go_and_are_not_asked_for_again(
    cli: Cli, shop: Path, internet: Internet
) -> None:
    internet.covers = {"/s1.png": pictures.png(), "/s2.png": pictures.jpeg()}
    assert cli("plan", "fruit.yaml", "--check-covers", cwd=shop, env=internet.env).returncode == 0
    assert internet.asked("GET") == 2
    done = cli("send", "fruit.yaml", "--yes", cwd=shop, env=internet.env)
    assert (done.returncode, internet.asked("GET"), internet.asked("POST")) == (0, 2, 3)
    assert "5e1f" not in (shop / ".gewe" / "covers.json").read_text(encoding="utf-8")


def test_a_run_that_goes_on_looks_only_at_the_covers_that_are_left(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {"/s1.png": pictures.png(), "/s2.png": pictures.png()}
    first = cli("send", "fruit.yaml", "--yes", "--limit", "2", cwd=shop, env=internet.env)
    assert (first.returncode, internet.asked("POST")) == (0, 2)
    (shop / ".gewe" / "covers.json").unlink()
    del internet.covers["/s1.png"]
    done = cli("send", "fruit.yaml", "--yes", cwd=shop, env=internet.env)
    assert (done.returncode, internet.asked("POST")) == (0, 3), done.stderr


def test_a_dry_run_and_a_sandbox_look_at_no_cover(cli: Cli, shop: Path, internet: Internet) -> None:
    assert cli("send", "fruit.yaml", "--dry-run", cwd=shop, env=internet.env).returncode == 0
    sandbox = {**internet.env, "GEWE_PROFILE": "sandbox"}
    assert cli("send", "fruit.yaml", "--yes", cwd=shop, env=sandbox).returncode == 0
    assert internet.server.connections == 0


def test_a_sandbox_looks_at_covers_when_it_is_asked_to(cli: Cli, shop: Path, internet: Internet) -> None:
    sandbox = {**internet.env, "GEWE_PROFILE": "sandbox"}
    done = cli("send", "fruit.yaml", "--yes", "--check-covers", cwd=shop, env=sandbox)
    assert (done.returncode, internet.asked("GET")) == (3, 2)


def test_the_limits_of_the_profile_hold(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {"/s1.png": pictures.png(padding=60_000), "/s2.png": pictures.png(padding=3000)}
    text = (shop / "gewe.yaml").read_text(encoding="utf-8")
    (shop / "gewe.yaml").write_text(f"{text}    covers: {{warn_kb: 2, max_kb: 10}}\n", encoding="utf-8")
    done = cli("plan", "fruit.yaml", "--check-covers", cwd=shop, env=internet.env)
    assert [line.split()[1] for line in done.stderr.splitlines()[:-1]] == ["cover-large:", "cover-too-big:"]


def test_more_covers_than_are_looked_at_are_said_to_be_more(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {f"/s{number}.png": pictures.png() for number in range(230)}
    rows = "".join(f"wxid_{number},甲,s{number}\n" for number in range(230))
    (shop / "lists" / "members.csv").write_text(f"wxid,name,store\n{rows}", encoding="utf-8")
    done = cli("plan", "fruit.yaml", "--check-covers", cwd=shop, env=internet.env)
    assert (done.returncode, internet.asked("GET")) == (0, 200)
    said = f"{PLACE}: cover-unchecked: notice: only the first 200 covers were looked at; 30 messages have others"
    assert done.stderr.splitlines() == [said]


def test_a_variants_own_cover_is_told_at_the_variant(cli: Cli, shop: Path, internet: Internet) -> None:
    internet.covers = {"/s1.png": pictures.png(), "/s2.png": pictures.png()}
    with (shop / "fruit.yaml").open("a", encoding="utf-8") as file:
        file.write(
            'variants:\n  - {name: a}\n  - {name: b, weight: 99, card: {coverImgUrl: "http://93.184.216.34/b.png"}}\n'
        )
    done = cli("plan", "fruit.yaml", "--check-covers", cwd=shop, env=internet.env)
    assert done.returncode == 3
    assert done.stderr.startswith("fruit.yaml:18:47: cover-unreachable: the cover http://93.184.216.34/b.png of ")
