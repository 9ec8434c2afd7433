"""What an install would meet is told before it, and finding it out changes nothing on a device."""

import contextlib
from collections import deque
from typing import Any

import msgspec
import pytest

from core.engine.examination import Limits
from core.engine.preflight import Preflights
from core.model.device import AttentionKind
from core.model.errors import RefusedError, UsageError
from core.model.keystore import Way
from core.model.messages import RemoveDevice
from core.model.preflight import Finding, Preflight, PreflightReport, PreflightReports, Readiness, Slots, Topic
from core.model.secret import Secret
from core.model.sighting import Sighting
from core.simulator.camera import Camera
from core.simulator.settings import (
    CameraSettings,
    DeviceCertificatesSettings,
    KeystoreSettings,
    Mishap,
    Quirks,
    Timing,
)
from core.simulator.settings import Way as LoginWay
from tests.engine.cameras import contents, credentials, install_own, served
from tests.engine.conftest import CALLER, PASSWORD, USER, Gateway, until
from tests.engine.test_enabling import announce

LEGACY = CameraSettings(keystore=None, certificates=DeviceCertificatesSettings())
LOST = Mishap("drop_before", times=9)
SILENT = CameraSettings(faults={"GetServices": Mishap("hang", times=9)})
BOTH_WAYS = pytest.mark.parametrize("settings", [CameraSettings(), LEGACY], ids=["security service", "device service"])


async def examine(gateway: Gateway, *devices: str, user: str = USER, password: str = PASSWORD, **options: Any) -> Any:
    """Return the reports, or the only one."""
    secret = Secret(password) if user else None
    reports = await gateway.engine.handle(Preflight(devices=devices, user=user, password=secret, **options), CALLER)
    assert isinstance(reports, PreflightReports)
    return reports.reports[0] if len(devices) == 1 else reports.reports


def place(camera: Camera) -> str:
    return f"{camera.host}:{camera.https_port}"


def finding(report: PreflightReport, topic: Topic) -> Finding:
    [found] = [one for one in report.findings if one.topic is topic]
    return found


def asked(camera: Camera) -> set[str]:
    """All that the camera was asked to do that is no question; its web page may be fetched."""
    told = (operation for operation in camera.log.operations() if operation != "GET /")
    return {operation for operation in told if not operation.startswith("Get")}


@BOTH_WAYS
async def test_a_camera_that_was_never_added_is_told_as_it_is_and_only_asked(
    gateway: Gateway, settings: CameraSettings
) -> None:
    async with Camera(settings) as camera:
        before = contents(camera)
        report = await examine(gateway, place(camera))
        assert report.readiness is Readiness.READY, report
        assert (report.address, report.name) == (place(camera), "Meridian MX-2240-V")
        assert report.way is (Way.KEYSTORE if settings.keystore else Way.DEVICE)
        assert report.fingerprint == await served(camera)
        assert (report.login, report.tls, report.port, report.seconds) == ("Digest", "TLS 1.3", camera.https_port, 30)
        assert {one.topic for one in report.findings} == set(Topic)
        assert (asked(camera), contents(camera)) == (set(), before)
        assert gateway.engine.board.devices == {}


# What a camera is like, what that comes to, and the finding that tells it.
MET = [
    (CameraSettings(keystore=KeystoreSettings(filled=2)), Readiness.READY, Topic.ROOM, "3 of 16 keys · 3 of 16 cert"),
    (LEGACY, Readiness.READY, Topic.ROOM, "1 certificate (limit not told)"),
    (LEGACY, Readiness.READY, Topic.KEY, "of the camera's own choice"),
    (CameraSettings(keystore=KeystoreSettings(most_keys=3, filled=2)), Readiness.CANNOT, Topic.ROOM, "3 of 3 keys"),
    (CameraSettings(keystore=None), Readiness.CANNOT, Topic.WAY, "it cannot make a key"),
    (CameraSettings(oldest_tls="1.0", newest_tls="1.1"), Readiness.NOTES, Topic.TLS, "TLS 1.1"),
    (CameraSettings(clock_offset=-7205.0), Readiness.NOTES, Topic.CLOCK, "2 hours slow: it says 20"),
    (CameraSettings(faults={"GetAllKeys": LOST}), Readiness.UNKNOWN, Topic.ROOM, "no valid answer"),
    (CameraSettings(level="User"), Readiness.CANNOT, Topic.LOGIN, "does not allow this login to call"),
]


async def test_what_stands_in_the_way_is_told(gateway: Gateway) -> None:
    for settings, readiness, topic, text in MET:
        async with Camera(settings) as camera:
            report = await examine(gateway, place(camera))
            assert (report.readiness, text in finding(report, topic).text) == (readiness, True), (text, report)
            assert report.login == "Digest"


async def test_what_earlier_installs_left_is_told_and_stays_though_there_is_no_room_beside_it(gateway: Gateway) -> None:
    tight = KeystoreSettings(most_keys=2, most_certificates=2, most_paths=2)
    async with Camera(CameraSettings(keystore=tight)) as camera:
        await install_own(camera, "camtrust/gw-test/0123", use=False)
        camera.log.requests.clear()
        before = contents(camera)
        report = await examine(gateway, place(camera))
        assert report.readiness is Readiness.READY
        assert [slots.ours for slots in report.slots] == [1, 1, 1]
        assert "1 key, 1 certificate and 1 certification path" in finding(report, Topic.ROOM).hint
        assert (asked(camera), contents(camera)) == (set(), before)


async def test_what_earlier_installs_left_stays_by_the_device_service_too(gateway: Gateway) -> None:
    async with Camera(LEGACY) as camera:
        device = await gateway.add(place(camera))
        await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        await camera.change_certificate("factory_certificate")
        camera.log.requests.clear()
        before = contents(camera)
        report = await examine(gateway, place(camera))
        assert report.readiness is Readiness.READY
        assert report.slots == (Slots("certificates", 2, None, ours=1),)
        assert (asked(camera), contents(camera)) == (set(), before)


@BOTH_WAYS
async def test_an_added_device_is_asked_with_its_stored_login_and_told_as_the_last_of_its_model(
    gateway: Gateway, settings: CameraSettings
) -> None:
    async with Camera(settings) as camera:
        device = await gateway.add(place(camera))
        camera.log.requests.clear()
        report = await examine(gateway, device.id, user="")
        assert (report.readiness, report.device) == (Readiness.READY, device.id)
        assert "the stored one" in finding(report, Topic.CERTIFICATE).text
        assert "as the last Meridian MX-2240-V" in finding(report, Topic.TIME).text
        assert asked(camera) == set()
        assert gateway.view(device.id) == device


async def test_what_shows_the_certificate_of_another_device_or_not_its_own_gets_no_byte(gateway: Gateway) -> None:
    async with Camera() as camera:
        device = await gateway.add(place(camera))
        received = camera.log.received("https") + camera.log.received("http")
        twin = await examine(gateway, f"localhost:{camera.https_port}")
        assert twin.readiness is Readiness.CANNOT
        assert f"the certificate of {device.name}" in twin.reason
        await camera.change_certificate("new_certificate")
        changed = await examine(gateway, device.id)
        assert changed.readiness is Readiness.CANNOT
        assert "not the stored one" in changed.reason
        assert f"camtrust review {device.id}" in changed.hint
        assert camera.log.received("https") + camera.log.received("http") == received


async def test_over_plain_http_nobody_logs_in_unless_that_is_allowed(gateway: Gateway) -> None:
    async with Camera(CameraSettings(https_enabled=False)) as camera:
        announce(gateway, camera)
        report = await examine(gateway, camera.host)
        assert credentials(camera) == []
        assert (report.readiness, report.scheme) == (Readiness.CANNOT, "http")
        assert "would have gone over plain HTTP" in finding(report, Topic.LOGIN).text
        assert finding(report, Topic.ROOM).text == "not known: it would need a login over plain HTTP"
        assert report.way is Way.KEYSTORE
        report = await examine(gateway, camera.host, allow_http_login=True)
        assert report.login == "Digest"
        assert "HTTPS is switched off" in report.reason
        assert "--enable-https" in report.hint
        assert asked(camera) == set()


async def test_a_port_that_is_told_to_those_who_log_in_is_gone_on_at(gateway: Gateway) -> None:
    async with Camera() as camera:
        announce(gateway, camera)
        report = await examine(gateway, camera.host, allow_http_login=True)
        assert (report.readiness, report.scheme, report.port) == (Readiness.READY, "https", camera.https_port)
        assert finding(report, Topic.HTTPS).text == f"HTTPS on {camera.https_port} (device)"
        assert asked(camera) == set()


async def test_without_a_login_it_tells_what_it_can(gateway: Gateway) -> None:
    async with Camera() as camera:
        report = await examine(gateway, place(camera), user="")
        assert (report.readiness, report.reason) == (Readiness.UNKNOWN, "The device asks for a login")
        assert report.way is Way.KEYSTORE
        assert finding(report, Topic.ROOM).text == "not known: it needs a login"


async def test_a_refused_login_is_sent_once_and_to_no_other_camera(gateway: Gateway) -> None:
    settings = CameraSettings(lockout_after=5, quirks=Quirks(tells_attempts=True))
    async with Camera(settings) as one, Camera(settings) as other:
        reports = await examine(gateway, place(one), place(other), password="wrong")
        assert len(credentials(one)) + len(credentials(other)) == 1
        assert [report.readiness for report in reports] == [Readiness.CANNOT, Readiness.CANNOT]
        [left] = [report.attempts_left for report in reports if report.attempts_left is not None]
        assert left == 4
        [untried] = [report for report in reports if report.attempts_left is None]
        assert "Not sent" in untried.reason
        assert untried.way is Way.KEYSTORE


async def test_a_camera_that_lets_strangers_in_says_nothing_about_a_login(gateway: Gateway) -> None:
    lenient = CameraSettings(keystore=None, quirks=Quirks(tells_strangers=True))
    slow = CameraSettings(timing=Timing(answer=0.05))
    async with Camera(lenient) as one, Camera(slow) as other, Camera(slow) as third:
        reports = await examine(gateway, place(one), place(other), place(third), password="wrong")
        assert reports[0].login == "none"
        assert len(credentials(other)) + len(credentials(third)) == 1


async def test_a_right_login_is_sent_to_all(gateway: Gateway) -> None:
    async with Camera(CameraSettings(login=(LoginWay.TOKEN,))) as one, Camera() as other, Camera() as third:
        reports = await examine(gateway, place(one), place(other), place(third))
        assert [report.login for report in reports] == ["token", "Digest", "Digest"]


async def test_that_a_stored_login_was_refused_is_remembered(gateway: Gateway) -> None:
    async with Camera(CameraSettings(keystore=None)) as camera:
        device = await gateway.add(place(camera))
        camera.settings = msgspec.structs.replace(camera.settings, password="another")
        await camera.power_cut()
        camera.log.requests.clear()
        first = await examine(gateway, device.id, user="")
        assert "refused the login" in finding(first, Topic.LOGIN).text
        assert gateway.view(device.id).attention_kind is AttentionKind.LOGIN_REFUSED
        again = await examine(gateway, device.id, user="")
        assert "refused the stored login before" in finding(again, Topic.LOGIN).text
        assert len(credentials(camera)) == 1
        assert (await examine(gateway, device.id, password="another")).login == "Digest"


@pytest.mark.parametrize("settings", [SILENT, CameraSettings(timing=Timing(answer=0.15))], ids=["silent", "slow"])
async def test_a_camera_that_takes_too_long_is_told_as_far_as_it_came(
    gateway: Gateway, settings: CameraSettings
) -> None:
    engine = gateway.engine
    preflights = Preflights(engine._services, engine._work, Limits(search=2.0, talk=0.6, answer=0.3))
    async with Camera(settings) as camera:
        command = Preflight(devices=(place(camera),), user=USER, password=Secret(PASSWORD))
        [report] = (await preflights.run(command, CALLER)).reports
    assert (report.readiness, report.scheme) == (Readiness.UNKNOWN, "https")
    assert report.clock_offset is not None
    assert report.hint.startswith("Nothing was changed on it.")


async def test_where_nothing_answers_there_is_one_finding(gateway: Gateway) -> None:
    async with Camera() as camera:
        gone = place(camera)
    report = await examine(gateway, gone)
    assert (report.readiness, report.scheme) == (Readiness.CANNOT, "")
    assert [one.topic for one in report.findings] == [Topic.HTTPS]


async def test_a_device_that_is_worked_on_is_refused(gateway: Gateway) -> None:
    async with Camera(CameraSettings(timing=Timing(key=20.0))) as camera:
        device = await gateway.begin(place(camera))
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        with pytest.raises(RefusedError, match=r"tech1 is adding .*, begun a moment ago"):
            await examine(gateway, device.id)


async def test_no_login_goes_to_a_stranger_for_what_it_calls_itself(gateway: Gateway) -> None:
    async with Camera() as camera:
        for name in ("Lobby door", "127.0.0.9:4"):
            ports = (("https", camera.https_port or 0),)
            gateway.engine._services.registry.hear(Sighting("mDNS", camera.host, "lo", ports=ports, name=name))
            [row] = gateway.engine.board.devices.values()
            assert row.name == name
            with contextlib.suppress(RefusedError):
                assert (await examine(gateway, name)).scheme == ""
            assert camera.log.connections == deque()
        assert (await examine(gateway, row.id)).login == "Digest"


async def test_what_cannot_be_meant_is_refused(gateway: Gateway) -> None:
    for devices in ((), ("nobody there",), ("127.0.0.1:4", "127.0.0.1:4"), ("127.0.0.1/8",)):
        with pytest.raises((RefusedError, UsageError)):
            await gateway.engine.handle(Preflight(devices=devices), CALLER)
