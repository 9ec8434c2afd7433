"""The commands as processes, on a real engine, with simulated cameras."""

import asyncio
import hashlib
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Timing
from tests.cli.gateway import gateway
from tests.cli.shell import Shell, Terminal, ended_by
from tui.simulation import PASSWORD, USER, free_port

LOGIN = ("--user", USER, "--password-file", "-")


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with gateway(tmp_path, free_port()) as shell:
        yield shell


def address(camera: Camera) -> str:
    return f"{camera.host}:{camera.https_port}"


async def presented(camera: Camera) -> bytes:
    """Return what a handshake that knows nothing of ours sees."""
    place = (camera.host, camera.https_port)
    return ssl.PEM_cert_to_DER_cert(await asyncio.to_thread(ssl.get_server_certificate, place))


async def until_added(shell: Shell) -> str:
    """Wait until no device is being added any more; return the certificate field of the only one."""
    async with asyncio.timeout(60):
        while True:
            (device,) = (await shell.run("list", "--json")).json
            if device["connection"] != "adding":
                return str(device["certificate_field"])


def is_running(pid: int) -> bool:
    """Tell whether a process still has a program: one that ended may wait to be collected."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


async def test_https_is_switched_on_where_it_is_off(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.9", https_enabled=False)) as camera:
        place = f"{camera.host}:{camera.http_port}"
        refused = await shell.run("add", f"http://{place}", *LOGIN, "--enable-https", stdin=PASSWORD.encode())
        assert refused.code == 2, refused
        assert f"http://{place} asks for plain HTTP" in refused.err

        added = await shell.run("add", place, *LOGIN, "--json", stdin=PASSWORD.encode())
        assert added.json["certificate_field"] == "HTTP", added
        replaced = await shell.run("replace", added.json["id"], "--enable-https", "--json")
        assert (replaced.code, replaced.json["certificate_field"]) == (0, "HTTPS (Arcules)"), replaced
        assert replaced.json["fingerprint"] == hashlib.sha256(await presented(camera)).hexdigest()


async def test_a_camera_is_added_shown_exported_and_removed(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.1")) as camera:
        added = await shell.run("add", address(camera), *LOGIN, "--json", stdin=PASSWORD.encode())
        served = await presented(camera)
        fingerprint = hashlib.sha256(served).hexdigest()

        assert added.code == 0, added
        assert added.json["certificate_field"] == "HTTPS (Arcules)"
        assert added.json["connection"] == "online"
        assert added.json["fingerprint"] == fingerprint

        assert [device["id"] for device in (await shell.run("list", "--json")).json] == [added.json["id"]]
        for device in (added.json["id"], added.json["name"], address(camera)):
            shown = (await shell.run("show", device, "--json")).json
            assert shown["fingerprint"] == shown["stored_certificate"]["fingerprint"] == fingerprint
            assert shown["install"]["finished"] is True

        exported = await shell.run("export", address(camera), "--json")
        assert Path(exported.json["file"]).read_bytes() == served

        assert (await shell.run("remove", added.json["id"])).code == 0
        assert (await shell.run("list", "--json")).json == []
        assert "removed" in (await shell.run("events")).text


async def test_the_leaf_is_signed_by_the_authority_that_is_exported(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.2")) as camera:
        await shell.run("add", address(camera), *LOGIN, stdin=PASSWORD.encode())
        await shell.run("authority", "export", "--pem", "-o", "ca.pem")

        context = ssl.create_default_context(cafile=str(shell.home / "ca.pem"))
        reader, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=context)
        writer.close()
        await writer.wait_closed()
        assert not await reader.read()


async def test_a_camera_without_certificate_management_needs_review(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.3", keystore=None)) as camera:
        added = await shell.run("add", address(camera), *LOGIN, "--json", stdin=PASSWORD.encode())

        assert (added.code, added.json["certificate_field"]) == (3, "HTTPS (Device)")
        assert added.json["fingerprint"] == hashlib.sha256(await presented(camera)).hexdigest()
        assert added.json["attention"]


async def test_http_as_asked_for_is_done(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.4")) as camera:
        place = f"http://{camera.host}:{camera.http_port}"
        added = await shell.run("add", place, *LOGIN, "--json", stdin=PASSWORD.encode())

        assert (added.code, added.json["certificate_field"], added.json["fingerprint"]) == (0, "HTTP", None)


async def test_a_refused_login_needs_review_and_is_tried_once(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.5")) as camera:
        added = await shell.run("add", address(camera), *LOGIN, "--json", stdin=b"wrong")

        assert (added.code, added.json["attention_kind"]) == (3, "login_refused")
        assert added.json["certificate_field"] == "HTTPS (Device)"


async def test_an_unexpected_fingerprint_needs_review(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.6")) as camera:
        expected = ("--expect-fingerprint", "ab" * 32)
        added = await shell.run("add", address(camera), *LOGIN, *expected, "--json", stdin=PASSWORD.encode())

        assert (added.code, added.json["attention_kind"]) == (3, "unexpected_leaf")


async def test_a_device_that_does_not_answer_is_added_and_told_as_unreachable(shell: Shell) -> None:
    added = await shell.run("add", "127.41.0.7", "--patience", "0", "--json")

    assert (added.code, added.json["certificate_field"], added.json["connection"]) == (4, None, "offline")
    assert len((await shell.run("list", "--json")).json) == 1


async def test_on_a_terminal_the_steps_are_told_as_they_are_done(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.8")) as camera:
        (shell.home / "password").write_text(PASSWORD)
        login = ("--user", USER, "--password-file", "password")
        async with Terminal(shell, "add", address(camera), *login, "--name", "Gate") as terminal:
            assert await terminal.end() == 0
            told = terminal.said.decode()

    assert told.index("1/10 ") < told.index("6/10 ") < told.index("10/10 ") < told.index("HTTPS (Arcules)")


async def test_without_a_command_the_screens_show_what_the_engine_has(shell: Shell) -> None:
    await shell.run("add", "127.41.0.12", "--name", "Far away", "--patience", "0")

    async with Terminal(shell) as terminal:
        await terminal.until(b"Far away")
        terminal.type(b"q")
        assert await terminal.end() == 0

    assert len((await shell.run("list", "--json")).json) == 1


async def test_what_keeps_the_engine_from_starting_is_told_in_lines_and_not_on_a_screen(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)

    async with Terminal(Shell(tmp_path, "--state-dir", str(tmp_path / "state"))) as terminal:
        assert await terminal.end() == 1
        assert b"chmod 700" in terminal.said
        assert b"\x1b[?1049h" not in terminal.said


async def test_an_install_goes_on_when_its_command_is_interrupted(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.9", timing=Timing(key=1.5))) as camera:
        (shell.home / "password").write_text(PASSWORD)
        login = ("--user", USER, "--password-file", "password")
        async with Terminal(shell, "add", address(camera), *login) as terminal:
            await terminal.until(b"5/10 ")
            terminal.process.send_signal(signal.SIGINT)
            assert await terminal.end() == 130
            assert b"The work goes on in the engine" in terminal.said

        assert await until_added(shell) == "HTTPS (Arcules)"


async def test_an_engine_at_work_ends_only_by_force_and_takes_the_work_up_again(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.41.0.10", timing=Timing(key=1.5))) as camera:
        await shell.run("add", address(camera), *LOGIN, "--no-wait", stdin=PASSWORD.encode())

        refused = await shell.run("engine", "stop")
        assert (refused.code, refused.one_clear_line()) == (1, True)
        stopped = await shell.run("engine", "stop", "--force", "--json")
        assert stopped.code == 0
        assert not is_running(stopped.json["ended"])

        assert await until_added(shell) == "HTTPS (Arcules)"


async def test_the_engine_runs_in_the_foreground_until_it_is_told_to_end(shell: Shell) -> None:
    process = await shell.start("engine")
    assert process.stderr is not None
    async with ended_by(process):
        assert b"gateway gw-test" in await process.stderr.readline()
        assert (await shell.run("list", "--json")).json == []
        process.terminate()
        assert await process.wait() == 0

    assert (await shell.run("engine", "stop")).code == 4


async def test_a_command_whose_engine_is_killed_says_so(shell: Shell) -> None:
    process = await shell.start("engine")
    assert process.stderr is not None
    async with ended_by(process), Camera(CameraSettings(host="127.41.0.11", timing=Timing(key=30.0))) as camera:
        await process.stderr.readline()
        (shell.home / "password").write_text(PASSWORD)
        login = ("--user", USER, "--password-file", "password")
        async with Terminal(shell, "add", address(camera), *login) as terminal:
            await terminal.until(b"5/10 ")
            process.kill()
            assert await terminal.end() == 4
            assert b"camtrust: The connection to the engine was lost" in terminal.said


async def test_another_engine_on_the_same_state_folder_is_5(shell: Shell) -> None:
    await shell.run("list", "--wait", "0")

    refused = await shell.run("--socket", str(shell.home / "other.sock"), "engine")

    assert refused.code == 5
    assert len(refused.err.splitlines()) <= 2
    assert (await shell.run("list", "--json")).code == 0
