"""Which certificate signing requests the authority follows (PKCS #10, RFC 2986).

Only the public key is taken from a request. Its signature has to show that the device has the private part, and the key
has to be one that can last ten years and belongs to this device alone. What else the device asks for is not followed,
and said.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from core.decide import keys, signatures
from core.decide.certificates import name_text, quiet
from core.decide.der import children, read
from core.model.errors import DeviceError
from core.model.text import clean

LARGEST = 16 * 1024
LARGEST_RSA = 8192
SignableKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_LARGEST_SMALL_FACTOR = 751
_SMALL_FACTORS = math.factorial(_LARGEST_SMALL_FACTOR)
_FERMAT_ROUNDS = 100
_EXTENSION_REQUEST = x509.ObjectIdentifier("1.2.840.113549.1.9.14")
_EXTENSIONS = {
    ExtensionOID.BASIC_CONSTRAINTS: "basic constraints",
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "alternative names",
    ExtensionOID.KEY_USAGE: "key usage",
    ExtensionOID.EXTENDED_KEY_USAGE: "extended key usage",
}
_KEEPS = "The device keeps its own certificate."
_FIRMWARE = f"{_KEEPS} Look for newer firmware, then try again."
_AGAIN = f"{_KEEPS} Try again; if this happens again, look for newer firmware."
_OTHER_KEY = f"{_KEEPS} Ask it for another kind of key, or look for newer firmware."
_SHARED = f"{_KEEPS} Devices that share a key can pass for each other: let this one make a new key, then try again."


class CsrError(DeviceError):
    """The request of a device is not followed; `title` says why."""


@dataclass(frozen=True, slots=True)
class CheckedCsr:
    """The key that a good request is for, and in words what else was in the request."""

    key: SignableKey
    notes: tuple[str, ...]


def check(
    csr: bytes,
    *,
    name: str,
    own_key: str,
    made: bytes | None = None,
    other_keys: Mapping[str, str] | None = None,
    smallest_rsa: int = keys.SMALLEST_RSA,
) -> CheckedCsr:
    """Return the key of a request, which is raw DER of at most 16 KiB. Raises CsrError.

    `name` is the common name that the certificate will have, `own_key` the fingerprint of the authority's own key,
    `made` the SubjectPublicKeyInfo of the key that the device made where that is known, and `other_keys` the names of
    the other devices by the fingerprints of their keys. `smallest_rsa`, in bits, is less than usual for a device that
    makes nothing better.
    """
    request = _load(csr)
    key = _usable_key(request, smallest_rsa)
    _check_possession(request, key)
    _check_ownership(key, own_key, made, other_keys or {})
    return CheckedCsr(key, (*_notes(request, name), *keys.weaknesses(key)))


def _load(csr: bytes) -> x509.CertificateSigningRequest:
    if len(csr) > LARGEST:
        raise CsrError(f"The device's certificate request is too large ({len(csr)} bytes)", _FIRMWARE)
    if csr.lstrip().startswith(b"-----BEGIN"):
        raise CsrError("The device sent its certificate request as text (PEM) where raw DER belongs", _FIRMWARE)
    try:
        with quiet():
            return x509.load_der_x509_csr(csr)
    except keys.UNREADABLE:
        raise CsrError("The device's certificate request cannot be read", _AGAIN) from None


def _usable_key(request: x509.CertificateSigningRequest, smallest_rsa: int) -> SignableKey:
    try:
        key = request.public_key()
    except keys.UNREADABLE:
        raise CsrError("The key in the device's certificate request cannot be read", _OTHER_KEY) from None
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key, smallest_rsa)
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise CsrError(f"The device made a key of a kind that is not accepted ({keys.kind(key)})", _OTHER_KEY)


def _check_rsa(key: rsa.RSAPublicKey, smallest: int) -> None:
    modulus, exponent, size = key.public_numbers().n, key.public_numbers().e, key.key_size
    if size < smallest:
        raise CsrError(f"The device made an RSA key of {size} bits; {smallest} is the least", _OTHER_KEY)
    if size > LARGEST_RSA:
        raise CsrError(f"The device made an RSA key of {size} bits; {LARGEST_RSA} is the most", _OTHER_KEY)
    if exponent < keys.SMALLEST_EXPONENT:
        raise CsrError("The device made an RSA key with a weak exponent", _FIRMWARE)
    if math.gcd(modulus, _SMALL_FACTORS) > 1 or _has_close_factors(modulus):
        raise CsrError("The device made an RSA key that anyone can break", _FIRMWARE)


def _has_close_factors(modulus: int) -> bool:
    """Try Fermat's factorisation for as many rounds as public authorities have to (CA/Browser Forum, BR 6.1.1.3)."""
    middle = math.isqrt(modulus - 1) + 1
    for _ in range(_FERMAT_ROUNDS):
        rest = middle * middle - modulus
        if math.isqrt(rest) ** 2 == rest:
            return True
        middle += 1
    return False


def _check_possession(request: x509.CertificateSigningRequest, key: SignableKey) -> None:
    if not signatures.is_known(request):
        way = signatures.algorithm(request)
        raise CsrError(f"The device signed its certificate request in an unknown way ({way})", _FIRMWARE)
    if not signatures.is_signed_by(request, key):
        raise CsrError("The device's certificate request is not signed by the key that it is for", _AGAIN)


def _check_ownership(key: SignableKey, own_key: str, made: bytes | None, other_keys: Mapping[str, str]) -> None:
    found = keys.fingerprint(keys.encode(key))
    if found == own_key:
        raise CsrError("The device's certificate request is for the key of the authority itself", _SHARED)
    if found in other_keys:
        raise CsrError(f"The device's key is also the key of {clean(other_keys[found])}", _SHARED)
    if made is not None and found != keys.fingerprint(made):
        raise CsrError("The device's certificate request is for another key than the one it made", _AGAIN)


def _notes(request: x509.CertificateSigningRequest, name: str) -> Iterator[str]:
    _, subject, *_ = children(read(request.tbs_certrequest_bytes))
    asked = name_text(subject)
    if asked not in ("", name):
        yield f"Not followed: the subject that the device asked for ({asked})"
    if wishes := _wishes(request):
        yield f"Not followed: what else the device asked for ({wishes})"
    if weak := signatures.weakness(request):
        yield f"The request is signed with {weak}, which is weak; the certificate is not"


def _wishes(request: x509.CertificateSigningRequest) -> str:
    try:
        with quiet():
            extensions = [extension.oid for extension in request.extensions]
            others = [attribute.oid for attribute in request.attributes if attribute.oid != _EXTENSION_REQUEST]
    except keys.UNREADABLE:
        return "unreadable"
    named = [_EXTENSIONS.get(oid, oid.dotted_string) for oid in (*extensions, *others)]
    return clean(", ".join(named), 128)
