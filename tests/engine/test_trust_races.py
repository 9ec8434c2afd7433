"""Decisions that meet each other, and installs that hang: a device is watched all the same, and decided about once."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.decide.trust import BLOCKED_TEXT
from core.model.device import AttentionKind, CertificateField, Connection
from core.model.errors import RefusedError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    AnyCommand,
    CheckDevices,
    LookAt,
    Looks,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
)
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Quirks
from tests.engine.cameras import served
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd, Shown
from tests.network.leaves import new_leaf

PIN, OTHER = new_leaf("pin"), new_leaf("other")
FORGETS = CameraSettings(quirks=Quirks(forgets_assignment=True))
REFUSES_TO_DELETE = Mishap("fault", "Receiver/ter:Action/ter:KeyDeletionFailed", times=1000)
LOSES_DELETIONS = Mishap("drop_before", times=1000)


async def onboard(gateway: Gateway, command: ReissueCertificate | ReplaceDevice) -> None:
    await gateway.engine.handle(command, CALLER)
    await gateway.ended(command.device)


async def looks(gateway: Gateway, address: str) -> Looks:
    answer = await gateway.engine.handle(LookAt(addresses=(address,)), CALLER)
    assert isinstance(answer, Looks)
    return answer


async def carried_out(gateway: Gateway, *commands: AnyCommand, pause: float = 0.0) -> list[bool]:
    """Give commands at once, or each a little after the other; tell which were carried out."""

    async def give(command: AnyCommand, delay: float) -> bool:
        await asyncio.sleep(delay)
        try:
            await gateway.engine.handle(command, CALLER)
        except RefusedError:
            return False
        return True

    return await asyncio.gather(*(give(command, number * pause) for number, command in enumerate(commands)))


@pytest.mark.parametrize("mishap", [REFUSES_TO_DELETE, LOSES_DELETIONS], ids=["refused", "lost"])
async def test_a_device_that_could_not_be_cleaned_up_is_watched_and_decided_about(
    gateway: Gateway, mishap: Mishap
) -> None:
    async with Camera(FORGETS) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        camera.mishaps.plan("DeleteKey", mishap)
        await onboard(gateway, ReissueCertificate(device=device.id))
        assert camera.mishaps.happened["DeleteKey"]
        assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        shown = await served(camera)
        await gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=shown), CALLER)
        await gateway.engine.handle(CheckDevices(), CALLER)
        assert gateway.view(device.id).connection is Connection.ONLINE
        assert gateway.view(device.id).fingerprint == shown
        await camera.power_off()
        await until(lambda: gateway.view(device.id).connection is Connection.OFFLINE)


async def test_what_a_camera_refuses_to_delete_is_told_and_not_tried_for_ever(gateway: Gateway) -> None:
    async with Camera(CameraSettings(faults={"DeleteKey": REFUSES_TO_DELETE})) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await onboard(gateway, ReissueCertificate(device=device.id))
        await until(lambda: gateway.view(device.id).attention_kind is AttentionKind.CLEAN_UP)
        tried = camera.mishaps.happened["DeleteKey"]
        # Long enough for the engine to have taken up whatever is open.
        await asyncio.sleep(2 * CONFIG.retry_period)
        assert camera.mishaps.happened["DeleteKey"] == tried


async def test_a_deletion_that_was_lost_is_made_up_for(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert camera.keystore is not None
        keys = len(camera.keystore.contents.keys)
        camera.mishaps.plan("DeleteKey", Mishap("drop_before"))
        await onboard(gateway, ReissueCertificate(device=device.id))
        await until(lambda: camera.keystore and len(camera.keystore.contents.keys) == keys)
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        assert gateway.view(device.id).attention is None


async def test_a_camera_that_dies_while_a_certificate_is_made_is_not_online(folder: Path) -> None:
    patience = msgspec.structs.replace(CONFIG, restart_patience=0.5, retry_period=3600.0)
    async with running(folder, patience) as gateway, Camera(CameraSettings()) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        camera.mishaps.plan("UploadCertificate", Mishap("hang"))
        await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await until(lambda: camera.mishaps.happened["UploadCertificate"])
        await camera.power_off()
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.connection, view.attention_kind) == (Connection.OFFLINE, AttentionKind.INSTALL_FAILED)
        assert (view.certificate_field, view.fingerprint) == (CertificateField.ARCULES, device.fingerprint)


async def test_a_device_that_is_away_is_not_online_because_something_was_tried(gateway: Gateway) -> None:
    async with CountingDevice("127.0.89.1", PIN) as counting:
        device = await gateway.add(counting.address)
        await counting.off()
        await gateway.engine.handle(CheckDevices(), CALLER)
        seen = [gateway.view(device.id).connection]
        for command in (ReissueCertificate(device=device.id), ReplaceDevice(device=device.id, patience=0.0)):
            await onboard(gateway, command)
            seen.append(gateway.view(device.id).connection)
        assert seen == [Connection.OFFLINE] * 3


@pytest.mark.parametrize("again", ["add", "reissue", "replace"])
async def test_another_device_at_a_usual_port_of_the_address_changes_nothing(gateway: Gateway, again: str) -> None:
    neighbour = CountingDevice(f"127.0.89.{10 + len(again)}", OTHER)
    neighbour.port = 8443
    async with CountingDevice(neighbour.host, PIN) as counting, neighbour:
        device = await gateway.add(counting.address)
        await counting.off()
        commands: dict[str, AnyCommand] = {
            "add": AddDevices(addresses=(counting.host,), patience=0.0),
            "reissue": ReissueCertificate(device=device.id),
            "replace": ReplaceDevice(device=device.id, patience=0.0),
        }
        await gateway.engine.handle(commands[again], CALLER)
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.address, view.fingerprint, view.presented) == (counting.address, PIN.fingerprint, None)
        assert not neighbour.heard


async def test_an_expected_certificate_is_not_expected_over_http(gateway: Gateway) -> None:
    async with CountingDevice("127.0.89.2", Odd.PLAIN) as counting:
        device = await gateway.add(counting.address, expect=PIN.fingerprint)
        assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
        assert not counting.heard


async def test_who_changes_in_the_middle_of_a_session_gets_no_byte(gateway: Gateway) -> None:
    """The first two connections are looks, the third is the first that would be talked over."""
    async with CountingDevice("127.0.89.3", PIN) as old, CountingDevice("127.0.89.4", PIN) as replaced:
        ids = [(await gateway.add(counting.address)).id for counting in (old, replaced)]
        async with CountingDevice("127.0.89.5", PIN, PIN, OTHER) as new:
            for counting in (old, replaced):
                await gateway.engine.handle(CheckDevices(), CALLER)
                counting.heard.clear()
            old.show(PIN, PIN, OTHER)
            replaced.show(PIN, PIN, OTHER)
            await asyncio.gather(
                onboard(gateway, ReissueCertificate(device=ids[0])),
                onboard(gateway, ReplaceDevice(device=ids[1], patience=0.0)),
                gateway.add(new.address),
            )
            [added] = (view.id for view in gateway.engine.board.devices.values() if view.host == new.host)
            for device, counting in zip((*ids, added), (old, replaced, new), strict=True):
                view = gateway.view(device)
                assert (view.connection, view.attention) == (Connection.BLOCKED, BLOCKED_TEXT)
                assert (view.fingerprint, view.presented) == (PIN.fingerprint, OTHER.fingerprint)
                assert OTHER.fingerprint not in {heard.leaf for heard in counting.heard}


async def test_a_block_that_a_technicians_own_try_found_is_explained(gateway: Gateway) -> None:
    async with CountingDevice("127.0.89.6", PIN) as counting:
        device = await gateway.add(counting.address)
        await gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=PIN.fingerprint), CALLER)
        counting.show(OTHER)
        await onboard(gateway, ReissueCertificate(device=device.id))
        assert gateway.view(device.id).connection is Connection.BLOCKED
        await until(lambda: gateway.view(device.id).change)


@pytest.mark.parametrize("shows", [OTHER, Odd.PLAIN], ids=["another certificate", "HTTP"])
async def test_looking_before_adding_sends_handshakes_only_to_what_is_not_the_device(
    gateway: Gateway, shows: Shown
) -> None:
    async with CountingDevice("127.0.89.9", PIN) as counting:
        await gateway.add(counting.address)
        counting.show(shows)
        counting.heard.clear()
        [look] = (await looks(gateway, counting.address)).looks
        assert not counting.heard
        assert bool(look.certificate) == (shows is OTHER)


def pairs(device: str) -> dict[str, tuple[AnyCommand, AnyCommand]]:
    accept: Any = AcceptCertificate(device=device, fingerprint=PIN.fingerprint)
    reissue: Any = ReissueCertificate(device=device)
    replace: Any = ReplaceDevice(device=device, patience=0.0)
    return {
        "accept, accept": (accept, accept),
        "accept, re-issue": (accept, reissue),
        "re-issue, accept": (reissue, accept),
        "re-issue, re-issue": (reissue, reissue),
        "replace, re-issue": (replace, reissue),
        "replace, accept": (replace, accept),
        "accept, remove": (accept, RemoveDevice(device=device)),
    }


@pytest.mark.parametrize("pair", pairs(""))
async def test_two_who_decide_at_once_decide_once(gateway: Gateway, pair: str) -> None:
    async with CountingDevice("127.0.89.7", PIN) as counting:
        device = await gateway.add(counting.address)
        assert await carried_out(gateway, *pairs(device.id)[pair]) == [True, False]


@contextlib.contextmanager
def slow_disk(folder: Path) -> Iterator[None]:
    """Let no transaction of the engine come to its end meanwhile."""
    with contextlib.closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_device_that_is_removed_while_a_look_is_written_down_stays_removed(folder: Path) -> None:
    async with CountingDevice("127.0.89.20", PIN) as counting:
        async with running(folder) as gateway:
            device = await gateway.add(counting.address)
            await gateway.engine.handle(CheckDevices(), CALLER)
            with slow_disk(folder):
                counting.show(OTHER)
                await until(lambda: OTHER.fingerprint in counting.presented)
                removing = asyncio.create_task(carried_out(gateway, RemoveDevice(device=device.id)))
                await asyncio.sleep(CONFIG.check_period)
                assert device.id in gateway.engine.board.devices
            assert await removing == [True]
            await gateway.engine.handle(CheckDevices(), CALLER)
            assert not gateway.engine.board.devices
        async with running(folder) as gateway:
            assert not gateway.engine.board.devices


async def test_a_device_is_not_removed_while_its_certificate_is_accepted(folder: Path) -> None:
    async with CountingDevice("127.0.89.21", PIN) as counting, running(folder) as gateway:
        device = await gateway.add(counting.address)
        with slow_disk(folder):
            accept = AcceptCertificate(device=device.id, fingerprint=PIN.fingerprint)
            looked = len(counting.presented)
            accepting = asyncio.create_task(carried_out(gateway, accept))
            await until(lambda: len(counting.presented) > looked)
            assert await carried_out(gateway, RemoveDevice(device=device.id)) == [False]
        assert await accepting == [True]
        assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
        await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        assert not gateway.engine.board.devices
