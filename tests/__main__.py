"""All tests, in processes side by side: most of the time a test waits for a simulated camera.

`python -m tests` shows how one of them goes, prints what the others have to say when they have ended, and fails if one
of them did.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

_FOLDER = Path(__file__).parent
# What waits most is dealt out by itself.
_SLOW = ("engine", "whole")
_SHARES = 2


def main() -> int:
    """Run all; return the exit code of the first that failed."""
    *others, shown = parts()
    with ExitStack() as stack:
        started = [_start(part, stack.enter_context(tempfile.TemporaryFile())) for part in others]
        codes = []
        try:
            codes.append(subprocess.call(_command(shown)))
        finally:
            # An interrupt has reached all.
            codes += [_end(*other) for other in started]
    return next(filter(None, codes), 0)


def parts() -> list[list[str]]:
    """Return the files for each process; together they are all there are."""
    files = sorted(_FOLDER.rglob("test_*.py"))
    slow = [file for file in files if file.parent.name in _SLOW]
    rest = [file for file in files if file.parent.name not in _SLOW]
    return [list(map(str, dealt[share::_SHARES])) for dealt in (slow, rest) for share in range(_SHARES)]


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
