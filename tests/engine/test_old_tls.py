"""Old TLS is for devices that need it, is told, and is no way to make a device speak less than it did (rule R7)."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, Origin
from core.model.errors import CamtrustError, TlsFailedError
from core.model.messages import AcceptCertificate, AnyCommand, CheckDevices, ReissueCertificate, ReplaceDevice
from core.model.records import DeviceRecord, Login, Pin
from core.model.secret import Secret
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Timing
from core.store.folder import StateFolder
from core.store.store import NewEvent, Store
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.process import engine_process
from tests.engine.process import until as until_async
from tests.network.leaves import new_leaf
from tests.network.old_servers import LENIENT, V10
from tests.network.servers import Server, presenting, silent

CALM = msgspec.structs.replace(CONFIG, check_period=3600.0, retry_period=3600.0)
OLD = CameraSettings(host="127.0.11.1", oldest_tls="1.0", newest_tls="1.0")
AT, LEAF, OTHER = "2026-01-01T00:00:00Z", new_leaf(), new_leaf("other")
ANCIENT, MODERN = LEAF.context(V10, LENIENT), LEAF.context()


@asynccontextmanager
async def pinned(folder: Path, server: Server, *, weak: bool, elsewhere: bool = False) -> AsyncIterator[Gateway]:
    """A gateway that has stored LEAF for the server, over today's TLS or over old.

    With `elsewhere` the device was at another port, and another leaf was seen where the server is.
    """
    state = StateFolder.open(folder)
    store = await Store.open(folder)
    pin = Pin(await store.put_certificate(LEAF.der), Origin.ISSUED, AT, "tech1")
    record = DeviceRecord(
        id="d1",
        name="Lobby",
        host=server.host,
        port=server.port,
        scheme="https",
        tls="TLS 1.0, weak" if weak else "TLS 1.3",
        weak_tls=weak,
        pin=pin,
        added_at=AT,
        added_by="tech1",
    )
    if elsewhere:
        presented = {"presented": await store.put_certificate(OTHER.der), "presented_host": server.host}
        record = msgspec.structs.replace(record, port=1, presented_port=server.port, **presented)
    await store.pin(record, None, NewEvent(at=AT, who="tech1", kind="installed", text="as an earlier run left it"))
    await store.put_login("d1", Login("admin", Secret("s3cret")))
    await store.close()
    state.close()
    async with running(folder, CALM) as gateway:
        yield gateway


async def checked(gateway: Gateway) -> DeviceView:
    await gateway.engine.handle(CheckDevices(), CALLER)
    return gateway.view("d1")


async def test_a_camera_of_old_is_brought_to_https_and_its_weak_tls_is_told(folder: Path) -> None:
    async with Camera(OLD) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            assert device.certificate_field is CertificateField.ARCULES
            assert (device.connection, device.tls) == (Connection.ONLINE, "TLS 1.0, weak")
            assert (device.attention_kind, device.attention) == (
                AttentionKind.WEAK_TLS,
                "Weak TLS: the device refuses today's (TLS 1.0, weak)",
            )
            assert device.attention_hint
            kinds = [event.kind for event in (await gateway.detail(device.id)).events]
            assert kinds == ["added", "tls", "installed"]
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
            await gateway.ended(device.id)
            view = gateway.view(device.id)
            assert view.fingerprint != device.fingerprint
            assert (view.connection, view.attention_kind) == (Connection.ONLINE, AttentionKind.WEAK_TLS)


@pytest.mark.parametrize(
    "command",
    [
        CheckDevices(),
        ReissueCertificate(device="d1"),
        ReplaceDevice(device="d1", patience=0.0),
        ReplaceDevice(device="d1", expect=LEAF.fingerprint, patience=0.0),
        AcceptCertificate(device="d1", fingerprint=LEAF.fingerprint),
    ],
    ids=["check", "re-issue", "replace", "replace with the stored leaf", "accept"],
)
@pytest.mark.parametrize("shown", [ANCIENT, OTHER.context(V10, LENIENT)], ids=["its own leaf", "another leaf"])
async def test_a_device_that_spoke_todays_tls_is_never_talked_into_less(
    folder: Path, command: AnyCommand, shown: ssl.SSLContext
) -> None:
    async with Server(silent, presenting(shown)) as server, pinned(folder, server, weak=False) as gateway:
        try:
            await gateway.engine.handle(command, CALLER)
        except CamtrustError:
            assert isinstance(command, AcceptCertificate)
        if isinstance(command, ReplaceDevice | ReissueCertificate):
            await gateway.ended("d1")
        view = await checked(gateway)
        assert (view.connection, view.attention_kind) == (Connection.OFFLINE, AttentionKind.TLS_FAILED)
        assert (view.fingerprint, view.tls, view.presented) == (LEAF.fingerprint, "TLS 1.3", None)
        await server.settled()
    assert server.lines
    assert not any(line.shaken for line in server.lines)
    assert server.heard == b""


async def test_no_session_with_a_device_of_today_goes_over_old_tls(folder: Path) -> None:
    async with Server(silent, presenting(ANCIENT)) as server, pinned(folder, server, weak=False) as gateway:
        services = gateway.engine._services
        async with services.session(services.registry.devices["d1"], LEAF.fingerprint, None) as onvif:
            with pytest.raises(TlsFailedError, match="outdated TLS versions"):
                await onvif.clock()
    assert not any(line.shaken for line in server.lines)


@pytest.mark.parametrize("weak", [False, True])
async def test_only_a_device_of_old_is_followed_over_old_tls(folder: Path, weak: bool) -> None:
    async with (
        Server(silent, presenting(ANCIENT)) as server,
        pinned(folder, server, weak=weak, elsewhere=True) as gateway,
    ):
        view = await checked(gateway)
        assert (view.connection, view.port) == ((Connection.ONLINE, server.port) if weak else (Connection.BLOCKED, 1))
        await server.settled()
    assert any(line.shaken for line in server.lines) is weak
    assert server.lines
    assert server.heard == b""


async def test_a_device_of_old_that_speaks_todays_tls_stays_there(folder: Path) -> None:
    contexts = [ANCIENT]
    async with Server(silent, lambda: contexts[-1]) as server, pinned(folder, server, weak=True) as gateway:
        view = await checked(gateway)
        assert (view.connection, view.attention_kind) == (Connection.ONLINE, AttentionKind.WEAK_TLS)
        contexts.append(MODERN)
        view = await checked(gateway)
        assert (view.connection, view.attention, view.tls) == (Connection.ONLINE, None, "TLS 1.3")
        contexts.append(ANCIENT)
        view = await checked(gateway)
        assert (view.connection, view.attention_kind) == (Connection.OFFLINE, AttentionKind.TLS_FAILED)
        told = [event.text for event in (await gateway.detail("d1")).events if event.kind == "tls"]
        assert told == ["no weak TLS any more: it speaks TLS 1.3, and nothing less is spoken with it from now on"]
    assert server.heard == b""


async def test_another_leaf_over_old_tls_blocks_and_gets_no_byte(folder: Path) -> None:
    contexts = [ANCIENT]
    async with Server(silent, lambda: contexts[-1]) as server, pinned(folder, server, weak=True) as gateway:
        contexts.append(OTHER.context(V10, LENIENT))
        view = await checked(gateway)
        assert (view.connection, view.presented) == (Connection.BLOCKED, OTHER.fingerprint)
        await gateway.engine.handle(AcceptCertificate(device="d1", fingerprint=OTHER.fingerprint), CALLER)
        view = await checked(gateway)
        assert (view.connection, view.attention_kind) == (Connection.ONLINE, AttentionKind.WEAK_TLS)
    assert server.heard == b""


async def test_accepting_takes_in_which_tls_is_spoken_at_that_moment(folder: Path) -> None:
    contexts = [OTHER.context(V10, LENIENT)]
    async with Server(silent, lambda: contexts[-1]) as server, pinned(folder, server, weak=True) as gateway:
        assert (await checked(gateway)).tls == "TLS 1.0, weak"
        contexts.append(OTHER.context())
        await gateway.engine.handle(AcceptCertificate(device="d1", fingerprint=OTHER.fingerprint), CALLER)
        view = gateway.view("d1")
        assert (view.connection, view.tls, view.attention) == (Connection.ONLINE, "TLS 1.3", None)


async def test_new_hardware_of_old_may_be_put_in_place_of_a_device_of_today(folder: Path) -> None:
    async with (
        Server(silent, presenting(MODERN)) as server,
        pinned(folder, server, weak=False) as gateway,
        Camera(msgspec.structs.replace(OLD, host="127.0.11.2")) as camera,
    ):
        place, password = f"{camera.host}:{camera.https_port}", Secret(camera.settings.password)
        command = ReplaceDevice(device="d1", address=place, user=camera.settings.user, password=password)
        await gateway.engine.handle(command, CALLER)
        await gateway.ended("d1")
        view = gateway.view("d1")
        assert (view.certificate_field, view.tls) == (CertificateField.ARCULES, "TLS 1.0, weak")


async def test_an_install_over_old_tls_that_was_interrupted_is_taken_up_again(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(OLD, host="127.0.11.3", timing=Timing(switch=0.3, restart=1.0))
    async with Camera(settings) as camera, engine_process(tmp_path) as engine:
        added = await engine.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: "ReplaceServerCertificateAssignment" in camera.log.operations() and not camera.leaf)
        engine.kill()
        await engine.start()

        async def settled() -> bool:
            [view] = [view for view in await engine.devices() if view.id == added.id]
            return view.certificate_field is CertificateField.ARCULES and view.tls == "TLS 1.0, weak"

        await until_async(settled)
