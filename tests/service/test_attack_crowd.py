"""Clients that come in crowds, ask for much and read nothing: the others are still served."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.model.errors import EngineGoneError
from core.model.messages import ListDevices, Role
from core.service.client import Client
from tests.service.helpers import Lines, serving, until, view

LONG = "x" * 60_000


def fill(path: Path) -> list[socket.socket]:
    """Connect until nobody more is let in."""
    crowd = []
    while True:
        sock = socket.socket(socket.AF_UNIX)
        crowd.append(sock)
        sock.setblocking(False)
        try:
            sock.connect(str(path))
        except BlockingIOError:
            return crowd


async def test_a_client_waits_while_the_queue_of_the_socket_is_full(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        # Nobody is taken out of the queue before this test waits for something.
        crowd = fill(served.path)
        try:
            attaching = asyncio.create_task(Client.connect(served.path))
            await asyncio.sleep(0)
            for sock in crowd:
                sock.close()
            async with await asyncio.wait_for(attaching, 10) as client:
                assert client.welcome.user
        finally:
            for sock in crowd:
                sock.close()


async def test_where_the_queue_stays_full_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        crowd = fill(path)
        try:
            await Client.connect(path, patience=0.2)
        except EngineGoneError as error:
            assert error.title == f"The engine on {path} lets nobody in"
        else:
            raise AssertionError("there was room")
        finally:
            for sock in crowd:
                sock.close()


async def test_of_a_client_that_reads_nothing_only_one_long_answer_waits(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for number in range(40):
            served.bench.board.put(view(number, LONG))
        async with await Lines.connect(served.path) as greedy, await Lines.connect(served.path) as other:
            await greedy.hello()
            greedy.reader._transport.pause_reading()  # type: ignore[attr-defined]
            for seq in range(10):
                await greedy.request(seq, "list")
            await other.hello()
            for seq in range(10):
                await other.request(seq, "ping")
                assert (await other.receive())["type"] == "reply"
            asked = [command for command, _ in served.bench.handled if isinstance(command, ListDevices)]
            assert len(asked) == 1


async def test_what_a_client_asked_to_see_is_not_looked_up_when_it_is_gone(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for number in range(40):
            served.bench.board.put(view(number, LONG))
        async with await Lines.connect(served.path) as greedy:
            await greedy.hello()
            greedy.reader._transport.pause_reading()  # type: ignore[attr-defined]
            for seq in range(10):
                await greedy.request(seq, "list")
            await until(lambda: served.bench.handled, "the first is answered")
        await until(lambda: not served.server._under_way, "nothing is under way any more")
        assert len(served.bench.handled) == 1


async def test_what_only_looks_does_not_wait_for_what_is_done(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(1, "rescan")
        await until(lambda: served.bench.waiting, "it is being done")
        await client.request(2, "ping")
        assert (await client.receive())["seq"] == 2
        served.bench.gate.set()
        assert (await client.receive())["seq"] == 1


VIEWERS = """
import os, socket, sys
crowd = []
for uid in range(54001, 54005):
    for _ in range(16):
        sock = socket.socket(socket.AF_UNIX)
        os.seteuid(uid)
        sock.connect(sys.argv[1])
        os.seteuid(0)
        crowd.append(sock)
print(crowd[-1].makefile().readline(), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
async def test_all_viewers_together_leave_places_for_operators() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        async with serving(Path(name)) as served:
            served.path.chmod(0o666)
            command = [sys.executable, "-I", "-c", VIEWERS, str(served.path)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
                assert crowd.stdin is not None and crowd.stdout is not None
                answer = json.loads(await asyncio.to_thread(crowd.stdout.readline))
                assert answer["title"] == "48 clients are attached already"
                async with await Client.connect(served.path) as client:
                    assert client.welcome.role is Role.OPERATOR
                crowd.stdin.close()
