"""Tests that need a network of their own, where interfaces and addresses can be changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ALONE = ("unshare", "--user", "--map-root-user", "--net")


def run_alone(module: str) -> None:
    """Run a module in a network namespace; skips where there are none."""
    if shutil.which("unshare") is None or subprocess.run([*_ALONE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    done = subprocess.run(
        [*_ALONE, sys.executable, "-W", "error", "-m", module],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
