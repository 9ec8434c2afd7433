"""The keystore of one device, operation by operation (ONVIF Security Configuration, 5.2 and 5.3)."""

from collections.abc import Awaitable, Callable
from typing import Any

from lxml import etree

from core.decide.key_choice import KeySpec
from core.model.errors import GarbledError
from core.model.keystore import CertificationPath, Inventory, Key, KeyState, MadeKey, StoredCertificate
from core.onvif.reading import boolean, child, children, der, identifier, seconds, text, words
from core.onvif.wsdls import SECURITY_URI, Call, Service, Wsdls

_LONGEST_ALIAS = 128


class Keystore:
    """Keys, certificates, certification paths and what the TLS server is assigned; all with login.

    `send` calls the service and returns the element that answers. Ids are the device's own, passed through unchanged.
    Raises what `OnvifDevice` raises; `FaultError.codes` tell the cases apart.
    """

    def __init__(self, wsdls: Wsdls, send: Callable[[Call], Awaitable[etree._Element]]) -> None:
        self._wsdls = wsdls
        self._send = send

    async def inventory(self) -> Inventory:
        """Return all that is stored and assigned. A certificate without readable content has an empty `der`."""
        keys = children(await self._ask("GetAllKeys"), "KeyAttribute")
        certificates = children(await self._ask("GetAllCertificates"), "Certificate")
        paths = children(await self._ask("GetAllCertificationPaths"), "CertificationPathID")
        assigned = children(await self._ask("GetAssignedServerCertificates", Service.TLS_SERVER), "CertificationPathID")
        return Inventory(
            keys=tuple(_key(element) for element in keys),
            certificates=tuple(_certificate(element) for element in certificates),
            paths=tuple([await self._path(identifier(element)) for element in paths]),
            assigned=tuple(identifier(element) for element in assigned),
        )

    async def create_key(self, spec: KeySpec, alias: str) -> MadeKey:
        """Start making a key."""
        if spec.curve:
            return _started(await self._send(_create_ec_key(spec.curve, alias)))
        return _started(await self._ask("CreateRSAKeyPair", KeyLength=spec.bits, Alias=alias))

    async def key_state(self, key: str) -> KeyState:
        """Return how far a key is."""
        told = words(await self._ask("GetKeyStatus", KeyID=key), "KeyStatus")
        state = _state(told)
        if state is None:
            raise GarbledError(f"The device calls the state of a key “{told}”", "Its meaning is not known here.")
        return state

    async def csr(self, key: str, subject: str, algorithm: str) -> bytes:
        """Return a certificate request in DER for a key; `subject` is the common name, `algorithm` an OID.

        No attributes are asked for: names go into the certificate without the request, and devices differ in what
        they accept.
        """
        answered = await self._ask(
            "CreatePKCS10CSR",
            Subject={"CommonName": [subject]},
            KeyID=key,
            SignatureAlgorithm={"algorithm": algorithm},
        )
        request = der(text(answered, "PKCS10CSR"))
        if not request:
            raise GarbledError("The device's certificate request cannot be read", "Try again.")
        return request

    async def upload(self, der: bytes, key: str, alias: str) -> tuple[str, str]:
        """Store a certificate whose private key the device must have; it finds out by itself which one that is."""
        answered = await self._ask("UploadCertificate", Certificate=der, Alias=alias, PrivateKeyRequired=True)
        used = identifier(answered, "KeyID") if text(answered, "KeyID") else ""
        return identifier(answered, "CertificateID"), used

    async def create_path(self, certificate: str, alias: str) -> str:
        """Make a certification path of one stored certificate; return its id."""
        answered = await self._ask(
            "CreateCertificationPath", CertificateIDs={"CertificateID": [certificate]}, Alias=alias
        )
        return identifier(answered, "CertificationPathID")

    async def replace_assignment(self, old: str, new: str) -> None:
        """Let the TLS server use the path `new` instead of `old`. The connection may break with it."""
        await self._ask(
            "ReplaceServerCertificateAssignment",
            Service.TLS_SERVER,
            OldCertificationPathID=old,
            NewCertificationPathID=new,
        )

    async def add_assignment(self, path: str) -> None:
        """Let the TLS server use a path, beside those that it has."""
        await self._ask("AddServerCertificateAssignment", Service.TLS_SERVER, CertificationPathID=path)

    async def remove_assignment(self, path: str) -> None:
        """Take a path from the TLS server; refused while that is on."""
        await self._ask("RemoveServerCertificateAssignment", Service.TLS_SERVER, CertificationPathID=path)

    async def delete_path(self, path: str) -> None:
        """Delete a path that is not assigned; its certificates stay."""
        await self._ask("DeleteCertificationPath", CertificationPathID=path)

    async def delete_certificate(self, certificate: str) -> None:
        """Delete a certificate that is in no path. Some devices delete its key with it."""
        await self._ask("DeleteCertificate", CertificateID=certificate)

    async def delete_key(self, key: str) -> None:
        """Delete a key that no certificate uses, also one that is still being made."""
        await self._ask("DeleteKey", KeyID=key)

    async def _path(self, path: str) -> CertificationPath:
        told = child(await self._ask("GetCertificationPath", CertificationPathID=path), "CertificationPath")
        certificates = tuple(identifier(element) for element in children(told, "CertificateID"))
        return CertificationPath(path, _alias(told), certificates)

    async def _ask(self, operation: str, service: Service = Service.KEYSTORE, **values: Any) -> etree._Element:
        return await self._send(self._wsdls.call(service, operation, **values))


def _create_ec_key(curve: str, alias: str) -> Call:
    """Younger than the service description that is installed."""
    operation = "CreateECCKeyPair"
    body = etree.Element(f"{{{SECURITY_URI}}}{operation}", nsmap={"tas": SECURITY_URI})
    etree.SubElement(body, f"{{{SECURITY_URI}}}EllipticCurve").text = curve
    etree.SubElement(body, f"{{{SECURITY_URI}}}Alias").text = alias
    return Call(operation, f"{SECURITY_URI}/{operation}", body)


def _started(answered: etree._Element) -> MadeKey:
    return MadeKey(identifier(answered, "KeyID"), seconds(text(answered, "EstimatedCreationTime")))


def _key(element: etree._Element) -> Key:
    told = text(element, "KeyStatus")
    # The state is required, so one that is left out is taken for good, and one in unknown words is not.
    state = (_state(told) or KeyState.CORRUPT) if told else KeyState.OK
    private = boolean(text(element, "hasPrivateKey"))
    return Key(identifier(element, "KeyID"), _alias(element), state, private)


def _certificate(element: etree._Element) -> StoredCertificate:
    key = identifier(element, "KeyID") if text(element, "KeyID") else ""
    content = der(text(element, "CertificateContent"))
    return StoredCertificate(identifier(element, "CertificateID"), key, _alias(element), content)


def _alias(element: etree._Element | None) -> str:
    return words(element, "Alias", limit=_LONGEST_ALIAS)


def _state(told: str) -> KeyState | None:
    return next((state for state in KeyState if state == told.lower()), None)
