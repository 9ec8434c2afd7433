"""What is typed or configured wrongly: one clear line that says what and what to do, and no traceback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.gateway import gateway
from tests.cli.shell import Shell
from tui.simulation import free_port


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with gateway(tmp_path, free_port()) as shell:
        yield shell


async def refused(shell: Shell, *arguments: str, code: int) -> str:
    """Run a command that must be refused in one clear line; return that line and its hint."""
    ended = await shell.run(*arguments)
    assert (ended.code, ended.out, ended.one_clear_line()) == (code, b"", True), ended
    return ended.err


BAD_ADDRESSES = {
    "300.1.1.1": "is no address of a device",
    "not an address": "is no address of a device",
    "192.168.20.1:99999": "not between 1 and 65535",
    "192.168.20.1:0": "not between 1 and 65535",
    "192.168.20.1:https": "is not a number",
    "ftp://192.168.20.1": "neither http:// nor https://",
    "https://admin:geheim@192.168.20.1": "a user name and a password are given on their own",
}


async def test_an_address_that_cannot_be_meant_adds_nothing(shell: Shell) -> None:
    said = {address: await refused(shell, "add", address, code=2) for address in BAD_ADDRESSES}

    assert {address: text for address, text in said.items() if BAD_ADDRESSES[address] not in text} == {}
    assert "geheim" not in "".join(said.values())
    assert (await shell.run("list", "--json")).json == []


async def test_one_bad_address_among_good_ones_adds_none(shell: Shell) -> None:
    await refused(shell, "add", "127.42.0.1", "127.42.0.2:77777", code=2)

    assert (await shell.run("list", "--json")).json == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
async def test_a_state_folder_that_others_can_use_is_refused_with_the_command_that_helps(
    tmp_path: Path, mode: int
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(mode)

    said = await refused(Shell(tmp_path, "--state-dir", str(tmp_path / "state")), "list", code=1)

    assert f"chmod 700 {tmp_path / 'state'}" in said
    assert list((tmp_path / "state").iterdir()) == []


async def test_a_state_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to(tmp_path / "real")

    await refused(Shell(tmp_path, "--state-dir", str(tmp_path / "state")), "list", code=1)

    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('gatewai = "x"', 'did you mean "gateway"?'),
        ("linger = -1", "0 or more"),
        ("patience = 'long'", '"patience" must be'),
        ("[authority]\nkey_type = 'dsa'", '"rsa-3072"'),
        ("gateway = \nlinger = 1", "line 1"),
    ],
)
async def test_a_config_that_is_wrong_names_file_line_and_what_is_right(
    tmp_path: Path, config: str, expected: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(config)

    said = await refused(Shell(tmp_path, "--config", str(path)), "list", code=2)

    assert f"{path} " in said
    assert expected in said
    assert not (tmp_path / ".local").exists()


async def test_a_config_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert "No such file" in await refused(Shell(tmp_path, "--config", "none.toml"), "list", code=2)


async def test_an_interface_that_is_no_address_is_told(tmp_path: Path) -> None:
    assert "'eth0' is no address" in await refused(Shell(tmp_path, "--interface", "eth0"), "list", code=2)


async def test_the_foreground_engine_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)

    ended = await Shell(tmp_path, "--state-dir", str(tmp_path / "state")).run("engine")

    assert ended.code == 1
    assert "chmod 700" in ended.err
    assert len(ended.err.splitlines()) <= 2
