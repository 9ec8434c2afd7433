"""Keys, certificate requests and certificates that a camera makes. All in DER; the private key as PKCS #8."""

import ipaddress
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from core.simulator import der

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
}
SHA1_RSA = "1.2.840.113549.1.1.5"
MD5_RSA = "1.2.840.113549.1.1.4"
_SHA256_ECDSA = "1.2.840.10045.4.3.2"
HASHES = {"SHA-256": "1.2.840.113549.1.1.11", "SHA-1": SHA1_RSA, "MD5": MD5_RSA}
"""The algorithms for RSA keys, by the name of their hash."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One signature algorithm: for which keys, with which hash and padding."""

    oid: str
    rsa: bool
    hash: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA1 | hashes.MD5
    pss: bool = False


ALGORITHMS = {
    algorithm.oid: algorithm
    for algorithm in (
        Algorithm("1.2.840.113549.1.1.11", True, hashes.SHA256()),
        Algorithm("1.2.840.113549.1.1.12", True, hashes.SHA384()),
        Algorithm("1.2.840.113549.1.1.13", True, hashes.SHA512()),
        Algorithm("1.2.840.113549.1.1.10", True, hashes.SHA256(), pss=True),
        Algorithm(SHA1_RSA, True, hashes.SHA1()),  # noqa: S303 - old cameras know nothing else
        Algorithm(MD5_RSA, True, hashes.MD5()),  # noqa: S303
        Algorithm(_SHA256_ECDSA, False, hashes.SHA256()),
        Algorithm("1.2.840.10045.4.3.3", False, hashes.SHA384()),
    )
}
USUAL = tuple(oid for oid in ALGORITHMS if oid != MD5_RSA)
"""The algorithms that a camera knows unless it says otherwise."""
_OLD_HASHES = (hashes.SHA1, hashes.MD5)
# AlgorithmIdentifier { …WithRSAEncryption, NULL } (RFC 8017, A.2.4)
_SHA256_RSA_IDENTIFIER = bytes.fromhex("300d06092a864886f70d01010b0500")
_OLD_IDENTIFIERS = {
    SHA1_RSA: bytes.fromhex("300d06092a864886f70d0101050500"),
    MD5_RSA: bytes.fromhex("300d06092a864886f70d0101040500"),
}
_KNOWN = 2**200 + 1
_LONGEST_VALIDITY = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def make_key(kind: str, *, known: bool = False) -> bytes:
    """Make a key, such as of kind `RSA 3072` or `EC secp256r1`. Takes up to seconds of computing.

    One on a curve that is to be `known` is the same each time.
    """
    name, _, size = kind.partition(" ")
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if name == "RSA":
        key = rsa.generate_private_key(65537, int(size))
    else:
        key = ec.derive_private_key(_KNOWN, CURVES[size]) if known else ec.generate_private_key(CURVES[size])
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_part(private: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a private key."""
    return encode(public_key(private))


def public_key(private: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Return the public key of a private one."""
    return _load(private).public_key()


def encode(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    """Return the key as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fits(private: bytes, algorithm: Algorithm) -> bool:
    """Tell whether the key is an input to the algorithm."""
    return isinstance(_load(private), rsa.RSAPrivateKey) == algorithm.rsa


def name(attributes: Sequence[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    """Return a subject, one attribute a step. Raises `ValueError` for values that X.509 does not allow."""
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def request(private: bytes, subject: x509.Name, algorithm: Algorithm) -> bytes:
    """Return a certification request (RFC 2986)."""
    key = _load(private)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if not isinstance(algorithm.hash, _OLD_HASHES):
        return builder.sign(key, algorithm.hash, rsa_padding=_padding(algorithm)).public_bytes(Encoding.DER)
    return _signed_by_hand(builder.sign(key, hashes.SHA256()).tbs_certrequest_bytes, private, algorithm)


def signature(private: bytes, message: bytes, algorithm: Algorithm) -> bytes:
    """Return the signature of a message."""
    key, chosen = _load(private), _padding(algorithm)
    if isinstance(key, rsa.RSAPrivateKey):
        assert chosen is not None, "RSA always has a padding"
        return key.sign(message, chosen, algorithm.hash)
    return key.sign(message, ec.ECDSA(algorithm.hash))


def self_signed(
    private: bytes,
    subject: x509.Name,
    algorithm: Algorithm | None = None,
    not_before: datetime = _EARLIEST,
    not_after: datetime = _LONGEST_VALIDITY,
    address: str = "",
) -> bytes:
    """Return a certificate for the key, signed with it. Raises `ValueError` where X.509 does not allow that."""
    builder = _certificate(subject, _load(private), not_before, not_after)
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    serial = x509.random_serial_number()
    return _signed(builder.serial_number(serial), private, algorithm or default_algorithm(private))


def default_algorithm(private: bytes, hash_name: str = "SHA-256") -> Algorithm:
    """Return the algorithm that a camera chooses by itself. Keys on a curve are only used with SHA-256."""
    chosen = ALGORITHMS[HASHES[hash_name]]
    return chosen if fits(private, chosen) else ALGORITHMS[_SHA256_ECDSA]


def factory_certificate(
    private: bytes,
    maker: str,
    model: str,
    serial: str,
    now: datetime,
    days: float = 7300.0,
    address: str = "",
    algorithm: Algorithm | None = None,
) -> bytes:
    """Return the certificate that a camera makes itself: self-signed, good for so many days, with an address if given.

    One that ends soon, or ended before `now`, was made long ago.
    """
    subject = name(
        [
            (NameOID.ORGANIZATION_NAME, maker),
            (NameOID.COMMON_NAME, f"{model}-{serial}"),
            (NameOID.SERIAL_NUMBER, serial),
        ]
    )
    end = now + timedelta(days=days)
    return self_signed(
        private, subject, algorithm, min(now - timedelta(days=1), end - timedelta(days=3650)), end, address
    )


@lru_cache(maxsize=16)
def own_version(der: bytes, private: bytes) -> bytes:
    """Return another certificate for the same subject and dates, signed with its own key; always the same one."""
    given = read(der)
    algorithm = default_algorithm(private)
    builder = _certificate(given.subject, _load(private), given.not_valid_before_utc, given.not_valid_after_utc)
    return _signed(builder.serial_number(given.serial_number), private, algorithm)


def read(der: bytes) -> x509.Certificate:
    """Return a certificate, also one with a serial number that is forbidden. Raises `ValueError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(der)


def signed_by(der: bytes, issuer: bytes) -> bool:
    """Tell whether a certificate is signed with the key of another one."""
    try:
        read(der).verify_directly_issued_by(read(issuer))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _load(private: bytes) -> PrivateKey:
    # Made here a moment ago: checking an RSA key again takes longer than using it.
    key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, PrivateKey)
    return key


def _certificate(subject: x509.Name, key: PrivateKey, before: datetime, after: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.not_valid_before(before).not_valid_after(after)
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)


def _signed(builder: x509.CertificateBuilder, private: bytes, algorithm: Algorithm) -> bytes:
    key = _load(private)
    if isinstance(algorithm.hash, _OLD_HASHES):
        unsigned = builder.sign(key, hashes.SHA256()).tbs_certificate_bytes
        unsigned = unsigned.replace(_SHA256_RSA_IDENTIFIER, _OLD_IDENTIFIERS[algorithm.oid], 1)
        return _signed_by_hand(unsigned, private, algorithm)
    made = builder.sign(
        key,
        algorithm.hash,
        rsa_padding=_padding(algorithm),
        ecdsa_deterministic=None if algorithm.rsa else True,
    )
    return made.public_bytes(Encoding.DER)


def _signed_by_hand(unsigned: bytes, private: bytes, algorithm: Algorithm) -> bytes:
    """Sign as `cryptography` no longer does."""
    made = der.bit_string(signature(private, unsigned, algorithm))
    return der.sequence(unsigned, _OLD_IDENTIFIERS[algorithm.oid], made)


def _padding(algorithm: Algorithm) -> padding.PSS | padding.PKCS1v15 | None:
    if algorithm.pss:
        return padding.PSS(mgf=padding.MGF1(algorithm.hash), salt_length=padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15() if algorithm.rsa else None
