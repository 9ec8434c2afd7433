"""Keys and certificates for the tests, made once."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509.oid import NameOID

from core.simulator import signing

EC = "EC secp256r1"
SHA256_RSA = "1.2.840.113549.1.1.11"
SHA256_EC = "1.2.840.10045.4.3.2"
SUBJECT = signing.name([(NameOID.COMMON_NAME, "192.0.2.7")])
_START = datetime(2026, 1, 1, tzinfo=UTC)


def private(number: int = 0, kind: str = EC) -> bytes:
    """A key, PKCS #8. `number` tells several apart."""
    return _private(number, kind)


def issued(number: int = 0, kind: str = EC, serial: int = 1) -> bytes:
    """A certificate for a key of `private`, by the CA."""
    return _issued(number, kind, serial)


@cache
def foreign(kind: str) -> bytes:
    """A certificate for a kind of key that no camera takes: `ed25519` or `dsa`."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else dsa.generate_private_key(1024)
    return _certificate(key.public_key(), 3)


@cache
def authority() -> bytes:
    """The CA's certificate."""
    return _certificate(_authority_key().public_key(), 2, ca=True)


@cache
def _private(number: int, kind: str) -> bytes:
    return signing.make_key(kind)


@cache
def _issued(number: int, kind: str, serial: int) -> bytes:
    key = load_der_private_key(_private(number, kind), None)
    assert isinstance(key, signing.PrivateKey)
    return _certificate(key.public_key(), serial)


@cache
def _authority_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey,
    serial: int,
    ca: bool = False,
) -> bytes:
    issuer = signing.name([(NameOID.COMMON_NAME, "A CA")])
    builder = x509.CertificateBuilder(issuer, issuer if ca else SUBJECT, public, serial)
    builder = builder.not_valid_before(_START).not_valid_after(_START + timedelta(days=3650))
    return builder.sign(_authority_key(), hashes.SHA256()).public_bytes(Encoding.DER)
