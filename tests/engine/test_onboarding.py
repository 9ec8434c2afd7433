"""Whole onboardings against simulated cameras: real sockets, real TLS, the real protocol."""

from typing import Any

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, Origin, StepState
from core.model.errors import RefusedError
from core.model.messages import CancelInstall, RemoveDevice
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, KeystoreSettings, Mishap, Quirks, Timing, Way
from tests.engine.cameras import answered, contents, served
from tests.engine.conftest import CALLER, Gateway, pass_time, until

PLAIN = CameraSettings(https_port=None)
UNMANAGED = CameraSettings(keystore=None)
SLOW_KEY = CameraSettings(timing=Timing(key=20.0))


async def add(gateway: Gateway, camera: Camera, **options: Any) -> DeviceView:
    return await gateway.add(f"{camera.host}:{camera.https_port}", **options)


def attention(device: DeviceView) -> AttentionKind | None:
    return device.attention_kind


async def test_a_camera_ends_with_the_certificate_that_was_made_for_it(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        factory = await served(camera)
        device = await add(gateway, camera)
        assert (device.certificate_field, device.connection) == (CertificateField.ARCULES, Connection.ONLINE)
        assert (device.attention, device.origin) == (None, Origin.ISSUED)
        assert device.fingerprint == await served(camera) != factory
        assert device.issuer is not None
        assert "gw-test" in device.issuer
        assert (device.manufacturer, device.model) == (camera.settings.maker, camera.settings.model)
        assert {step.state for step in gateway.install(device.id).steps} == {StepState.DONE}


async def test_nothing_is_left_on_the_camera_but_its_own_and_what_is_served(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        before = contents(camera)
        await add(gateway, camera)
        after = contents(camera)
        assert set(before.keys) < set(after.keys)
        assert len(after.keys) == len(before.keys) + 1
        assert len(after.certificates) == len(before.certificates) + 1
        assert len(after.paths) == len(before.paths) + 1
        [ours] = set(after.keys) - set(before.keys)
        assert after.keys[ours].alias.startswith("camtrust/gw-test/")


async def test_adding_anew_after_removing_clears_away_what_the_first_time_left(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        first = await add(gateway, camera)
        between = contents(camera)
        await gateway.engine.handle(RemoveDevice(device=first.id), CALLER)
        second = await add(gateway, camera)
        after = contents(camera)
        assert second.certificate_field is CertificateField.ARCULES
        assert second.fingerprint == await served(camera) != first.fingerprint
        assert [len(after.keys), len(after.paths)] == [len(between.keys), len(between.paths)]


async def test_clearing_away_that_fails_is_done_later_and_comes_to_an_end(gateway: Gateway) -> None:
    # The first list is for the preflight, the second for clearing away.
    async with Camera(CameraSettings(faults={"GetAllKeys": Mishap("http_500_html", skip=1)})) as camera:
        device = await add(gateway, camera)
        assert device.certificate_field is CertificateField.ARCULES
        assert gateway.install(device.id).steps[-1].state is StepState.FAILED
        await until(lambda: answered(camera, "GetAllKeys") == 3)
        await pass_time(gateway)
        assert answered(camera, "GetAllKeys") == 3
        assert "HTTPS (Arcules)" in gateway.install(device.id).outcome
        assert gateway.view(device.id).connection is Connection.ONLINE


@pytest.mark.parametrize(
    "settings",
    [
        CameraSettings(keystore=KeystoreSettings(names="old", rsa_lengths=(2048,), curves=())),
        CameraSettings(keystore=KeystoreSettings(rsa_lengths=(1024,), curves=())),
        CameraSettings(login=(Way.TOKEN,)),
        CameraSettings(login=(Way.DIGEST_SHA256, Way.DIGEST_MD5)),
        CameraSettings(clock_offset=-50 * 365 * 86400),
        CameraSettings(quirks=Quirks(loses_assignment_reply=True)),
        CameraSettings(quirks=Quirks(upload_activates=True)),
        CameraSettings(quirks=Quirks(http_restarts_too=True)),
        CameraSettings(faults={"ReplaceServerCertificateAssignment": Mishap("lose_reply")}),
        CameraSettings(faults={"GetKeyStatus": Mishap("lose_reply")}),
    ],
    ids=["old names", "weak key", "token", "digest", "clock", "reply", "activates", "http too", "lost", "busy"],
)
async def test_cameras_of_many_kinds_reach_https_arcules(gateway: Gateway, settings: CameraSettings) -> None:
    async with Camera(settings) as camera:
        device = await add(gateway, camera)
        assert (device.certificate_field, device.attention) == (CertificateField.ARCULES, None)
        assert device.fingerprint == await served(camera)


async def test_a_camera_without_certificate_management_keeps_its_own(gateway: Gateway) -> None:
    async with Camera(UNMANAGED) as camera:
        factory = await served(camera)
        device = await add(gateway, camera)
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert (attention(device), device.origin) == (AttentionKind.REVIEW_LEAF, Origin.DEVICE)
        assert device.fingerprint == factory == await served(camera)


async def test_a_port_that_speaks_http_means_http(gateway: Gateway) -> None:
    async with Camera(PLAIN) as camera:
        device = await gateway.add(f"{camera.host}:{camera.http_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.HTTP, Connection.ONLINE)
        assert (device.fingerprint, device.not_after, device.issuer) == (None, None, None)


async def test_http_by_name_means_http_and_logs_in_over_it(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await gateway.add(f"http://{camera.host}:{camera.http_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.HTTP, Connection.ONLINE)
        assert device.model == camera.settings.model
        assert camera.log.received("https") == 0


async def test_a_refused_login_is_tried_once_and_the_camera_keeps_its_own_certificate(gateway: Gateway) -> None:
    async with Camera(CameraSettings(lockout_after=3, quirks=Quirks(tells_attempts=True))) as camera:
        before = contents(camera)
        device = await add(gateway, camera, password="wrong")
        assert device.certificate_field is CertificateField.DEVICE
        assert attention(device) is AttentionKind.LOGIN_REFUSED
        assert len([request for request in camera.log.requests if request.credentials]) == 1
        assert contents(camera) == before


async def test_without_a_login_none_is_sent_and_the_need_is_told(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await add(gateway, camera, user="")
        assert attention(device) is AttentionKind.LOGIN_NEEDED
        assert device.certificate_field is CertificateField.DEVICE
        assert not any(request.credentials for request in camera.log.requests)


async def test_no_credentials_go_out_before_the_camera_was_asked_without(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        await add(gateway, camera)
        first = next(place for place, request in enumerate(camera.log.requests) if request.credentials)
        asked = {request.operation for request in list(camera.log.requests)[:first]}
        assert {"GetSystemDateAndTime", "GetServices", "GetServiceCapabilities"} <= asked
        assert {request.scheme for request in camera.log.requests if request.credentials} == {"https"}


def refuses(operation: str, code: str, times: int = 1) -> CameraSettings:
    return CameraSettings(faults={operation: Mishap("fault", code, times=times)})


FAILURES = {
    "no room": CameraSettings(keystore=KeystoreSettings(most_keys=4, filled=4)),
    "keys fail": CameraSettings(quirks=Quirks(keys_fail=True)),
    "request refused": refuses("CreatePKCS10CSR", "Receiver/ter:Action/ter:CSRCreationFailed", times=9),
    "upload refused": refuses("UploadCertificate", "Sender/ter:InvalidArgVal/ter:BadCertificate"),
    "upload lost before": CameraSettings(faults={"UploadCertificate": Mishap("drop_before")}),
    "upload lost after": CameraSettings(faults={"UploadCertificate": Mishap("lose_reply")}),
    "upload broken": CameraSettings(faults={"UploadCertificate": Mishap("http_500_html")}),
    "path refused": refuses("CreateCertificationPath", "Receiver/ter:Action/ter:CertificationPathCreationFailed"),
    "assignment refused": refuses(
        "ReplaceServerCertificateAssignment", "Sender/ter:InvalidArgVal/ter:NewCertificationPathID/ter:NoPrivateKey"
    ),
    "assignment lost before": CameraSettings(faults={"ReplaceServerCertificateAssignment": Mishap("drop_before")}),
    "assignment ignored": CameraSettings(quirks=Quirks(keeps_old_certificate=True)),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_failed_install_leaves_the_camera_as_it_was(gateway: Gateway, kind: str) -> None:
    async with Camera(FAILURES[kind]) as camera:
        before, factory = contents(camera), await served(camera)
        device = await add(gateway, camera)
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert attention(device) is AttentionKind.INSTALL_FAILED
        assert device.attention_hint
        assert device.fingerprint == factory == await served(camera)
        assert contents(camera) == before


async def test_a_camera_that_does_not_give_back_the_assignment_is_added_and_what_failed_first_is_told(
    gateway: Gateway,
) -> None:
    # Such as one without a former certificate: it keeps the last one while HTTPS is on.
    refusal = Mishap("fault", "Sender/ter:InvalidArgVal/ter:ReferenceExists", skip=1, times=100)
    faults = {"ReplaceServerCertificateAssignment": refusal}
    async with Camera(CameraSettings(quirks=Quirks(keeps_old_certificate=True), faults=faults)) as camera:
        device = await add(gateway, camera)
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert device.fingerprint == await served(camera)
        assert device.attention == "The camera did not take the new certificate into use"
        assert "may be left there" in gateway.install(device.id).outcome


async def test_what_an_earlier_install_left_behind_makes_room_for_the_next(gateway: Gateway) -> None:
    # The one free place goes to the key of an install which fails and cannot be taken back.
    faults = {
        "UploadCertificate": Mishap("fault", "Sender/ter:InvalidArgVal/ter:BadCertificate"),
        "DeleteKey": Mishap("fault", "Receiver/ter:Action/ter:KeyDeletionFailed"),
    }
    async with Camera(CameraSettings(keystore=KeystoreSettings(most_keys=2), faults=faults)) as camera:
        first = await add(gateway, camera)
        assert first.attention == "The device does not accept the certificate"
        assert len(contents(camera).keys) == 2
        second = await add(gateway, camera)
        assert second.certificate_field is CertificateField.ARCULES
        assert len(contents(camera).keys) == 2


async def test_a_certificate_that_the_camera_made_of_our_key_is_its_own(gateway: Gateway) -> None:
    async with Camera(CameraSettings(quirks=Quirks(serves_own_version=True))) as camera:
        device = await add(gateway, camera)
        assert (device.certificate_field, device.origin) == (CertificateField.DEVICE, Origin.DEVICE)
        assert device.fingerprint == await served(camera)
        assert attention(device) is AttentionKind.REVIEW_LEAF


async def test_an_install_can_be_cancelled_while_the_key_is_made_and_leaves_nothing(gateway: Gateway) -> None:
    async with Camera(SLOW_KEY) as camera:
        before = contents(camera)
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: gateway.view(device.id).step == 6)
        await until(
            lambda: "CreateRSAKeyPair" in camera.log.operations() or "CreateECCKeyPair" in camera.log.operations()
        )
        await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        install = await gateway.ended(device.id)
        assert "cancelled by tech1" in install.outcome
        assert contents(camera) == before
        assert gateway.view(device.id).certificate_field is CertificateField.DEVICE


async def test_an_address_where_nothing_answers_is_added_and_tried_again(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        place = f"{camera.host}:{camera.https_port}"
        settings = msgspec.structs.replace(camera.settings, https_port=camera.https_port)
    device = await gateway.add(place)
    assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
    assert attention(device) is AttentionKind.UNREACHABLE
    async with Camera(settings):
        await until(lambda: gateway.view(device.id).certificate_field is CertificateField.ARCULES)


async def test_an_unexpected_fingerprint_stops_before_anything_is_sent(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await add(gateway, camera, expect="ab" * 32)
        assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
        assert attention(device) is AttentionKind.UNEXPECTED_LEAF
        assert camera.log.received("https") == 0


async def test_the_expected_fingerprint_lets_it_go_on(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        shown = (await served(camera)).upper()
        grouped = ":".join(shown[place : place + 2] for place in range(0, 64, 2))
        assert (await add(gateway, camera, expect=grouped)).certificate_field is CertificateField.ARCULES


async def test_a_device_is_not_added_twice(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        await add(gateway, camera)
        with pytest.raises(RefusedError, match="added already"):
            await add(gateway, camera)


async def test_after_a_refused_login_adding_again_with_the_right_one_keeps_the_device(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        first = await add(gateway, camera, password="wrong")
        second = await add(gateway, camera)
        assert second.id == first.id
        assert second.certificate_field is CertificateField.ARCULES
        assert second.fingerprint == await served(camera)
