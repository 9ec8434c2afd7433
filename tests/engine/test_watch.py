"""What happens after onboarding: every device is looked at, and only its pinned certificate lets it be online."""

from pathlib import Path

from core.decide.trust import BLOCKED_TEXT
from core.model.device import AttentionKind, CertificateField, Connection
from core.model.messages import Certificate, ReadCertificate
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Quirks
from tests.engine.cameras import select, served
from tests.engine.conftest import CALLER, Gateway, running, until

FORGETS = CameraSettings(quirks=Quirks(new_certificate_at_boot=True))


async def test_a_camera_that_goes_is_offline_and_one_that_comes_back_is_online_by_itself(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await camera.power_off()
        await until(lambda: gateway.view(device.id).connection is Connection.OFFLINE)
        assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
        assert gateway.view(device.id).attention_kind is AttentionKind.UNREACHABLE
        await camera.power_on()
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        assert gateway.view(device.id).attention is None
        kinds = [event.kind for event in (await gateway.detail(device.id)).events]
        assert kinds == ["added", "installed", "offline", "online"]


async def test_another_certificate_blocks_and_not_a_byte_is_sent(gateway: Gateway) -> None:
    async with Camera(FORGETS) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await camera.power_cut()
        sent = camera.log.received("https")
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        view = gateway.view(device.id)
        assert (view.attention, view.attention_kind) == (BLOCKED_TEXT, AttentionKind.REVIEW_CHANGE)
        assert view.fingerprint == device.fingerprint != view.presented
        assert view.presented == await served(camera)
        looks = len(camera.log.connections)
        await until(lambda: len(camera.log.connections) > looks + 2)
        assert camera.log.received("https") == sent
        detail = await gateway.detail(device.id)
        assert detail.stored is not None
        assert detail.presented is not None
        assert (detail.stored.fingerprint, detail.presented.fingerprint) == (view.fingerprint, view.presented)


async def test_another_certificate_blocks_also_while_something_is_still_to_be_cleared_away(gateway: Gateway) -> None:
    # The first list is for the preflight, all others for clearing away.
    never_again = {"GetAllKeys": Mishap("http_500_html", skip=1, times=1000)}
    async with Camera(CameraSettings(quirks=FORGETS.quirks, faults=never_again)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)


async def test_a_block_and_both_certificates_survive_a_restart(folder: Path) -> None:
    async with Camera(FORGETS) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            await camera.power_cut()
            await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
            presented = gateway.view(device.id).presented
        async with running(folder) as gateway:
            view = gateway.view(device.id)
            assert (view.connection, view.presented) == (Connection.BLOCKED, presented)
            for which, expected in (("stored", device.fingerprint), ("presented", presented)):
                kept = await gateway.engine.handle(ReadCertificate(device=device.id, which=which), CALLER)
                assert isinstance(kept, Certificate)
                assert kept.fingerprint == expected


async def test_the_pinned_certificate_unblocks_by_itself(gateway: Gateway) -> None:
    settings = CameraSettings(quirks=Quirks(forgets_assignment=True))
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        [ours] = camera.keystore.contents.assigned
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        await select(camera, ours)
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        assert gateway.view(device.id).presented is None


async def test_devices_and_their_pins_are_there_after_a_restart(folder: Path) -> None:
    async with Camera(CameraSettings()) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            view = gateway.view(device.id)
            assert (view.name, view.fingerprint, view.issuer) == (device.name, device.fingerprint, device.issuer)


async def test_a_plain_camera_is_watched_too(gateway: Gateway) -> None:
    async with Camera(CameraSettings(https_port=None)) as camera:
        device = await gateway.add(f"http://{camera.host}:{camera.http_port}")
        await camera.power_off()
        await until(lambda: gateway.view(device.id).connection is Connection.OFFLINE)
        await camera.power_on()
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
