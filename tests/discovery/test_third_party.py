"""Programs of others announce themselves on a network made for the test, and each source tells what they are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.discovery.third_party import PROGRAMS

# What these start ends with them, and nothing that they send leaves.
ALONE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_others_is_found_described_and_missed_when_it_goes(program: str) -> None:
    missing = [tool for tool in ("unshare", "nsenter", "ip", "mount", program.split()[0]) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() or subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("making networks takes more rights than these")
    done = subprocess.run(
        [*ALONE, sys.executable, "-W", "error", "-m", "tests.discovery.third_party", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
