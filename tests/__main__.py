"""All tests, in two processes side by side: most of the time a test waits for a simulated camera.

`python -m tests` prints what each half has to say when it has ended, and fails if one of them did.
"""

import subprocess
import sys
import tempfile

_SLOW = ("tests/engine", "tests/whole")
_HALVES = (_SLOW, ("tests", *(f"--ignore={folder}" for folder in _SLOW)))


def main() -> int:
    """Run both halves; return the exit code of the first that failed."""
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "pytest", "-q"]
        slow = subprocess.Popen([*command, *_HALVES[0]], stdout=said, stderr=subprocess.STDOUT)
        try:
            rest = subprocess.call([*command, *_HALVES[1]])
        finally:
            # An interrupt has reached both.
            code = slow.wait()
            said.seek(0)
            sys.stdout.write(said.read().decode(errors="replace"))
    return rest or code


if __name__ == "__main__":
    sys.exit(main())
