"""Engines as processes of their own, started as the product starts them."""

import asyncio
import contextlib
import grp
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model.errors import CamtrustError, EngineGoneError, ExitCode, StateBusyError
from core.model.messages import Done, ListDevices, Role, StopEngine
from core.service.client import Client
from core.service.launch import ensure_engine
from core.service.logs import log_path
from core.service.paths import socket_path
from core.store.folder import StateFolder
from tests.service.helpers import until

SETTINGS = """
gateway = "gw-test"
# Keys of this kind are made quickly.
authority.key_type = "ec-p256"
"""
LOOPBACK = ("127.0.0.1",)


class Site:
    """A state folder, what is needed to start an engine on it, and the processes that were started."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.socket = socket_path(self.state)
        self.config = folder / "config.toml"
        self.config.write_text(SETTINGS)
        self.started: list[subprocess.Popen[str]] = []

    async def ensure(self, *, deadline: float = 20.0) -> None:
        await ensure_engine(self.state, self.socket, self.config, LOOPBACK, deadline=deadline)

    async def attach(self, role: Role = Role.OPERATOR) -> Client:
        return await Client.connect(self.socket, role=role)

    async def pid(self) -> int:
        async with await self.attach(Role.VIEWER) as client:
            return client.welcome.status.pid

    def foreground(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", "-m", "core.service.run", "--state-dir", str(self.state)]
        command += ["--config", str(self.config), "--interface", "127.0.0.1", *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()
        for pid in self.engines():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def engines(self) -> list[int]:
        """Return the processes that run an engine on this folder."""
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._is_ours(entry)]

    def _is_ours(self, process: Path) -> bool:
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"core.service.run" in command and os.fsencode(self.state) in command


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    try:
        yield site
    finally:
        site.end()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


async def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit code and stderr of an engine that runs in the foreground; it never writes to stdout."""
    output, errors = await asyncio.to_thread(process.communicate, timeout=30)
    assert output == ""
    return process.returncode, errors


async def test_two_clients_at_the_same_moment_get_one_engine(site: Site) -> None:
    await asyncio.gather(site.ensure(), site.ensure())
    async with await site.attach() as one, await site.attach() as other:
        assert one.welcome.status.pid == other.welcome.status.pid
        assert one.welcome.status.gateway == "gw-test"
        assert one.welcome.status.interfaces == LOOPBACK
        assert site.engines() == [one.welcome.status.pid]
        assert await one.ask(StopEngine()) == Done()
    await until(lambda: not site.engines(), "the engine ended")
    assert not site.socket.exists()
    assert log_path(site.state).read_text().count("ready: ") == 1


async def test_an_engine_that_runs_is_not_started_again(site: Site) -> None:
    await site.ensure()
    pid = await site.pid()
    await site.ensure()
    assert site.engines() == [pid]


CLIENT = """
import asyncio, sys
from pathlib import Path
from core.service.client import Client
from core.service.launch import ensure_engine
async def main(state, socket, config):
    await ensure_engine(state, socket, config, ["127.0.0.1"])
    async with await Client.connect(socket, watch=True) as client:
        print(client.welcome.status.pid, flush=True)
        async for update in client.updates():
            pass
asyncio.run(main(*map(Path, sys.argv[1:])))
"""


async def test_an_engine_outlives_the_killed_client_that_started_it(site: Site) -> None:
    command = [sys.executable, "-c", CLIENT, str(site.state), str(site.socket), str(site.config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    site.started.append(process)
    assert process.stdout is not None
    pid = int(await asyncio.to_thread(process.stdout.readline))
    assert os.getsid(pid) not in (os.getsid(0), process.pid)
    # A terminal that hangs up signals the whole process group of its session.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    async with await site.attach() as client:
        assert client.welcome.status.pid == pid
        await client.ask(ListDevices())


@pytest.mark.skipif(os.geteuid() != 0, reason="an engine shows nothing of itself but to root")
async def test_a_detached_engine_keeps_nothing_of_who_started_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSLKEYLOGFILE", "HTTPS_PROXY", "PYTHONWARNINGS", "TEXTUAL_LOG", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(name, str(site.state / "evil"))
    await site.ensure()
    process = Path(f"/proc/{await site.pid()}")
    assert b"evil" not in (process / "environ").read_bytes()
    assert (process / "cwd").readlink() == Path("/")
    assert {(process / "fd" / number).readlink() for number in "012"} == {Path(os.devnull)}
    # Shown to root only: what of a process that is not dumpable belongs to root (prctl(2), PR_SET_DUMPABLE).
    assert "Max core file size        0                    0" in (process / "limits").read_text()


async def test_a_second_engine_on_the_same_folder_says_so_in_one_line(site: Site) -> None:
    await site.ensure()
    code, errors = await finished(site.foreground("--socket", str(site.state / "other.sock")))
    assert code == ExitCode.OTHER_ENGINE
    assert errors.count("\n") == 1
    assert str(await site.pid()) in errors and str(site.state) in errors


async def test_the_error_of_an_engine_that_cannot_start_reaches_the_client(site: Site) -> None:
    site.state.mkdir()
    site.state.chmod(0o755)
    with pytest.raises(CamtrustError, match="0755") as caught:
        await site.ensure()
    assert f"chmod 700 {site.state}" in caught.value.hint
    assert caught.value.exit_code == ExitCode.FAILED
    code, errors = await finished(site.foreground())
    assert (code, errors) == (1, f"camtrust engine: {caught.value.title.rstrip('.')}. {caught.value.hint}\n")


async def test_so_does_an_error_in_the_settings_with_its_exit_code(site: Site) -> None:
    site.config.write_text("intrefaces = []\n")
    with pytest.raises(CamtrustError, match='line 1: unknown key "intrefaces"') as caught:
        await site.ensure()
    assert (caught.value.exit_code, caught.value.hint) == (ExitCode.USAGE, 'did you mean "interfaces"?')
    assert not site.state.exists()


async def test_so_does_an_error_that_comes_late_and_it_is_in_the_log_too(site: Site) -> None:
    site.state.mkdir(mode=0o700)
    site.socket.write_text("in the way")
    with pytest.raises(CamtrustError, match="in the way"):
        await site.ensure()
    assert "in the way" in log_path(site.state).read_text()


async def test_a_wrong_interface_is_refused(site: Site) -> None:
    code, errors = await finished(site.foreground("--interface", "eth0"))
    assert (code, errors.count("\n")) == (ExitCode.USAGE, 1)
    assert "eth0" in errors


async def test_where_the_lock_is_held_and_nobody_answers_the_process_is_named(site: Site) -> None:
    holder = StateFolder.open(site.state)
    try:
        with pytest.raises(StateBusyError, match=f"process {os.getpid()}") as caught:
            await site.ensure(deadline=0.1)
    finally:
        holder.close()
    assert "does not answer" in caught.value.hint and f"kill {os.getpid()}" in caught.value.hint
    assert caught.value.exit_code == ExitCode.OTHER_ENGINE


async def test_an_engine_that_is_just_ending_is_waited_for(site: Site) -> None:
    holder = StateFolder.open(site.state)
    launching = asyncio.create_task(site.ensure())
    await until(site.engines, "an engine is started")
    await until(lambda: not site.engines(), "it found the folder held")
    holder.close()
    await launching
    assert await site.pid() != os.getpid()


async def test_in_the_foreground_it_tells_where_it_is_and_ends_in_order_on_a_signal(site: Site) -> None:
    process = site.foreground()
    ready = await asyncio.to_thread(first_line, process)
    assert ready == (f"camtrust engine: gateway gw-test, state {site.state}, socket {site.socket}, pid {process.pid}\n")
    assert stat.S_IMODE(site.socket.stat().st_mode) == 0o600
    process.send_signal(signal.SIGHUP)
    async with await site.attach() as client:
        await client.ask(ListDevices())
        process.send_signal(signal.SIGTERM)
        assert await finished(process) == (0, "")
        with pytest.raises(EngineGoneError, match="ended by SIGTERM"):
            await anext(client.updates())
    assert not site.socket.exists()


async def test_a_group_that_is_not_there_keeps_an_engine_from_starting(site: Site) -> None:
    site.config.write_text(SETTINGS + '\n[access]\nviewers = "no-such-group"\n')
    code, errors = await finished(site.foreground())
    assert (code, errors.count("\n")) == (ExitCode.USAGE, 1)
    assert "no-such-group" in errors and "groupadd" in errors
    assert not site.state.exists()


async def test_a_group_needs_another_place_for_the_socket_than_the_private_state_folder(site: Site) -> None:
    site.config.write_text(f'{SETTINGS}\n[access]\nviewers = "{grp.getgrgid(os.getegid()).gr_name}"\n')
    site.state.mkdir(mode=0o700)
    code, errors = await finished(site.foreground())
    assert (code, errors.count("\n")) == (ExitCode.USAGE, 1)
    assert "cannot enter" in errors and "--socket /run/camtrust/engine.sock" in errors


@pytest.mark.parametrize("prefix", ["@", "/"])
async def test_the_service_manager_is_told_when_clients_can_attach_and_when_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    name = f"{site.socket.parent.parent}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(20)
        manager.bind(f"\0{name}" if prefix == "@" else name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if prefix == "@" else name)
        process = site.foreground()
        assert await asyncio.to_thread(manager.recv, 100) == b"READY=1"
        await (await site.attach()).close()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(manager.recv, 100) == b"STOPPING=1"
        assert (await finished(process))[0] == 0


async def test_a_service_manager_that_is_gone_is_no_reason_not_to_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(site.state / "nobody"))
    process = site.foreground()
    assert "gateway gw-test" in await asyncio.to_thread(first_line, process)
    await (await site.attach()).close()
    assert "was not told READY=1" in log_path(site.state).read_text()


async def test_a_killed_engine_is_followed_by_another_on_the_same_socket(site: Site) -> None:
    process = site.foreground()
    await asyncio.to_thread(first_line, process)
    process.kill()
    await finished(process)
    assert site.socket.is_socket()
    with pytest.raises(EngineGoneError, match="No engine is running"):
        await site.attach()
    await site.ensure()
    assert await site.pid() != process.pid


async def test_an_engine_that_lingers_ends_after_the_last_client(site: Site) -> None:
    process = site.foreground("--linger", "0.1")
    await asyncio.to_thread(first_line, process)
    async with await site.attach() as client:
        await client.ask(ListDevices())
        assert process.poll() is None
    assert await finished(process) == (0, "")
    assert not site.socket.exists()


async def test_a_folder_with_a_long_name_works_too(tmp_path: Path, temporary: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    site = Site(folder)
    try:
        assert site.socket.parent.parent == temporary
        await site.ensure()
        async with await site.attach() as client:
            await client.ask(StopEngine())
        await until(lambda: not site.engines(), "the engine ended")
        assert not site.socket.exists()
    finally:
        site.end()
