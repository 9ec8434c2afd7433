"""Signatures on certificates and requests, also the old ones.

`cryptography` calls a request signed with SHA-1 or MD5 invalid, whatever its signature. Old devices have nothing else,
and there a signature only shows that the device has the key; so it is verified here, and what is weak is named.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

from core.decide.keys import UNREADABLE, PublicKey

Signed = x509.Certificate | x509.CertificateSigningRequest

_RSA: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    Oid.RSA_WITH_MD5: hashes.MD5(),  # noqa: S303
    Oid.RSA_WITH_SHA1: hashes.SHA1(),  # noqa: S303
    Oid.RSA_WITH_SHA224: hashes.SHA224(),
    Oid.RSA_WITH_SHA256: hashes.SHA256(),
    Oid.RSA_WITH_SHA384: hashes.SHA384(),
    Oid.RSA_WITH_SHA512: hashes.SHA512(),
}
_ECDSA: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    Oid.ECDSA_WITH_SHA1: hashes.SHA1(),  # noqa: S303
    Oid.ECDSA_WITH_SHA224: hashes.SHA224(),
    Oid.ECDSA_WITH_SHA256: hashes.SHA256(),
    Oid.ECDSA_WITH_SHA384: hashes.SHA384(),
    Oid.ECDSA_WITH_SHA512: hashes.SHA512(),
}
_EDWARDS = {Oid.ED25519: "Ed25519", Oid.ED448: "Ed448"}
_HASH_NAMES = {"md5": "MD5"} | {f"sha{size}": f"SHA-{size}" for size in (1, 224, 256, 384, 512)}
_WEAK = ("MD5", "SHA-1")


def is_signed_by(signed: Signed, key: PublicKey) -> bool:
    """Tell whether the private part of `key` made the signature. An unknown way to sign is a no."""
    try:
        _verify(signed, key)
    except UNREADABLE:
        return False
    return True


def is_known(signed: Signed) -> bool:
    """Tell whether the way it is signed is one that can be verified here."""
    oid = signed.signature_algorithm_oid
    return oid in _RSA or oid in _ECDSA or oid in _EDWARDS or oid == Oid.RSASSA_PSS


def algorithm(signed: Signed) -> str:
    """Return how it is signed, such as "SHA-256 with RSA"; the dotted OID where that is unknown."""
    oid = signed.signature_algorithm_oid
    if oid in _RSA:
        return f"{_hash_name(signed)} with RSA"
    if oid in _ECDSA:
        return f"{_hash_name(signed)} with ECDSA"
    if oid == Oid.RSASSA_PSS:
        return f"{_hash_name(signed)} with RSA-PSS"
    return _EDWARDS.get(oid, oid.dotted_string)


def weakness(signed: Signed) -> str:
    """Return the name of the hash it is signed with where that is broken, else nothing."""
    name = _hash_name(signed)
    return name if name in _WEAK else ""


def _hash_name(signed: Signed) -> str:
    oid = signed.signature_algorithm_oid
    used = _RSA.get(oid) or _ECDSA.get(oid)
    if oid == Oid.RSASSA_PSS:
        try:
            used = signed.signature_hash_algorithm
        except UNREADABLE:
            used = None
    return _HASH_NAMES.get(used.name, used.name) if used else "unknown hash"


def _verify(signed: Signed, key: PublicKey) -> None:
    oid, data, signature = signed.signature_algorithm_oid, _signed_part(signed), signed.signature
    if oid in _RSA and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), _RSA[oid])
    elif oid in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(_ECDSA[oid]))
    elif oid in _EDWARDS and isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, data)
    elif oid == Oid.RSASSA_PSS and isinstance(key, rsa.RSAPublicKey):
        _verify_pss(signed, key)
    else:
        raise InvalidSignature("the key is of another kind than the signature")


def _verify_pss(signed: Signed, key: rsa.RSAPublicKey) -> None:
    parameters, used = signed.signature_algorithm_parameters, signed.signature_hash_algorithm
    if not isinstance(parameters, padding.PSS) or used is None:
        raise InvalidSignature("the parameters of the signature are missing")
    key.verify(signed.signature, _signed_part(signed), parameters, used)


def _signed_part(signed: Signed) -> bytes:
    return signed.tbs_certificate_bytes if isinstance(signed, x509.Certificate) else signed.tbs_certrequest_bytes
