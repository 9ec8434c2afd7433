"""Accounts without a home, and sockets for groups in the wrong folder."""

import asyncio
import grp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.model.config import Config
from core.model.errors import CamtrustError, ExitCode
from core.service.access import Group, check_folder
from core.service.client import Client
from core.service.doctor import examine

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

HOMELESS = """
import os, sys
from pathlib import Path
import platformdirs, platformdirs.unix
from core.model.errors import CamtrustError
from core.service.paths import default_state_dir
from core.service.settings import config_files
os.environ.clear()
os.setgroups([]); os.setgid(54321); os.setuid(54321)
try:
    print(default_state_dir())
except CamtrustError as error:
    print(error.title, error.hint)
print(*config_files(None, Path("/etc/x.toml")))
"""


@needs_root
def test_an_account_without_a_home_folder_is_told_so_and_has_no_settings_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", HOMELESS], capture_output=True, text=True, timeout=20)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "This account has no home folder Set HOME, or give --state-dir.",
        "/etc/x.toml",
    ]


def test_whose_the_folder_of_the_units_socket_is_is_told_where_viewers_are_not_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    with pytest.raises(CamtrustError, match="The group ops cannot enter") as caught:
        check_folder(tmp_path, Group("ops", 54001), system=tmp_path)
    owner = grp.getgrgid(tmp_path.stat().st_gid).gr_name
    assert caught.value.hint.startswith(f'Set [access] viewers = "{owner}"')


def test_an_engine_of_ones_own_can_do_without_groups(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(CamtrustError) as caught:
        check_folder(tmp_path, Group("ops", 54001))
    assert "--config a file without [access]" in caught.value.hint


def test_the_wall_is_printed_once_where_there_is_no_stream_to_print_it_to(tmp_path: Path) -> None:
    code = "import sys; from tui.commands.monitor import _size; assert sys.stdout is None; assert _size() == (80, None)"
    command = ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-I", "-c", code]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")


@pytest.mark.parametrize("place", ["loop", "x" * 300])
async def test_doctor_tells_of_a_state_folder_that_does_not_let_itself_be_looked_into(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    checks = await examine(tmp_path / place, tmp_path / "engine.sock", Config())
    [folder] = [check for check in checks if check.name == "state folder"]
    assert folder.state == "wrong"
    assert "cannot be looked into" in folder.text


IMPOSTOR = """
import os, socket, sys
os.setgroups([]); os.setgid(54321); os.setuid(54321)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
taken, _ = listener.accept()
print(taken.recv(100), flush=True)
"""


@needs_root
@pytest.mark.parametrize("mode", [0o1777, 0o775])
async def test_a_socket_of_another_account_where_everybody_can_put_one_is_told_nothing(mode: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        os.chown(folder, 0, 54321)
        folder.chmod(mode)
        command = [sys.executable, "-I", "-c", IMPOSTOR, str(folder / "engine.sock")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as impostor:
            assert impostor.stdout is not None
            await asyncio.to_thread(impostor.stdout.readline)
            with pytest.raises(CamtrustError, match="Another account listens on"):
                await Client.connect(folder / "engine.sock", patience=2.0)
            assert await asyncio.to_thread(impostor.stdout.readline) == "b''\n"
