"""What a device tells of itself: clock, services, abilities."""

import re
from datetime import UTC, datetime

import pytest

from core.model.errors import AnswerLostError, FaultError, GarbledError, NotReachedError, UnsupportedError
from core.model.keystore import Information, KeystoreCapabilities, NetworkProtocol
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import DEVICE_URI, SECURITY_URI, Wsdls
from tests.onvif.scripted import (
    INFORMATION,
    LOST,
    Reply,
    Request,
    ScriptedCamera,
    answered,
    calling,
    date_and_time,
    fault,
    services,
)

MOMENT = datetime(2026, 11, 24, 7, 5, 59, tzinfo=UTC)
DATE = ("Date", "Tue, 24 Nov 2026 07:05:59 GMT")


@pytest.mark.parametrize(
    "reply",
    [
        date_and_time(MOMENT),
        date_and_time(MOMENT, "LocalDateTime"),
        Reply("", 401, (DATE,)),
        Reply("<html>", 404, (DATE,)),
        Reply(answered("GetSystemDateAndTime").body, headers=(DATE,)),
        Reply("", 200, (("Date", "Tue, 24 Nov 2026 07:05:59 -0000"),)),
        Reply("", 500, (("Date", "Tue, 24 Nov 2026 12:05:59 +0500"),)),
    ],
)
async def test_the_clock_is_learnt_in_each_way(wsdls: Wsdls, reply: Reply) -> None:
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        assert await device.clock() == MOMENT


@pytest.mark.parametrize(
    "reply",
    [
        answered("GetSystemDateAndTime", "<x:SystemDateAndTime/>"),
        Reply(str(date_and_time(MOMENT).body).replace(">11<", ">13<")),
        Reply(str(date_and_time(MOMENT).body).replace(">2026<", ">0<")),
        Reply(str(date_and_time(MOMENT).body).replace(">7<", "><")),
        Reply("", 200, (("Date", "yesterday"),)),
        Reply("", 200, (("Date", "Tue, 24 Nov 99999 07:05:59 GMT"),)),
        Reply("", 200, (("Date", "Fri, 31 Dec 9999 23:59:59 -2300"),)),
        Reply("", 401),
        fault("Sender", "NotAuthorized"),
    ],
)
async def test_a_device_without_a_clock_has_none(wsdls: Wsdls, reply: Reply) -> None:
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        assert await device.clock() is None


async def test_a_leap_second_is_no_reason_to_have_no_clock(wsdls: Wsdls) -> None:
    reply = Reply(str(date_and_time(MOMENT).body).replace(">59<", ">60<"))
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        assert await device.clock() == MOMENT


async def test_services_are_paths_on_the_device_itself_and_asked_once(wsdls: Wsdls) -> None:
    listed = services(
        (DEVICE_URI, "http://203.0.113.5:80:80/a"),
        (SECURITY_URI, "https://203.0.113.5/b"),
        ("urn:nowhere", "nonsense"),
    )
    async with ScriptedCamera(lambda request: listed) as camera, calling(camera, wsdls) as device:
        assert await device.services() == await device.services() == {DEVICE_URI: "/a", SECURITY_URI: "/b"}
    assert [request.target for request in camera.requests] == ["/onvif/device_service"]


@pytest.mark.parametrize(
    "refusal",
    [
        fault("Sender", "ActionNotSupported"),
        fault("Sender", reason="no such method", status=500),
        Reply("<html>", 404),
        Reply("<html><h1>500 Internal Server Error</h1>", 500),
        Reply("", 400),
        Reply("", 200),
    ],
)
async def test_devices_that_know_no_services_are_asked_for_capabilities(wsdls: Wsdls, refusal: Reply) -> None:
    fields = (
        "<x:Capabilities xmlns:t='urn:t'><t:Device><t:XAddr>http://10.0.0.9/dev</t:XAddr></t:Device>"
        "<t:Media><t:XAddr>http://10.0.0.9:1:1/media</t:XAddr></t:Media><t:PTZ/></x:Capabilities>"
    )

    def script(request: Request) -> Reply:
        return answered("GetCapabilities", fields) if request.operation == "GetCapabilities" else refusal

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.services() == {DEVICE_URI: "/dev", "http://www.onvif.org/ver10/media/wsdl": "/media"}
        assert await device.certificate_capabilities() is None
        with pytest.raises(UnsupportedError, match="no keystore"):
            await device.keystore.inventory()


async def test_more_services_than_any_device_has_are_refused(wsdls: Wsdls) -> None:
    listed = services(*((f"urn:{n}", f"http://h/{n}") for n in range(600)))
    async with ScriptedCamera(lambda request: listed) as camera, calling(camera, wsdls) as device:
        with pytest.raises(GarbledError, match="more than 512"):
            await device.services()


OLD = (
    '<x:Capabilities><x:KeystoreCapabilities MaximumNumberOfKeys="4" MaximumNumberOfCertificates="6"'
    ' MaximumNumberOfCertificationPaths="2" RSAKeyPairGeneration="true" RSAKeyLengths="1024 2048  3072"'
    ' PKCS10ExternalCertificationWithRSA="1">'
    "<x:SignatureAlgorithms><x:algorithm>1.2.840.113549.1.1.11</x:algorithm></x:SignatureAlgorithms>"
    "<x:SignatureAlgorithms><x:algorithm>not an oid</x:algorithm></x:SignatureAlgorithms></x:KeystoreCapabilities>"
    '<x:TLSServerCapabilities TLSServerSupported="1.1 1.2" MaximumNumberOfTLSCertificationPaths="1"/></x:Capabilities>'
)
NEW = (
    '<x:Capabilities><x:KeystoreCapabilities KeyPairGeneration="RSA ECC" RSAKeyLengths="2048"'
    ' EllipticCurves="P-256 P-384" PKCS10="true" NoPrivateKeySharing="false" SetCertPath="true"/>'
    '<x:TLSServerCapabilities TLSServerSupported="1.2 1.3" EnabledVersionsSupported="true"/></x:Capabilities>'
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            OLD,
            KeystoreCapabilities(
                makes_rsa=True,
                rsa_lengths=(1024, 2048, 3072),
                csr=True,
                tls_server=True,
                most_keys=4,
                most_certificates=6,
                most_paths=2,
                most_tls_paths=1,
                algorithms=("1.2.840.113549.1.1.11",),
            ),
        ),
        (
            NEW,
            KeystoreCapabilities(
                makes_rsa=True,
                makes_ec=True,
                rsa_lengths=(2048,),
                curves=("P-256", "P-384"),
                csr=True,
                tls_server=True,
            ),
        ),
        ("", KeystoreCapabilities()),
        ("<x:Capabilities/>", KeystoreCapabilities()),
        (
            '<x:Capabilities><x:KeystoreCapabilities RSAKeyPairGeneration="false" RSAKeyLengths="2048 x 9999999999"'
            ' MaximumNumberOfKeys="many" EllipticCurves="P-256"/></x:Capabilities>',
            KeystoreCapabilities(makes_ec=True, rsa_lengths=(2048,), curves=("P-256",)),
        ),
        (
            '<x:Capabilities><x:KeystoreCapabilities KeyPairGeneration="ECC"/>'
            '<x:TLSServerCapabilities TLSServerSupported="false"/></x:Capabilities>',
            KeystoreCapabilities(makes_ec=True),
        ),
    ],
)
async def test_old_and_new_names_of_the_same_abilities(
    wsdls: Wsdls, fields: str, expected: KeystoreCapabilities
) -> None:
    def script(request: Request) -> Reply:
        if request.target == "/sec":
            return answered("GetServiceCapabilities", fields, SECURITY_URI)
        return services((SECURITY_URI, "http://h/sec"))

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.certificate_capabilities() == expected


async def test_a_keystore_that_is_listed_and_not_there_is_none(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        return Reply("<html>", 404) if request.target == "/sec" else services((SECURITY_URI, "http://h/sec"))

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.certificate_capabilities() is None


async def test_information_and_protocols(wsdls: Wsdls) -> None:
    protocols = (
        "<x:NetworkProtocols><t:Name xmlns:t='urn:t'>http</t:Name><t:Enabled xmlns:t='urn:t'>true</t:Enabled>"
        "<t:Port xmlns:t='urn:t'>80</t:Port><t:Port xmlns:t='urn:t'>8080</t:Port></x:NetworkProtocols>"
        "<x:NetworkProtocols><Name>HTTPS</Name><Enabled>0</Enabled><Port>0</Port><Port>70000</Port><Port>x</Port>"
        "</x:NetworkProtocols><x:NetworkProtocols/>"
    )

    def script(request: Request) -> Reply:
        if request.operation == "GetDeviceInformation":
            return INFORMATION
        return answered("GetNetworkProtocols", protocols)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, path="/other") as device:
        assert await device.information() == Information("ACME", "X-100", "1.2", "4711")
        assert await device.network_protocols(anonymous=True) == (
            NetworkProtocol("http", True, (80, 8080)),
            NetworkProtocol("HTTPS", False, (0,), whole=False),
            NetworkProtocol("", False, (), whole=False),
        )
    assert {request.target for request in camera.requests} == {"/other"}


async def test_protocols_are_set_as_they_are_handed_over(wsdls: Wsdls) -> None:
    protocols = (
        NetworkProtocol("Http", True, (80, 8080)),
        NetworkProtocol("HTTPS", True, (443,)),
        NetworkProtocol("RTSP", False, (0,)),
    )
    done = answered("SetNetworkProtocols")
    async with ScriptedCamera(lambda request: done) as camera, calling(camera, wsdls) as device:
        await device.set_network_protocols(protocols)
    [request] = camera.requests
    lines = re.findall(r"<(?:\w+:)?NetworkProtocols>(.*?)</(?:\w+:)?NetworkProtocols>", request.body)
    assert [re.findall(r">([^<>]+)<", line) for line in lines] == [
        ["Http", "true", "80", "8080"],
        ["HTTPS", "true", "443"],
        ["RTSP", "false", "0"],
    ]
    assert request.headers["soapaction"] == f'"{DEVICE_URI}/SetNetworkProtocols"'


@pytest.mark.parametrize(
    "line",
    [
        "<Name>RTSP</Name><Enabled>perhaps</Enabled><Port>554</Port>",
        "<Name>RTSP</Name><Enabled>true</Enabled><Port>-1</Port>",
        "<Name>RTSP</Name><Enabled>true</Enabled>",
        "<Name/><Enabled>true</Enabled><Port>554</Port>",
        f"<Name>{'R' * 65}</Name><Enabled>true</Enabled><Port>554</Port>",
    ],
)
async def test_what_cannot_be_handed_back_as_it_was_is_not_sent(wsdls: Wsdls, line: str) -> None:
    listed = answered("GetNetworkProtocols", f"<x:NetworkProtocols>{line}</x:NetworkProtocols>")
    async with ScriptedCamera(lambda request: listed) as camera, calling(camera, wsdls) as device:
        protocols = await device.network_protocols()
        with pytest.raises(UnsupportedError, match="cannot be handed back"):
            await device.set_network_protocols(protocols)
    assert [request.operation for request in camera.requests] == ["GetNetworkProtocols"]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (("Receiver", "ActionNotSupported", "EnablingTlsFailed"), "could not switch HTTPS on"),
        (("Sender", "InvalidArgVal", "PortAlreadyInUse"), "uses the port for something else"),
        (("Sender", "InvalidArgVal", "ServiceNotSupported"), "does not serve this protocol"),
    ],
)
async def test_why_protocols_could_not_be_set_is_told(wsdls: Wsdls, codes: tuple[str, ...], told: str) -> None:
    async with ScriptedCamera(lambda request: fault(*codes)) as camera, calling(camera, wsdls) as device:
        with pytest.raises(FaultError, match=told):
            await device.set_network_protocols((NetworkProtocol("HTTPS", True, (443,)),))


async def test_setting_protocols_is_sent_once_even_where_the_answer_is_lost(wsdls: Wsdls) -> None:
    async with ScriptedCamera(lambda request: LOST) as camera, calling(camera, wsdls) as device:
        with pytest.raises(AnswerLostError):
            await device.set_network_protocols((NetworkProtocol("HTTPS", True, (443,)),))
    assert len(camera.requests) == 1


@pytest.mark.parametrize("path", ["http://evil/x\r\n", "//evil", "nonsense", ""])
async def test_a_path_that_is_none_becomes_the_usual_one(wsdls: Wsdls, path: str) -> None:
    async with ScriptedCamera(lambda request: INFORMATION) as camera, calling(camera, wsdls, path=path) as device:
        await device.information()
    assert camera.requests[0].target in ("/onvif/device_service", "/x")


async def test_requests_are_soap_1_2_with_their_action_and_no_cookie_or_proxy_of_ours(
    wsdls: Wsdls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with ScriptedCamera(lambda request: INFORMATION) as camera, calling(camera, wsdls) as device:
        await device.information()
    [request] = camera.requests
    assert request.headers["content-type"] == (
        f'application/soap+xml; charset=utf-8; action="{DEVICE_URI}/GetDeviceInformation"'
    )
    assert request.headers["soapaction"] == f'"{DEVICE_URI}/GetDeviceInformation"'
    assert request.headers["user-agent"] == "camtrust"
    assert request.headers["accept-encoding"] == "identity"
    assert "http://www.w3.org/2003/05/soap-envelope" in request.body


async def test_what_the_transport_says_passes_through(wsdls: Wsdls) -> None:
    async with ScriptedCamera(lambda request: INFORMATION) as camera:
        port = camera.port
    device = OnvifDevice(wsdls, DeviceTransport("http", "127.0.0.1", port, None), "http", "127.0.0.1", port)
    with pytest.raises(NotReachedError):
        await device.clock()
    await device.close()


async def test_an_ipv6_device_is_called_by_its_address(wsdls: Wsdls) -> None:
    device = OnvifDevice(wsdls, DeviceTransport("http", "::1", 9, None), "http", "::1", 9)
    with pytest.raises(NotReachedError):
        await device.information()
    await device.close()
