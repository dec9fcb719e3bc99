"""The house rules hold: style, types, and which module may know of which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.source import COUNTS

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(sim.__file__).parent

CHECKS = {
    "style": ["-m", "ruff", "check"],
    "types": ["-m", "mypy"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as check; check()", "--no-logo"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_house_rule(check):
    done = subprocess.run([sys.executable, *CHECKS[check]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock", "requirements-engines.lock"])
def test_lock_names_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = text.replace("\\\n", "").splitlines()
    assert requirements
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)
    assert "/" not in text


def sums(text):
    """Calls of the built-in ``sum`` of anything but ones and of what holds or does not."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    plain = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "sum"]
    counts = ast.Constant | ast.Compare
    return [call.lineno for call in plain if not isinstance(getattr(call.args[0], "elt", None), counts)]


def test_no_result_rests_on_the_built_in_sum():
    """From Python 3.12 it carries what rounding loses, and before it does not: `math.fsum` is the same on all."""
    paths = [path for name in COUNTS for path in [HOME / name, *(HOME / name).rglob("*.py")] if path.suffix == ".py"]
    ours = [path for path in paths if not path.name.endswith("reference.py")]
    assert len(ours) > 50
    found = {path.name: sums(path.read_text(encoding="utf-8")) for path in ours}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert sums("x = sum(part.hours for part in parts)") == [1]
    assert sums("x = sum(1 for part in parts) + sum(hours > 0 for hours in parts)") == []
