"""What a viewer can bring about in a real engine: nothing, whichever command is sent by hand."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.engine.engine import Engine
from core.model.caller import Caller
from core.model.device import Connection
from core.model.messages import CheckDevices, Command, Role
from core.model.records import DeviceRecord, JournalEntry
from core.model.rollout import ReadRollout
from core.service.server import Server
from core.store.folder import StateFolder
from core.store.store import Store
from tests.engine.stage import NO_RETRIES
from tests.service.helpers import Lines, until
from tests.service.samples import COMMANDS, defined, sample
from tests.store.samples import AT, DEVICE, EVENT, INSTALL, LOGIN, OTHER, PASSWORD, certificate, pinned

# Nothing listens there, and whoever looks learns nothing.
NOWHERE = "127.0.0.9"
# What a command may be about: a blocked device, one that is away, and an address that is not added.
TEXTS = (DEVICE.id, OTHER.id, f"{NOWHERE}:3")
OPERATOR = Caller("tech1", 1000, Role.OPERATOR)


@dataclass(frozen=True)
class Site:
    """An engine that serves a state folder with devices in it, and where its socket is."""

    engine: Engine
    state: Path
    socket: Path

    def all_of_it(self) -> dict[str, Any]:
        """Return everything that a command could have changed: the database, the files, and what screens are shown."""
        board = self.engine.board
        shown = (dict(board.devices), dict(board.installs), board.last_event, board.rollout(), self.engine.busy())
        stopping = self.engine.stop_asked.is_set()
        return {"database": tables(self.state / "state.db"), "files": files(self.state), "shown": (shown, stopping)}


def tables(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the whole content of a database, with the schema as one more table."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: list(connection.execute(f"SELECT * FROM {name}")) for name in [*names, "sqlite_master"]}


def files(folder: Path) -> dict[str, tuple[int, str]]:
    """Return every file with its mode and content. The database's own are read as tables; the log may tell more."""
    found = {}
    for path in sorted(folder.rglob("*")):
        is_told = path.is_file() and not path.name.startswith("state.db")
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if is_told else ""
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, digest)
    return found


def away(device: DeviceRecord, port: int, pin: str, presented: str | None = None) -> DeviceRecord:
    device = msgspec.structs.replace(pinned(device, pin), host=NOWHERE, port=port, scheme="https")
    return msgspec.structs.replace(device, presented=presented)


async def furnish(state: Path) -> None:
    """Store two devices with pins, one of which showed another leaf, a login, and an install that came before."""
    store = await Store.open(state)
    try:
        stored, presented = [await store.put_certificate(certificate(name)) for name in ("stored", "presented")]
        blocked = away(DEVICE, 1, stored, presented)
        await store.pin(blocked, msgspec.structs.replace(INSTALL, closed=True), EVENT)
        await store.put_device(blocked)
        await store.put_login(blocked.id, LOGIN)
        await store.pin(away(OTHER, 2, stored), None, EVENT)
        await store.journal(JournalEntry(INSTALL.id, "sign", "done", AT))
    finally:
        await store.close()


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[Site]:
    state = folder / "state"
    with closing(StateFolder.open(state)) as locked:
        await furnish(state)
        engine = await Engine.open(locked, NO_RETRIES)
        server = Server(engine, engine.board, state / "log")
        try:
            await server.start(state / "engine.sock")
            await engine.handle(CheckDevices(), OPERATOR)
            view = engine.board.devices
            await until(lambda: view[OTHER.id].connection is Connection.OFFLINE, "it is known to be away")
            yield Site(engine, state, state / "engine.sock")
        finally:
            await server.close("the test is over")
            await engine.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with site_in(tmp_path) as site:
        yield site


async def asked(client: Lines, seq: int, command: dict[str, Any]) -> dict[str, Any]:
    await client.send({"type": "request", "seq": seq, "command": command})
    answer = await client.receive()
    assert answer["seq"] == seq
    return answer


def test_no_command_is_forgotten() -> None:
    assert defined() == set(COMMANDS)


async def test_whatever_a_viewer_sends_nothing_is_changed(site: Site) -> None:
    async with await Lines.connect(site.socket) as client:
        assert (await client.hello(role="viewer"))["role"] == "viewer"
        before = site.all_of_it()
        assert before["database"]["devices"] and before["database"]["logins"] and before["files"]
        for seq, (kind, text, flags) in enumerate(product(COMMANDS, TEXTS, (None, False, True))):
            answer = await asked(client, seq, sample(kind, text, flags=flags))
            refused = answer["type"] == "failure" and answer["title"] == "A viewer may look, and change nothing"
            assert refused is (kind.needs is Role.OPERATOR), (kind, answer)
            assert PASSWORD not in str(answer)
            assert site.all_of_it() == before, kind


@pytest.mark.parametrize(
    "kind", [kind for kind in COMMANDS if kind.needs is Role.VIEWER], ids=lambda kind: kind.__name__
)
async def test_what_a_viewer_may_do_is_done(site: Site, kind: type[Command]) -> None:
    async with await Lines.connect(site.socket) as client:
        await client.hello(role="viewer")
        answer = await asked(client, 1, sample(kind, DEVICE.id))
    if kind is ReadRollout:
        assert answer["title"] == "There was no rollout yet"
    else:
        assert answer["type"] == "reply"


async def test_an_operator_does_change_what_is_compared(site: Site) -> None:
    before = site.all_of_it()
    async with await Lines.connect(site.socket) as client:
        await client.hello()
        await client.request(1, "remove", device=DEVICE.id)
        assert (await client.receive())["type"] == "reply"
    after = site.all_of_it()
    assert after["database"] != before["database"] and after["shown"] != before["shown"]
