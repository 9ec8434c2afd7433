"""`camtrust add` of many: a list from a file or standard input, and pasted text."""

from pathlib import Path

import pytest

from core.model.messages import AddDevices
from core.model.secret import Secret
from tests.cli.conftest import Scene

LIST = b"\xef\xbb\xbfAddress;Name\r\n# ground floor\r\n192.168.20.1;Lobby, left\r\n192.168.20.2:4443\r\n"


def added(scene: Scene) -> AddDevices:
    [command] = [command for command in scene.engine.asked if isinstance(command, AddDevices)]
    return command


async def test_a_list_adds_all_its_devices_with_their_names(scene: Scene) -> None:
    (scene.shell.home / "cameras.csv").write_bytes(LIST)
    ended = await scene.shell.run("add", "--from", "cameras.csv", "--no-wait", "--json")
    assert ended.code == 0
    assert added(scene) == AddDevices(addresses=("192.168.20.1", "192.168.20.2:4443"), names=("Lobby, left", ""))
    assert len(ended.json) == 2


async def test_a_list_may_come_from_standard_input_beside_addresses(scene: Scene) -> None:
    ended = await scene.shell.run("add", "192.168.20.9", "--from", "-", "--no-wait", stdin=b"192.168.20.1\n")
    assert ended.code == 0
    assert added(scene) == AddDevices(addresses=("192.168.20.9", "192.168.20.1"))


async def test_the_login_is_for_all_of_the_list(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n")
    login = ("--user", "admin", "--password-file", str(tmp_path / "password"))
    await scene.shell.run("add", "--from", "-", "--no-wait", *login, stdin=b"192.168.20.1\n192.168.20.2\n")
    assert (added(scene).user, added(scene).password) == ("admin", Secret("geheim"))


async def test_a_list_of_one_is_an_array_too(scene: Scene) -> None:
    ended = await scene.shell.run("add", "--from", "-", "--no-wait", "--json", stdin=b"192.168.20.1\n")
    assert isinstance(ended.json, list)


async def test_pasted_addresses_are_taken_apart(scene: Scene) -> None:
    ended = await scene.shell.run(
        "add", " 192.168.20.1, 192.168.20.2;\n192.168.20.3:4443\t", "cam-4.local", "--no-wait"
    )
    assert ended.code == 0
    assert added(scene).addresses == ("192.168.20.1", "192.168.20.2", "192.168.20.3:4443", "cam-4.local")


async def test_all_wrong_lines_are_told_at_once_and_nothing_is_added(scene: Scene) -> None:
    wrong = b"192.168.20.1,Gate\n192.168.20.300\n\n192.168.20.2:0,Hall\n192.168.20.1\n"
    ended = await scene.shell.run("add", "--from", "-", stdin=wrong)
    assert (ended.code, ended.out, scene.engine.asked) == (2, b"", [])
    assert ended.err.splitlines() == [
        "camtrust: 3 lines of the list cannot be used: nothing was added.",
        "  Line 2: '192.168.20.300' is no address of a device: '192.168.20.300' is not an IPv4 address.",
        "  Line 4: '192.168.20.2:0' is no address of a device: the port 0 is not between 1 and 65535.",
        "  Line 5: '192.168.20.1' is in line 1 already.",
        "  A line is address,name such as 192.168.20.1,Loading dock; the name may be left out.",
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ((), b""),
        (("",), b""),
        (("--from", "nowhere.csv"), b""),
        (("--from", "."), b""),
        (("--from", "-"), b""),
        (("--from", "-"), b"#" * (512 * 1024 + 1)),
        (("--from", "-", "--password-file", "-", "--user", "admin"), b"192.168.20.1\n"),
        (("--from", "-", "--user", "admin"), b"192.168.20.1\n"),
        (("--from", "-", "--name", "Gate"), b"192.168.20.1\n192.168.20.2\n"),
        (("--from", "-", "--expect-fingerprint", "ab" * 32), b"192.168.20.1\n192.168.20.2\n"),
        (("192.168.20.1", "--from", "-"), b"192.168.20.1\n"),
        (("192.168.20.1 and 192.168.20.2",), b""),
    ],
)
async def test_what_cannot_be_meant_is_2_and_reaches_no_engine(
    scene: Scene, arguments: tuple[str, ...], stdin: bytes
) -> None:
    ended = await scene.shell.run("add", *arguments, stdin=stdin)
    assert (ended.code, ended.out, scene.engine.asked) == (2, b"", [])
    assert ended.err.startswith("camtrust: ")
    assert "Traceback" not in ended.err
