"""Tests that need a network of their own, where interfaces and addresses can be changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ALONE = ("unshare", "--user", "--map-root-user", "--net", "--mount")


def run_alone(module: str, *tools: str) -> None:
    """Run a module in a network namespace; skips where there are none, or not the programs that it runs itself."""
    if shutil.which("unshare") is None or subprocess.run([*_ALONE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    done = subprocess.run(
        [*_ALONE, sys.executable, "-W", "error", "-m", module],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
