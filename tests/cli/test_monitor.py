"""`camtrust monitor --once`: one frame of the wall as plain text, and what the shell is told."""

import os
import tempfile
from pathlib import Path

import msgspec
import pytest

from core.model.messages import ListDevices, ReadEvents
from tests.cli.conftest import Scene
from tests.cli.scripted import BLOCKED, DOCK, LOBBY, scripted
from tests.cli.shell import Ended, Shell, Terminal, python
from tests.tui.monitor import STRANGER


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def is_plain(ended: Ended) -> bool:
    return all(character.isprintable() or character == "\n" for character in ended.text)


async def test_all_is_well(scene: Scene) -> None:
    scene.engine.board.drop(LOBBY.id)
    printed = await scene.shell.run("monitor", "--once")

    assert (printed.code, printed.err) == (0, "")
    assert is_plain(printed)
    assert "= Nothing needs anybody: 1 device." in printed.text
    assert "Loading dock added by tech1" in printed.text
    assert "█" in printed.text
    assert max(map(len, printed.text.splitlines())) <= 80


async def test_what_needs_a_person_returns_3_and_only_looking_is_asked_for(scene: Scene) -> None:
    scene.engine.put(BLOCKED)
    printed = await scene.shell.run("monitor", "--once")

    assert (printed.code, printed.err) == (3, "")
    assert "!! Loading dock  192.168.20.14       BLOCKED: another certificate" in printed.text
    assert "? Lobby         192.168.20.11:4443  review: the device's own certificate" in printed.text
    assert scene.engine.asked == [ListDevices(), ReadEvents(limit=500)]


async def test_a_review_alone_returns_3(scene: Scene) -> None:
    assert (await scene.shell.run("monitor", "--once")).code == 3


async def test_without_an_engine_it_returns_4_and_starts_none(shell: Shell) -> None:
    gone = await shell.run("--state-dir", str(shell.home / "state"), "monitor", "--once")

    assert (gone.code, gone.out) == (4, b"")
    assert gone.one_clear_line()
    assert not (shell.home / "state").exists()


async def test_where_the_locale_is_not_utf_8_it_is_ascii(scene: Scene) -> None:
    scene.engine.put(msgspec.structs.replace(BLOCKED, name="Lådögård"))
    printed = await scene.shell.run("monitor", "--once", LC_ALL="C")

    assert printed.out.isascii()
    assert "##" in printed.text
    assert "L?d?g?rd" in printed.text


async def test_everything_is_printed_to_a_file(scene: Scene) -> None:
    away = [msgspec.structs.replace(BLOCKED, id=f"x{number}", name=f"Gate {number:02}") for number in range(60)]
    scene.engine.put(*away)
    printed = await scene.shell.run("monitor", "--once")

    assert all(device.name in printed.text for device in away)


async def test_on_a_terminal_it_is_no_larger_than_that_and_draws_nothing(scene: Scene) -> None:
    away = [msgspec.structs.replace(BLOCKED, id=f"x{number}", name=f"Gate {number:02}") for number in range(60)]
    scene.engine.put(*away)
    async with Terminal(scene.shell, "monitor", "--once") as terminal:
        assert await terminal.end() == 3

    assert b"\x1b" not in terminal.said
    assert len(terminal.said.splitlines()) <= 23
    assert b"page 1 of" in terminal.said


@pytest.mark.parametrize("term", ["dumb", "xterm"])
async def test_where_no_screen_can_be_shown_the_plain_command_is_named(shell: Shell, term: str) -> None:
    refused = await shell.run("monitor", TERM=term)

    assert (refused.code, refused.out) == (2, b"")
    assert refused.one_clear_line()
    assert "camtrust monitor --once" in refused.err


async def test_once_loads_no_screen_and_no_engine(scene: Scene) -> None:
    code = """
import sys
from tui.cli import main
main()
print(sorted(name for name in ("textual", "core.engine", "cryptography") if name in sys.modules), file=sys.stderr)
"""
    printed = await python(scene.shell, code, *scene.shell.options, "monitor", "--once")

    assert printed.err.splitlines()[-1] == "[]"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
async def test_an_account_that_may_only_look_is_enough() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with scripted(folder) as (engine, path):
            engine.put(DOCK)
            path.chmod(0o666)
            shell = Shell(folder)
            printed = await python(shell, STRANGER, "--socket", str(path), "monitor", "--once", HOME="/nonexistent")

    assert (printed.code, printed.err) == (0, "")
    assert "= Nothing needs anybody: 1 device." in printed.text
