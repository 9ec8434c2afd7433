"""Does something with a folder again and again, killed at the n-th call that `core.files` makes, for n = 1, 2, …

`python -m tests.authority.killed ACTION FOLDER` works on copies, `FOLDER.1`, `FOLDER.2` and so on, until one comes
through.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from core import files
from core.authority import Authority
from core.store.folder import StateFolder
from tests.authority.conftest import NOW, SMALL


def copies_killed(action: str, folder: Path) -> list[Path]:
    """Run this program; return the copies, the last of which nothing was killed in."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "tests.authority.killed", action, folder], cwd=root, check=True)
    return sorted(folder.parent.glob(f"{folder.name}.*"), key=lambda copy: int(copy.suffix[1:]))


def start(folder: Path) -> None:
    """Open the folder and the authority in it, as the engine does."""
    Authority.open(StateFolder.open(folder).path, SMALL, "gw-042", NOW)


def create_key(folder: Path) -> None:
    files.create_private(folder, "key", b"new")


def replace_key(folder: Path) -> None:
    files.replace_private(folder, "key", b"new")


ACTIONS = {"start": start, "create": create_key, "replace": replace_key}


def die_at(last: int) -> None:
    calls = 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal calls
        if event == "c_call" and frame.f_code.co_filename == files.__file__:
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def main(action: str, folder: Path) -> None:
    for last in range(1, 1000):
        shutil.copytree(folder, copy := folder.with_name(f"{folder.name}.{last}"))
        child = os.fork()
        if child == 0:
            die_at(last)
            ACTIONS[action](copy)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
