"""A web server of a device that sends exactly what it is told to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

ADDRESS = "127.77.0.1"

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def ok(document: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document)


class WebServer:
    """Serves `answers` by target at a free port of one or all addresses; `requests` are the heads that came."""

    def __init__(self, answers: Mapping[str, Answer | bytes], address: str = ADDRESS) -> None:
        self.answers = dict(answers)
        self.requests: list[bytes] = []
        self.most_at_once = 0
        self._at_once = 0
        self._address = address
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "WebServer":
        self._server = await asyncio.start_server(self._accept, self._address, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            answer = self.answers.get(head.split()[1].decode(), b"HTTP/1.1 404 Not Found\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the asker left
        finally:
            self._at_once -= 1
            writer.close()
