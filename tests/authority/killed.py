"""Does something with a folder again and again, killed at the n-th call that `files` makes, for n = 1, 2, …

`python -m tests.authority.killed open|replace FOLDER` works on copies, `FOLDER.1`, `FOLDER.2` and so on, until one
comes through.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from core.authority import Authority, files
from core.model.secret import Secret
from tests.authority.conftest import NOW, SMALL


def open_authority(folder: Path) -> None:
    Authority.open(folder, SMALL, "gw-042", NOW)


def replace_key(folder: Path) -> None:
    files.write(folder / "ca.key", Secret("sealed"), replace=True)


ACTIONS = {"open": open_authority, "replace": replace_key}


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
