"""The certificates of one device by its device service, the way before the keystore (ONVIF Core, 8.4).

Key, certificate and what is assigned are one object with one id there: each certificate counts as a path of its own,
which is assigned while the certificate is switched on.
"""

from collections.abc import Awaitable
from typing import Any, Protocol

from lxml import etree

from core.decide.key_choice import KeySpec
from core.decide.keystore import alias_of
from core.model.errors import FaultError, GarbledError
from core.model.keystore import CertificationPath, Inventory, KeyState, MadeKey, StoredCertificate
from core.onvif.reading import boolean, child, children, der, identifier, text
from core.onvif.wsdls import Call, Service, Wsdls

_INVALID = "InvalidArgVal"


class Send(Protocol):
    """Calls the service and returns the element that answers, within `deadline` seconds where one is given."""

    def __call__(self, call: Call, deadline: float | None = None) -> Awaitable[etree._Element]:
        """Send one call."""


class DeviceCertificates:
    """Certificates and which of them are on; all with login. Raises what `OnvifDevice` raises.

    Making a key may take `longest_making` seconds.
    """

    def __init__(self, wsdls: Wsdls, send: Send, longest_making: float) -> None:
        self._wsdls = wsdls
        self._send = send
        self._longest_making = longest_making

    async def inventory(self) -> Inventory:
        """Return all certificates, each with a path of its own, and which of them are on."""
        listed = children(await self._ask("GetCertificates"), "NvtCertificate")
        states = children(await self._ask("GetCertificatesStatus"), "CertificateStatus")
        certificates = tuple(_certificate(element) for element in listed)
        return Inventory(
            certificates=certificates,
            paths=tuple(CertificationPath(item.id, item.alias, (item.id,)) for item in certificates),
            assigned=tuple(identifier(state, "CertificateID") for state in states if boolean(text(state, "Status"))),
        )

    async def create_key(self, spec: KeySpec, alias: str) -> MadeKey:
        """Have a key made, with a makeshift certificate; the answer comes when it is there. What kind is not asked for.

        The alias is the id that is proposed and the makeshift's subject, as devices may follow one and not the other.
        """
        try:
            answered = await self._create(CertificateID=alias, Subject=f"CN={alias}")
        except FaultError as error:
            if _INVALID not in error.codes:
                raise
            # Nothing was made; some take ids and subjects of their own only.
            answered = await self._create()
        made = child(answered, "NvtCertificate")
        return MadeKey(identifier(made, "CertificateID"), 0.0, der(text(made, "Certificate", "Data")))

    async def key_state(self, key: str) -> KeyState:
        """A key that was answered is made."""
        return KeyState.OK

    async def csr(self, key: str, subject: str, algorithm: str) -> bytes:
        """Return a certificate request in DER; the device chooses the algorithm."""
        answered = await self._ask("GetPkcs10Request", CertificateID=key, Subject=f"CN={subject}")
        request = der(text(answered, "Pkcs10Request", "Data"))
        if not request:
            raise GarbledError("The device's certificate request cannot be read", "Try again.")
        return request

    async def upload(self, der: bytes, key: str, alias: str) -> tuple[str, str]:
        """Put a certificate in the place of a key's makeshift one."""
        await self._ask("LoadCertificates", NVTCertificate=[{"CertificateID": key, "Certificate": {"Data": der}}])
        return key, key

    async def create_path(self, certificate: str, alias: str) -> str:
        """A certificate can be switched on as it is."""
        return certificate

    async def replace_assignment(self, old: str, new: str) -> None:
        """Switch one certificate off and another on. The connection may break with it."""
        await self._switch({old: False, new: True})

    async def add_assignment(self, path: str) -> None:
        """Switch a certificate on."""
        await self._switch({path: True})

    async def remove_assignment(self, path: str) -> None:
        """Switch a certificate off."""
        await self._switch({path: False})

    async def delete_path(self, path: str) -> None:
        """There is nothing to delete but the certificate."""

    async def delete_certificate(self, certificate: str) -> None:
        """Delete a certificate that is off, and its key."""
        await self._ask("DeleteCertificates", CertificateID=[certificate])

    async def delete_key(self, key: str) -> None:
        """A key goes with its certificate."""

    async def _create(self, **named: str) -> etree._Element:
        return await self._send(self._wsdls.call(Service.DEVICE, "CreateCertificate", **named), self._longest_making)

    async def _switch(self, states: dict[str, bool]) -> None:
        lines = [{"CertificateID": certificate, "Status": is_on} for certificate, is_on in states.items()]
        await self._ask("SetCertificatesStatus", CertificateStatus=lines)

    async def _ask(self, operation: str, **values: Any) -> etree._Element:
        return await self._send(self._wsdls.call(Service.DEVICE, operation, **values))


def _certificate(element: etree._Element) -> StoredCertificate:
    certificate, content = identifier(element, "CertificateID"), der(text(element, "Certificate", "Data"))
    return StoredCertificate(certificate, "", alias_of(certificate, content), content)
