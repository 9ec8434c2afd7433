"""A program's end of the socket to the engine. It loads nothing but asyncio and the messages, for a quick start."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from core.model.errors import CamtrustError, EngineGoneError, ExitCode, RefusedError, UsageError
from core.model.messages import (
    LONGEST_LINE,
    AnyCommand,
    AnyResult,
    Failure,
    FromEngine,
    Goodbye,
    Hello,
    Reply,
    Request,
    Role,
    Update,
    Welcome,
    encode_line,
)
from core.service.lines import LONGEST_REQUEST, UnreadableLineError, from_engine, read_line
from core.service.mailbox import Mailbox

_WELCOME_DEADLINE = 10.0
_LAST_WORDS = 1.0
_FULL_POLL = 0.05
# struct ucred of unix(7): pid, uid, gid.
_UCRED = struct.Struct("iII")
# Screens are drawn on stderr.
_STDERR, _STDIN = 2, 0

_LOST = "The connection to the engine was lost"
_ATTACH_AGAIN = "Start camtrust again; the engine takes up what was under way."


class NotRunningError(EngineGoneError):
    """Nobody listens on the socket."""


class Client:
    """A connection to the engine, made by `connect`. `welcome` is what the engine said first."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, welcome: Welcome) -> None:
        self.welcome = welcome
        self._reader = reader
        self._writer = writer
        self._asked: dict[int, asyncio.Future[AnyResult]] = {}
        self._last_seq = 0
        self._mailbox = Mailbox()
        self._why_gone = (_LOST, _ATTACH_AGAIN)
        self._closed = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, path: Path, *, role: Role = Role.OPERATOR, watch: bool = False, patience: float = _WELCOME_DEADLINE
    ) -> Self:
        """Attach to the engine that listens on `path`, which may take its time to let this client in, and to answer.

        Raises `NotRunningError` where nobody listens, `EngineGoneError` where nobody answers, `RefusedError` where the
        engine does not let this client in, for one because it is of another version, and `CamtrustError` where this
        account may not try.
        """
        reader, writer = await _opened(path, patience)
        try:
            writer.write(encode_line(Hello(role=role, watch=watch, client=terminal_name())))
            return cls(reader, writer, await _welcome(path, reader, patience))
        except BaseException:
            await _hang_up(writer)
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ask(self, command: AnyCommand) -> AnyResult:
        """Have the engine do a command. Raises `RefusedError` with the engine's words, `EngineGoneError`."""
        if self._reading.done():
            raise self._gone()
        self._last_seq += 1
        seq = self._last_seq
        line = encode_line(Request(seq, command))
        if len(line) > LONGEST_REQUEST:
            raise UsageError("That is too much for one command", "Give fewer addresses at once.")
        answer: asyncio.Future[AnyResult] = asyncio.get_running_loop().create_future()
        self._asked[seq] = answer
        try:
            # Where this fails, reading ends too, and with it every answer that is waited for.
            with suppress(OSError):
                self._writer.write(line)
                await self._writer.drain()
            return await answer
        finally:
            self._asked.pop(seq, None)

    async def updates(self) -> AsyncIterator[Update]:
        """Yield what changed, merged while it was not asked for. For one reader at a time.

        Ends when this client is closed; raises `EngineGoneError` when the engine is gone, with its reason.
        """
        while (update := await self._mailbox.take()) is not None:
            yield update
        if not self._closed:
            raise self._gone()

    async def close(self) -> None:
        """Hang up. Whoever still waits for an answer gets `EngineGoneError`."""
        self._closed = True
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await _hang_up(self._writer)

    async def _read(self) -> None:
        try:
            while line := await read_line(self._reader):
                self._take(from_engine(line))
        except UnreadableLineError as error:
            self._why_gone = (f"The engine was not understood: {error}", "Use the camtrust that it belongs to.")
        finally:
            self._mailbox.close()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(self._gone())

    def _take(self, message: FromEngine) -> None:
        match message:
            case Update():
                self._mailbox.put(message)
            case Goodbye():
                self._why_gone = (message.reason, _ATTACH_AGAIN)
            case Failure(seq=0):
                self._why_gone = (message.title, message.hint)
            case Reply() | Failure():
                self._answer(message)
            case _:
                raise UnreadableLineError("a second welcome")

    def _answer(self, message: Reply | Failure) -> None:
        answer = self._asked.get(message.seq)
        # Whoever asked may have given up meanwhile.
        if answer is None or answer.done():
            return
        if isinstance(message, Reply):
            answer.set_result(message.result)
        else:
            answer.set_exception(_refused(message))

    def _gone(self) -> EngineGoneError:
        return EngineGoneError(*self._why_gone)


def terminal_name() -> str:
    """Return the terminal that this program is on, such as `pts/3`; nothing where it is on none."""
    for stream in (_STDERR, _STDIN):
        with suppress(OSError):
            return os.ttyname(stream).removeprefix("/dev/")
    return ""


async def _opened(path: Path, patience: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(sock=await _connected(path, patience), limit=LONGEST_LINE)
    except TimeoutError:
        raise EngineGoneError(f"The engine on {path} lets nobody in", "It may be stopped or stuck.") from None
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError("No engine is running here", f"Nothing listens on {path}.") from error
    except PermissionError as error:
        raise CamtrustError("This account may not attach to the engine", _who_may(path)) from error
    except OSError as error:
        raise EngineGoneError(f"The engine cannot be reached: {error.strerror or error}", f"See {path}.") from error


async def _connected(path: Path, patience: float) -> socket.socket:
    """Connect, waiting while too many others do: connect(2) says so by EAGAIN, which asyncio takes for under way."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(patience):
            while True:
                try:
                    sock.connect(os.fspath(path))
                    break
                except BlockingIOError:
                    await asyncio.sleep(_FULL_POLL)
        _check_listener(sock, path)
        return sock
    except BaseException:
        sock.close()
        raise


def _check_listener(sock: socket.socket, path: Path) -> None:
    """Raise `CamtrustError` where another account listens that had no more right than others to be at this place.

    What it is sent are passwords.
    """
    _, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    folder = path.parent.stat()
    if uid not in (0, os.geteuid()) and (folder.st_uid not in (0, uid) or folder.st_mode & 0o022):
        raise CamtrustError(
            f"Another account listens on {path}, where others too could put a socket",
            f"It may be after passwords. See whose it is: ls -l {path}",
        )


def _who_may(path: Path) -> str:
    # Only here: seldom needed.
    from core.service.access import missing_group

    group = missing_group(path)
    if group is None:
        return f"Use the account that {path} belongs to, or root."
    return f"Members of the group {group} may: have your account added to it (usermod -aG {group}), then log in again."


async def _welcome(path: Path, reader: asyncio.StreamReader, patience: float) -> Welcome:
    try:
        async with asyncio.timeout(patience):
            line = await read_line(reader)
        message = from_engine(line) if line else Goodbye(_LOST)
    except TimeoutError:
        raise EngineGoneError(f"The engine on {path} does not answer", "It may be stopped or stuck.") from None
    except UnreadableLineError as error:
        raise RefusedError(f"What listens on {path} is no engine of this version", "Update camtrust.") from error
    match message:
        case Welcome():
            return message
        case Failure():
            raise _refused(message)
        case Goodbye():
            raise EngineGoneError(message.reason, _ATTACH_AGAIN)
        case _:
            raise RefusedError(f"What listens on {path} is no engine of this version", "Update camtrust.")


def _refused(failure: Failure) -> RefusedError:
    error = RefusedError(failure.title, failure.hint)
    with suppress(ValueError):
        error.exit_code = ExitCode(failure.exit_code)
    return error


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await writer.wait_closed()
    writer.transport.abort()
