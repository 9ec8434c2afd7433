"""The unit file, as systemd reads it."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from core.model.errors import CamtrustError
from core.service.paths import SYSTEM_CONFIG, SYSTEM_SOCKET, SYSTEM_STATE
from core.service.unit import closed_to_others, installed_in, unit

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def service(text: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return dict(parser["Service"])


def analyzed(folder: Path, text: str, *command: str) -> subprocess.CompletedProcess[str]:
    file = folder / "camtrust.service"
    file.write_text(text)
    line = ["systemd-analyze", *command, "--no-pager", str(file)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_it_runs_this_installation_on_the_machines_own_folders() -> None:
    found = service(unit())
    assert found["ExecStart"].split() == [
        *(sys.executable, "-I", "-m", "core.service.run"),
        *("--state-dir", "/var/lib/camtrust", "--socket", "/run/camtrust/engine.sock"),
    ]
    assert (found["User"], found["Group"]) == ("camtrust", "camtrust")


def test_the_folders_are_those_that_clients_and_the_engine_look_into() -> None:
    found = service(unit())
    assert SYSTEM_SOCKET.parent == Path("/run", found["RuntimeDirectory"])
    assert Path("/var/lib", found["StateDirectory"]) == SYSTEM_STATE
    assert SYSTEM_CONFIG.parent == Path("/etc", found["ConfigurationDirectory"])
    # The store takes no other mode, and a group that may enter is what the socket needs.
    assert (found["StateDirectoryMode"], found["RuntimeDirectoryMode"], found["UMask"]) == ("0700", "0750", "0077")


@pytest.mark.parametrize(
    ("place", "homes"), [("/opt/camtrust", "yes"), ("/home/tech1/camtrust", "read-only"), ("/root/x", "read-only")]
)
def test_homes_are_hidden_unless_the_program_is_in_one(place: str, homes: str) -> None:
    assert service(unit(f"{place}/bin/python", [Path(place)]))["ProtectHome"] == homes


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = analyzed(tmp_path, unit(), "verify", "--man=no")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_a_line_that_systemd_does_not_know_would_be_told(tmp_path: Path) -> None:
    done = analyzed(tmp_path, unit().replace("PrivateTmp=", "PrivateTemp="), "verify", "--man=no")
    assert "PrivateTemp" in done.stderr


@needs_systemd
@pytest.mark.parametrize("name", ["plain", "two words", "100%h", "$HOME", "ü", "a;b"])
def test_whatever_the_path_of_the_interpreter_systemd_finds_it(tmp_path: Path, name: str) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.symlink_to("/bin/true")
    found = analyzed(tmp_path, unit(str(python)), "verify", "--man=no")
    assert (found.returncode, found.stderr) == (0, "")
    python.unlink()
    missing = analyzed(tmp_path, unit(str(python)), "verify", "--man=no")
    assert f"Command {python} is not executable" in missing.stderr


@pytest.mark.parametrize("name", ['a"quote', "it's", "back\\slash", "a\nExecStartPre=/bin/true"])
def test_a_path_that_systemd_does_not_run_is_refused(name: str) -> None:
    with pytest.raises(CamtrustError, match="systemd runs no program"):
        unit(f"/opt/{name}/python")


@needs_systemd
def test_systemd_rates_the_service_as_well_protected(tmp_path: Path) -> None:
    text = unit("/opt/camtrust/bin/python", [Path("/opt/camtrust")])
    done = analyzed(tmp_path, text, "security", "--offline=true", "--threshold=30")
    assert done.returncode == 0, done.stdout


def test_a_folder_that_the_account_could_not_enter_is_found(tmp_path: Path) -> None:
    (tmp_path / "opt" / "bin").mkdir(parents=True)
    for folder in (tmp_path / "opt", tmp_path / "opt" / "bin"):
        folder.chmod(0o700)
    # The folders of tests are closed themselves.
    outermost = closed_to_others([tmp_path])
    assert outermost is not None and tmp_path.is_relative_to(outermost)
    assert closed_to_others([Path("/usr/bin")]) is None
    assert all(place.exists() for place in installed_in())
