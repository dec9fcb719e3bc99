"""Environments for the peers: one each, from PyPI, with the versions that were measured; never in the product's own.

    python experiments/benchmarks/common_month/peers.py      # make those that are missing; the driver does so too

They lie in the product's cache folder, which is safe to delete at any time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from sim.source import cache_folder  # noqa: E402 - found only now

PEERS = {
    "mesa": ("mesa==3.3.1", "networkx==3.6.1", "numpy==2.4.6"),
    "starsim": ("starsim==3.7.2", "numpy==2.4.6", "numba==0.68.1"),
    "mesa-frames": ("mesa-frames==0.1.0a0", "polars==2.1.0", "numpy==1.26.4"),
}
"""What is installed for each, beside what that needs itself."""


class PeerMissingError(RuntimeError):
    """An environment that could not be made, and why."""


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing."""
    pins = PEERS[peer]
    digest = hashlib.sha256("\n".join((sys.version, *pins)).encode()).hexdigest()[:8]
    folder = cache_folder() / "peers" / f"{peer}-{digest}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # Without its stamp an environment is half made, and goes.
    stamp = folder / "ready"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in _making(folder, python, pins):
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own pins
            if done.returncode:
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise PeerMissingError(f"{' '.join(pins)} could not be installed: {''.join(last) or 'no word why'}")
        stamp.touch()
    return python


def _making(folder: Path, python: Path, pins: tuple[str, ...]) -> tuple[list[str], ...]:
    """The commands that make an environment: wheels only, since building from source might take an hour."""
    uv = shutil.which("uv")
    if uv:
        return (
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(python), *pins],
        )
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--only-binary", ":all:"]
    return [sys.executable, "-m", "venv", str(folder)], [*pip, *pins]


def main() -> None:
    """Make all, and say what came of it."""
    for peer in PEERS:
        try:
            print(f"{peer}: {python_of(peer)}")
        except PeerMissingError as missing:
            print(f"{peer}: left out. {missing}")


if __name__ == "__main__":
    main()
