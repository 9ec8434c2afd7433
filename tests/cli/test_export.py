"""Files that certificates are written to: never through a link, never over something, never by a device's choice."""

import os
import ssl
import stat
from pathlib import Path

import pytest

from core.model.errors import CamtrustError
from tests.cli.conftest import Scene
from tests.cli.scripted import DER, LOBBY
from tests.cli.shell import Shell, Terminal, python
from tui.export import file_name, replace, to_pem, write_new


def test_a_new_file_is_complete_and_private(tmp_path: Path) -> None:
    write_new(tmp_path / "a.cer", DER)

    assert (tmp_path / "a.cer").read_bytes() == DER
    assert stat.S_IMODE((tmp_path / "a.cer").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "fifo", "folder"])
def test_whatever_has_the_name_already_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    path, victim = tmp_path / "a.cer", tmp_path / "victim"
    victim.write_bytes(b"precious")
    match kind:
        case "file":
            path.write_bytes(b"mine")
        case "link":
            path.symlink_to(victim)
        case "dangling":
            path.symlink_to(tmp_path / "nowhere")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
    before = path.lstat()

    with pytest.raises(FileExistsError):
        write_new(path, DER)

    assert path.lstat() == before
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_regular_file_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    path, other_name = tmp_path / "a.cer", tmp_path / "other.cer"
    path.write_bytes(b"old")
    os.link(path, other_name)

    replace(path, DER)

    assert path.read_bytes() == DER
    assert other_name.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.cer", "other.cer"]


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_nothing_else_is_ever_replaced(tmp_path: Path, kind: str) -> None:
    path, victim = tmp_path / "a.cer", tmp_path / "victim"
    victim.write_bytes(b"precious")
    match kind:
        case "link":
            path.symlink_to(victim)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()

    with pytest.raises(CamtrustError, match="not a regular file"):
        replace(path, DER)

    assert victim.read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(CamtrustError, match="cannot be written: No such file"):
        write_new(tmp_path / "nowhere" / "a.cer", DER)


LIMITED = """
import resource, sys
from pathlib import Path
from tui.export import write_new
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
write_new(Path(sys.argv[1]), bytes(1000))
"""


async def test_a_file_that_cannot_be_written_to_the_end_is_not_there(tmp_path: Path) -> None:
    written = await python(Shell(tmp_path), LIMITED, str(tmp_path / "a.cer"))

    assert "cannot be written: File too large" in written.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "device", ["../../etc/passwd", "a/b", "..", "", "-rf", "found:urn:uuid:1", "\x1b[2J", "x" * 500]
)
def test_no_device_id_makes_a_path(device: str) -> None:
    name = file_name(device, "ab12cd34" * 8)

    assert Path(name).name == name
    assert name.endswith("-ab12cd34.cer")
    assert not name.startswith(("-", "."))
    assert name.isascii()
    assert len(name) < 100


def test_pem_is_what_openssl_writes() -> None:
    assert to_pem(DER).decode() == ssl.DER_cert_to_PEM_cert(DER)


async def test_export_writes_der_under_id_and_fingerprint(scene: Scene) -> None:
    written = await scene.shell.run("export", "Lobby", "--json")

    path = scene.shell.home / f"{LOBBY.id}-ab12ab12.cer"
    assert written.code == 0
    assert path.read_bytes() == DER
    assert written.json == {"device": LOBBY.id, "which": "stored", "fingerprint": "ab12" * 16, "file": str(path)}


async def test_export_refuses_an_existing_file_where_nobody_can_be_asked(scene: Scene) -> None:
    path = scene.shell.home / "a.cer"
    path.write_bytes(b"mine")

    refused = await scene.shell.run("export", "Lobby", "-o", "a.cer")

    assert refused.code == 1
    assert refused.one_clear_line()
    assert path.read_bytes() == b"mine"


async def test_export_with_force_replaces_a_file_but_follows_no_link(scene: Scene) -> None:
    path, victim = scene.shell.home / "a.cer", scene.shell.home / "victim"
    path.write_bytes(b"mine")
    victim.write_bytes(b"precious")
    (scene.shell.home / "link.cer").symlink_to(victim)

    assert (await scene.shell.run("export", "Lobby", "-o", "a.cer", "--force")).code == 0
    assert (await scene.shell.run("export", "Lobby", "-o", "link.cer", "--force")).code == 1

    assert path.read_bytes() == DER
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(("answer", "code", "content"), [(b"y\n", 0, DER), (b"n\n", 1, b"mine")])
async def test_export_asks_on_a_terminal(scene: Scene, answer: bytes, code: int, content: bytes) -> None:
    path = scene.shell.home / "a.cer"
    path.write_bytes(b"mine")

    async with Terminal(scene.shell, "export", "Lobby", "-o", "a.cer") as terminal:
        await terminal.until(b"Replace it?")
        terminal.type(answer)
        assert await terminal.end() == code

    assert path.read_bytes() == content


async def test_export_to_standard_output_is_nothing_but_the_certificate(scene: Scene) -> None:
    assert (await scene.shell.run("export", "Lobby", "-o", "-")).out == DER


async def test_a_raw_certificate_never_goes_to_a_terminal(scene: Scene) -> None:
    async with Terminal(scene.shell, "export", "Lobby", "-o", "-") as terminal:
        assert await terminal.end() == 2
        assert DER[-16:] not in terminal.said
