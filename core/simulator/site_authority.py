"""The site's own authority: cameras get certificates from it by hand. It has nothing to do with the gateway."""

import ipaddress
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.simulator import signing

_NAME = signing.name([(NameOID.ORGANIZATION_NAME, "Site"), (NameOID.COMMON_NAME, "Site CA")])
_VALID = timedelta(days=365)


def issue(private: bytes, common_name: str, host: str) -> bytes:
    """Return a certificate for a camera's key, valid for a year. The first takes up to a second of computing."""
    now = datetime.now(UTC)
    subject = signing.name([(NameOID.COMMON_NAME, common_name)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    builder = x509.CertificateBuilder(_NAME, subject, signing.public_key(private), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + _VALID)
    return builder.add_extension(address, critical=False).sign(_key(), hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def _key() -> rsa.RSAPrivateKey:
    # Cameras that know nothing of elliptic curves take its certificates, too.
    return rsa.generate_private_key(65537, 2048)
