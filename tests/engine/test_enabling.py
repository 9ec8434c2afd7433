"""HTTPS that is switched off on the device: told, switched on where that was asked for, and HTTP never switched off."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, StepState
from core.model.errors import UsageError
from core.model.messages import CancelInstall, LookAt, Looks, ReplaceDevice
from core.model.sighting import Sighting
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Quirks, Timing, Way
from tests.engine.cameras import credentials, served
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd
from tests.engine.process import engine_process
from tests.engine.process import until as until_async
from tests.engine.test_interruptions import journal, shown
from tests.network.leaves import new_leaf
from tests.onvif.scripted import ANSWERS, MD5, Reply, Request, ScriptedCamera, answered, unauthorized

OFF = CameraSettings(https_enabled=False)
SET = "SetNetworkProtocols"


async def add(gateway: Gateway, camera: Camera, **options: Any) -> DeviceView:
    """Add it by its address alone, once it has announced the port of its plain HTTP."""
    announce(gateway, camera)
    return await gateway.add(camera.host, **options)


def announce(gateway: Gateway, camera: Camera) -> None:
    sighting = Sighting("SSDP", camera.host, "lo", ports=(("http", camera.http_port),))
    gateway.engine._services.registry.hear(sighting)


async def replace(gateway: Gateway, device: str, **options: Any) -> DeviceView:
    await gateway.engine.handle(ReplaceDevice(device=device, enable_https=True, **options), CALLER)
    await gateway.ended(device)
    return gateway.view(device)


def find_line(gateway: Gateway, device: str) -> tuple[StepState, str]:
    step = gateway.install(device).steps[0]
    return step.state, step.detail


def is_https_on(camera: Camera) -> bool:
    return camera.device.protocols["HTTPS"].enabled


def off(**changes: Any) -> CameraSettings:
    return msgspec.structs.replace(OFF, **changes)


@pytest.mark.parametrize("way", [Way.DIGEST_MD5, Way.TOKEN])
async def test_where_it_was_asked_for_https_is_switched_on_and_the_camera_gets_its_certificate(
    gateway: Gateway, way: Way
) -> None:
    async with Camera(off(host="127.0.60.1", login=(way,), rtsp_port=554)) as camera:
        before = dict(camera.device.protocols)
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.attention) == (CertificateField.ARCULES, None)
        assert (device.connection, device.port) == (Connection.ONLINE, camera.https_port)
        assert device.fingerprint == await served(camera)
        assert camera.device.protocols == before | {
            "HTTPS": msgspec.structs.replace(before["HTTPS"], enabled=True),
        }
        assert {step.state for step in gateway.install(device.id).steps} == {StepState.DONE}
        assert find_line(gateway, device.id)[1] == f"HTTPS on {camera.https_port} (switched on)"
        assert "Basic" not in {kind for request in credentials(camera) for kind in request.credentials}


async def test_it_stands_in_the_history_who_had_it_switched_on(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.2")) as camera:
        device = await add(gateway, camera, enable_https=True)
        events = (await gateway.detail(device.id)).events
        [event] = [event for event in events if event.kind == "https on"]
        assert (event.who, event.text) == ("tech1", "HTTPS is to be switched on, by a login over plain HTTP")


async def test_everything_after_the_switching_on_goes_over_https(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.3")) as camera:
        await add(gateway, camera, enable_https=True)
        schemes = [request.scheme for request in camera.log.requests]
        first = schemes.index("https")
        assert {request.operation for request in list(camera.log.requests)[:first] if request.credentials} == {
            *("GetDeviceInformation", "GetNetworkProtocols", SET),
        }
        assert set(schemes[first:]) == {"https"}


async def test_what_is_off_is_told_where_nobody_asked_to_switch_it_on(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.4")) as camera:
        device = await add(gateway, camera, allow_http_login=True)
        assert (device.certificate_field, device.connection) == (CertificateField.HTTP, Connection.ONLINE)
        assert (device.attention_kind, device.attention) == (
            AttentionKind.HTTPS_OFF,
            "HTTPS is switched off on the device",
        )
        assert f"camtrust replace {device.id} --enable-https" in device.attention_hint
        assert "plain HTTP" in device.attention_hint
        assert gateway.install(device.id).hint == device.attention_hint
        assert SET not in camera.log.operations()


async def test_without_leave_nothing_is_sent_and_the_way_is_told(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.5")) as camera:
        device = await add(gateway, camera)
        assert device.attention_kind is AttentionKind.LOGIN_NEEDED
        assert "--enable-https" in device.attention_hint
        assert not credentials(camera)
        assert not is_https_on(camera)


async def test_a_camera_that_is_away_when_it_was_agreed_gets_https_when_it_is_back(gateway: Gateway) -> None:
    settings = off(host="127.0.60.23")
    async with Camera(settings) as camera:
        ports = {"http_port": camera.http_port, "https_port": camera.https_port}
    device = await add(gateway, camera, enable_https=True, patience=0.0)
    assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
    async with Camera(msgspec.structs.replace(settings, **ports)) as camera:
        await until(lambda: gateway.view(device.id).certificate_field is CertificateField.ARCULES)
        assert camera.log.operations().count(SET) == 1


async def test_a_device_on_http_at_an_unusual_port_is_moved_to_https_later(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.6")) as camera:
        first = await gateway.add(f"{camera.host}:{camera.http_port}")
        assert (first.certificate_field, first.attention) == (CertificateField.HTTP, None)
        device = await replace(gateway, first.id)
        assert device.certificate_field is CertificateField.ARCULES
        assert device.fingerprint == await served(camera)


@pytest.mark.parametrize(
    "settings",
    [
        off(faults={SET: Mishap("lose_reply")}),
        off(timing=Timing(restart=1.0)),
        off(quirks=Quirks(fixed_ports=True)),
        off(quirks=Quirks(http_restarts_too=True), timing=Timing(restart=0.5)),
        off(faults={"GetNetworkProtocols": Mishap("http_500_html", skip=1, times=3)}),
    ],
    ids=["answer lost", "slow", "fixed ports", "HTTP restarts too", "busy"],
)
async def test_it_is_waited_for_and_looked_at_whatever_the_camera_answers(
    gateway: Gateway, settings: CameraSettings
) -> None:
    async with Camera(msgspec.structs.replace(settings, host="127.0.60.7")) as camera:
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.attention) == (CertificateField.ARCULES, None)
        assert camera.log.operations().count(SET) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            off(faults={SET: Mishap("fault", "Receiver/ter:ActionNotSupported/ter:EnablingTlsFailed")}),
            "HTTPS could not be switched on: The device could not switch HTTPS on",
        ),
        (
            off(faults={SET: Mishap("fault", "Receiver/ter:ActionNotSupported")}),
            "HTTPS could not be switched on: The device does not support SetNetworkProtocols",
        ),
        (off(quirks=Quirks(ignores_protocols=True)), "HTTPS was to be switched on, and the device still has it off"),
        (off(faults={SET: Mishap("drop_before")}), "HTTPS was to be switched on, and the device still has it off"),
        (
            off(faults={"GetNetworkProtocols": Mishap("http_500_html", times=99)}),
            "HTTPS could not be switched on",
        ),
        (
            off(faults={SET: Mishap("fault", "Sender/ter:InvalidArgVal/ter:PortAlreadyInUse")}),
            "HTTPS could not be switched on: The device uses the port for something else already",
        ),
        (CameraSettings(https_port=None), "The device names no HTTPS that could be switched on"),
    ],
    ids=["fault", "unsupported", "ignored", "not done", "not told", "port in use", "has none"],
)
async def test_a_device_that_cannot_or_will_not_is_added_over_http_and_says_why(
    gateway: Gateway, settings: CameraSettings, told: str
) -> None:
    async with Camera(msgspec.structs.replace(settings, host="127.0.60.8")) as camera:
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.connection) == (CertificateField.HTTP, Connection.ONLINE)
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert device.attention is not None
        assert told in device.attention
        assert camera.device.protocols["HTTP"].enabled
        assert camera.log.operations().count(SET) <= 1


class OwnServer:
    """A device over plain HTTP whose HTTPS is `off`, until it is switched on and then `on`: ports that it lists."""

    def __init__(self, *, off: int, on: int) -> None:
        self.off, self.on = off, on
        self.is_on = False
        self.set: list[list[str]] = []

    def __call__(self, request: Request) -> Reply:
        if request.operation == "GetNetworkProtocols":
            return answered("GetNetworkProtocols", "".join(map(_line, self._protocols())))
        if request.operation == SET:
            self.is_on = True
            lines = re.findall(r"NetworkProtocols>(.*?)</[^>]*NetworkProtocols>", request.body)
            self.set = [re.findall(r">([^<>]+)<", line) for line in lines]
            return answered(SET)
        if request.operation == "GetDeviceInformation" and request.way == "plain":
            return unauthorized(MD5)
        return ANSWERS.get(request.operation, Reply("", 404))

    def _protocols(self) -> tuple[tuple[str, bool, int], ...]:
        https = ("HTTPS", True, self.on) if self.is_on else ("HTTPS", False, self.off)
        return (("HTTP", True, 80), https, ("RTSP", True, 554))


def _line(protocol: tuple[str, bool, int]) -> str:
    name, enabled, port = protocol
    on = str(enabled).lower()
    return f"<NetworkProtocols><Name>{name}</Name><Enabled>{on}</Enabled><Port>{port}</Port></NetworkProtocols>"


class WithoutHttps(OwnServer):
    """A device that tells anybody that it has plain HTTP only."""

    def _protocols(self) -> tuple[tuple[str, bool, int], ...]:
        return (("HTTP", True, 80),)


def announce_http(gateway: Gateway, port: int) -> None:
    gateway.engine._services.registry.hear(Sighting("SSDP", "127.0.0.1", "lo", ports=(("http", port),)))


async def meet(gateway: Gateway, device: ScriptedCamera, **options: Any) -> DeviceView:
    announce_http(gateway, device.port)
    return await gateway.add("127.0.0.1", **options)


async def test_where_anybody_may_ask_what_is_off_is_told_without_a_login(gateway: Gateway) -> None:
    async with ScriptedCamera(OwnServer(off=443, on=443)) as device:
        view = await meet(gateway, device)
        assert (view.certificate_field, view.attention_kind) == (CertificateField.HTTP, AttentionKind.HTTPS_OFF)
        assert find_line(gateway, view.id)[1] == f"HTTP on {device.port} (no HTTPS answers) · device says HTTPS off"
        assert {way for _, way in device.ways} <= {"plain", ""}


@pytest.mark.parametrize(("kind", "told"), [(OwnServer, "HTTPS is off"), (WithoutHttps, "HTTP only")])
async def test_a_look_tells_whether_https_is_missing_or_only_off(
    gateway: Gateway, kind: type[OwnServer], told: str
) -> None:
    async with ScriptedCamera(kind(off=443, on=443)) as device:
        announce_http(gateway, device.port)
        looks = await gateway.engine.handle(LookAt(addresses=("127.0.0.1",)), CALLER)
        assert isinstance(looks, Looks)
        assert looks.looks[0].way.startswith("HTTP")
        assert told in looks.looks[0].way
        assert {way for _, way in device.ways} <= {"plain", ""}


async def test_who_agreed_to_a_login_for_switching_on_did_not_for_a_device_that_has_no_https(gateway: Gateway) -> None:
    async with ScriptedCamera(WithoutHttps(off=0, on=0)) as device:
        view = await meet(gateway, device, enable_https=True)
        assert (view.certificate_field, view.attention_kind) == (CertificateField.HTTP, AttentionKind.LOGIN_NEEDED)
        assert {way for _, way in device.ways} == {"plain"}


async def test_a_device_that_has_to_be_restarted_first_is_told_and_replaced_after_that(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.22", quirks=Quirks(protocols_need_reboot=True))) as camera:
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.attention_kind) == (
            CertificateField.HTTP,
            AttentionKind.INSTALL_FAILED,
        )
        assert device.attention == f"HTTPS is switched on, but nothing answers on port {camera.https_port}"
        assert "restart" in device.attention_hint
        await camera.power_cut()
        assert (await replace(gateway, device.id)).certificate_field is CertificateField.ARCULES
        assert camera.log.operations().count(SET) == 1


async def test_a_device_without_a_port_for_https_is_given_one_and_may_choose_another(gateway: Gateway) -> None:
    leaf = new_leaf()
    async with CountingDevice("127.0.0.1", leaf) as secure:
        script = OwnServer(off=0, on=secure.port)
        async with ScriptedCamera(script) as device:
            view = await meet(gateway, device, enable_https=True)
        assert script.set == [["HTTP", "true", "80"], ["HTTPS", "true", "443"], ["RTSP", "true", "554"]]
        assert (view.certificate_field, view.port) == (CertificateField.DEVICE, secure.port)
        assert view.fingerprint == leaf.fingerprint


async def test_tls_that_fails_where_it_was_switched_on_is_no_reason_for_http(gateway: Gateway) -> None:
    async with CountingDevice("127.0.0.1", Odd.BROKEN) as broken:
        async with ScriptedCamera(OwnServer(off=0, on=broken.port)) as device:
            view = await meet(gateway, device, enable_https=True)
        assert (view.certificate_field, view.connection) == (None, Connection.OFFLINE)
        assert view.attention_kind is AttentionKind.TLS_FAILED


async def test_an_account_without_the_right_is_told_and_not_tried_again(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.9", level="Operator")) as camera:
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.attention_kind) == (CertificateField.HTTP, AttentionKind.LOGIN_REFUSED)
        assert camera.log.operations().count(SET) <= 2
        assert not is_https_on(camera)


async def test_a_wrong_password_is_sent_once(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.10")) as camera:
        device = await add(gateway, camera, password="wrong", enable_https=True)
        assert (device.certificate_field, device.attention_kind) == (CertificateField.HTTP, AttentionKind.LOGIN_REFUSED)
        assert len(credentials(camera)) == 1


async def test_a_gateway_that_never_logs_in_over_http_does_not_for_this_either(folder: Path) -> None:
    config = msgspec.structs.replace(CONFIG, http_login="never")
    async with running(folder, config) as gateway, Camera(off(host="127.0.60.11")) as camera:
        device = await add(gateway, camera, enable_https=True)
        assert (device.certificate_field, device.attention_kind) == (CertificateField.HTTP, AttentionKind.LOGIN_NEEDED)
        assert "settings forbid it" in device.attention_hint
        assert not credentials(camera)


@pytest.mark.parametrize("address", ["http://127.0.60.12", "127.0.60.12:80", "http://127.0.60.12:8080"])
async def test_who_asks_for_http_and_for_https_is_asked_what_is_meant(gateway: Gateway, address: str) -> None:
    with pytest.raises(UsageError, match="asks for plain HTTP, and HTTPS is to be switched on"):
        await gateway.begin(address, enable_https=True)
    assert not gateway.engine.board.devices


async def test_what_is_added_by_http_is_not_replaced_by_both_either(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.13")) as camera:
        device = await gateway.add(f"http://{camera.host}:{camera.http_port}")
        assert device.attention is None
        with pytest.raises(UsageError, match="asks for plain HTTP"):
            await replace(gateway, device.id, address=f"http://{camera.host}:{camera.http_port}")


async def test_the_fingerprint_that_was_expected_must_be_shown_by_what_was_switched_on(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.0.60.14", batch="one")) as twin:
        expected = await served(twin)
    async with Camera(off(host="127.0.60.15", batch="one")) as camera:
        device = await add(gateway, camera, enable_https=True, expect=expected)
        assert (device.certificate_field, device.attention) == (CertificateField.ARCULES, None)
    async with Camera(off(host="127.0.60.16")) as camera:
        device = await add(gateway, camera, enable_https=True, expect=expected)
        assert (device.certificate_field, device.attention_kind) == (None, AttentionKind.UNEXPECTED_LEAF)
        assert camera.log.received("https") == 0


@pytest.mark.parametrize("options", [{"expect": "ab" * 32}, {"scheme": "https://"}])
async def test_where_https_is_wanted_a_device_that_cannot_does_not_end_on_http(
    gateway: Gateway, options: dict[str, str]
) -> None:
    async with Camera(off(host="127.0.60.17", quirks=Quirks(ignores_protocols=True))) as camera:
        announce(gateway, camera)
        scheme = options.pop("scheme", "")
        device = await gateway.add(f"{scheme}{camera.host}", enable_https=True, **options)
        assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
        assert device.attention_kind is AttentionKind.INSTALL_FAILED


async def test_an_address_by_https_is_switched_on_too(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.18")) as camera:
        announce(gateway, camera)
        device = await gateway.add(f"https://{camera.host}:{camera.https_port}", enable_https=True)
        assert (device.certificate_field, device.port) == (CertificateField.ARCULES, camera.https_port)


async def test_a_device_with_a_certificate_is_never_asked_over_http(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.0.60.19")) as camera:
        first = await gateway.add(f"{camera.host}:{camera.https_port}")
        settings = off(host=camera.host, http_port=camera.http_port, https_port=camera.https_port)
    async with Camera(settings) as camera:
        announce(gateway, camera)
        device = await replace(gateway, first.id, patience=0.0)
        assert (device.certificate_field, device.fingerprint) == (CertificateField.ARCULES, first.fingerprint)
        assert camera.log.received("http") == 0
        assert not is_https_on(camera)


async def test_it_can_be_cancelled_while_it_is_waited_for(gateway: Gateway) -> None:
    async with Camera(off(host="127.0.60.20", timing=Timing(restart=20.0))) as camera:
        announce(gateway, camera)
        device = await gateway.begin(camera.host, enable_https=True, expect="ab" * 32)
        await until(lambda: SET in camera.log.operations())
        await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        install = await gateway.ended(device.id)
        assert "ancelled by tech1" in install.outcome
        assert gateway.view(device.id).certificate_field is None


@pytest.mark.parametrize("kind", ["hang", "lose_reply"])
async def test_killed_while_the_camera_switches_it_on(tmp_path: Path, kind: str) -> None:
    settings = off(host="127.0.60.21", faults={SET: Mishap(kind)}, timing=Timing(restart=1.5))  # type: ignore[arg-type]
    async with Camera(settings) as camera, engine_process(tmp_path) as engine:
        device = await engine.add(f"{camera.host}:{camera.http_port}", enable_https=True)
        await until_async(lambda: ("enable https", "begin") in journal(engine.state))
        await until_async(lambda: bool(camera.mishaps.happened[SET]))
        engine.kill()
        await engine.start()

        async def settled() -> bool:
            return (await shown(engine, device.id)).certificate_field is CertificateField.ARCULES

        await until_async(settled)
        assert (await shown(engine, device.id)).fingerprint == await served(camera)
