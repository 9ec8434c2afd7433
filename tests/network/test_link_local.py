import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_interface_that_an_address_names_reaches_the_connection() -> None:
    """In a network of its own, where an interface can be given an address."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    done = subprocess.run(
        [*alone, sys.executable, "-W", "error", "-m", "tests.network.link_local"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
