"""Where passwords come from: a file, standard input, or a person at a terminal; never the command line."""

import asyncio
from pathlib import Path

import pytest

from core.model.errors import UsageError
from core.model.messages import AddDevices, RemoveDevice
from core.model.secret import Secret
from tests.cli.conftest import Scene
from tests.cli.scripted import LOBBY
from tests.cli.shell import Terminal
from tui.prompts import read_password


@pytest.mark.parametrize(
    ("content", "password"),
    [(b"geheim\n", "geheim"), (b"geheim", "geheim"), (b" a b \r\nnext\n", " a b "), (b"\n", ""), (b"\xc3\xbc\n", "ü")],
)
def test_the_password_is_the_first_line_of_the_file(tmp_path: Path, content: bytes, password: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)

    assert read_password("admin", str(path)) == Secret(password)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b"x" * 1025])
def test_a_file_without_a_usable_first_line_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)

    with pytest.raises(UsageError) as refused:
        read_password("admin", str(path))

    assert "x" * 20 not in refused.value.title


def test_a_file_that_others_may_read_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"geheim\n")
    path.chmod(0o644)
    read_password("admin", str(path))
    assert "others may read" in capsys.readouterr().err

    path.chmod(0o600)
    read_password("admin", str(path))
    assert capsys.readouterr().err == ""


def test_without_a_user_there_is_no_password() -> None:
    assert read_password("", None) is None


async def test_a_password_that_is_typed_is_not_shown(scene: Scene) -> None:
    async with Terminal(scene.shell, "add", "192.168.20.14", "--user", "admin") as terminal:
        await terminal.until(b"Password for admin")
        terminal.type(b"geheim-7\n")
        assert await terminal.end() == 0
        assert b"geheim-7" not in terminal.said

    added = scene.engine.asked[-1]
    assert isinstance(added, AddDevices)
    assert added.password == Secret("geheim-7")


async def test_no_process_list_shows_the_password(scene: Scene) -> None:
    process = await scene.shell.start("add", "192.168.20.14", "--user", "admin", "--password-file", "-")
    told = Path(f"/proc/{process.pid}")
    async with asyncio.timeout(10):
        # Until the program has begun, its line is that of the one that starts it, or empty.
        while b"--password-file" not in (told / "cmdline").read_bytes():
            await asyncio.sleep(0.01)
    words = (told / "cmdline").read_bytes() + (told / "environ").read_bytes()
    await process.communicate(b"geheim-7\n")

    assert b"geheim-7" not in words


@pytest.mark.parametrize(("answer", "removed"), [(b"y\n", True), (b"\n", False)])
async def test_remove_asks_on_a_terminal(scene: Scene, answer: bytes, removed: bool) -> None:
    async with Terminal(scene.shell, "remove", "Lobby") as terminal:
        await terminal.until(b"Forget Lobby (192.168.20.11:4443)")
        terminal.type(answer)
        await terminal.end()

    assert (RemoveDevice(device=LOBBY.id) in scene.engine.asked) is removed
