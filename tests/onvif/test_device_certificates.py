"""Certificates by the device service as they go over the wire, and odd answers to them."""

import base64
from collections.abc import Awaitable, Callable

import pytest

from core.decide.key_choice import CHOSEN_BY_DEVICE
from core.model.errors import DeviceError, FaultError, GarbledError
from core.model.keystore import (
    CertificationPath,
    Inventory,
    KeyState,
    KeystoreCapabilities,
    MadeKey,
    StoredCertificate,
    Way,
)
from core.onvif.wsdls import Wsdls
from tests.network.leaves import new_leaf
from tests.onvif.scripted import Reply, Request, ScriptedCamera, answered, calling, fault, payload

DER = b"\x30\x03\x02\x01\x05"
B64 = base64.b64encode(DER).decode()
PEM = base64.b64encode(f"-----BEGIN CERTIFICATE REQUEST-----\n{B64}\n-----END CERTIFICATE REQUEST-----\n".encode())
ALIAS = "camtrust/gw/op1"
MAKESHIFT = new_leaf(ALIAS).der
BY_DEVICE = KeystoreCapabilities(way=Way.DEVICE, makes_rsa=True, csr=True, tls_server=True)


def stored(certificate: str, content: str) -> str:
    return (
        f"<x:NvtCertificate><t:CertificateID xmlns:t='urn:t'>{certificate}</t:CertificateID>"
        f"<t:Certificate xmlns:t='urn:t'><t:Data>{content}</t:Data></t:Certificate></x:NvtCertificate>"
    )


def state(certificate: str, status: str) -> str:
    fields = f"<t:CertificateID>{certificate}</t:CertificateID><t:Status>{status}</t:Status>"
    return f"<x:CertificateStatus xmlns:t='urn:t'>{fields}</x:CertificateStatus>"


ANSWERS = {
    "GetCertificates": answered(
        "GetCertificates",
        stored("factory", B64) + stored("c7", base64.b64encode(MAKESHIFT).decode()) + stored("odd", "%%%"),
    ),
    "GetCertificatesStatus": answered(
        "GetCertificatesStatus", state("factory", "true") + state("c7", "0") + state("odd", "perhaps")
    ),
    "CreateCertificate": answered("CreateCertificate", stored("c9", B64)),
    "GetPkcs10Request": answered("GetPkcs10Request", f"<x:Pkcs10Request><Data>{B64}</Data></x:Pkcs10Request>"),
    "LoadCertificates": answered("LoadCertificates"),
    "SetCertificatesStatus": answered("SetCertificatesStatus"),
    "DeleteCertificates": answered("DeleteCertificates"),
}


def usual(request: Request) -> Reply:
    return ANSWERS[request.operation]


async def test_each_certificate_is_a_path_of_its_own_and_known_by_id_or_subject(wsdls: Wsdls) -> None:
    async with ScriptedCamera(usual) as camera, calling(camera, wsdls) as device:
        inventory = await device.management(Way.DEVICE).inventory()
    assert inventory == Inventory(
        certificates=(
            StoredCertificate("factory", "", "factory", DER),
            StoredCertificate("c7", "", ALIAS, MAKESHIFT),
            StoredCertificate("odd", "", "odd", b""),
        ),
        paths=(
            CertificationPath("factory", "factory", ("factory",)),
            CertificationPath("c7", ALIAS, ("c7",)),
            CertificationPath("odd", "odd", ("odd",)),
        ),
        assigned=("factory",),
    )


async def test_each_operation_sends_what_the_service_describes(wsdls: Wsdls) -> None:
    async with ScriptedCamera(usual) as camera, calling(camera, wsdls) as device:
        certificates = device.management(Way.DEVICE)
        assert await certificates.create_key(CHOSEN_BY_DEVICE, ALIAS) == MadeKey("c9", makeshift=DER)
        assert await certificates.key_state("c9") is KeyState.OK
        assert await certificates.csr("c9", "cam-7", "") == DER
        assert await certificates.upload(DER, "c9", ALIAS) == ("c9", "c9")
        assert await certificates.create_path("c9", ALIAS) == "c9"
        await certificates.replace_assignment("factory", "c9")
        await certificates.delete_path("factory")
        await certificates.delete_key("factory")
        await certificates.delete_certificate("factory")
        sent = {request.operation: payload(request) for request in camera.requests}
    assert sent == {
        "CreateCertificate": f"CertificateID={ALIAS} Subject=CN={ALIAS}",
        "GetPkcs10Request": "CertificateID=c9 Subject=CN=cam-7",
        "LoadCertificates": f"NVTCertificate CertificateID=c9 Certificate Data={B64}",
        "SetCertificatesStatus": "CertificateStatus CertificateID=factory Status=false "
        "CertificateStatus CertificateID=c9 Status=true",
        "DeleteCertificates": "CertificateID=factory",
    }


@pytest.mark.parametrize("path", ["c9", "factory"])
async def test_one_certificate_is_switched_on_or_off(wsdls: Wsdls, path: str) -> None:
    async with ScriptedCamera(usual) as camera, calling(camera, wsdls) as device:
        await device.certificates.add_assignment(path)
        await device.certificates.remove_assignment(path)
        sent = [payload(request) for request in camera.requests]
    assert sent == [f"CertificateStatus CertificateID={path} Status={status}" for status in ("true", "false")]


async def test_a_request_in_pem_is_read_too(wsdls: Wsdls) -> None:
    def script(_: Request) -> Reply:
        return answered("GetPkcs10Request", f"<x:Pkcs10Request><Data>{PEM.decode()}</Data></x:Pkcs10Request>")

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.certificates.csr("c9", "cam-7", "") == DER


async def test_a_device_that_takes_no_id_is_asked_once_more_without(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        return fault("Sender", "InvalidArgVal") if "CertificateID" in request.body else usual(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert (await device.certificates.create_key(CHOSEN_BY_DEVICE, ALIAS)).id == "c9"
        assert [payload(request) for request in camera.requests] == [f"CertificateID={ALIAS} Subject=CN={ALIAS}", ""]


async def test_a_device_without_room_is_asked_once(wsdls: Wsdls) -> None:
    def script(_: Request) -> Reply:
        return fault("Receiver", "Action", "MaxNumberOfCertificates")

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        with pytest.raises(FaultError):
            await device.certificates.create_key(CHOSEN_BY_DEVICE, ALIAS)
        assert len(camera.requests) == 1


@pytest.mark.parametrize("operation", ["CreateCertificate", "GetPkcs10Request", "GetCertificates"])
async def test_an_answer_without_what_matters_is_garbled(wsdls: Wsdls, operation: str) -> None:
    def script(request: Request) -> Reply:
        fields = "<x:NvtCertificate/>" if operation == "GetCertificates" else ""
        return answered(operation, fields) if request.operation == operation else usual(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        certificates = device.certificates
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "CreateCertificate": lambda: certificates.create_key(CHOSEN_BY_DEVICE, ALIAS),
            "GetPkcs10Request": lambda: certificates.csr("c9", "cam-7", ""),
        }
        with pytest.raises(GarbledError):
            await calls.get(operation, certificates.inventory)()


YOUNG = "<x:Capabilities><x:Security OnboardKeyGeneration='true'/></x:Capabilities>"
OLD = (
    "<x:Capabilities><t:Device xmlns:t='urn:t'><t:Security><t:OnboardKeyGeneration>1</t:OnboardKeyGeneration>"
    "</t:Security></t:Device></x:Capabilities>"
)
NEITHER = "<x:Capabilities><x:Security TLS1.2='true' OnboardKeyGeneration='false'/></x:Capabilities>"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"GetServiceCapabilities": YOUNG}, BY_DEVICE),
        ({"GetCapabilities": OLD}, BY_DEVICE),
        ({"GetServiceCapabilities": NEITHER, "GetCapabilities": OLD}, None),
        ({"GetCapabilities": NEITHER}, None),
        ({}, None),
    ],
)
async def test_the_device_service_tells_whether_it_makes_keys(
    wsdls: Wsdls, answers: dict[str, str], expected: KeystoreCapabilities | None
) -> None:
    def script(request: Request) -> Reply:
        known = answers.get(request.operation)
        return answered(request.operation, known) if known else Reply("<html>", 404)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        try:
            assert await device.certificate_capabilities() == expected
        except DeviceError:
            assert expected is None
