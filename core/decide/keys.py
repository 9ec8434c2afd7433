"""Public keys: which kind, whether weak, and the fingerprint that tells two of them apart."""

import hashlib

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

SMALLEST_RSA = 2048
SMALLEST_WEAK_RSA = 1024
"""For a device that makes nothing better."""
SMALLEST_EXPONENT = 65537
SMALLEST_CURVE = 256
PublicKey = PublicKeyTypes | CertificatePublicKeyTypes
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    InvalidSignature,
    InternalError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for keys, certificates and requests that it cannot make sense of."""

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def encode(key: PublicKey) -> bytes:
    """Return the key as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load(info: bytes) -> PublicKey | None:
    """Return the key in a SubjectPublicKeyInfo, None where it is damaged or of an unknown kind."""
    try:
        return load_der_public_key(info)
    except UNREADABLE:
        return None


def fingerprint(info: bytes) -> str:
    """Return the SHA-256 of a SubjectPublicKeyInfo, encoded anew where possible: one key has one fingerprint."""
    key = load(info)
    return hashlib.sha256(info if key is None else encode(key)).hexdigest()


def kind(key: PublicKey) -> str:
    """Return what to call the key, such as "RSA 3072" or "EC P-256"."""
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}"
    return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def weaknesses(key: PublicKey) -> tuple[str, ...]:
    """Return in words what makes the key weaker than one made today would be."""
    found: list[str] = []
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if key.key_size < SMALLEST_RSA:
            found.append(f"RSA key of {key.key_size} bits is weak")
        if exponent < SMALLEST_EXPONENT:
            found.append(f"RSA exponent {exponent} is small")
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < SMALLEST_CURVE:
        found.append(f"EC key of {key.curve.key_size} bits is weak")
    elif isinstance(key, dsa.DSAPublicKey):
        found.append("DSA keys are out of use")
    return tuple(found)
