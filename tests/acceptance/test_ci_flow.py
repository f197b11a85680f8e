"""The life of campaigns in git, rehearsed: two clones, the steps of the workflow that `init` writes, and a gateway."""

import os
import secrets
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gewe_runner import init
from tests import door, program
from tests.acceptance.conftest import PATIENCE, TOKEN, Gateway, wait_until
from tests.conftest import ROOT

SETTINGS = """\
version: 1
profiles:
  production:
    gateway: {gateway}
    allow_http: true
    token_env: GEWE_TOKEN
    ledger_env: GEWE_LEDGER
    require_approval: true
    devices: {{phone-1: {{appId_env: GEWE_APPID_PHONE_1}}}}
    pace: {{per_minute: null, gap_seconds: null, per_half_hour: null, per_day: null, quiet_hours: null}}
"""


@dataclass(frozen=True)
class Team:
    """Two clones of one repository: `desk` is a person's, `ci` is the service's."""

    folder: Path
    #: Has the program under its own name.
    bin: Path
    gateway: Gateway
    mark: str

    @property
    def desk(self) -> Path:
        return self.folder / "desk"

    @property
    def ci(self) -> Path:
        return self.folder / "ci"

    def env(self, **more: str) -> dict[str, str]:
        """What a job knows; the program is on the PATH."""
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        own = {"GEWE_TOKEN": TOKEN, "GEWE_APPID_PHONE_1": f"wx_{self.mark}", "GEWE_LEDGER": self.ledger}
        return {"PATH": path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **own, **more}

    @property
    def ledger(self) -> str:
        return f"sqlite:///{self.folder / 'ledger' / 'ledger.db'}"

    def git(self, where: Path, *arguments: str) -> None:
        own = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *arguments], cwd=where, check=True, capture_output=True, env=self.env())

    def people(self, *numbers: int) -> None:
        rows = [f"wxid_{self.mark}n{number:04},客人{number},徐家汇店,yes" for number in numbers]
        text = "\n".join(["wxid,name,store,opted_in", *rows])
        (self.desk / "campaigns" / "lists" / "members.csv").write_text(f"{text}\n", encoding="utf-8")

    def lock(self) -> None:
        done = self.program(self.desk, "plan", "campaigns", "--profile", "production", "--lock")
        assert done.returncode == 0, done.stderr

    def push(self, branch: str = "main") -> None:
        self.git(self.desk, "add", "-A")
        self.git(self.desk, "commit", "-q", "-m", "a change")
        self.git(self.desk, "push", "-q", "origin", f"HEAD:{branch}")

    def checkout(self, branch: str = "main") -> None:
        self.git(self.ci, "fetch", "-q", "origin")
        self.git(self.ci, "checkout", "-q", "--force", "--detach", f"origin/{branch}")

    def program(self, where: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The program, without the shell of a step."""
        with program.start(*arguments, cwd=where, env=self.env()) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, job: str, step: str) -> "subprocess.Popen[str]":
        """A step of the workflow, as the service runs it in a fresh checkout of main."""
        workflow = yaml.safe_load((self.ci / init.SERVICES["github"]).read_text(encoding="utf-8"))
        (script,) = (one["run"] for one in workflow["jobs"][job]["steps"] if one.get("name") == step)
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.ci,
            env=self.env(CI="true", GITHUB_STEP_SUMMARY=str(self.folder / "summary.md"), BASE="main"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, job: str, step: str) -> tuple[int, str]:
        with self.start(job, step) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, out

    def served(self) -> Counter[int]:
        """How many cards each of the team's people may have got."""
        accepted = self.gateway.received()["accepted"]
        return Counter({int(one[-4:]): count for one, count in accepted.items() if f"_{self.mark}n" in one})


@pytest.fixture(scope="module")
def bin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:  # noqa: A001 - as the folder is called
    folder = tmp_path_factory.mktemp("bin")
    with door.command(folder / "gewe-runner"):
        yield folder


def found(folder: Path, programs: Path, gateway: Gateway) -> Team:
    """A repository that `init` laid out, with an approved first campaign of three people, and its ledger."""
    team = Team(folder, programs, gateway, f"team{secrets.token_hex(4)}")
    (folder / "ledger").mkdir()
    team.git(folder, "init", "-q", "--bare", "-b", "main", "origin")
    team.git(folder, "clone", "-q", "origin", "desk")
    assert team.program(folder, "init", "desk", "--ci", "github").returncode == 0
    (team.desk / "gewe.yaml").write_text(SETTINGS.format(gateway=gateway.url), encoding="utf-8")
    campaign = team.desk / "campaigns" / "first.yaml"
    text = campaign.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "filehelper" not in line and line.strip() != "- rows:"]
    campaign.write_text("\n".join(kept) + "\n", encoding="utf-8")
    team.people(1, 2, 3)
    team.lock()
    team.push()
    team.git(folder, "clone", "-q", "origin", "ci")
    team.checkout()
    return team


@pytest.fixture
def team(tmp_path: Path, bin: Path, gateway: Gateway) -> Team:
    made = found(tmp_path, bin, gateway)
    begun = made.program(
        made.desk, "send", "campaigns", "--profile", "production", "--locked", "--limit", "1", "--new-ledger"
    )
    assert begun.returncode == 0, begun.stderr
    return made


def test_a_pull_request_passes_only_with_its_lock_and_shows_what_changes(team: Team) -> None:
    team.people(1, 2, 3, 4)
    team.push("more")
    team.checkout("more")
    assert team.run("check", "validate")[0] == 0
    assert team.run("check", "plan")[0] == 0
    comment = (team.folder / "summary.md").read_text(encoding="utf-8")
    assert "against `git:origin/main`" in comment
    assert "added: 1" in comment
    code, said = team.run("check", "lock")
    assert (code, "not approved" in said) == (4, True)
    team.lock()
    team.push("more")
    team.checkout("more")
    assert team.run("check", "lock")[0] == 0


def test_after_the_merge_everybody_is_sent_to_and_a_second_trigger_sends_nothing(team: Team) -> None:
    code, said = team.run("send", "send")
    assert code == 0, said
    assert team.served() == {1: 1, 2: 1, 3: 1}
    code, said = team.run("send", "send")
    assert code == 0
    assert "nothing left to do" in said
    assert team.served() == {1: 1, 2: 1, 3: 1}


def test_a_campaign_that_was_edited_after_its_approval_is_refused(team: Team) -> None:
    team.people(1, 2, 3, 4)
    team.push()
    team.checkout()
    code, said = team.run("send", "send")
    assert code == 4
    assert "first" in said
    assert team.served() == {1: 1}


def test_one_campaign_over_three_jobs_reaches_everybody_once(team: Team) -> None:
    team.people(*range(1, 8))
    team.lock()
    team.push()
    team.checkout()
    for _ in range(2):
        done = team.program(team.ci, "send", "campaigns", "--profile", "production", "--locked", "--limit", "2")
        assert done.returncode == 0, done.stderr
        shutil.rmtree(team.ci / "reports")  # each job begins with nothing but git and the ledger
    code, said = team.run("send", "send")
    assert code == 0, said
    assert team.served() == dict.fromkeys(range(1, 8), 1)


def test_three_merges_during_one_send_lose_nobody(tmp_path: Path, bin: Path, slow_gateway: Gateway) -> None:
    team = found(tmp_path, bin, slow_gateway)
    team.people(*range(1, 9))
    team.lock()
    team.push()
    team.checkout()
    made = ("--locked", "--limit", "1", "--new-ledger")
    assert team.program(team.desk, "send", "campaigns", "--profile", "production", *made).returncode == 0
    with team.start("send", "send") as process:
        wait_until(lambda: len(team.served()) >= 3, process)
        for last in (9, 10, 11):
            team.people(*range(1, last + 1))
            team.lock()
            team.push()
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
    # of the three jobs that wait, a service keeps the newest and drops the others
    team.checkout()
    assert team.run("send", "send")[0] == 0
    assert team.served() == dict.fromkeys(range(1, 12), 1)
