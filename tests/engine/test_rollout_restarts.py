"""A rollout outlasts its engine: it goes on where it was, and what was changed meanwhile gets no login."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.engine.board import Subscription
from core.model.device import CertificateField
from core.model.messages import AddDevices, Added
from core.model.rollout import CancelRollout, MemberState, ReadRollout, RolloutState, RolloutView, StartRollout
from core.model.secret import Secret
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.camera import Camera
from core.simulator.settings import Timing
from tests.engine.cameras import contents, credentials, served
from tests.engine.conftest import CALLER, PASSWORD, USER, running, until
from tests.engine.process import EngineProcess, engine_process
from tests.engine.process import until as until_it
from tests.engine.test_rollout import cameras, end, find, start, states, untouched, view_of

STEADY = Timing(key=0.4, switch=0.02, restart=0.05)


async def begin(engine: EngineProcess, found: list[Camera]) -> None:
    """Add cameras without a login, which leaves each with its own certificate, then begin a rollout with one."""
    addresses = tuple(f"{camera.host}:{camera.https_port}" for camera in found)
    async with await Client.connect(socket_path(engine.state)) as client:
        added = await client.ask(AddDevices(addresses=addresses))
        assert isinstance(added, Added)

        async def kept_their_own() -> bool:
            return all(view.certificate_field is CertificateField.DEVICE for view in await engine.devices())

        await until_it(kept_their_own)
        devices = tuple(view.id for view in added.devices)
        await client.ask(StartRollout(devices=devices, user=USER, password=Secret(PASSWORD)))


async def stands(engine: EngineProcess) -> RolloutView:
    async with await Client.connect(socket_path(engine.state)) as client:
        view = await client.ask(ReadRollout())
    assert isinstance(view, RolloutView)
    return view


async def test_an_engine_that_is_killed_twice_goes_on_where_it_was(tmp_path: Path) -> None:
    async with cameras(40, "MX-1", 2, timing=STEADY) as found, engine_process(tmp_path) as engine:
        keys = [len(contents(camera).keys) for camera in found]
        await begin(engine, found)
        await until(lambda: "CreateECCKeyPair" in found[0].log.operations())
        engine.kill()
        await engine.start()
        # Only when the first has succeeded the others are logged in to.
        await until(lambda: credentials(found[1]))
        view = await stands(engine)
        assert (view.state, view.devices[0].state) == (RolloutState.RUNNING, MemberState.SUCCEEDED)
        engine.kill()
        await engine.start()

        async def finished() -> bool:
            return (await stands(engine)).state is RolloutState.FINISHED

        await until_it(finished)
        view = await stands(engine)
        assert set(states(view).values()) == {MemberState.SUCCEEDED}
        for device, camera, before in zip(await engine.devices(), found, keys, strict=True):
            assert (device.certificate_field, device.fingerprint) == (CertificateField.ARCULES, await served(camera))
            assert len(contents(camera).keys) == before + 1
            assert all(request.login for request in credentials(camera))


async def test_a_cancelled_one_stays_so(folder: Path) -> None:
    async with cameras(41, "MX-1", 2, timing=STEADY) as found:
        async with running(folder) as gateway:
            await start(gateway, find(gateway, *found))
            await until(lambda: "GetKeyStatus" in found[0].log.operations())
            await gateway.engine.handle(CancelRollout(), CALLER)
        async with running(folder) as gateway:
            view = await end(gateway)
            assert view.state is RolloutState.CANCELLED
            assert list(states(view).values()) == [MemberState.SUCCEEDED, MemberState.NOT_STARTED]
            assert untouched(found[1])
        async with running(folder) as gateway:
            assert view_of(gateway) == view
            assert not gateway.engine.busy()


async def test_devices_that_were_changed_in_the_store_are_not_logged_in_to(folder: Path) -> None:
    async with cameras(42, "MX-1", 2, timing=STEADY) as found, cameras(43, "MX-1", 1) as thief:
        async with running(folder) as gateway:
            await start(gateway, find(gateway, *found))
            await until(lambda: "GetKeyStatus" in found[0].log.operations())
        with closing(sqlite3.connect(folder / "state.db")) as database, database:
            old, new = (f"{camera.host}:{camera.https_port}" for camera in (found[1], thief[0]))
            database.execute("UPDATE rollout_members SET member = replace(member, ?, ?)", (old, new))
        async with running(folder) as gateway:
            view = await end(gateway)
            assert [device.state for device in view.devices] == [MemberState.SUCCEEDED, MemberState.NOT_STARTED]
            assert view.devices[1].address == new
            assert "store was changed" in view.devices[1].reason
            assert untouched(thief[0]) and untouched(found[1])


async def test_an_end_that_cannot_be_stored_is_shown_and_stored_at_the_next_start(folder: Path) -> None:
    async with cameras(44, "MX-1", 1) as found:
        async with running(folder) as gateway:
            with closing(sqlite3.connect(folder / "state.db")) as database:
                database.execute(
                    "CREATE TRIGGER no_room BEFORE UPDATE ON rollouts WHEN json_extract(NEW.record, '$.state') IS "
                    "'finished' BEGIN SELECT RAISE(ABORT, 'no room'); END"
                )
            subscription = gateway.engine.board.subscribe(lambda: None)
            await start(gateway, find(gateway, *found))
            await until(lambda: is_told_to_have_ended(subscription))
            await until(lambda: not gateway.engine.busy())
            subscription.close()
            with closing(sqlite3.connect(folder / "state.db")) as database:
                database.execute("DROP TRIGGER no_room")
                assert sealed(database)
        async with running(folder) as gateway:
            assert (await end(gateway)).state is RolloutState.FINISHED
            await until(lambda: not gateway.engine.busy())
        with closing(sqlite3.connect(folder / "state.db")) as database:
            assert not sealed(database)


def is_told_to_have_ended(subscription: Subscription) -> bool:
    update = subscription.take()
    return update is not None and update.rollout is not None and update.rollout.state is RolloutState.FINISHED


def sealed(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT sealed FROM rollouts").fetchone()[0] is not None
