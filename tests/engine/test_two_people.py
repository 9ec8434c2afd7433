"""Two people at one gateway: whoever comes second is told who came first, with what, and how long ago."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.model.caller import Caller
from core.model.device import CertificateField, Connection
from core.model.errors import RefusedError, UnknownDeviceError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    AnyCommand,
    CancelInstall,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
    Role,
    ScanNetworks,
)
from core.model.preflight import Preflight
from core.model.rollout import CancelRollout, RolloutState, RolloutView, StartRollout
from core.model.secret import Secret
from core.model.sighting import Sighting
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks, Timing
from tests.engine.cameras import served
from tests.engine.conftest import CONFIG, PASSWORD, USER, Gateway, running, until
from tests.engine.counting import CountingDevice
from tests.network.leaves import new_leaf

ANN, BOB = Caller("ann", 1001, Role.OPERATOR), Caller("bob", 1002, Role.OPERATOR)
SLOW = Timing(key=20.0)
PIN = new_leaf("pin")
LOGIN: dict[str, Any] = {"user": USER, "password": Secret(PASSWORD)}


async def told(gateway: Gateway, command: AnyCommand) -> RefusedError:
    """Have Bob ask for something, and return what he is told instead."""
    with pytest.raises(RefusedError) as raised:
        await gateway.engine.handle(command, BOB)
    return raised.value


def decisions(device: str, fingerprint: str) -> dict[str, AnyCommand]:
    return {
        "accept": AcceptCertificate(device=device, fingerprint=fingerprint),
        "replace": ReplaceDevice(device=device, patience=0.0),
        "reissue": ReissueCertificate(device=device),
        "preflight": Preflight(devices=(device,)),
        "remove": RemoveDevice(device=device),
        "cancel": CancelInstall(device=device),
    }


async def test_who_accepted_it_is_told_to_whoever_accepts_it_too(gateway: Gateway) -> None:
    async with CountingDevice("127.64.60.1", PIN) as counting:
        device = await gateway.add(counting.address, names=("Dock",))
        accept = AcceptCertificate(device=device.id, fingerprint=PIN.fingerprint)
        await gateway.engine.handle(accept, ANN)
        error = await told(gateway, accept)
        assert error.title == "This certificate of Dock was accepted by ann a moment ago"
        assert gateway.view(device.id).connection is Connection.ONLINE


async def test_who_accepts_it_at_the_same_moment_is_told_to_the_other(gateway: Gateway) -> None:
    async with CountingDevice("127.64.60.2", PIN) as counting:
        device = await gateway.add(counting.address, names=("Dock",))
        accept = AcceptCertificate(device=device.id, fingerprint=PIN.fingerprint)
        both = [gateway.engine.handle(accept, caller) for caller in (ANN, BOB)]
        _, refused = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(refused, RefusedError)
        assert refused.title == "ann is accepting a certificate of Dock, begun a moment ago"
        pin = gateway.engine._services.registry.devices[device.id].pin
        assert pin is not None and pin.by == "ann"


@pytest.mark.parametrize("what", ["accept", "replace", "reissue", "preflight"])
async def test_who_is_working_on_it_is_told_to_whoever_decides_about_it(folder: Path, what: str) -> None:
    async with running(folder) as gateway, Camera(CameraSettings(timing=SLOW)) as camera:
        own = await served(camera)
        address = f"{camera.host}:{camera.https_port}"
        device = await gateway.add(address, names=("Dock",), user="")
        await gateway.engine.handle(ReplaceDevice(device=device.id, **LOGIN), ANN)
        error = await told(gateway, decisions(device.id, own)[what])
        assert error.title == "ann is replacing Dock, begun a moment ago"
        error = await told(gateway, AddDevices(addresses=(address,)))
        assert error.title == "ann is replacing Dock, begun a moment ago"
        assert gateway.install(device.id).by == "ann"


async def test_a_blocked_device_that_is_being_replaced_is_told_as_that_and_not_as_blocked(gateway: Gateway) -> None:
    settings = CameraSettings(quirks=Quirks(new_certificate_at_boot=True))
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}", names=("Dock",))
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        presented = gateway.view(device.id).presented or ""
        await gateway.engine.handle(ReplaceDevice(device=device.id, expect=presented), ANN)
        for command in (ReplaceDevice(device=device.id), ReissueCertificate(device=device.id)):
            assert (await told(gateway, command)).title.startswith("ann is replacing Dock")
        await gateway.ended(device.id)
        assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
        error = await told(gateway, AcceptCertificate(device=device.id, fingerprint=presented))
        assert error.title == (
            "Dock shows the certificate that was installed by ann a moment ago, not the one that was reviewed"
        )


async def test_who_cancelled_it_is_told_to_whoever_cancels_it_too(gateway: Gateway) -> None:
    async with Camera(CameraSettings(timing=SLOW)) as camera:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}", names=("Dock",))
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        cancel = CancelInstall(device=device.id)
        await gateway.engine.handle(cancel, ANN)
        assert (await told(gateway, cancel)).title == "The install of Dock was cancelled by ann a moment ago"
        await gateway.ended(device.id)
        await until(lambda: not gateway.engine.busy())
        error = await told(gateway, cancel)
        assert error.title == "No install of Dock is under way"
        assert "cancelled by ann" in error.hint


@pytest.mark.parametrize("what", decisions("", ""))
async def test_who_removed_it_is_told_to_whoever_decides_about_it(gateway: Gateway, what: str) -> None:
    async with CountingDevice("127.64.60.3", PIN) as counting:
        device = await gateway.add(counting.address, names=("Dock",))
        await gateway.engine.handle(RemoveDevice(device=device.id), ANN)
        error = await told(gateway, decisions(device.id, PIN.fingerprint)[what])
        assert isinstance(error, UnknownDeviceError)
        assert error.title == "Dock was removed by ann a moment ago"


async def test_who_removed_it_is_known_after_a_restart(folder: Path) -> None:
    async with running(folder) as gateway:
        device = await gateway.add("127.0.0.1:1", names=("Dock",), patience=0.0)
        await gateway.engine.handle(RemoveDevice(device=device.id), ANN)
    async with running(folder) as gateway:
        assert (await told(gateway, ReissueCertificate(device="dock"))).title.startswith("Dock was removed by ann")
        assert (await told(gateway, ReissueCertificate(device="Gate"))).title == "There is no device 'Gate'"


async def test_who_added_it_is_told_to_whoever_adds_it_too(gateway: Gateway) -> None:
    async with CountingDevice("127.64.60.4", PIN) as counting:
        sighting = Sighting("mDNS", counting.host, "lo", ports=(("https", counting.port),), name="Dock")
        gateway.engine._services.registry.hear(sighting)
        [row] = gateway.engine.board.devices
        added = AddDevices(addresses=(counting.address,), names=("Dock",), patience=0.0)
        await gateway.engine.handle(added, ANN)
        [device] = gateway.engine.board.devices
        await gateway.ended(device)
        error = await told(gateway, StartRollout(devices=(row,)))
        assert (error.title, error.hint) == (
            "Dock was added by ann a moment ago",
            f"Its row is another one now: {device}.",
        )
        await gateway.engine.handle(AcceptCertificate(device=device, fingerprint=PIN.fingerprint), ANN)
        error = await told(gateway, added)
        assert error.title.startswith(f"Dock at {counting.address} is added already, by ann a moment ago")


async def test_who_began_a_rollout_and_who_cancelled_it_are_told(folder: Path) -> None:
    settings = msgspec.structs.replace(CONFIG, parallel_installs=1)
    async with running(folder, settings) as gateway, Camera(CameraSettings(timing=Timing(key=1.0))) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
        start = StartRollout(devices=(device.id,), **LOGIN)
        await gateway.engine.handle(start, ANN)
        error = await told(gateway, start)
        assert error.title == "A rollout of 1 device is under way, begun by ann a moment ago"
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        await gateway.engine.handle(CancelRollout(), ANN)
        assert (await told(gateway, CancelRollout())).title == "ann has cancelled the rollout already"
        await until(lambda: not gateway.engine.busy())
        rollout = gateway.engine.board.rollout()
        assert isinstance(rollout, RolloutView) and rollout.state is RolloutState.CANCELLED
        assert "ended a moment ago: cancelled by ann" in (await told(gateway, CancelRollout())).hint


async def test_who_worked_on_a_device_when_its_turn_in_a_rollout_came_is_told_in_its_line(folder: Path) -> None:
    quick, slow = CameraSettings(timing=Timing(key=1.0)), CameraSettings(timing=SLOW)
    config = msgspec.structs.replace(CONFIG, parallel_installs=2)
    async with running(folder, config) as gateway, Camera(quick) as first, Camera(slow) as second:
        both = [(await gateway.add(f"{camera.host}:{camera.https_port}", user="")).id for camera in (first, second)]
        await gateway.engine.handle(StartRollout(devices=tuple(both), at_once=1, **LOGIN), ANN)
        await gateway.engine.handle(ReplaceDevice(device=both[1], **LOGIN), BOB)
        rollout = gateway.engine.board.rollout
        await until(lambda: (view := rollout()) and view.devices[1].reason)
        view = rollout()
        assert view is not None
        assert view.devices[1].reason.startswith("bob was replacing")


async def test_who_is_scanning_is_told_to_whoever_scans_too(gateway: Gateway) -> None:
    scan = ScanNetworks(networks=("127.64.61.0/28",))
    scanning = asyncio.create_task(gateway.engine.handle(scan, ANN))
    await until(lambda: gateway.engine.board.status().scan)
    error = await told(gateway, scan)
    assert error.title == "A scan of 127.64.61.0/28 is under way, begun by ann a moment ago"
    await scanning
