"""The whole way to a certificate of our own, as a client goes it over the wire."""

import asyncio
import base64
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from core.simulator import signing
from tests.simulator.asking import Client, Reply
from tests.simulator.keys import SHA256_EC


def arguments(**given: str) -> str:
    return "".join(f"<tas:{name}>{value}</tas:{name}>" for name, value in given.items())


@dataclass
class Installed:
    """What was made on the camera on the way."""

    leaf: bytes
    key: str
    certificate: str = ""
    path: str = ""
    old_path: str = ""


class Installer:
    """Calls the keystore of one camera; each call has to succeed, except those by `ask`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, operation: str, **given: str) -> Reply:
        return await self._client.ask(f"<tas:{operation}>{arguments(**given)}</tas:{operation}>")

    async def made(self, name: str, operation: str, inside: str = "", **given: str) -> str:
        reply = await self._client.ask(f"<tas:{operation}>{inside}{arguments(**given)}</tas:{operation}>")
        assert (reply.status, reply.fault) == (200, "")
        return reply.text(name)

    async def key(self) -> str:
        key = await self.made("KeyID", "CreateECCKeyPair", EllipticCurve="secp256r1", Alias="ours")
        while await self.made("KeyStatus", "GetKeyStatus", KeyID=key) == "generating":
            await asyncio.sleep(0.005)
        return key

    async def signed(self, key: str) -> bytes:
        """A certificate for the key, from a CA that was made for it."""
        subject = "<tas:Subject><tas:CommonName>192.0.2.7</tas:CommonName></tas:Subject>"
        algorithm = f"<tas:SignatureAlgorithm>{arguments(algorithm=SHA256_EC)}</tas:SignatureAlgorithm>"
        inside = f"{subject}{arguments(KeyID=key)}{algorithm}"
        csr = x509.load_der_x509_csr(base64.b64decode(await self.made("PKCS10CSR", "CreatePKCS10CSR", inside)))
        assert csr.is_signature_valid
        public = csr.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        template = x509.load_der_x509_certificate(signing.self_signed(signing.make_key("EC secp256r1"), csr.subject))
        builder = x509.CertificateBuilder(template.issuer, csr.subject, public, template.serial_number)
        builder = builder.not_valid_before(template.not_valid_before_utc).not_valid_after(template.not_valid_after_utc)
        return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)

    async def prepared(self) -> Installed:
        """Everything up to the assignment."""
        key = await self.key()
        made = Installed(await self.signed(key), key)
        content = base64.b64encode(made.leaf).decode()
        given = {"Certificate": content, "Alias": "ours", "PrivateKeyRequired": "true"}
        made.certificate = await self.made("CertificateID", "UploadCertificate", **given)
        chain = f"<tas:CertificateIDs>{arguments(CertificateID=made.certificate)}</tas:CertificateIDs>"
        made.path = await self.made("CertificationPathID", "CreateCertificationPath", chain)
        made.old_path = await self.made("CertificationPathID", "GetAssignedServerCertificates")
        return made

    async def assign(self, old: str, new: str) -> Reply:
        operation = "ReplaceServerCertificateAssignment"
        return await self.ask(operation, OldCertificationPathID=old, NewCertificationPathID=new)

    async def installed(self) -> Installed:
        made = await self.prepared()
        assert (await self.assign(made.old_path, made.path)).status == 200
        return made
