import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.model.device import DeviceView
from core.model.errors import CamtrustError, EngineGoneError, ExitCode, RefusedError, UsageError
from core.model.messages import (
    AddDevices,
    Devices,
    Done,
    Failure,
    FromEngine,
    Goodbye,
    Hello,
    ListDevices,
    ReadAuthority,
    Rescan,
    Role,
    ShowDevice,
    Status,
    StopEngine,
    Update,
    Welcome,
    encode_line,
)
from core.model.secret import Secret
from core.service.client import Client
from tests.service.helpers import Serving, serving, until, view

WELCOME = Welcome(protocol=1, role=Role.OPERATOR, user="tech1", status=Status(gateway="g", version="0", pid=1))

Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as serving_now:
        yield serving_now


@asynccontextmanager
async def saying(path: Path, *messages: FromEngine | bytes) -> AsyncIterator[Path]:
    """An engine of another kind: it reads a hello, says what it is given, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        for message in messages:
            writer.write(message if isinstance(message, bytes) else encode_line(message))
        writer.close()

    async with await asyncio.start_unix_server(serve, path / "engine.sock"):
        yield path / "engine.sock"


async def test_answers_come_back_to_who_asked(served: Serving) -> None:
    served.bench.board.put(view(1))
    async with await Client.connect(served.path) as client:
        assert client.welcome.role is Role.OPERATOR
        waiting = asyncio.create_task(client.ask(Rescan()))
        assert await client.ask(ListDevices()) == Devices((view(1),))
        assert not waiting.done()
        served.bench.gate.set()
        assert await waiting == Done()


async def test_a_password_reaches_the_engine(served: Serving) -> None:
    async with await Client.connect(served.path) as client:
        await client.ask(AddDevices(addresses=("10.0.0.7",), user="root", password=Secret("pässword")))
    [(command, _)] = served.bench.handled
    assert isinstance(command, AddDevices) and command.password == Secret("pässword")


async def test_a_refusal_arrives_with_its_words_and_exit_code(served: Serving) -> None:
    async with await Client.connect(served.path, role=Role.VIEWER) as client:
        with pytest.raises(RefusedError, match="No device x") as caught:
            await client.ask(ShowDevice(device="x"))
        assert (caught.value.hint, caught.value.exit_code) == ("List them first.", ExitCode.USAGE)
        with pytest.raises(RefusedError, match="viewer"):
            await client.ask(StopEngine())
        with pytest.raises(RefusedError, match="Internal error"):
            await client.ask(ReadAuthority())


async def test_a_command_that_is_too_long_is_not_sent(served: Serving) -> None:
    async with await Client.connect(served.path) as client:
        with pytest.raises(UsageError, match="too much"):
            await client.ask(AddDevices(addresses=("x" * 2_000_000,)))
        assert await client.ask(ListDevices()) == Devices(())


async def test_an_answer_that_nobody_waits_for_any_more_does_no_harm(served: Serving) -> None:
    async with await Client.connect(served.path) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.ask(Rescan())
        served.bench.gate.set()
        assert await client.ask(ListDevices()) == Devices(())


async def test_all_that_wait_are_told_why_the_engine_went(served: Serving) -> None:
    async with await Client.connect(served.path, watch=True) as client:
        asking = [asyncio.create_task(client.ask(Rescan())) for _ in range(3)]
        watching = asyncio.create_task(watch(client))
        await until(lambda: served.bench.waiting == 3, "all ask")
        await served.server.close("The engine was ended by SIGTERM")
        for task in (*asking, watching):
            with pytest.raises(EngineGoneError, match="ended by SIGTERM"):
                await task
        with pytest.raises(EngineGoneError, match="ended by SIGTERM"):
            await client.ask(ListDevices())


async def watch(client: Client) -> list[DeviceView]:
    return [device async for update in client.updates() for device in update.devices]


async def test_what_came_before_the_end_is_still_told(tmp_path: Path) -> None:
    said = (WELCOME, Update(devices=(view(1),)), Goodbye("over"))
    async with saying(tmp_path, *said) as path, await Client.connect(path, watch=True) as client:
        updates = client.updates()
        assert (await anext(updates)).devices == (view(1),)
        with pytest.raises(EngineGoneError, match="over"):
            await anext(updates)


async def test_updates_end_quietly_when_the_client_itself_hangs_up(served: Serving) -> None:
    client = await Client.connect(served.path, watch=True)
    watching = asyncio.create_task(watch(client))
    asking = asyncio.create_task(client.ask(Rescan()))
    await until(lambda: served.bench.waiting, "it asks")
    await client.close()
    assert await watching == []
    with pytest.raises(EngineGoneError):
        await asking


async def test_a_slow_reader_of_updates_gets_them_merged(served: Serving) -> None:
    async with await Client.connect(served.path, watch=True) as client:
        updates = client.updates()
        await anext(updates)
        for turn in range(5):
            served.bench.board.put(view(1, f"turn {turn}"))
            served.bench.board.put(view(2 + turn))
            await asyncio.sleep(0.11)
        # An answer comes after all that was sent before it.
        await client.ask(ListDevices())
        update = await anext(updates)
        assert {device.id: device.name for device in update.devices}["d00001"] == "turn 4"
        assert len(update.devices) == 6


async def test_where_nobody_listens_there_is_no_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineGoneError, match="No engine is running") as caught:
        await Client.connect(tmp_path / "engine.sock")
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    async with serving(tmp_path) as served:
        os.link(served.path, tmp_path / "stale.sock")
    with pytest.raises(EngineGoneError, match="No engine is running"):
        await Client.connect(tmp_path / "stale.sock")


async def test_a_path_that_is_too_long_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(EngineGoneError, match="too long"):
        await Client.connect(tmp_path / ("x" * 150))


GREETINGS: dict[str, tuple[tuple[FromEngine | bytes, ...], type[CamtrustError], str]] = {
    "nothing": ((), EngineGoneError, "lost"),
    "a goodbye": ((Goodbye("just ending"),), EngineGoneError, "just ending"),
    "a refusal": ((Failure(0, "protocol 1 and 2", "do this", 1),), RefusedError, "protocol 1 and 2"),
    "no JSON": ((b"220 ESMTP\r\n",), RefusedError, "no engine of this version"),
    "a later version": ((b'{"type":"willkommen"}\n',), RefusedError, "no engine of this version"),
    "something else first": ((Update(),), RefusedError, "no engine of this version"),
    "an exit code that is none": ((Failure(0, "odd", "", 99),), RefusedError, "odd"),
}


@pytest.mark.parametrize("kind", GREETINGS)
async def test_whatever_greets_a_client_becomes_an_error_in_words(tmp_path: Path, kind: str) -> None:
    messages, error, words = GREETINGS[kind]
    async with saying(tmp_path, *messages) as path:
        with pytest.raises(error, match=words):
            await Client.connect(path)


@pytest.mark.parametrize("line", [b"nonsense\n", encode_line(WELCOME), encode_line(Hello()), b'{"type":"update"'])
async def test_an_engine_that_is_not_understood_is_gone(tmp_path: Path, line: bytes) -> None:
    async with saying(tmp_path, WELCOME, line) as path, await Client.connect(path) as client:
        with pytest.raises(EngineGoneError):
            await client.ask(ListDevices())


STRANGER = """
import asyncio, os, sys
from pathlib import Path
import core.service.access  # Where the interpreter is out of reach for the other account, it loads nothing later.
from core.service.client import Client
from core.model.errors import CamtrustError
os.setgid(65534); os.setuid(54321)
try:
    asyncio.run(Client.connect(Path(sys.argv[1])))
except CamtrustError as error:
    print(error.title)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
async def test_an_account_that_may_not_use_the_socket_is_told_so(served: Serving) -> None:
    command = [sys.executable, "-I", "-c", STRANGER, str(served.path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20)
    assert done.stdout == "This account may not attach to the engine\n", done.stderr


def test_a_client_loads_nothing_heavy() -> None:
    heavy = "cryptography zeep lxml httpx sqlite3 platformdirs textual click hashlib logging.handlers core.engine"
    script = f"""
import json, sys
import core.service.client, core.service.launch, core.service.paths
print(json.dumps([name for name in {heavy!r}.split() if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout) == []
