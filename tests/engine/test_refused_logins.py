"""A login that is refused is not tried again by itself: the next wrong one might lock the account."""

from pathlib import Path

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Timing
from core.store.store import Store
from tests.engine.cameras import contents, credentials, served
from tests.engine.conftest import CONFIG, Gateway, pass_time, running, until

NOT_AUTHORIZED = "Sender/ter:NotAuthorized"


def refusals(camera: Camera) -> int:
    return sum("NotAuthorized" in request.outcome for request in credentials(camera))


async def change_password(camera: Camera) -> None:
    """What somebody does on the camera's own page."""
    camera.settings = msgspec.structs.replace(camera.settings, password="another")
    await camera.power_cut()


async def test_clearing_up_ends_where_the_login_is_refused(gateway: Gateway) -> None:
    # Reading the keystore is allowed before the install and not after.
    settings = CameraSettings(faults={"GetAllKeys": Mishap("fault", NOT_AUTHORIZED, skip=1, times=99)})
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await pass_time(gateway)
        assert refusals(camera) == 1
        assert device.certificate_field is CertificateField.ARCULES
        assert gateway.view(device.id).connection is Connection.ONLINE
        assert gateway.view(device.id).attention_kind is AttentionKind.CLEAN_UP


async def test_a_login_that_is_refused_in_mid_install_is_not_tried_again_to_take_things_back(gateway: Gateway) -> None:
    settings = CameraSettings(faults={"GetKeyStatus": Mishap("fault", NOT_AUTHORIZED, times=99)})
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await pass_time(gateway)
        assert [request.outcome for request in credentials(camera)].count("ok") == len(credentials(camera)) - 1
        assert credentials(camera)[-1].operation == "GetKeyStatus"
        assert device.certificate_field is CertificateField.DEVICE
        kinds = attention_kinds(gateway, device.id)
        assert kinds == {AttentionKind.LOGIN_REFUSED, AttentionKind.REVIEW_LEAF, AttentionKind.CLEAN_UP}


def attention_kinds(gateway: Gateway, device: str) -> set[AttentionKind]:
    return {attention.kind for attention in gateway.engine._services.registry.devices[device].attention}


@pytest.mark.parametrize("mishap", ["drop_before", "lose_reply"])
async def test_waiting_for_the_new_certificate_asks_no_more_once_the_login_is_refused(
    gateway: Gateway, mishap: str
) -> None:
    faults = {
        "ReplaceServerCertificateAssignment": Mishap(mishap),  # type: ignore[arg-type]
        "GetAllKeys": Mishap("fault", NOT_AUTHORIZED, skip=1, times=99),
    }
    async with Camera(CameraSettings(timing=Timing(switch=2.0), faults=faults)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await pass_time(gateway)
        assert refusals(camera) == 1
        assert gateway.view(device.id).fingerprint == await served(camera)
        assert gateway.view(device.id).connection is Connection.ONLINE


async def test_after_a_crash_a_changed_password_is_tried_once(folder: Path) -> None:
    settings = CameraSettings(timing=Timing(key=20.0), lockout_after=3)
    async with Camera(settings) as camera:
        async with running(folder) as gateway:
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            await until(lambda: "GetKeyStatus" in camera.log.operations())
        await change_password(camera)
        async with running(folder) as gateway:
            await gateway.ended(device.id)
            await pass_time(gateway)
            assert refusals(camera) == 1
            view = gateway.view(device.id)
            assert (view.certificate_field, view.connection) == (CertificateField.DEVICE, Connection.ONLINE)
            assert view.attention_kind is AttentionKind.LOGIN_REFUSED


async def test_a_right_login_clears_away_what_a_refused_one_left(folder: Path) -> None:
    settings = CameraSettings(faults={"GetKeyStatus": Mishap("fault", NOT_AUTHORIZED)})
    async with running(folder, CONFIG) as gateway, Camera(settings) as camera:
        before = contents(camera)
        await gateway.add(f"{camera.host}:{camera.https_port}")
        assert len(contents(camera).keys) == len(before.keys) + 1
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        assert len(contents(camera).keys) == len(before.keys) + 1


async def test_a_login_that_was_only_missing_is_told_as_missing_after_a_crash_too(folder: Path) -> None:
    async with Camera() as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
            assert device.attention_kind is AttentionKind.LOGIN_NEEDED
        await as_before_the_end(folder, device.id)
        async with running(folder) as gateway:
            await gateway.ended(device.id)
            assert gateway.view(device.id).attention_kind is AttentionKind.LOGIN_NEEDED


async def as_before_the_end(folder: Path, device: str) -> None:
    """Leave the store as a crash does that comes right before the last install of a device is closed."""
    store = await Store.open(folder)
    try:
        install = (await store.installs(device))[-1]
        await store.put_install(msgspec.structs.replace(install, closed=False, outcome=""))
    finally:
        await store.close()
