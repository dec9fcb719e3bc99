"""What a user gets from the wheel: the command, the package, the place files and the data, away from the clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.wheel


def ran(*command, cwd):
    """The output of a command that must succeed, run with no thought of where the tests run."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "COV_"))}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("takestwo-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A bare environment that has the wheel, and sees the dependencies of the environment the tests run in."""
    home = tmp_path_factory.mktemp("bare") / "environment"
    venv.create(home, with_pip=True)
    bin_folder = home / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    ran(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    own = Path(ran(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    # A line of a .pth file puts a folder behind those already there, and reads no .pth file in that folder: so the
    # editable install of the clone is not seen.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python, shutil.which("takestwo", path=str(bin_folder)), own


def test_wheel_holds_the_package_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"sim", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    for here, there in (("configs", "sim/_configs"), ("sim/data", "sim/data")):
        files = [f for f in (ROOT / here).rglob("*") if f.suffix in {".yaml", ".csv"}]
        wanted = {f"{there}/{file.relative_to(ROOT / here).as_posix()}" for file in files}
        assert wanted <= set(names)


def test_package_and_configs_come_from_the_wheel(installed, tmp_path):
    python, _, own = installed
    where = ran(python, "-c", "import sim; print(sim.__file__)", cwd=tmp_path).strip()
    assert Path(where).parent == own / "sim"
    assert any((own / "sim" / "_configs").rglob("*.yaml"))


def test_command_tells_its_use(installed, tmp_path):
    _, takestwo, _ = installed
    assert "run" in ran(takestwo, "--help", cwd=tmp_path)


def test_command_runs_away_from_the_clone(installed, tmp_path):
    _, takestwo, _ = installed
    ran(takestwo, "run", "place.residents=1500", "months=2", "replicates=1", cwd=tmp_path)
    (results,) = (tmp_path / "outputs").glob("*/*/results.parquet")
    assert results.stat().st_size > 0
