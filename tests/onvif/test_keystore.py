"""The keystore's operations as they go over the wire, and odd answers to them."""

import base64
from collections.abc import Awaitable, Callable

import pytest

from core.decide.key_choice import KeySpec
from core.model.errors import DeviceError, GarbledError
from core.model.keystore import CertificationPath, Inventory, Key, KeyState, MadeKey, StoredCertificate
from core.onvif.wsdls import SECURITY_URI, Wsdls
from tests.onvif.scripted import BOTH_SERVICES, Reply, Request, ScriptedCamera, answered, calling, payload

DER = b"\x30\x03\x02\x01\x05"
B64 = base64.b64encode(DER).decode()


def tas(operation: str, fields: str = "") -> Reply:
    return answered(operation, fields, SECURITY_URI)


ANSWERS = {
    "GetServices": BOTH_SERVICES,
    "GetAllKeys": tas(
        "GetAllKeys",
        "<x:KeyAttribute><x:KeyID>k1</x:KeyID><x:Alias>ours</x:Alias><x:hasPrivateKey>true</x:hasPrivateKey>"
        "<x:KeyStatus>ok</x:KeyStatus><x:Vendor/></x:KeyAttribute>"
        "<x:KeyAttribute><x:KeyStatus>Generating</x:KeyStatus><x:KeyID> k2\n</x:KeyID></x:KeyAttribute>"
        "<x:KeyAttribute><x:KeyID>k3</x:KeyID></x:KeyAttribute>"
        "<x:KeyAttribute><x:KeyID>k4</x:KeyID><x:KeyStatus>melted</x:KeyStatus></x:KeyAttribute>",
    ),
    "GetAllCertificates": tas(
        "GetAllCertificates",
        f"<x:Certificate><x:CertificateID>c1</x:CertificateID><x:KeyID>k1</x:KeyID><x:Alias>a\u202eb</x:Alias>"
        f"<x:CertificateContent>\n  {B64}\n</x:CertificateContent></x:Certificate>"
        "<x:Certificate><x:CertificateID>c2</x:CertificateID><x:CertificateContent>%%%</x:CertificateContent>"
        "</x:Certificate>",
    ),
    "GetAllCertificationPaths": tas("GetAllCertificationPaths", "<x:CertificationPathID>p1</x:CertificationPathID>"),
    "GetAssignedServerCertificates": tas(
        "GetAssignedServerCertificates", "<x:CertificationPathID>p1</x:CertificationPathID>"
    ),
    "GetCertificationPath": tas(
        "GetCertificationPath",
        "<x:CertificationPath><x:CertificateID>c1</x:CertificateID><x:CertificateID>c2</x:CertificateID>"
        "<x:Alias>chain</x:Alias></x:CertificationPath>",
    ),
    "GetKeyStatus": tas("GetKeyStatus", "<x:KeyStatus>generating</x:KeyStatus>"),
    "CreateRSAKeyPair": tas(
        "CreateRSAKeyPair", "<x:KeyID>k9</x:KeyID><x:EstimatedCreationTime>PT1M</x:EstimatedCreationTime>"
    ),
    "CreateECCKeyPair": tas(
        "CreateECCKeyPair", "<x:KeyID>k9</x:KeyID><x:EstimatedCreationTime>30</x:EstimatedCreationTime>"
    ),
    "CreatePKCS10CSR": tas("CreatePKCS10CSR", f"<x:PKCS10CSR>{B64}</x:PKCS10CSR>"),
    "UploadCertificate": tas("UploadCertificate", "<x:CertificateID>c9</x:CertificateID><x:KeyID>k9</x:KeyID>"),
    "CreateCertificationPath": tas("CreateCertificationPath", "<x:CertificationPathID>p9</x:CertificationPathID>"),
    "DeleteKey": tas("DeleteKey"),
    "DeleteCertificate": Reply('<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'),
    "DeleteCertificationPath": tas("DeleteCertificationPath"),
    "AddServerCertificateAssignment": tas("AddServerCertificateAssignment"),
    "RemoveServerCertificateAssignment": tas("RemoveServerCertificateAssignment"),
    "ReplaceServerCertificateAssignment": tas("ReplaceServerCertificateAssignment"),
}


def usual(request: Request) -> Reply:
    return ANSWERS[request.operation]


async def test_the_inventory_of_an_untidy_device(wsdls: Wsdls) -> None:
    async with ScriptedCamera(usual) as camera, calling(camera, wsdls) as device:
        inventory = await device.keystore.inventory()
    assert inventory == Inventory(
        keys=(
            Key("k1", "ours", KeyState.OK, True),
            Key("k2", "", KeyState.GENERATING),
            Key("k3", "", KeyState.OK),
            Key("k4", "", KeyState.CORRUPT),
        ),
        certificates=(
            StoredCertificate("c1", "k1", "a⟨202E⟩b", DER),
            StoredCertificate("c2", "", "", b""),
        ),
        paths=(CertificationPath("p1", "chain", ("c1", "c2")),),
        assigned=("p1",),
    )
    assert {request.target for request in camera.requests[1:]} == {"/onvif/security"}


async def test_an_empty_keystore_is_an_empty_inventory(wsdls: Wsdls) -> None:
    async with (
        ScriptedCamera(
            lambda request: BOTH_SERVICES if request.operation == "GetServices" else tas(request.operation)
        ) as camera,
        calling(camera, wsdls) as device,
    ):
        assert await device.keystore.inventory() == Inventory()


async def test_each_operation_sends_what_the_service_describes(wsdls: Wsdls) -> None:
    async with ScriptedCamera(usual) as camera, calling(camera, wsdls) as device:
        store = device.keystore
        assert await store.create_key(KeySpec(3072), "camtrust 1") == MadeKey("k9", 60.0)
        assert await store.create_key(KeySpec(curve="P-256"), "camtrust 1") == MadeKey("k9")
        assert await store.key_state("k9") is KeyState.GENERATING
        assert await store.csr("k9", "cam-7", "1.2.840.113549.1.1.11") == DER
        assert await store.upload(DER, "k9", "camtrust 1") == ("c9", "k9")
        assert await store.create_path("c9", "camtrust 1") == "p9"
        await store.replace_assignment("p1", "p9")
        await store.add_assignment("p9")
        await store.remove_assignment("p1")
        await store.delete_path("p1")
        await store.delete_certificate("c1")
        await store.delete_key("k1")
    bodies = {request.operation: payload(request) for request in camera.requests[1:]}
    assert bodies == {
        "CreateRSAKeyPair": "KeyLength=3072 Alias=camtrust 1",
        "CreateECCKeyPair": "EllipticCurve=P-256 Alias=camtrust 1",
        "GetKeyStatus": "KeyID=k9",
        "CreatePKCS10CSR": "Subject CommonName=cam-7 KeyID=k9 SignatureAlgorithm algorithm=1.2.840.113549.1.1.11",
        "UploadCertificate": f"Certificate={B64} Alias=camtrust 1 PrivateKeyRequired=true",
        "CreateCertificationPath": "CertificateIDs CertificateID=c9 Alias=camtrust 1",
        "ReplaceServerCertificateAssignment": "OldCertificationPathID=p1 NewCertificationPathID=p9",
        "AddServerCertificateAssignment": "CertificationPathID=p9",
        "RemoveServerCertificateAssignment": "CertificationPathID=p1",
        "DeleteCertificationPath": "CertificationPathID=p1",
        "DeleteCertificate": "CertificateID=c1",
        "DeleteKey": "KeyID=k1",
    }
    actions = {request.headers["content-type"].partition('action="')[2].strip('"') for request in camera.requests[1:]}
    assert actions == {f"{SECURITY_URI}/{operation}" for operation in bodies}


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("CreateRSAKeyPair", ""),
        ("CreateRSAKeyPair", "<x:KeyID>a\u202eb</x:KeyID>"),
        ("CreateRSAKeyPair", f"<x:KeyID>{'k' * 200}</x:KeyID>"),
        ("GetKeyStatus", ""),
        ("GetKeyStatus", "<x:KeyStatus>melted</x:KeyStatus>"),
        ("CreatePKCS10CSR", ""),
        ("CreatePKCS10CSR", "<x:PKCS10CSR>?</x:PKCS10CSR>"),
        ("UploadCertificate", "<x:KeyID>k9</x:KeyID>"),
        ("CreateCertificationPath", ""),
        ("GetAllKeys", "<x:KeyAttribute/>"),
        ("GetAllKeys", "<x:KeyAttribute><x:KeyID>k</x:KeyID></x:KeyAttribute>" * 513),
        ("GetAllCertificates", "<x:Certificate/>"),
        ("GetAllCertificationPaths", "<x:CertificationPathID/>"),
        ("GetAssignedServerCertificates", "<x:CertificationPathID>p</x:CertificationPathID>" * 600),
    ],
)
async def test_an_answer_without_what_matters_is_garbled(wsdls: Wsdls, operation: str, fields: str) -> None:
    def script(request: Request) -> Reply:
        return tas(operation, fields) if request.operation == operation else usual(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "CreateRSAKeyPair": lambda: device.keystore.create_key(KeySpec(2048), "a"),
            "GetKeyStatus": lambda: device.keystore.key_state("k"),
            "CreatePKCS10CSR": lambda: device.keystore.csr("k", "s", "1.2"),
            "UploadCertificate": lambda: device.keystore.upload(DER, "k9", "a"),
            "CreateCertificationPath": lambda: device.keystore.create_path("c", "a"),
        }
        with pytest.raises(GarbledError) as raised:
            await calls.get(operation, device.keystore.inventory)()
    assert raised.value.title.isprintable()


async def test_what_is_merely_missing_is_forgiven(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        fields = {
            "CreateRSAKeyPair": "<x:KeyID>k9</x:KeyID>",
            "UploadCertificate": "<x:CertificateID>c9</x:CertificateID>",
        }
        return tas(request.operation, fields[request.operation]) if request.operation in fields else usual(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.keystore.create_key(KeySpec(2048), "a") == MadeKey("k9")
        assert await device.keystore.upload(DER, "k9", "a") == ("c9", "")


@pytest.mark.parametrize("operation", ["DeleteKey", "ReplaceServerCertificateAssignment"])
async def test_a_change_without_a_readable_answer_is_an_error(wsdls: Wsdls, operation: str) -> None:
    def script(request: Request) -> Reply:
        return Reply() if request.operation == operation else usual(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        with pytest.raises(DeviceError):
            if operation == "DeleteKey":
                await device.keystore.delete_key("k1")
            else:
                await device.keystore.replace_assignment("p1", "p2")
