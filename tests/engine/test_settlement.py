"""What a device serves after an install, against web servers that do not come to rest at once."""

import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.decide.recovery import BEGIN, SURE, SURE_AFTER_TURNS, Verdict
from core.decide.steps import Action
from core.engine.case import Case
from core.engine.clock import stamp
from core.engine.settlement import Settlement
from core.model.errors import TlsFailedError
from core.model.records import DeviceRecord, InstallRecord, InstallRequest, JournalEntry
from tests.engine.conftest import running
from tests.network.leaves import Leaf, new_leaf
from tests.network.old_servers import LENIENT, V10
from tests.network.servers import Choice, Line, Server, in_turn

OLD, NEW = new_leaf("old"), new_leaf("new")


async def hang_up(line: Line) -> None:
    await line.read()


@asynccontextmanager
async def settling(folder: Path, contexts: Choice) -> AsyncIterator[tuple[Settlement, Server]]:
    """An install whose last call, the assignment, has just been sent to a server."""
    async with Server(hang_up, contexts) as server, running(folder) as gateway:
        services = gateway.engine._services
        device = DeviceRecord(
            id="d", name="d", host=server.host, port=server.port, scheme="https", added_at=stamp(), added_by="tech1"
        )
        request = InstallRequest(address=f"{server.host}:{server.port}", by="tech1")
        install = InstallRecord(
            id="i", device="d", request=request, started_at=stamp(), old=OLD.fingerprint, candidate=NEW.fingerprint
        )
        await services.store.put_device(device)
        await services.store.put_certificate(NEW.der)
        await services.store.put_install(install)
        await services.store.journal(JournalEntry("i", Action.ASSIGN, BEGIN, stamp()))
        yield Settlement(Case(services, device, install, None)), server


def contexts(*leaves: Leaf) -> list[ssl.SSLContext]:
    return [leaf.context() for leaf in leaves]


async def test_the_new_leaf_is_adopted_at_once_where_nothing_goes_back(folder: Path) -> None:
    async with settling(folder, in_turn(*contexts(OLD, NEW))) as (settlement, server):
        verdict, seen = await settlement.watch(20.0)
        assert (verdict, seen.fingerprint) == (Verdict.ADOPT, NEW.fingerprint)
        assert len(server.lines) == 1 + SURE


async def test_a_server_that_shows_both_for_a_while_is_watched_until_it_has_come_to_rest(folder: Path) -> None:
    async with settling(folder, in_turn(*contexts(OLD, NEW, NEW, OLD, NEW))) as (settlement, server):
        verdict, seen = await settlement.watch(20.0)
        assert (verdict, seen.fingerprint) == (Verdict.ADOPT, NEW.fingerprint)
        assert len(server.lines) == 4 + SURE_AFTER_TURNS


async def test_a_server_that_never_comes_to_rest_is_left_for_later(folder: Path) -> None:
    endless = itertools.cycle(contexts(OLD, NEW))
    async with settling(folder, lambda: next(endless)) as (settlement, _):
        with pytest.raises(TlsFailedError, match="in turn"):
            await settlement.watch(0.6)


async def test_what_was_seen_over_todays_tls_is_not_asked_for_less_in_mid_install(folder: Path) -> None:
    ancient = OLD.context(V10, LENIENT)
    async with settling(folder, lambda: ancient) as (settlement, server):
        with pytest.raises(TlsFailedError, match="outdated"):
            await settlement.watch(0.3)
        assert server.lines
        assert not any(line.shaken for line in server.lines)
