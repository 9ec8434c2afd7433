"""Leaves for the servers of these tests: good ones, one that parsers refuse, and forged ones."""

import datetime
import hashlib
import ssl
import tempfile
import warnings
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)
_VERSION_3 = bytes.fromhex("a003020102")
_VERSION_4 = bytes.fromhex("a003020103")


@dataclass(frozen=True)
class Leaf:
    """A certificate and a private key, both raw DER. They need not belong together."""

    der: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def context(self, version: ssl.TLSVersion | None = None, ciphers: str = "") -> ssl.SSLContext:
        """What a server that presents this leaf speaks, only in `version` and with `ciphers` where one is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version is not None:
            # Old devices speak what Python warns of.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        with tempfile.NamedTemporaryFile() as file:
            file.write(pem("CERTIFICATE", self.der) + pem("PRIVATE KEY", self.key))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def new_leaf(name: str = "camera") -> Leaf:
    key = ec.generate_private_key(ec.SECP256R1())
    return Leaf(_self_signed(name, key), _private(key))


def unreadable_leaf() -> Leaf:
    """A leaf that claims X.509 version 4: OpenSSL serves it, `cryptography` refuses to load it."""
    good = new_leaf()
    return Leaf(good.der.replace(_VERSION_3, _VERSION_4, 1), good.key)


def forged_leaf(kind: str) -> Leaf:
    """The leaf of a victim with the key of somebody else.

    OpenSSL compares a key with a certificate by their public halves, so the attacker's key gets the victim's.
    """
    victim, attacker = _new_key(kind), _new_key(kind)
    key = _private(attacker)
    assert key.count(_public(attacker)) == 1
    return Leaf(_self_signed("victim", victim), key.replace(_public(attacker), _public(victim)))


def anonymous_context() -> ssl.SSLContext:
    """A server without any certificate. TLS 1.3 has no such thing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


def _self_signed(name: str, key: Key) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _new_key(kind: str) -> Key:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private(key: Key) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _public(key: Key) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.public_key().public_numbers().n.to_bytes(256, "big")


def pem(label: str, der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", label).encode()
