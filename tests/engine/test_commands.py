"""What clients can ask for, and what they are told when it cannot be done."""

import asyncio
import socket

import pytest

from core.model.device import CertificateField, Connection
from core.model.errors import CamtrustError, RefusedError, UsageError
from core.model.messages import (
    AddDevices,
    AnyCommand,
    Authority,
    CancelInstall,
    Certificate,
    Events,
    LookAt,
    Looks,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    RemoveDevice,
    ShowDevice,
    StopEngine,
)
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Timing
from tests.engine.cameras import served
from tests.engine.conftest import CALLER, Gateway, until

REFUSED: dict[str, tuple[AnyCommand, type[CamtrustError], str]] = {
    "no address": (AddDevices(addresses=()), UsageError, "No address"),
    "too many": (AddDevices(addresses=("a",) * 1001), UsageError, "Too many"),
    "nonsense": (AddDevices(addresses=("192.168.20.300",)), UsageError, "192.168.20.300"),
    "port": (AddDevices(addresses=("192.168.20.1:70000",)), UsageError, "70000"),
    "twice": (AddDevices(addresses=("127.0.0.1:1", "127.0.0.1:1")), UsageError, "twice"),
    "fingerprint": (AddDevices(addresses=("127.0.0.1:1",), expect="12"), UsageError, "SHA-256"),
    "one fingerprint": (
        AddDevices(addresses=("127.0.0.1:1", "127.0.0.1:2"), expect="0" * 64),
        UsageError,
        "one device",
    ),
    "escape": (AddDevices(addresses=("127.0.0.1:1",), names=("\x1b[2J",)), UsageError, "name"),
    "unknown": (ShowDevice(device="nobody"), RefusedError, "nobody"),
    "unknown events": (ReadEvents(device="nobody"), RefusedError, "nobody"),
    "unknown certificate": (ReadCertificate(device="nobody"), RefusedError, "nobody"),
    "nothing to cancel": (CancelInstall(device="nobody"), RefusedError, "nobody"),
    "nothing to remove": (RemoveDevice(device="nobody"), RefusedError, "nobody"),
    "nothing to look at": (LookAt(addresses=()), UsageError, "No address"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_cannot_be_meant_is_refused_in_one_line_and_changes_nothing(gateway: Gateway, kind: str) -> None:
    command, error, part = REFUSED[kind]
    with pytest.raises(error) as raised:
        await gateway.engine.handle(command, CALLER)
    assert part in raised.value.title
    assert raised.value.hint
    assert raised.value.title.isprintable()
    assert not gateway.engine.board.devices


async def test_of_an_address_nothing_is_kept_but_where_it_is(gateway: Gateway) -> None:
    """A query may hold a password."""
    device = await gateway.add("https://127.0.0.1:443/video?user=admin&password=secret", patience=0.0)
    installs = await gateway.engine._services.store.installs(device.id)
    assert {install.request.address for install in installs} == {"https://127.0.0.1:443"}


async def test_a_name_that_nobody_knows_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # In place of the system's resolver, which would ask the network.
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(UsageError, match="cannot be resolved"):
        await gateway.engine.handle(AddDevices(addresses=("camera.invalid",)), CALLER)
    assert not gateway.engine.board.devices


async def test_a_look_tells_what_adding_would_do_and_stores_nothing(gateway: Gateway) -> None:
    unmanaged = CameraSettings(keystore=None)
    plain = CameraSettings(https_port=None)
    async with Camera(CameraSettings()) as first, Camera(unmanaged) as second, Camera(plain) as third:
        addresses = (
            f"{first.host}:{first.https_port}",
            f"{second.host}:{second.https_port}",
            f"{third.host}:{third.http_port}",
            "127.0.0.1:1",
        )
        looks = await gateway.engine.handle(LookAt(addresses=addresses), CALLER)
        assert isinstance(looks, Looks)
        managed, own, http, away = looks.looks
        assert "takes a certificate of ours" in managed.way
        assert managed.certificate is not None
        assert managed.certificate.fingerprint == await served(first)
        assert "keeps its own certificate" in own.way
        assert http.way.startswith("HTTP only")
        assert away.problem is not None
        assert "does not answer" in away.problem
        assert not gateway.engine.board.devices
        assert not any(request.credentials for camera in (first, second, third) for request in camera.log.requests)


async def test_a_certificate_that_another_device_has_too_is_told(gateway: Gateway) -> None:
    async with Camera(CameraSettings(keystore=None)) as camera:
        address = f"{camera.host}:{camera.https_port}"
        device = await gateway.add(address)
        elsewhere = f"localhost:{camera.https_port}"
        looks = await gateway.engine.handle(LookAt(addresses=(address, elsewhere)), CALLER)
        assert isinstance(looks, Looks)
        told = f"{device.name} at {camera.host} has the same certificate"
        assert [told in look.notes for look in looks.looks] == [False, True]


async def test_a_device_is_found_by_id_name_and_address(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        address = f"{camera.host}:{camera.https_port}"
        device = await gateway.add(address, names=("Loading dock",))
        for text in (device.id, "Loading dock", "loading DOCK", address, camera.host):
            assert (await gateway.detail(text)).device.id == device.id


async def test_a_name_that_two_devices_have_is_not_guessed(gateway: Gateway) -> None:
    for host in ("127.0.0.1", "127.0.0.2"):
        await gateway.add(f"{host}:1", names=("Lobby",))
    with pytest.raises(RefusedError, match="name of 2 devices"):
        await gateway.detail("Lobby")


async def test_a_stored_certificate_can_be_read_raw_and_a_plain_device_has_none(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera, Camera(CameraSettings(https_port=None)) as plain:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        stored = await gateway.engine.handle(ReadCertificate(device=device.id), CALLER)
        assert isinstance(stored, Certificate)
        assert stored.der == camera.leaf
        http = await gateway.add(f"http://{plain.host}:{plain.http_port}")
        assert http.certificate_field is CertificateField.HTTP
        with pytest.raises(RefusedError, match="no certificate"):
            await gateway.engine.handle(ReadCertificate(device=http.id), CALLER)
        with pytest.raises(UsageError, match="third"):
            await gateway.engine.handle(ReadCertificate(device=device.id, which="third"), CALLER)


async def test_the_authority_shows_its_certificate_and_not_its_key(gateway: Gateway) -> None:
    authority = await gateway.engine.handle(ReadAuthority(), CALLER)
    assert isinstance(authority, Authority)
    assert "gw-test" in authority.certificate.subject
    assert b"PRIVATE" not in authority.der
    assert authority.protection


async def test_the_history_says_who_did_what(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        history = await gateway.engine.handle(ReadEvents(), CALLER)
        assert isinstance(history, Events)
        told = [(event.who, event.kind, event.device) for event in history.events]
        assert told == [("tech1", kind, device.id) for kind in ("added", "installed", "removed")]


async def test_removing_a_device_in_mid_install_cancels_that_first(gateway: Gateway) -> None:
    async with Camera(CameraSettings(timing=Timing(key=20.0))) as camera:
        keys = len(camera.keystore.contents.keys)
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        assert device.id not in gateway.engine.board.devices
        assert len(camera.keystore.contents.keys) == keys


async def test_the_engine_does_not_stop_under_an_install_unless_it_must(gateway: Gateway) -> None:
    async with Camera(CameraSettings(timing=Timing(key=20.0))) as camera:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        assert gateway.engine.busy()
        with pytest.raises(RefusedError, match="under way"):
            await gateway.engine.handle(StopEngine(), CALLER)
        assert not gateway.engine.stop_asked.is_set()
        await gateway.engine.handle(StopEngine(force=True), CALLER)
        assert gateway.engine.stop_asked.is_set()
        assert gateway.view(device.id).connection is Connection.ADDING


async def test_many_cameras_are_onboarded_at_once(gateway: Gateway) -> None:
    hosts = [f"127.0.7.{number}" for number in range(1, 13)]
    cameras = [Camera(CameraSettings(host=host, serial=host)) for host in hosts]
    for camera in cameras:
        await camera.__aenter__()
    try:
        devices = [await gateway.begin(f"{camera.host}:{camera.https_port}") for camera in cameras]
        for device in devices:
            await gateway.ended(device.id)
        fields = {gateway.view(device.id).certificate_field for device in devices}
        assert fields == {CertificateField.ARCULES}
        assert len({gateway.view(device.id).fingerprint for device in devices}) == len(cameras)
        assert not gateway.engine.busy()
    finally:
        for camera in cameras:
            await camera.__aexit__(None, None, None)
