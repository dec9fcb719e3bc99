"""The house rules hold: style, types, and which module may know of which."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

CHECKS = {
    "style": ["-m", "ruff", "check"],
    "types": ["-m", "mypy"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as check; check()", "--no-logo"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_house_rule(check):
    done = subprocess.run([sys.executable, *CHECKS[check]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_lock_names_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = text.replace("\\\n", "").splitlines()
    assert requirements
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)
    assert "/" not in text
