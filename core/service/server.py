"""The engine's end of the socket: who may come in, as what, and what they are told when the engine ends."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.engine.board import Board
from core.engine.clock import stamp
from core.model.caller import Caller
from core.model.errors import CamtrustError, RefusedError
from core.model.messages import PROTOCOL, Attached, Hello, Role, Welcome, encode_line
from core.model.text import clean
from core.service.access import Access, is_own
from core.service.lines import LONGEST_REQUEST, UnreadableLineError, from_client, protocol_of, read_line
from core.service.listening import SocketFile
from core.service.peer import Peer, peer_of, user_name
from core.service.session import Handler, Session, failure

_MOST_CLIENTS = 64
_MOST_OF_ONE = 16
_KEPT_FOR_OPERATORS = 16
_HELLO_DEADLINE = 5.0
_GRACE = 2.0
_LAST_WORDS = 1.0
_LONGEST_PLACE = 32
_NOBODY_ELSE = Access()

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_log = logging.getLogger(__name__)


class Server:
    """Serves a board and a handler of commands on a Unix socket.

    `somebody` is set while clients are attached, `nobody` while none is. `log` is the path that is named where an
    error is not the client's to understand. Who is watching stands on the board.
    """

    def __init__(
        self,
        handler: Handler,
        board: Board,
        log: Path,
        access: Access = _NOBODY_ELSE,
        *,
        hello_deadline: float = _HELLO_DEADLINE,
    ) -> None:
        self.somebody = asyncio.Event()
        self.nobody = asyncio.Event()
        self.nobody.set()
        self._handler = handler
        self._board = board
        self._log = log
        self._access = access
        self._hello_deadline = hello_deadline
        # Whoever does not watch is none of the others' business.
        self._sessions: dict[Session, Attached | None] = {}
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._places: Counter[int] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._file: SocketFile | None = None
        self._listener: asyncio.Server | None = None

    @property
    def attached(self) -> int:
        """How many clients have been welcomed and are still here."""
        return len(self._sessions)

    async def start(self, path: Path) -> None:
        """Listen on `path`. The caller holds the lock of the state folder. Raises `CamtrustError`."""
        self._file = SocketFile(path, self._access.openers)
        self._listener = await asyncio.start_unix_server(self._serve, sock=self._file.socket, limit=LONGEST_REQUEST)

    async def close(self, reason: str) -> None:
        """Let nobody in any more, let requests end for a moment, tell every client the reason and hang up."""
        if self._listener and self._file:
            self._listener.close()
            self._file.remove()
        await _ended(self._under_way, _GRACE)
        await asyncio.gather(*(session.end(reason) for session in self._sessions))
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_LAST_WORDS)
        await _ended(self._under_way, 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            await self._converse((reader, writer))
        except CamtrustError as error:
            await _say(writer, encode_line(failure(error)))
        except OSError as error:
            _log.debug("a client is gone: %s", error)
        except Exception:  # noqa: BLE001 - one client never disturbs the others
            _log.exception("the conversation with a client failed")
        finally:
            await _hang_up(writer)
            del self._connections[task]

    async def _converse(self, streams: _Streams) -> None:
        peer = peer_of(streams[1].get_extra_info("socket"))
        with self._place(peer):
            hello = await self._hello(streams[0])
            if hello is not None:
                await self._welcome(streams, peer, hello)

    async def _welcome(self, streams: _Streams, peer: Peer, hello: Hello) -> None:
        user = await asyncio.to_thread(user_name, peer.uid)
        caller = Caller(user=user, uid=peer.uid, role=self._access.role_of(peer, hello.role))
        session = Session(streams, caller, self._handler, self._log, self._spawn)
        await session.send(encode_line(Welcome(PROTOCOL, caller.role, caller.user, self._board.status())))
        self._attach(session, _attached(caller, hello) if hello.watch else None)
        try:
            await session.run(self._board if hello.watch else None)
        finally:
            self._detach(session)

    @contextmanager
    def _place(self, peer: Peer) -> Iterator[None]:
        """Hold one of the places for clients. Raises `RefusedError` where there is none left."""
        self._places[peer.uid] += 1
        try:
            self._check_room(peer)
            yield
        finally:
            self._places[peer.uid] -= 1

    def _check_room(self, peer: Peer) -> None:
        """One account that others share the engine with cannot take all places, nor can all who may only look."""
        operates = self._access.role_of(peer, Role.OPERATOR) is Role.OPERATOR
        most = _MOST_CLIENTS if operates else _MOST_CLIENTS - _KEPT_FOR_OPERATORS
        if self._places.total() > most:
            raise RefusedError(f"{most} clients are attached already", "Close one of them.")
        if self._places[peer.uid] > _MOST_OF_ONE and not is_own(peer.uid):
            raise RefusedError(f"{_MOST_OF_ONE} clients of this account are attached", "Close one of them.")

    async def _hello(self, reader: asyncio.StreamReader) -> Hello | None:
        """Return the client's first line, None where it left without one. Raises `CamtrustError`."""
        try:
            async with asyncio.timeout(self._hello_deadline):
                line = await read_line(reader)
            return _checked_hello(line) if line else None
        except TimeoutError:
            raise RefusedError("No hello came in time", "Attach with camtrust.") from None
        except UnreadableLineError as error:
            raise RefusedError(f"Not understood: {error}", "Attach with camtrust.") from error

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _attach(self, session: Session, who: Attached | None) -> None:
        self._sessions[session] = who
        self.nobody.clear()
        self.somebody.set()
        self._show_attached()

    def _detach(self, session: Session) -> None:
        del self._sessions[session]
        if not self._sessions:
            self.somebody.clear()
            self.nobody.set()
        self._show_attached()

    def _show_attached(self) -> None:
        attached = tuple(who for who in self._sessions.values() if who is not None)
        if attached != self._board.attached:
            self._board.attached = attached
            self._board.status_changed()


def _checked_hello(line: bytes) -> Hello:
    spoken = protocol_of(line)
    if spoken != PROTOCOL:
        raise RefusedError(
            f"The running engine speaks protocol {PROTOCOL}, this camtrust speaks protocol {spoken}",
            f"End the running engine (kill {os.getpid()}) and start camtrust again; what it was doing is taken up. One "
            "that systemd runs: systemctl restart camtrust.",
        )
    hello = from_client(line)
    if not isinstance(hello, Hello):
        raise UnreadableLineError("the first line is not a hello")
    return hello


def _attached(caller: Caller, hello: Hello) -> Attached:
    return Attached(caller.user, caller.role, since=stamp(), place=clean(hello.client, _LONGEST_PLACE))


async def _say(writer: asyncio.StreamWriter, line: bytes) -> None:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            writer.write(line)
            await writer.drain()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close the connection, at once if what was written last is not read."""
    writer.close()
    try:
        async with asyncio.timeout(_LAST_WORDS):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError as error:
        _log.debug("a client was gone before the connection was closed: %s", error)


async def _ended(tasks: set[asyncio.Task[None]], patience: float) -> None:
    """Wait for the tasks, and cancel those that take longer."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
