"""What users install: the wheel, in an empty environment, far from any source checkout."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from gewe_runner import schemas
from tests.conftest import ROOT

CAMPAIGNS = sorted(path.name for path in (ROOT / "campaigns").glob("*.yaml") if path.name != "gewe.yaml")


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, f"{done.args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment that has the wheel; the libraries are lent by the running one, offline.

    A folder that a `.pth` file names comes after the environment's own packages, and `.pth` files in it count
    for nothing: an editable install of the lender does not shine through.
    """
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        folder / "bin" / "python",
    ]
    run(*pip, "install", "--no-index", "--no-deps", wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "lent.pth").write_text("\n".join(sorted(lent)) + "\n", encoding="utf-8")
    return folder / "bin"


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    """The examples, copied to where no schema and no source lies beside them."""
    return Path(
        shutil.copytree(ROOT / "campaigns", tmp_path / "campaigns", ignore=shutil.ignore_patterns(".gewe", "reports"))
    )


def test_the_wheel_has_every_schema(wheel: Path) -> None:
    wanted = {f"gewe_runner/schema/{name}.schema.json" for name in schemas.NAMES}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gewe_runner"}


def test_the_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import gewe_runner; print(gewe_runner.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_the_installed_program_validates_the_examples(installed: Path, campaigns: Path) -> None:
    run(installed / "gewe-runner", "validate", ".", cwd=campaigns)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_the_installed_program_rehearses_each_example(installed: Path, campaigns: Path, campaign: str) -> None:
    run(installed / "gewe-runner", "send", campaign, "--dry-run", cwd=campaigns)


def test_the_package_runs_as_a_module(installed: Path, tmp_path: Path) -> None:
    assert "gewe-runner" in run(installed / "python", "-m", "gewe_runner", "--version", cwd=tmp_path)
