"""All tests, in processes side by side: most of the time a test waits for a simulated camera.

`python -m tests` prints what each has to say when it has ended, and fails if one of them did.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

_FOLDER = Path(__file__).parent
# What waits most: it gets as many processes as this for itself.
_SLOW, _SHARES = ("engine", "whole"), 2


def main() -> int:
    """Run all; return the exit code of the first that failed."""
    *shares, rest = parts()
    with ExitStack() as stack:
        running = [_start(part, stack.enter_context(tempfile.TemporaryFile())) for part in shares]
        try:
            codes = [subprocess.call(_command(rest))]
        finally:
            # An interrupt has reached all.
            codes_of_shares = [_end(*one) for one in running]
    return next((code for code in (*codes, *codes_of_shares) if code), 0)


def parts() -> list[list[str]]:
    """Return the arguments of each process; together they hold every test once."""
    slow = sorted(str(path) for folder in _SLOW for path in (_FOLDER / folder).glob("test_*.py"))
    rest = [str(_FOLDER), *(f"--ignore={_FOLDER / folder}" for folder in _SLOW)]
    return [*(slow[share::_SHARES] for share in range(_SHARES)), rest]


def _command(part: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *part]


def _start(part: Sequence[str], said: IO[bytes]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    return subprocess.Popen(_command(part), stdout=said, stderr=subprocess.STDOUT), said


def _end(process: subprocess.Popen[bytes], said: IO[bytes]) -> int:
    code = process.wait()
    said.seek(0)
    sys.stdout.write(said.read().decode(errors="replace"))
    return code


if __name__ == "__main__":
    sys.exit(main())
