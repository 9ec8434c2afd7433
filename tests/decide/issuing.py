"""Certificates that devices of one site show, made by another library: self-signed ones, and ones of an authority.

Their keys are of a kind whose signatures have nothing random in them: the same certificate has always the same bytes.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
AUTHORITY_KEY, OWN_KEY, NEXT_KEY, OTHER_KEY, STRANGE_KEY = (
    Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in range(5)
)


@dataclass(frozen=True)
class Cert:
    """What to make: `issuer` and `signer` only where it is not self-signed."""

    subject: str = "axis-b8a44f1c2d3e"
    key: Ed25519PrivateKey = OWN_KEY
    issuer: str | None = None
    signer: Ed25519PrivateKey | None = None
    start: datetime = NOW - timedelta(days=400)
    end: datetime = NOW + timedelta(days=4000)
    serial: int = 4711
    names: tuple[str, ...] = ("cam.example",)

    def but(self, **changes: object) -> bytes:
        """Encode one that differs in some things."""
        return replace(self, **changes).encode()  # type: ignore[arg-type]

    def encode(self) -> bytes:
        subject, issuer = _name(self.subject), _name(self.subject if self.issuer is None else self.issuer)
        builder = x509.CertificateBuilder(issuer, subject, self.key.public_key(), self.serial)
        builder = builder.not_valid_before(self.start).not_valid_after(self.end)
        if self.names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in self.names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self.signer or self.key, None).public_bytes(Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


AUTHORITY_NAME = "Arcules Gateway CA gw-042"
AUTHORITY = Cert(AUTHORITY_NAME, AUTHORITY_KEY).encode()
FACTORY = Cert()
"""The certificate that the device came with."""
OURS = Cert("cam-14.gw-042.cam.internal", NEXT_KEY, AUTHORITY_NAME, AUTHORITY_KEY)
"""The certificate that was installed on the device."""
