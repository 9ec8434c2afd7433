"""What a camera refuses, and that what it answers is what the service descriptions say."""

import asyncio
import base64
import random

import pytest
from lxml import etree

from core.simulator import schema
from core.simulator.camera import Camera
from core.simulator.security_service import service
from core.simulator.settings import CameraSettings, KeystoreSettings, Way
from core.simulator.soap import ENV, TAS
from tests.simulator.asking import DEVICE, SECURITY, Client, envelope, token
from tests.simulator.keys import SHA256_EC, authority

UNSUPPORTED = "Receiver/ter:ActionNotSupported"
WELL_FORMED = "Sender/ter:WellFormed"
ARGUMENTS = "Sender/ter:InvalidArgs"


def arguments(**given: str) -> str:
    return "".join(f"<tas:{name}>{value}</tas:{name}>" for name, value in given.items())


def self_signed(not_before: str) -> str:
    """A request for a certificate for the factory key, valid until 2030."""
    subject = "<tas:Subject><tas:CommonName>a</tas:CommonName></tas:Subject>"
    times = arguments(notValidBefore=not_before, notValidAfter="2030-01-01T00:00:00Z")
    algorithm = f"<tas:SignatureAlgorithm>{arguments(algorithm=SHA256_EC)}</tas:SignatureAlgorithm>"
    inside = f"{subject}{arguments(KeyID='key-000001')}{times}{algorithm}"
    return f"<tas:CreateSelfSignedCertificate>{inside}</tas:CreateSelfSignedCertificate>"


REFUSED = {
    "unknown operation": ("<tas:DeleteEverything/>", UNSUPPORTED),
    "operation of another service": ('<x:GetAllKeys xmlns:x="urn:x"/>', UNSUPPORTED),
    "newer operation that is not there": ("<tas:UploadPassphrase/>", UNSUPPORTED),
    "missing argument": ("<tas:CreateRSAKeyPair/>", ARGUMENTS),
    "wrong type": (f"<tas:CreateRSAKeyPair>{arguments(KeyLength='long')}</tas:CreateRSAKeyPair>", ARGUMENTS),
    "negative": (f"<tas:CreateRSAKeyPair>{arguments(KeyLength='-1')}</tas:CreateRSAKeyPair>", ARGUMENTS),
    "wrong order": (
        f"<tas:CreateRSAKeyPair>{arguments(Alias='a', KeyLength='2048')}</tas:CreateRSAKeyPair>",
        ARGUMENTS,
    ),
    "number too long": (
        f"<tas:CreateRSAKeyPair>{arguments(KeyLength='9' * 5000)}</tas:CreateRSAKeyPair>",
        "Sender/ter:InvalidArgVal/ter:KeyLength",
    ),
    "unknown argument": (
        f"<tas:CreateRSAKeyPair>{arguments(KeyLength='2048', Size='1')}</tas:CreateRSAKeyPair>",
        ARGUMENTS,
    ),
    "wrong namespace": ('<tas:DeleteKey><KeyID xmlns="">key-1</KeyID></tas:DeleteKey>', ARGUMENTS),
    "argument too many": (f"<tas:GetAllKeys>{arguments(KeyID='key-1')}</tas:GetAllKeys>", ARGUMENTS),
    "not an id": (f"<tas:DeleteKey>{arguments(KeyID='1 2')}</tas:DeleteKey>", ARGUMENTS),
    "not base64": (
        f"<tas:UploadCertificate>{arguments(Certificate='?')}</tas:UploadCertificate>",
        "Sender/ter:InvalidArgVal/ter:BadCertificate",
    ),
    "not ASCII": (
        f"<tas:UploadCertificate>{arguments(Certificate='é')}</tas:UploadCertificate>",
        "Sender/ter:InvalidArgVal/ter:BadCertificate",
    ),
    "time before all times": (self_signed("0001-01-01T00:00:00+14:00"), "Sender/ter:InvalidArgVal/ter:InvalidDateTime"),
    "time after all times": (self_signed("12020-01-01T00:00:00Z"), "Sender/ter:InvalidArgVal/ter:InvalidDateTime"),
    "validity that ends first": (
        self_signed("2031-01-01T00:00:00Z"),
        "Sender/ter:InvalidArgVal/ter:InvalidDateTime",
    ),
    "not a boolean": (
        f"<tas:UploadCertificate>{arguments(Certificate='AA==', PrivateKeyRequired='yes')}</tas:UploadCertificate>",
        ARGUMENTS,
    ),
    "newer operation without argument": ("<tas:CreateECCKeyPair/>", ARGUMENTS),
    "path without certificate": (
        "<tas:CreateCertificationPath><tas:CertificateIDs/></tas:CreateCertificationPath>",
        ARGUMENTS,
    ),
    "unknown protocol": (
        "<tds:SetNetworkProtocols><tds:NetworkProtocols><tt:Name>FTP</tt:Name><tt:Enabled>true</tt:Enabled>"
        "<tt:Port>21</tt:Port></tds:NetworkProtocols></tds:SetNetworkProtocols>",
        ARGUMENTS,
    ),
    "unknown device operation": ("<tds:SetSystemFactoryDefault/>", UNSUPPORTED),
    "argument is missing": ("<tds:GetServices/>", ARGUMENTS),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_the_service_description_does_not_allow_is_refused_and_changes_nothing(what: str) -> None:
    body, fault = REFUSED[what]
    async with Camera() as camera, Client(camera) as client:
        before = camera.device.flash()
        reply = await client.ask(body)
        assert (reply.status, reply.fault) == (500 if fault == UNSUPPORTED else 400, fault)
        assert camera.device.flash() == before


async def test_no_mutilated_request_makes_a_camera_fall_over() -> None:
    chance = random.Random(7)
    settings = CameraSettings(login=(Way.TOKEN,))
    async with Camera(settings) as camera, Client(camera) as client:
        for _ in range(300):
            body = chance.choice([body for body, _ in REFUSED.values()])
            message = bytearray(envelope(body, token(settings.user, settings.password)))
            for _ in range(chance.randint(1, 4)):
                message[chance.randrange(len(message))] = chance.randrange(256)
            reply = await client.post(SECURITY, bytes(message))
            assert reply.status in (200, 400, 500)
        assert len(camera.log.requests) == 300


MALFORMED = {
    "nothing": b"",
    "no XML": b"GetSystemDateAndTime",
    "cut off": envelope("<tds:GetHostname/>")[:-9],
    "two requests": envelope("<tds:GetHostname/><tds:GetHostname/>"),
    "no request": envelope(""),
    "document type": b'<!DOCTYPE a [<!ENTITY b "c">]>' + envelope("<tds:GetHostname/>"),
    "entities": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    + envelope("<tds:GetHostname>&b;</tds:GetHostname>"),
    "too deep": envelope("<tds:GetHostname>" + "<a>" * 400 + "</a>" * 400 + "</tds:GetHostname>"),
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_what_is_no_message_is_refused(what: str) -> None:
    async with Camera() as camera, Client(camera) as client:
        reply = await client.post(DEVICE, MALFORMED[what])
        assert (reply.status, reply.fault) == (400, WELL_FORMED)


async def test_soap_1_1_and_headers_that_have_to_be_understood_are_not() -> None:
    async with Camera() as camera, Client(camera) as client:
        old = envelope("<tds:GetHostname/>").replace(ENV.encode(), b"http://schemas.xmlsoap.org/soap/envelope/")
        assert (await client.post(DEVICE, old)).fault == "VersionMismatch"
        header = '<x:Lock xmlns:x="urn:x" s:mustUnderstand="true"/>'
        assert (await client.ask("<tds:GetHostname/>", header)).fault == "MustUnderstand"
        assert (await client.ask("<tds:GetHostname/>", header.replace("true", "false"))).status == 200
        addressing = header.replace("urn:x", "http://www.w3.org/2005/08/addressing")
        assert (await client.ask("<tds:GetHostname/>", addressing)).status == 200


async def test_an_alias_is_kept_exactly_as_it_is() -> None:
    async with Camera() as camera, Client(camera) as client:
        given = "<tas:KeyLength> 2048 </tas:KeyLength><tas:Alias>  a &lt; ü  </tas:Alias>"
        made = await client.ask(f"<tas:CreateRSAKeyPair>{given}</tas:CreateRSAKeyPair>")
        assert camera.keystore.contents.keys[made.text("KeyID")].alias == "  a < ü  "


async def test_an_operation_is_only_at_the_address_of_its_service() -> None:
    async with Camera() as camera, Client(camera) as client:
        assert (await client.post(DEVICE, envelope("<tas:GetServiceCapabilities/>"))).fault == UNSUPPORTED
        assert (await client.post(SECURITY, envelope("<tds:GetHostname/>"))).fault == UNSUPPORTED


async def test_the_security_service_is_not_there_without_certificate_management() -> None:
    async with Camera(CameraSettings(keystore=None)) as camera, Client(camera) as client:
        assert (await client.ask("<tas:GetServiceCapabilities/>")).status == 404
        include = "<tds:IncludeCapability>true</tds:IncludeCapability>"
        services = await client.ask(f"<tds:GetServices>{include}</tds:GetServices>")
        assert services.texts("Namespace") == ["http://www.onvif.org/ver10/device/wsdl"]


async def test_addresses_are_those_by_which_the_camera_was_asked() -> None:
    include = "<tds:IncludeCapability>false</tds:IncludeCapability>"
    async with Camera() as camera:
        for scheme, port in (("http", camera.http_port), ("https", camera.https_port)):
            async with Client(camera, scheme) as client:
                services = await client.ask(f"<tds:GetServices>{include}</tds:GetServices>")
                start = f"{scheme}://127.0.0.1:{port}"
                assert services.texts("XAddr") == [start + DEVICE, start + SECURITY]
                capabilities = await client.ask("<tds:GetCapabilities/>")
                assert capabilities.text("XAddr") == start + DEVICE


async def everything(client: Client) -> list[etree._Element]:
    """Call every operation with good arguments, and return the answers."""
    answers: list[etree._Element] = []

    async def ask(operation: str, inside: str = "", prefix: str = "tas") -> etree._Element:
        reply = await client.ask(f"<{prefix}:{operation}>{inside}</{prefix}:{operation}>")
        assert (reply.status, reply.fault, reply.reason) == (200, "", "")
        assert reply.body is not None
        answers.append(reply.body)
        return reply.body

    async def make(operation: str, inside: str, name: str) -> str:
        return (await ask(operation, inside)).findtext(f"{{{TAS}}}{name}") or ""

    include = "<tds:IncludeCapability>true</tds:IncludeCapability>"
    await ask("GetServices", include, "tds")
    for operation in ("GetSystemDateAndTime", "GetServiceCapabilities", "GetCapabilities", "GetHostname", "GetScopes"):
        await ask(operation, "", "tds")
    await ask("GetDeviceInformation", "", "tds")
    protocols = await ask("GetNetworkProtocols", "", "tds")
    lines = "".join(etree.tostring(line).decode() for line in protocols)
    await ask("SetNetworkProtocols", lines, "tds")

    await ask("GetServiceCapabilities")
    rsa = await make("CreateRSAKeyPair", arguments(KeyLength="2048", Alias="a &amp; b"), "KeyID")
    key = await make("CreateECCKeyPair", arguments(EllipticCurve="secp256r1"), "KeyID")
    while await make("GetKeyStatus", arguments(KeyID=key), "KeyStatus") != "ok":
        await asyncio.sleep(0.005)
    await ask("GetPrivateKeyStatus", arguments(KeyID=key))
    await ask("GetAllKeys")
    subject = "<tas:Subject><tas:Country>DE</tas:Country><tas:CommonName>a</tas:CommonName></tas:Subject>"
    algorithm = f"<tas:SignatureAlgorithm>{arguments(algorithm=SHA256_EC)}</tas:SignatureAlgorithm>"
    await ask("CreatePKCS10CSR", subject + arguments(KeyID=key) + algorithm)
    made = await make(
        "CreateSelfSignedCertificate", subject + arguments(KeyID=key, Alias="b") + algorithm, "CertificateID"
    )
    content = base64.b64encode(authority()).decode()
    await ask("UploadCertificate", arguments(Certificate=content, Alias="c", KeyAlias="d"))
    await ask("GetCertificate", arguments(CertificateID=made))
    await ask("GetAllCertificates")
    certificates = f"<tas:CertificateIDs>{arguments(CertificateID=made)}</tas:CertificateIDs>"
    path = await make("CreateCertificationPath", certificates + arguments(Alias="e"), "CertificationPathID")
    await ask("GetCertificationPath", arguments(CertificationPathID=path))
    await ask("GetAllCertificationPaths")
    old = await make("GetAssignedServerCertificates", "", "CertificationPathID")
    replaced = arguments(OldCertificationPathID=old, NewCertificationPathID=path)
    await ask("ReplaceServerCertificateAssignment", replaced)
    await ask("AddServerCertificateAssignment", arguments(CertificationPathID=old))
    await ask("ReplaceServerCertificateAssignment", arguments(OldCertificationPathID=path, NewCertificationPathID=old))
    await ask("DeleteCertificationPath", arguments(CertificationPathID=path))
    await ask("DeleteCertificate", arguments(CertificateID=made))
    for deleted in (rsa, key):
        await ask("DeleteKey", arguments(KeyID=deleted))
    return answers


@pytest.mark.parametrize(
    "keystore",
    [KeystoreSettings(most_tls_paths=2), KeystoreSettings(most_tls_paths=2, names="old")],
    ids=["new names", "old names"],
)
async def test_every_answer_is_one_that_the_service_description_allows(keystore: KeystoreSettings) -> None:
    async with Camera(CameraSettings(keystore=keystore)) as camera, Client(camera) as client:
        answers = await everything(client)
        for answer in answers:
            schema.check(answer)
        asked = {etree.QName(answer).localname.removesuffix("Response") for answer in answers}
        assert service().operations.keys() - asked == {"RemoveServerCertificateAssignment"}


async def test_an_assignment_is_removed_while_https_is_off() -> None:
    async with Camera(CameraSettings(https_enabled=False)) as camera, Client(camera) as client:
        [path] = camera.keystore.contents.assigned
        body, operation = arguments(CertificationPathID=path), "RemoveServerCertificateAssignment"
        reply = await client.ask(f"<tas:{operation}>{body}</tas:{operation}>")
        assert reply.body is not None
        schema.check(reply.body)
        assert camera.keystore.contents.assigned == []
        assert (await client.ask("<tas:GetAssignedServerCertificates/>")).texts("CertificationPathID") == []
