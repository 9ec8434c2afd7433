"""Which way video can take: found out after an onboarding, kept, and found out anew when a technician asks."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.model.device import AttentionKind, CertificateField, Connection
from core.model.errors import RefusedError
from core.model.messages import AcceptCertificate, Added, CancelInstall, CheckDevices, Devices, ReissueCertificate
from core.model.video import Video
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, KeystoreSettings, Mishap, Quirks, Timing, VideoSettings
from tests.engine.cameras import credentials
from tests.engine.conftest import CALLER, Gateway, pass_time, running, until

STRANGER = VideoSettings(tunnel=False, rtsps_port=0, rtsps_same_certificate=False)
FAST = KeystoreSettings(rsa_lengths=())
NO_PROFILE = "Receiver/ter:Action/ter:NoProfile"


async def known(gateway: Gateway, device: str) -> Video | None:
    await until(lambda: gateway.view(device).video is not Video.DUE)
    return gateway.view(device).video


async def check(gateway: Gateway, *devices: str) -> Devices:
    checked = await gateway.engine.handle(CheckDevices(devices=devices), CALLER)
    assert isinstance(checked, Devices)
    return checked


CASES = {
    "a tunnel": (VideoSettings(), None, Video.TUNNEL),
    "a tunnel, by the older service": (VideoSettings(login=False, services=("media",)), None, Video.TUNNEL),
    "a tunnel at a host of another network": (VideoSettings(services=("media2",), uri_quirk="nat"), 0, Video.TUNNEL),
    "RTSPS": (VideoSettings(tunnel=False, rtsps_port=0), 0, Video.RTSPS),
    "RTSPS at a mapped address": (VideoSettings(tunnel=False, rtsps_port=0, uri_quirk="mapped"), None, Video.RTSPS),
    "RTSPS at a port told twice": (
        VideoSettings(tunnel=False, rtsps_port=0, uri_quirk="doubled_port"),
        None,
        Video.RTSPS,
    ),
    "RTSPS by a stranger": (STRANGER, 0, Video.OTHER_CERTIFICATE),
    "in clear": (VideoSettings(tunnel=False), 0, Video.CLEAR),
    "in clear at a port told twice": (VideoSettings(tunnel=False, uri_quirk="doubled_port"), 0, Video.CLEAR),
    "in clear, by the older service": (VideoSettings(tunnel=False, services=("media",)), 0, Video.CLEAR),
    "nothing": (VideoSettings(tunnel=False), None, Video.UNKNOWN),
    "no media service": (None, None, Video.UNKNOWN),
}


async def test_after_an_onboarding_it_is_told_which_way_video_can_take(gateway: Gateway) -> None:
    async with AsyncExitStack() as cameras:
        told = {}
        for number, (case, (video, rtsp_port, _)) in enumerate(CASES.items(), 1):
            settings = CameraSettings(host=f"127.0.7.{number}", keystore=None, video=video, rtsp_port=rtsp_port)
            camera = await cameras.enter_async_context(Camera(settings))
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            told[case] = device.id, camera
        for device_id, _ in told.values():
            await known(gateway, device_id)
        views = {case: gateway.view(device_id) for case, (device_id, _) in told.items()}
        assert {case: view.video for case, view in views.items()} == {case: row[2] for case, row in CASES.items()}
        assert {view.attention_kind for view in views.values()} == {AttentionKind.REVIEW_LEAF}
        assert {camera.log.received("http") for _, camera in told.values()} == {0}
        # Nor did the stranger get a byte.
        assert told["RTSPS by a stranger"][1].log.received("rtsps") == 0


@pytest.mark.parametrize(
    ("keystore", "certificate"), [(FAST, CertificateField.ARCULES), (None, CertificateField.DEVICE)]
)
async def test_it_is_told_whichever_certificate_the_device_has(
    gateway: Gateway, keystore: KeystoreSettings | None, certificate: CertificateField
) -> None:
    async with Camera(CameraSettings(keystore=keystore, video=VideoSettings())) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is certificate
        assert await known(gateway, device.id) is Video.TUNNEL


async def test_the_answer_is_kept_and_not_asked_for_again(folder: Path) -> None:
    async with Camera(CameraSettings(keystore=None, video=VideoSettings())) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            assert await known(gateway, device.id) is Video.TUNNEL
        asked = camera.log.operations().count("GetStreamUri")
        async with running(folder) as gateway:
            assert gateway.view(device.id).video is Video.TUNNEL
            looks = len(camera.log.connections)
            await until(lambda: len(camera.log.connections) > looks + 2)
            await check(gateway)
            assert camera.log.operations().count("GetStreamUri") == asked


async def test_it_is_asked_for_again_when_a_technician_has_the_device_checked(gateway: Gateway) -> None:
    fails_at_first = CameraSettings(
        keystore=FAST, video=VideoSettings(), faults={"GetProfiles": Mishap("fault", NO_PROFILE, times=2)}
    )
    async with Camera(fails_at_first) as camera, Camera(CameraSettings(keystore=None, host="127.0.0.2")) as other:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        bystander = await gateway.add(f"{other.host}:{other.https_port}")
        assert [await known(gateway, each.id) for each in (device, bystander)] == [Video.UNKNOWN] * 2
        asked = len(other.log.requests)
        [view] = (await check(gateway, device.address)).devices
        assert (view.id, view.video) == (device.id, Video.TUNNEL)
        assert len(other.log.requests) == asked
        assert {view.id for view in (await check(gateway)).devices} == {device.id, bystander.id}
        assert len(other.log.requests) == asked


async def test_who_is_to_be_checked_has_to_be_there(gateway: Gateway) -> None:
    with pytest.raises(RefusedError):
        await check(gateway, "nobody")


async def test_a_device_that_refuses_the_login_is_not_sent_it_again(gateway: Gateway) -> None:
    refuses = {"GetProfiles": Mishap("fault", "Sender/ter:NotAuthorized", times=99)}
    async with Camera(CameraSettings(keystore=FAST, video=VideoSettings(), faults=refuses)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert await known(gateway, device.id) is Video.LOGIN_REFUSED
        sent = len(credentials(camera))
        [view] = (await check(gateway, device.id)).devices
        assert (view.video, view.connection) == (Video.LOGIN_REFUSED, Connection.ONLINE)
        await pass_time(gateway)
        assert len(credentials(camera)) == sent


async def test_two_who_have_it_checked_at_once_send_a_refused_login_once(gateway: Gateway) -> None:
    refuses = {"GetProfiles": Mishap("fault", "Sender/ter:NotAuthorized", times=99, skip=1)}
    settings = CameraSettings(keystore=None, video=VideoSettings(), faults=refuses)
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert await known(gateway, device.id) is Video.TUNNEL
        await asyncio.gather(*(check(gateway, device.id) for _ in range(3)))
        assert gateway.view(device.id).video is Video.LOGIN_REFUSED
        assert sum("NotAuthorized" in request.outcome for request in credentials(camera)) == 1


async def test_a_new_certificate_that_is_accepted_takes_the_answer_away_and_sends_nothing(gateway: Gateway) -> None:
    forgets = CameraSettings(keystore=None, video=VideoSettings(), quirks=Quirks(new_certificate_at_boot=True))
    async with Camera(forgets) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert await known(gateway, device.id) is Video.TUNNEL
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        received = camera.log.received("https")
        [view] = (await check(gateway, device.id)).devices
        assert view.presented is not None
        await gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=view.presented), CALLER)
        assert gateway.view(device.id).video is Video.UNKNOWN
        await pass_time(gateway)
        assert camera.log.received("https") == received
        [view] = (await check(gateway, device.id)).devices
        assert view.video is Video.TUNNEL


async def test_what_was_interrupted_is_done_at_the_next_start(folder: Path) -> None:
    hangs = CameraSettings(keystore=FAST, video=VideoSettings(), faults={"GetProfiles": Mishap("hang")})
    async with Camera(hangs) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            await until(lambda: camera.mishaps.happened["GetProfiles"])
            assert gateway.view(device.id).video is Video.DUE
        async with running(folder) as gateway:
            assert await known(gateway, device.id) is Video.TUNNEL


async def test_another_install_does_not_wait_for_a_device_that_hangs(gateway: Gateway) -> None:
    hangs = CameraSettings(keystore=FAST, video=VideoSettings(), faults={"GetProfiles": Mishap("hang")})
    async with Camera(hangs) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: camera.mishaps.happened["GetProfiles"])
        added = await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        assert isinstance(added, Added)
        await until(lambda: gateway.view(device.id).fingerprint != device.fingerprint)
        assert await known(gateway, device.id) is Video.TUNNEL
        install = await gateway.ended(device.id)
        assert install.outcome.startswith("HTTPS (Arcules)")


async def test_a_cancelled_install_is_no_reason_to_send_a_login(gateway: Gateway) -> None:
    slow = CameraSettings(video=VideoSettings(), timing=Timing(key=60.0))
    async with Camera(slow) as camera:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        await gateway.ended(device.id)
        await pass_time(gateway)
        assert gateway.view(device.id).video is Video.UNKNOWN
        assert "GetProfiles" not in camera.log.operations()
