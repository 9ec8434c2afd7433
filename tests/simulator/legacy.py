"""The device service's own way to a certificate, as a client goes it over the wire."""

import base64
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.simulator import signing
from tests.simulator.asking import Client, Reply
from tests.simulator.keys import private


@dataclass(frozen=True)
class Stored:
    """A certificate as the camera tells of it."""

    id: str
    der: bytes


def for_request(csr: x509.CertificateSigningRequest) -> bytes:
    """A certificate for a request, from some CA."""
    template = x509.load_der_x509_certificate(signing.self_signed(private(9), csr.subject))
    public = csr.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    issuer = signing.name([(NameOID.COMMON_NAME, "A CA")])
    builder = x509.CertificateBuilder(issuer, csr.subject, public, template.serial_number)
    builder = builder.not_valid_before(template.not_valid_before_utc).not_valid_after(template.not_valid_after_utc)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


class Legacy:
    """Calls the device service of one camera. What is not named `ask_…` has to succeed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, operation: str, inside: str = "") -> Reply:
        return await self._client.ask(f"<tds:{operation}>{inside}</tds:{operation}>")

    async def ask_create(self, **given: str) -> Reply:
        return await self.ask(
            "CreateCertificate", "".join(f"<tds:{name}>{x}</tds:{name}>" for name, x in given.items())
        )

    async def ask_load(self, *given: tuple[str, bytes]) -> Reply:
        lines = (
            f"<tds:NVTCertificate><tt:CertificateID>{name}</tt:CertificateID><tt:Certificate>"
            f"<tt:Data>{base64.b64encode(der).decode()}</tt:Data></tt:Certificate></tds:NVTCertificate>"
            for name, der in given
        )
        return await self.ask("LoadCertificates", "".join(lines))

    async def ask_status(self, **given: bool) -> Reply:
        lines = (
            f"<tds:CertificateStatus><tt:CertificateID>{name}</tt:CertificateID>"
            f"<tt:Status>{str(on).lower()}</tt:Status></tds:CertificateStatus>"
            for name, on in given.items()
        )
        return await self.ask("SetCertificatesStatus", "".join(lines))

    async def ask_delete(self, *ids: str) -> Reply:
        return await self.ask(
            "DeleteCertificates", "".join(f"<tds:CertificateID>{one}</tds:CertificateID>" for one in ids)
        )

    async def create(self, **given: str) -> Stored:
        reply = await self.ask_create(**given)
        assert (reply.status, reply.fault) == (200, "")
        return Stored(reply.text("CertificateID"), base64.b64decode(reply.text("Data")))

    async def request(self, certificate: str, subject: str = "") -> bytes:
        given = f"<tds:CertificateID>{certificate}</tds:CertificateID>"
        reply = await self.ask("GetPkcs10Request", given + (f"<tds:Subject>{subject}</tds:Subject>" if subject else ""))
        assert (reply.status, reply.fault) == (200, "")
        return base64.b64decode(reply.text("Data"))

    async def stored(self) -> dict[str, bytes]:
        reply = await self.ask("GetCertificates")
        assert reply.status == 200
        return dict(zip(reply.texts("CertificateID"), map(base64.b64decode, reply.texts("Data")), strict=True))

    async def statuses(self) -> dict[str, bool]:
        reply = await self.ask("GetCertificatesStatus")
        assert reply.status == 200
        return dict(zip(reply.texts("CertificateID"), (text == "true" for text in reply.texts("Status")), strict=True))

    async def signed(self, certificate: str) -> bytes:
        """A certificate for the key of another one."""
        csr = x509.load_der_x509_csr(await self.request(certificate))
        assert csr.is_signature_valid
        return for_request(csr)
