"""Starting an engine where none runs, as a process that outlives whoever started it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.model.errors import CamtrustError, EngineGoneError, ExitCode, StateBusyError
from core.model.messages import Failure, Role
from core.model.text import clean
from core.service.client import Client
from core.service.hardening import clean_environment
from core.service.lines import UnreadableLineError, from_engine

_DEADLINE = 20.0
_OTHERS_START = 2.0
_POLL = 0.05


async def ensure_engine(
    state_dir: Path,
    socket: Path,
    config_path: Path | None,
    interfaces: Sequence[str],
    *,
    deadline: float = _DEADLINE,
) -> None:
    """Return when an engine answers on `socket`; start one with these settings where none does.

    Raises the engine's own error where it cannot start, and `StateBusyError` where another engine holds the folder
    and does not answer.
    """
    end = asyncio.get_running_loop().time() + deadline
    command = _command(state_dir, socket, config_path, interfaces)
    while not await _answers(socket):
        try:
            await _start(command)
        except StateBusyError as busy:
            # Another client may have started one at the same moment, or it is just ending: then ours comes after it.
            if await _answers_within(socket, _OTHERS_START):
                return
            if asyncio.get_running_loop().time() > end:
                raise _stuck(busy, socket) from busy
        else:
            await _check_answer(socket, state_dir)
            return


def _command(state_dir: Path, socket: Path, config_path: Path | None, interfaces: Sequence[str]) -> list[str]:
    command = [sys.executable, "-I", "-m", "core.service.run", "--detached"]
    command += ["--state-dir", os.fspath(state_dir.absolute()), "--socket", os.fspath(socket.absolute())]
    if config_path is not None:
        command += ["--config", os.fspath(config_path.absolute())]
    for interface in interfaces:
        command += ["--interface", interface]
    return command


async def _answers(socket: Path) -> bool:
    try:
        client = await Client.connect(socket, role=Role.VIEWER)
    except EngineGoneError:
        return False
    await client.close()
    return True


async def _answers_within(socket: Path, patience: float) -> bool:
    end = asyncio.get_running_loop().time() + patience
    while not await _answers(socket):
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(_POLL)
    return True


async def _check_answer(socket: Path, state_dir: Path) -> None:
    if not await _answers(socket):
        from core.service.logs import log_path

        raise CamtrustError("The engine ended while it was starting", f"Look into {log_path(state_dir)}.")


async def _start(command: list[str]) -> None:
    """Start the engine and wait until it has reported that it is ready. Raises the error that it reported."""
    reading, writing = os.pipe()
    try:
        process = _spawn(command, writing)
    except OSError as error:
        os.close(reading)
        raise CamtrustError(f"The engine cannot be started: {error.strerror}", f"Look at {command[0]}.") from error
    finally:
        os.close(writing)
    try:
        async with asyncio.timeout(_DEADLINE):
            report = await _read_all(reading)
    except TimeoutError:
        raise EngineGoneError("The engine is still starting", "Try again in a moment.") from None
    finally:
        _reap(process)
    if report:
        raise _reported(report)


def _spawn(command: list[str], report: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module; the paths are arguments, no shell reads them
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=report,
        cwd="/",
        env=clean_environment(os.environ),
        start_new_session=True,
    )


def _reap(process: subprocess.Popen[bytes]) -> None:
    """End the process that was started; the engine itself is a child of it, and on its own since long."""
    process.kill()
    process.wait()


async def _read_all(descriptor: int) -> bytes:
    """Return what comes out of a pipe until its other end is closed by all."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        return await reader.read()
    finally:
        transport.close()


def _reported(report: bytes) -> CamtrustError:
    last = report.splitlines()[-1]
    try:
        message = from_engine(last)
    except UnreadableLineError:
        message = None
    if not isinstance(message, Failure):
        return CamtrustError("The engine did not start", clean(last.decode(errors="replace"), 200))
    if message.exit_code == ExitCode.OTHER_ENGINE:
        return StateBusyError(message.title, message.hint)
    error = CamtrustError(message.title, message.hint)
    error.exit_code = ExitCode(message.exit_code)
    return error


def _stuck(busy: StateBusyError, socket: Path) -> StateBusyError:
    return StateBusyError(
        busy.title, f"It does not answer on {socket}: it listens on another socket, or is stuck. {busy.hint}"
    )
