"""One attached client: its requests, answered side by side, and its updates, never faster than it reads them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from core.engine.board import Board
from core.model.caller import Caller
from core.model.errors import CamtrustError, RefusedError
from core.model.messages import (
    LONGEST_LINE,
    AnyCommand,
    AnyResult,
    Failure,
    Goodbye,
    Reply,
    Request,
    Role,
    Update,
    encode_line,
)
from core.service.lines import UnreadableLineError, from_client, read_line

_MOST_UNDER_WAY = 16
_UPDATE_PERIOD = 0.1
_LONGEST_UPDATE = 256 * 1024
_LAST_WORDS = 1.0

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """What does the commands: the engine."""

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        """Do the command. Raises `CamtrustError`."""


class Session:
    """The conversation with one client after the welcome. `spawn` runs work that goes on when the client is gone."""

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        caller: Caller,
        handler: Handler,
        log: Path,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._reader, self._writer = streams
        self._caller = caller
        self._handler = handler
        self._log = log
        self._spawn = spawn
        self._slots = asyncio.Semaphore(_MOST_UNDER_WAY)
        self._looking = asyncio.Lock()
        self._sending = asyncio.Lock()
        # Nothing waits in this process: the next update is made when the one before has left.
        self._writer.transport.set_write_buffer_limits(high=0)

    async def run(self, board: Board | None) -> None:
        """Serve until the client is gone or cannot be understood. A client that does not watch has no `board`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._send_updates(board)) if board else None
                await self._read_requests()
                if watching:
                    watching.cancel()
        except* OSError as gone:
            _log.debug("client %s is gone: %s", self._caller.user, gone.exceptions[0])

    async def send(self, line: bytes) -> None:
        """Write one line when the lines before have left this process. Raises OSError."""
        async with self._sending:
            self._writer.write(line)
            await self._writer.drain()

    async def end(self, reason: str) -> None:
        """Tell the client why, if it reads, and hang up."""
        await self._say(Goodbye(reason))
        self._writer.transport.abort()

    async def _say(self, last: Goodbye | Failure) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self.send(encode_line(last))

    async def _read_requests(self) -> None:
        try:
            while line := await read_line(self._reader):
                await self._take(line)
        except UnreadableLineError as error:
            _log.warning("client %s: %s", self._caller.user, error)
            await self._say(Failure(0, f"Not understood: {error}", "Use the camtrust that the engine belongs to."))

    async def _take(self, line: bytes) -> None:
        message = from_client(line)
        if not isinstance(message, Request):
            raise UnreadableLineError("a second hello")
        await self._slots.acquire()
        self._spawn(self._answer(message))

    async def _answer(self, request: Request) -> None:
        # What only looks is done in turn, so that no more than one long answer waits for a client that does not read.
        looks = request.command.needs is Role.VIEWER
        try:
            async with self._looking if looks else nullcontext():
                if not (looks and self._writer.is_closing()):
                    await self.send(await self._outcome(request))
        except OSError as error:
            _log.debug("client %s is gone, its answer is lost: %s", self._caller.user, error)
        finally:
            self._slots.release()

    async def _outcome(self, request: Request) -> bytes:
        name = type(request.command).__name__
        try:
            _check_role(request.command, self._caller)
            return _reply_line(Reply(request.seq, await self._handled(request.command)))
        except CamtrustError as error:
            return encode_line(failure(error, request.seq))
        except Exception:  # noqa: BLE001 - a fault in one command is told and logged, and disturbs no other
            _log.exception("%s of %s failed", name, self._caller.user)
            hint = f"This should not happen. What is known about it is in {self._log}."
            return encode_line(Failure(request.seq, "Internal error in the engine", hint))

    async def _handled(self, command: AnyCommand) -> AnyResult:
        try:
            return await self._handler.handle(command, self._caller)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Something that the engine waited for was cancelled, not this: the client must still get an answer.
            raise RuntimeError("cancelled inside the engine") from error

    async def _send_updates(self, board: Board) -> None:
        wake = asyncio.Event()
        subscription = board.subscribe(wake.set)
        wake.set()
        try:
            while await wake.wait():
                wake.clear()
                for line in update_lines(subscription.take() or Update()):
                    await self.send(line)
                await asyncio.sleep(_UPDATE_PERIOD)
        finally:
            subscription.close()


def failure(error: CamtrustError, seq: int = 0) -> Failure:
    """Return the error as the client gets it."""
    return Failure(seq, _sendable(error.title), _sendable(error.hint), int(error.exit_code))


def _sendable(text: str) -> str:
    # A path in it may hold bytes that are no text.
    return text.encode(errors="replace").decode()


def update_lines(update: Update) -> Iterator[bytes]:
    """Return the update in lines that are short enough to be read without a pause; none if it is empty."""
    if update == Update():
        return
    line = encode_line(update)
    lists = {name: value for name in update.__struct_fields__ if isinstance(value := getattr(update, name), tuple)}
    if len(line) <= _LONGEST_UPDATE or all(len(items) <= 1 for items in lists.values()):
        yield line
        return
    first = {name: items[: (len(items) + 1) // 2] for name, items in lists.items()}
    yield from update_lines(msgspec.structs.replace(update, **first))
    second = {name: items[len(first[name]) :] for name, items in lists.items()}
    yield from update_lines(msgspec.structs.replace(Update(), **second))


def _check_role(command: AnyCommand, caller: Caller) -> None:
    if command.needs is Role.OPERATOR and caller.role is not Role.OPERATOR:
        raise RefusedError(
            "A viewer may look, and change nothing",
            "Attach as an operator: as root, with the engine's account, or in the group of [access] operators.",
        )


def _reply_line(reply: Reply) -> bytes:
    line = encode_line(reply)
    if len(line) > LONGEST_LINE:
        raise RefusedError("The answer is too long to be sent", "Ask for less at once.")
    return line
