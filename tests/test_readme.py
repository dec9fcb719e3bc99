from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
import default_run
import evidence

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_numbers_in_the_readme_are_those_of_the_kept_run() -> None:
    kept = default_run.table(pd.read_csv(default_run.KEPT))
    assert f"{default_run.BEGIN}\n{kept}\n{default_run.END}" in README


@pytest.mark.slow
def test_the_kept_run_is_the_default_run(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("takestwo")), "run", f"hydra.run.dir={tmp_path}/run"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    made, kept = pd.read_csv(tmp_path / "run" / "summary.csv"), pd.read_csv(default_run.KEPT)
    pd.testing.assert_frame_equal(made, kept, rtol=1e-9)


def test_the_evidence_is_written_from_the_kept_run() -> None:
    kept = pd.read_csv(evidence.KEPT)
    assert evidence.DOCUMENT.read_text(encoding="utf-8") == evidence.document(kept)
    assert f"{evidence.BEGIN}\n{evidence.readme(kept)}\n{evidence.END}" in README


def test_the_tally_counts_what_the_table_says() -> None:
    kept = pd.read_csv(evidence.KEPT)
    before = int(evidence.held(kept).partition(" of 18")[0])
    kept.loc[kept["id"] == "C1", "value"] = 99.0
    assert evidence.held(kept).startswith(f"{before - 1} of 18")
    assert "Outside: C1" in evidence.held(kept)
    kept.loc[kept["table"] == "declared", "value"] = -20.0
    kept.loc[kept["id"] == "V8", "value"] = float("nan")
    assert "1 fell in their range (V5)." in evidence.fallen(kept)
    assert "6 fell outside (V6a, V6b, V12a, V12b, V19, V20)" in evidence.fallen(kept)
    assert "5 cannot be read off such a run (V8, V9, V11, V13, V22)" in evidence.fallen(kept)


@pytest.mark.slow
def test_the_evidence_is_what_the_run_gives(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("takestwo")), *evidence.COMMAND, f"hydra.run.dir={tmp_path}/run"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    pd.testing.assert_frame_equal(evidence.measured(tmp_path / "run"), pd.read_csv(evidence.KEPT), rtol=1e-9)


def test_the_python_example_runs() -> None:
    for code in blocks("python"):
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith("True")


def test_every_command_in_the_readme_composes() -> None:
    from sim.cli import request

    text = "".join(blocks("sh")).replace("\\\n", "")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    asked = [w[1:] for w in lines if w[:1] == ["takestwo"] and w[1] in {"run", "compare"} and "--help" not in w]
    assert {command for command, *_ in asked} == {"run", "compare"}
    for command, *words in asked:
        points = request.read(words, several=command == "compare").points
        assert len(points) > (command == "compare")


def test_what_the_map_names_is_there() -> None:
    for path in re.findall(r"`(sim/[\w/.]+|configs/|experiments/[\w/.]+)`", README):
        assert (ROOT / path).exists(), path
