"""A technician compares and decides: accepting, replacing, re-issuing, and using certificates of one's own."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from core.engine.clock import stamp
from core.model.device import CertificateField, Connection, DeviceView, Origin
from core.model.errors import NotReachedError, RefusedError, UsageError
from core.model.messages import (
    AcceptCertificate,
    CheckDevices,
    ReissueCertificate,
    ReplaceDevice,
    ReviewDevice,
)
from core.model.review import Review
from core.model.secret import Secret
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.engine.cameras import contents, install_own, select, served
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until

ORDINARY = CameraSettings()
UNMANAGED = CameraSettings(keystore=None)
RESTLESS = CameraSettings(quirks=Quirks(new_certificate_at_boot=True))


async def add(gateway: Gateway, camera: Camera) -> DeviceView:
    return await gateway.add(f"{camera.host}:{camera.https_port}")


async def accept(gateway: Gateway, device: str, fingerprint: str, reason: str = "") -> DeviceView:
    await gateway.engine.handle(AcceptCertificate(device=device, fingerprint=fingerprint, reason=reason), CALLER)
    return gateway.view(device)


async def review(gateway: Gateway, device: str) -> Review:
    answer = await gateway.engine.handle(ReviewDevice(device=device), CALLER)
    assert isinstance(answer, Review)
    return answer


async def blocked(gateway: Gateway, device: str) -> DeviceView:
    await until(lambda: gateway.view(device).connection is Connection.BLOCKED)
    return gateway.view(device)


async def test_accepting_a_devices_own_certificate_makes_it_https_arcules(gateway: Gateway) -> None:
    async with Camera(UNMANAGED) as camera:
        device = await add(gateway, camera)
        view = await accept(gateway, device.id, await served(camera), "compared on the camera's page")
        assert (view.certificate_field, view.origin) == (CertificateField.ARCULES, Origin.ACCEPTED)
        assert (view.attention, view.connection) == (None, Connection.ONLINE)
        [told] = [event for event in (await gateway.detail(device.id)).events if event.kind == "accepted"]
        assert told.who == "tech1"
        assert "compared on the camera's page" in told.text
        shown = await review(gateway, device.id)
        assert (shown.stored_by, shown.reason) == ("tech1", "compared on the camera's page")


async def test_accepting_restores_a_blocked_device(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        view = await blocked(gateway, device.id)
        await until(lambda: gateway.view(device.id).change)
        shown = await review(gateway, device.id)
        assert shown.stored is not None
        assert shown.presented is not None
        assert shown.stored.fingerprint == device.fingerprint
        assert shown.presented.fingerprint == view.presented == await served(camera)
        assert shown.explanations
        assert any(not field.same for field in shown.differences)
        after = await accept(gateway, device.id, view.presented)
        assert (after.connection, after.certificate_field) == (Connection.ONLINE, CertificateField.ARCULES)
        assert (after.fingerprint, after.presented, after.change) == (view.presented, None, None)
        await asyncio.sleep(0)
        await gateway.engine.handle(CheckDevices(), CALLER)
        assert gateway.view(device.id).connection is Connection.ONLINE


async def test_what_changed_while_one_was_looking_is_refused_and_shown_anew(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        reviewed = (await blocked(gateway, device.id)).presented
        assert reviewed
        await camera.power_cut()
        with pytest.raises(RefusedError, match="another certificate now"):
            await accept(gateway, device.id, reviewed)
        view = gateway.view(device.id)
        assert (view.connection, view.fingerprint) == (Connection.BLOCKED, device.fingerprint)
        shown = await review(gateway, device.id)
        assert shown.presented is not None
        assert shown.presented.fingerprint == await served(camera) != reviewed
        assert (await accept(gateway, device.id, shown.presented.fingerprint)).connection is Connection.ONLINE


async def test_since_when_a_certificate_is_shown_is_told_anew_where_it_changes_again(folder: Path) -> None:
    async with Camera(RESTLESS) as camera:
        async with running(folder) as gateway:
            device = await add(gateway, camera)
            assert (await review(gateway, device.id)).since == ""
            await camera.power_cut()
            first = await blocked(gateway, device.id)
            # Times are told to the second.
            await until(lambda: stamp() != first.since)
            await camera.power_cut()
            await until(lambda: gateway.view(device.id).presented != first.presented)
            await until(lambda: gateway.view(device.id).change)
            told = [event.at for event in (await gateway.detail(device.id)).events if event.kind == "blocked"]
            assert (await review(gateway, device.id)).since == told[-1] != told[0]
        async with running(folder) as gateway:
            assert (await review(gateway, device.id)).since == told[-1]


async def test_a_device_that_is_away_cannot_be_accepted(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        presented = (await blocked(gateway, device.id)).presented or ""
        await camera.power_off()
        with pytest.raises(NotReachedError, match="Nothing was accepted") as raised:
            await accept(gateway, device.id, presented)
        assert "back" in raised.value.hint
        assert gateway.view(device.id).fingerprint == device.fingerprint


async def test_what_cannot_be_accepted_is_refused(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera, Camera(CameraSettings(https_port=None)) as plain:
        device = await add(gateway, camera)
        http = await gateway.add(f"http://{plain.host}:{plain.http_port}")
        with pytest.raises(RefusedError, match="was installed by tech1 a moment ago"):
            await accept(gateway, device.id, device.fingerprint or "")
        with pytest.raises(RefusedError, match="installed by tech1 a moment ago, not the one that was reviewed"):
            await accept(gateway, device.id, "0" * 64)
        with pytest.raises(UsageError, match="not a SHA-256"):
            await accept(gateway, device.id, "yes")
        with pytest.raises(RefusedError, match="no certificate"):
            await accept(gateway, http.id, "0" * 64)
        assert gateway.view(device.id) == msgspec.structs.replace(
            device, last_check=gateway.view(device.id).last_check, since=gateway.view(device.id).since
        )


async def test_two_technicians_who_accept_at_once_decide_once(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        presented = (await blocked(gateway, device.id)).presented or ""
        tries = [accept(gateway, device.id, presented, name) for name in ("first", "second")]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [DeviceView, RefusedError]
        accepted = [event for event in (await gateway.detail(device.id)).events if event.kind == "accepted"]
        assert len(accepted) == 1


async def test_http_is_replaced_by_https_and_the_device_keeps_its_id_and_name(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        device = await gateway.add(f"http://{camera.host}:{camera.http_port}", names=("Lobby",))
        assert device.certificate_field is CertificateField.HTTP
        address = f"{camera.host}:{camera.https_port}"
        await gateway.engine.handle(ReplaceDevice(device=device.id, address=address), CALLER)
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.id, view.name, view.certificate_field) == (device.id, "Lobby", CertificateField.ARCULES)
        assert view.fingerprint == await served(camera)


async def test_new_hardware_in_the_place_keeps_id_name_and_history(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}", names=("Lobby",))
        await camera.factory_reset()
        presented = (await blocked(gateway, device.id)).presented
        with pytest.raises(RefusedError, match="blocked"):
            await gateway.engine.handle(ReplaceDevice(device=device.id), CALLER)
        await gateway.engine.handle(ReplaceDevice(device=device.id, expect=presented), CALLER)
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.name, view.certificate_field) == ("Lobby", CertificateField.ARCULES)
        assert view.connection is Connection.ONLINE
        assert view.fingerprint == await served(camera) != device.fingerprint
        kinds = [event.kind for event in (await gateway.detail(device.id)).events]
        assert kinds == ["added", "installed", "blocked", "installed"]


async def test_a_replacement_that_failed_makes_no_stranger_an_old_acquaintance(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        presented = (await blocked(gateway, device.id)).presented
        before = (await review(gateway, device.id)).explanations
        wrong = ReplaceDevice(device=device.id, expect=presented, user="root", password=Secret("wrong"))
        await gateway.engine.handle(wrong, CALLER)
        await gateway.ended(device.id)
        await until(lambda: gateway.view(device.id).presented == presented)
        assert (await review(gateway, device.id)).explanations == before


async def test_replacing_a_blocked_device_trusts_only_what_was_reviewed(gateway: Gateway) -> None:
    async with Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        presented = (await blocked(gateway, device.id)).presented
        await camera.power_cut()
        sent = camera.log.received("https")
        await gateway.engine.handle(ReplaceDevice(device=device.id, expect=presented), CALLER)
        await gateway.ended(device.id)
        assert camera.log.received("https") == sent
        view = gateway.view(device.id)
        assert (view.connection, view.fingerprint) == (Connection.BLOCKED, device.fingerprint)
        assert view.presented == await served(camera) != presented


async def test_replacing_never_trusts_a_change_that_nobody_has_noticed_yet(folder: Path) -> None:
    unhurried = msgspec.structs.replace(CONFIG, check_period=60.0)
    async with running(folder, unhurried) as gateway, Camera(RESTLESS) as camera:
        device = await add(gateway, camera)
        await camera.power_cut()
        sent = camera.log.received("https")
        await gateway.engine.handle(ReplaceDevice(device=device.id), CALLER)
        await gateway.ended(device.id)
        assert camera.log.received("https") == sent
        view = gateway.view(device.id)
        assert (view.connection, view.fingerprint) == (Connection.BLOCKED, device.fingerprint)


async def test_new_hardware_that_does_not_know_the_login_leaves_all_as_it_was(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera, Camera(CameraSettings(password="another", serial="2")) as stranger:
        device = await add(gateway, camera)
        address = f"{stranger.host}:{stranger.https_port}"
        await gateway.engine.handle(ReplaceDevice(device=device.id, address=address), CALLER)
        install = await gateway.ended(device.id)
        assert "Nothing was changed" in install.outcome
        view = gateway.view(device.id)
        assert (view.address, view.fingerprint) == (device.address, device.fingerprint)
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)


async def test_one_check_is_enough_to_tell_that_a_device_is_away(folder: Path) -> None:
    async with running(folder, msgspec.structs.replace(CONFIG, check_period=60.0)) as gateway:
        async with Camera(ORDINARY) as camera:
            device = await add(gateway, camera)
        await gateway.engine.handle(CheckDevices(), CALLER)
        assert gateway.view(device.id).connection is Connection.OFFLINE


async def test_a_replacement_that_does_not_answer_leaves_all_as_it_was(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        device = await add(gateway, camera)
        await gateway.engine.handle(ReplaceDevice(device=device.id, address="127.0.0.1:1", patience=0.0), CALLER)
        await gateway.ended(device.id)
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        view = gateway.view(device.id)
        assert (view.address, view.fingerprint, view.attention) == (device.address, device.fingerprint, None)


async def test_reissuing_makes_a_new_key_and_clears_the_old_one_away(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        device = await add(gateway, camera)
        before = contents(camera)
        await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.certificate_field, view.connection) == (CertificateField.ARCULES, Connection.ONLINE)
        assert view.fingerprint == await served(camera) != device.fingerprint
        after = contents(camera)
        assert len(after.keys) == len(before.keys)
        assert set(after.keys) != set(before.keys)


async def test_a_reissue_that_fails_leaves_the_certificate_trusted(gateway: Gateway) -> None:
    async with Camera(CameraSettings(keystore=None)) as camera:
        device = await add(gateway, camera)
        await accept(gateway, device.id, device.fingerprint or "")
        await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await gateway.ended(device.id)
        view = gateway.view(device.id)
        assert (view.certificate_field, view.fingerprint) == (CertificateField.ARCULES, device.fingerprint)


async def test_own_certificate_on_a_managed_camera_is_installed_after_adding_then_accepted(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        device = await add(gateway, camera)
        own, _ = await install_own(camera)
        await until(lambda: gateway.view(device.id).presented == own)
        view = await accept(gateway, device.id, own, "our own CA")
        assert (view.certificate_field, view.origin) == (CertificateField.ARCULES, Origin.ACCEPTED)
        assert view.connection is Connection.ONLINE
        assert own == await served(camera)


async def test_own_certificate_among_several_is_selected_after_adding_then_accepted(gateway: Gateway) -> None:
    async with Camera(ORDINARY) as camera:
        own, path = await install_own(camera, use=False)
        device = await add(gateway, camera)
        assert device.certificate_field is CertificateField.ARCULES
        assert path in contents(camera).paths
        await select(camera, path)
        await until(lambda: gateway.view(device.id).presented == own)
        view = await accept(gateway, device.id, own)
        assert (view.certificate_field, view.fingerprint) == (CertificateField.ARCULES, own)


async def test_own_certificate_without_management_is_there_first_and_never_touched(gateway: Gateway) -> None:
    async with Camera(UNMANAGED) as camera:
        own = await served(camera)
        device = await add(gateway, camera)
        view = await accept(gateway, device.id, own)
        assert (view.certificate_field, view.fingerprint) == (CertificateField.ARCULES, own)
        changing = {"CreateRSAKeyPair", "CreateECCKeyPair", "UploadCertificate", "SetNetworkProtocols"}
        assert changing.isdisjoint(camera.log.operations())


async def test_an_accepted_certificate_survives_a_restart(folder: Path) -> None:
    async with Camera(UNMANAGED) as camera:
        async with running(folder) as gateway:
            device = await add(gateway, camera)
            await accept(gateway, device.id, device.fingerprint or "", "seen on its page")
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
            assert (await review(gateway, device.id)).reason == "seen on its page"
