"""The tests' way to start the program makes a process like any other."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests import door, program


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": program.LOCALE, "TZ": "UTC"}


def test_a_started_program_is_the_tests_own_child(project: Path, env: dict[str, str]) -> None:
    with program.start("sandbox", "--port", "0", cwd=project, env=env) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        seen = psutil.Process(process.pid)
        assert seen.ppid() == os.getpid()
        assert seen.cwd() == str(project)
        assert seen.num_fds() < 20
        process.kill()
        assert process.wait(20) == -signal.SIGKILL


def test_a_started_program_has_only_the_environment_that_it_is_given(
    project: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEWE_LEDGER", "sqlite:///other.db")
    (project / "gewe.yaml").write_text(
        (project / "gewe.yaml")
        .read_text(encoding="utf-8")
        .replace("gateway:", "ledger_env: GEWE_LEDGER\n    gateway:"),
        encoding="utf-8",
    )
    with program.start("status", cwd=project, env=env) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "$GEWE_LEDGER" in err


def test_what_a_program_holds_is_let_go_when_it_ends(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    (project / "fruit.yaml").write_text(
        (project / "fruit.yaml").read_text(encoding="utf-8").replace("lists/members.csv", '"-"'), encoding="utf-8"
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    own = {**env, "TMPDIR": str(kept)}
    with program.start("plan", "fruit.yaml", cwd=project, env=own, stdin=subprocess.PIPE) as process:
        process.communicate("wxid,name,store\nwxid_demo000000001a,林晓雨,徐家汇店\n", timeout=20)
    assert process.returncode == 0
    assert not list(kept.iterdir())


def test_another_locale_is_that_of_an_interpreter_of_its_own(project: Path, env: dict[str, str]) -> None:
    with program.start("--version", cwd=project, env={**env, "LC_ALL": "C"}) as process:
        process.communicate(timeout=20)
        assert type(process) is subprocess.Popen


def test_a_path_of_its_own_is_that_of_an_interpreter_of_its_own(
    project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('seen')", encoding="utf-8")
    own = {**env, "PYTHONPATH": f"{tmp_path}:{program.ROOT}"}
    with program.start("--version", cwd=project, env=own) as process:
        out, _ = process.communicate(timeout=20)
    assert out.startswith("seen\n")


def test_a_command_for_shells_has_the_shells_folder_files_and_the_programs_exit_code(
    project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    path = {"PATH": f"{tmp_path / 'bin'}:{env['PATH']}"}
    script = "gewe-runner validate fruit.yaml --profile none 2>said; echo $?; cat said"
    with door.command(tmp_path / "bin" / "gewe-runner"):
        done = subprocess.run(["bash", "-c", script], cwd=project, env=env | path, stdout=subprocess.PIPE, text=True)
    assert done.stdout.startswith("2\nerror: gewe.yaml has no profile 'none'")
