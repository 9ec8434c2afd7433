"""Certificate signing requests, good and bad, each with what is to be made of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

from core.decide import keys
from tests.decide.asn1 import NULL, UTF8, bits, integer, name, oid, sequence, tlv
from tests.decide.handmade import CN, RSA_INFO, RSA_KEY, ec_info, rsa_info

NAME = "cam-14.gw-042.cam.internal"
OTHER_RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
OTHER_P256 = ec.generate_private_key(ec.SECP256R1())
RSA_SHA256, RSA_SHA1, RSA_MD5 = "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4"
ECDSA_SHA256, ECDSA_SHA1 = "1.2.840.10045.4.3.2", "1.2.840.10045.4.1"
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
Sign = Callable[[bytes], bytes]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Request:
    """A request by hand: any key, any signature."""

    info: bytes = RSA_INFO
    sign: Sign = lambda body: RSA_KEY.sign(body, padding.PKCS1v15(), hashes.SHA256())
    algorithm: str = RSA_SHA256
    parameters: bytes = NULL
    version: bytes = integer(0)
    subject: bytes = field(default_factory=lambda: name((CN, UTF8, NAME.encode())))
    attributes: bytes = tlv(0xA0)

    def encode(self) -> bytes:
        body = sequence(self.version, self.subject, self.info, self.attributes)
        return sequence(body, sequence(oid(self.algorithm), self.parameters), bits(self.sign(body)))


def with_rsa(key: rsa.RSAPrivateKey, used: hashes.HashAlgorithm) -> Sign:
    return lambda body: key.sign(body, padding.PKCS1v15(), used)


def with_ec(key: ec.EllipticCurvePrivateKey, used: hashes.HashAlgorithm) -> Sign:
    return lambda body: key.sign(body, ec.ECDSA(used))


def with_numbers(modulus: int, secret: int) -> Sign:
    """PKCS #1 v1.5 with SHA-256 (RFC 8017, 8.2.1) for keys that no library would sign with."""

    def sign(body: bytes) -> bytes:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(body)
        size = (modulus.bit_length() + 7) // 8
        tail = b"\x00" + _SHA256_PREFIX + digest.finalize()
        padded = b"\x00\x01".ljust(size - len(tail), b"\xff") + tail
        return pow(int.from_bytes(padded, "big"), secret, modulus).to_bytes(size, "big")

    return sign


def asked(key: Key, subject: x509.Name | None = None, *wishes: x509.ExtensionType, password: bytes = b"") -> bytes:
    """A request as `cryptography` writes it."""
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(own if subject is None else subject)
    for wish in wishes:
        builder = builder.add_extension(wish, critical=False)
    if password:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, password)
    used = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, used).public_bytes(Encoding.DER)


def pss() -> bytes:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    way = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    builder = x509.CertificateSigningRequestBuilder().subject_name(own)
    return builder.sign(RSA_KEY, hashes.SHA256(), rsa_padding=way).public_bytes(Encoding.DER)


def subject(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])


def _info(key: Key) -> bytes:
    return keys.encode(key.public_key())


def _close_primes() -> bytes:
    first, second = (3 << 1022) + 1037, (3 << 1022) + 1697
    modulus, secret = first * second, pow(65537, -1, (first - 1) * (second - 1))
    return Request(rsa_info(integer(modulus), 65537), with_numbers(modulus, secret)).encode()


def _flipped(der: bytes, at: int) -> bytes:
    return der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :]


GREEDY = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.SubjectAlternativeName([x509.DNSName("*.com"), x509.DNSName("*")]),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
)
_SHA1, _MD5 = hashes.SHA1(), hashes.MD5()
_WEAK = "signed with {}, which is weak"
_WISHES = "what else the device asked for (basic constraints, alternative names, extended key usage)"
_N = RSA_KEY.public_key().public_numbers().n
_NO_SMALL_FACTOR = next(n for n in range(_N // 751 | 1, _N, 2) if math.gcd(n, math.factorial(750)) == 1)
_N3072 = rsa.generate_private_key(65537, 3072)
_WEAK_CURVE = ec.generate_private_key(ec.SECP224R1())
_BRAINPOOL = ec.generate_private_key(ec.BrainpoolP256R1())
_KOBLITZ = ec.generate_private_key(ec.SECP256K1())
_DSA_INFO = sequence(
    sequence(oid("1.2.840.10040.4.1"), sequence(integer((1 << 2047) + 1), integer((1 << 255) + 1), integer(2))),
    bits(integer(4)),
)
_PLAIN = Request().encode()

GOOD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "RSA 2048": (asked(RSA_KEY), ()),
    "RSA 3072": (asked(_N3072), ()),
    "RSA by hand": (_PLAIN, ()),
    "RSA-PSS": (pss(), ()),
    "P-256": (asked(P256), ()),
    "P-384": (asked(ec.generate_private_key(ec.SECP384R1())), ()),
    "P-521": (asked(ec.generate_private_key(ec.SECP521R1())), ()),
    "signed with SHA-1": (
        Request(sign=with_rsa(RSA_KEY, _SHA1), algorithm=RSA_SHA1).encode(),
        (_WEAK.format("SHA-1"),),
    ),
    "signed with MD5": (Request(sign=with_rsa(RSA_KEY, _MD5), algorithm=RSA_MD5).encode(), (_WEAK.format("MD5"),)),
    "P-256 signed with SHA-1": (
        Request(_info(P256), with_ec(P256, _SHA1), ECDSA_SHA1, b"").encode(),
        (_WEAK.format("SHA-1"),),
    ),
    "no subject": (asked(RSA_KEY, x509.Name([])), ()),
    "another subject": (
        asked(RSA_KEY, subject((NameOID.COMMON_NAME, "google.com"), (NameOID.ORGANIZATION_NAME, "Evil"))),
        ("the subject that the device asked for (google.com, O=Evil)",),
    ),
    "subject with escapes": (
        Request(subject=name((CN, UTF8, b"\x1b]0;x\x07[/]"))).encode(),
        ("the subject that the device asked for (⟨001B⟩]0;x⟨0007⟩[/])",),
    ),
    "subject that is no UTF-8": (
        Request(subject=name((CN, UTF8, b"\xff\xfe"))).encode(),
        ("the subject that the device asked for (\ufffd\ufffd)",),
    ),
    "asks to be a CA of everything": (asked(RSA_KEY, None, *GREEDY), (_WISHES,)),
    "asks with a challenge password": (asked(RSA_KEY, password=b"hunter2"), ("asked for (1.2.840.113549.1.9.7)",)),
    "garbage in the extension request": (
        Request(
            attributes=tlv(0xA0, sequence(oid("1.2.840.113549.1.9.14"), tlv(0x31, sequence(tlv(2, b"\x05")))))
        ).encode(),
        ("what else the device asked for (unreadable)",),
    ),
}

BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "cannot be read"),
    "garbage": (b"\x30\x03abc", "cannot be read"),
    "random bytes": (bytes(range(256)), "cannot be read"),
    "cut off": (_PLAIN[:-1], "cannot be read"),
    "byte too many": (_PLAIN + b"\0", "cannot be read"),
    "line end too many": (_PLAIN + b"\n", "cannot be read"),
    "twice": (_PLAIN * 2, "cannot be read"),
    "PEM": (b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "as text"),
    "PEM after blank lines": (b"\r\n\r\n-----BEGIN NEW CERTIFICATE REQUEST-----\n", "as text"),
    "larger than 16 KiB": (_PLAIN + b"\0" * (16 * 1024), "too large"),
    "a megabyte": (b"\x30" * (1 << 20), "too large"),
    "version 1": (Request(version=integer(1)).encode(), "cannot be read"),
    "bit flipped in the subject": (_flipped(_PLAIN, 40), "not signed by the key"),
    "bit flipped in the signature": (_flipped(_PLAIN, len(_PLAIN) - 1), "not signed by the key"),
    "signature empty": (Request(sign=lambda _: b"").encode(), "not signed by the key"),
    "victim's key, attacker's signature": (
        Request(sign=with_rsa(OTHER_RSA, hashes.SHA256())).encode(),
        "not signed by the key",
    ),
    "victim's key, attacker's SHA-1 signature": (
        Request(sign=with_rsa(OTHER_RSA, _SHA1), algorithm=RSA_SHA1).encode(),
        "not signed by the key",
    ),
    "victim's EC key, attacker's signature": (
        Request(_info(P256), with_ec(OTHER_P256, hashes.SHA256()), ECDSA_SHA256, b"").encode(),
        "not signed by the key",
    ),
    "RSA key, EC signature": (
        Request(sign=with_ec(P256, hashes.SHA256()), algorithm=ECDSA_SHA256, parameters=b"").encode(),
        "not signed by the key",
    ),
    "SHA-1 signature called SHA-256": (Request(sign=with_rsa(RSA_KEY, _SHA1)).encode(), "not signed by the key"),
    "unknown signature algorithm": (Request(algorithm="1.2.3.4").encode(), r"unknown way \(1\.2\.3\.4\)"),
    "RSA-PSS without parameters": (Request(algorithm="1.2.840.113549.1.1.10").encode(), "cannot be read|not signed"),
    "RSA 1024": (asked(rsa.generate_private_key(65537, 1024)), "RSA key of 1024 bits"),
    "RSA 2047": (Request(rsa_info(integer(_N >> 1 | 1), 65537)).encode(), "RSA key of 2047 bits"),
    "RSA of 60,000 bits": (Request(rsa_info(integer((1 << 60_000) - 1), 65537)).encode(), "8192 is the most"),
    "RSA exponent 3": (asked(rsa.generate_private_key(3, 2048)), "weak exponent"),
    "RSA exponent even": (Request(rsa_info(integer(_N), 65538)).encode(), "key .* cannot be read"),
    "RSA exponent 1": (Request(rsa_info(integer(_N), 1)).encode(), "key .* cannot be read"),
    "RSA modulus even": (Request(rsa_info(integer(_N + 1), 65537)).encode(), "anyone can break"),
    "RSA modulus with a small factor": (
        Request(rsa_info(integer(751 * _NO_SMALL_FACTOR), 65537)).encode(),
        "anyone can break",
    ),
    "RSA modulus a square": (Request(rsa_info(integer(((3 << 1022) + 1037) ** 2), 65537)).encode(), "anyone can break"),
    "RSA primes too close": (_close_primes(), "anyone can break"),
    "RSA modulus negative": (Request(rsa_info(integer(-_N), 65537)).encode(), "cannot be read"),
    "P-224": (asked(_WEAK_CURVE), r"not accepted \(EC secp224r1\)"),
    "brainpool": (asked(_BRAINPOOL), "not accepted"),
    "secp256k1": (asked(_KOBLITZ), "not accepted"),
    "unknown curve": (Request(ec_info("1.3.132.0.99", _info(P256)[-65:])).encode(), "key .* cannot be read"),
    "point off the curve": (
        Request(ec_info("1.2.840.10045.3.1.7", b"\x04" + b"\x01" * 64)).encode(),
        "key .* cannot be read",
    ),
    "Ed25519": (asked(ed25519.Ed25519PrivateKey.generate()), r"not accepted \(Ed25519\)"),
    "DSA": (Request(_DSA_INFO).encode(), r"not accepted \(DSA 2048\)"),
    "unknown kind of key": (
        Request(sequence(sequence(oid("1.2.3.4")), bits(b"key"))).encode(),
        "key .* cannot be read",
    ),
}
