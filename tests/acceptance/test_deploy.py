"""What docs/deploy has for operators: files that their readers take, commands that run, figures that there are."""

import importlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from prometheus_client import parser

from gewe_runner import cli
from gewe_runner.send import procrastinate
from tests import crash, fleet, readme
from tests.conftest import ROOT
from tests.postgres import Server, postgres

__all__ = ["postgres"]

DEPLOY = ROOT / "docs" / "deploy"
#: Read now: every test begins with an environment of its own.
IN_CI = os.environ.get("CI") == "true"

OPERATIONS = readme.Document(ROOT / "docs" / "operations.md")
UNIT = DEPLOY / "gewe-worker@.service"

#: Where the files let a worker answer, and the program lie: elsewhere in the tests.
PORT, PROGRAM = "9464", "/opt/gewe/bin/gewe-runner"


def tree(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def of_unit(key: str) -> str:
    """What the unit says under that key."""
    (found,) = re.findall(rf"^{key}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


SERVICES: dict[str, dict[str, Any]] = tree("compose.yaml")["services"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What two workers tell, one started as compose does and one as systemd does, after some messages."""

    #: The port of the one that compose would have started, which still runs.
    port: str
    figures: set[str]
    said: str


def _free() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _figures(port: str) -> set[str]:
    """The names of the figures at that port, as soon as it answers."""
    give_up = time.monotonic() + fleet.PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            return {one.name for one in parser.text_string_to_metric_families(text)}
        except urllib.error.URLError:
            assert time.monotonic() < give_up
            time.sleep(0.1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Watched]:
    folder, url, ports = tmp_path_factory.mktemp("deploy"), postgres.database(), (_free(), _free())
    as_compose = [{"0.0.0.0": "127.0.0.1", PORT: ports[0]}.get(one, one) for one in SERVICES["worker"]["command"]]
    as_systemd = shlex.split(of_unit("ExecStart").replace("946%i", ports[1]))[1:]
    with crash.gateway(folder, seed=7, median_ms=10) as gateway:
        own = fleet.lay(folder / "p", gateway, url, [f"wxid_{n}_fine" for n in range(12)], {"t-1": None, "t-2": None})
        processes = [own.start(*command, "--stale", "4") for command in (as_compose, as_systemd)]
        try:
            own.hand()
            own.wait()
            figures = set.union(*map(_figures, ports))
            yield Watched(port=ports[0], figures=figures, said=own.project.said())
        finally:
            for process in processes:
                process.terminate()
            codes = [process.wait(fleet.PATIENCE) for process in processes]
        assert codes == [0, 0]
    postgres.drop(url)


def test_the_compose_file_is_one_by_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_service_that_stays_has_a_healthcheck_and_time_to_end() -> None:
    staying = {name: one for name, one in SERVICES.items() if one.get("restart") == "always"}
    assert set(staying) == {"db", "worker", "prometheus"}
    assert not {name for name, one in staying.items() if not {"healthcheck", "stop_grace_period"} <= set(one)}


def test_workers_get_the_time_that_their_outcomes_may_take() -> None:
    granted = (SERVICES["worker"]["stop_grace_period"].removesuffix("s"), of_unit("TimeoutStopSec"))
    assert min(map(int, granted)) > procrastinate.GRACE


def test_the_files_that_compose_names_are_there() -> None:
    named = {volume.partition(":")[0] for one in SERVICES.values() for volume in one.get("volumes", ())}
    envs = {one["env_file"] for one in SERVICES.values() if "env_file" in one}
    assert {name for name in named if name.startswith("./")} == {"./prometheus.yml", "./alerts.yml"}
    assert not {name for name in named if name.startswith("./") and not (DEPLOY / name).is_file()}
    assert {f"{name}.example" for name in envs} == {path.name for path in DEPLOY.glob("*.example")}


def test_secrets_stay_out_of_git_and_of_the_image() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "worker.env", "db.env"], cwd=DEPLOY, capture_output=True, text=True
    )
    if ignored.returncode == 128:
        pytest.skip("this is no git checkout")
    assert ignored.stdout.split() == ["worker.env", "db.env"]
    assert (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").startswith("*\n")


def test_the_image_gets_all_that_the_program_is_built_of(tmp_path: Path) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    let_in = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    for *sources, target in (line.split() for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE)):
        assert set(sources) <= let_in
        for source in sources:
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, tmp_path / target / (source if target == "./" else ""))
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "dist"),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def need(program: str, package: str) -> None:
    """Skip the test where nobody has installed a program that only this needs; CI has it, or fails."""
    if shutil.which(program) is None:
        message = f"NOT CHECKED: {program} is not installed; apt-get install --no-install-recommends {package}"
        (pytest.fail if IN_CI else pytest.skip)(message)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    need("systemd-analyze", "systemd")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_always_starts_a_worker_again() -> None:
    assert (of_unit("Restart"), of_unit("StartLimitIntervalSec")) == ("always", "0")


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", DEPLOY / "prometheus.yml"), ("test", "rules", Path(__file__).with_name("alerts.yml"))],
    ids=["config", "alerts"],
)
def test_prometheus_takes_its_files_and_rings_when_it_shall(arguments: Sequence[str | Path]) -> None:
    need("promtool", "prometheus")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_the_rules_and_finds_the_workers() -> None:
    config = tree("prometheus.yml")
    assert config["rule_files"] == ["alerts.yml"]
    (found,) = config["scrape_configs"][0]["dns_sd_configs"]
    assert (found["names"], str(found["port"])) == (["worker"], SERVICES["worker"]["expose"][0])


def alerts() -> list[dict[str, Any]]:
    return [rule for group in tree("alerts.yml")["groups"] for rule in group["rules"]]


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())
    assert not [rule["alert"] for rule in alerts() if not {"summary", "action"} <= set(rule["annotations"])]
    assert {rule["labels"]["severity"] for rule in alerts()} == {"page", "warn"}


def _families(text: str) -> set[str]:
    """The figures that a text names; those of a counter or a histogram by the name that they share."""
    return {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in re.findall(r"\bgewe_\w+", text)}


def test_alerts_go_by_figures_that_workers_have(watched: Watched) -> None:
    assert _families("\n".join(rule["expr"] for rule in alerts())) <= watched.figures


def test_the_figures_of_a_worker_are_the_ones_in_the_docs(watched: Watched) -> None:
    rows = readme.table(OPERATIONS.read().partition("## What to watch")[2].partition("\n## ")[0])
    assert _families("\n".join(row[0] for row in rows)) == watched.figures


def test_the_healthcheck_finds_a_worker_healthy(watched: Watched) -> None:
    _, _, *arguments = SERVICES["worker"]["healthcheck"]["test"]
    script = [one.replace(PORT, watched.port) for one in arguments]
    assert subprocess.run([sys.executable, *script], check=False).returncode == 0


def test_every_line_of_a_workers_log_has_its_action(watched: Watched) -> None:
    actions = re.findall(r'^\{"at": ".*"action": "(\w+)"', watched.said, re.MULTILINE)
    assert actions.count("attempt") == 12
    assert actions.count("worker_started") == 2
    assert len(actions) == sum(line.startswith("{") for line in watched.said.splitlines())


def _commands() -> Iterator[str]:
    """Everything in the docs and files that begins with a command of the program."""
    code = [*re.findall(r"`(gewe-runner [^`]+)`", OPERATIONS.read())]
    code += [line for block in OPERATIONS.blocks("text") for line in block.text.splitlines()]
    code += [f"gewe-runner {shlex.join(SERVICES[name]['command'])}" for name in ("upgrade", "worker")]
    code += [of_unit("ExecStart"), *(rule["annotations"]["action"] for rule in alerts())]
    for line in code:
        for found in re.finditer(r"(?:gewe-runner|run --rm cli) ([a-z][^#;,]*)", line):
            yield found[1].strip()


@pytest.mark.parametrize("words", sorted(set(_commands())))
def test_a_command_in_the_docs_is_one_of_the_program(words: str) -> None:
    name, *rest = words.rstrip(".").split()
    assert name in cli.COMMANDS
    command: click.Command = importlib.import_module(f"gewe_runner.cli.{name}").command
    if isinstance(command, click.Group):
        command = command.commands[rest[0]]
    taken = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= taken


@pytest.mark.parametrize("target", OPERATIONS.links())
def test_a_link_of_the_docs_leads_somewhere(target: str) -> None:
    assert (OPERATIONS.path.parent / target).exists()
