"""Requests to the servers of these tests, each with a secret that must not reach the wrong one."""

import asyncio
import ssl

import httpx

from core.network.transport import LARGEST, DeviceTransport
from tests.network.leaves import Leaf, new_leaf
from tests.network.servers import Server

SECRET = b"s3cret"
LEAF, OTHER = new_leaf(), new_leaf("other")
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def client(
    server: Server,
    leaf: Leaf | None = LEAF,
    *,
    deadline: float = 30.0,
    largest: int = LARGEST,
    long_answers: asyncio.Semaphore | None = None,
) -> httpx.AsyncClient:
    """A client of the server that expects `leaf`; without one it speaks plain HTTP."""
    scheme, fingerprint = ("https", leaf.fingerprint) if leaf else ("http", None)
    bound = DeviceTransport(
        scheme,
        server.host,
        server.port,
        fingerprint,
        deadline=deadline,
        largest=largest,
        long_answers=long_answers,
    )
    host = f"[{server.host}]" if ":" in server.host else server.host
    return httpx.AsyncClient(
        transport=bound,
        base_url=f"{scheme}://{host}:{server.port}",
        trust_env=False,
        headers={"X-Secret": SECRET.decode()},
    )


async def ask(
    server: Server,
    leaf: Leaf | None = LEAF,
    *,
    deadline: float = 30.0,
    largest: int = LARGEST,
    long_answers: asyncio.Semaphore | None = None,
) -> httpx.Response:
    """One request over a transport of its own."""
    async with client(server, leaf, deadline=deadline, largest=largest, long_answers=long_answers) as http:
        return await http.get("/x")
