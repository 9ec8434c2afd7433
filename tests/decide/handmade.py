"""Certificates as firmware really writes them: one sound one, and what may be wrong with each part of it."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from core.decide import keys
from tests.decide.asn1 import (
    BMP,
    GENERALIZED_TIME,
    IA5,
    NULL,
    PRINTABLE,
    T61,
    UTC_TIME,
    UTF8,
    bits,
    boolean,
    integer,
    name,
    octets,
    oid,
    sequence,
    tlv,
)

CN, O, C = "2.5.4.3", "2.5.4.10", "2.5.4.6"  # noqa: E741
SHA256_RSA, SHA1_RSA, MD5_RSA = "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4"
BASIC, ALTERNATIVE = "2.5.29.19", "2.5.29.17"
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_INFO = keys.encode(RSA_KEY.public_key())
_HASHES = {SHA256_RSA: hashes.SHA256(), SHA1_RSA: hashes.SHA1(), MD5_RSA: hashes.MD5()}


def utc(text: str) -> bytes:
    return tlv(UTC_TIME, text.encode())


def generalized(text: str) -> bytes:
    return tlv(GENERALIZED_TIME, text.encode())


def extension(kind: str, value: bytes, *critical: bytes) -> bytes:
    return sequence(oid(kind), *critical, octets(value))


def alternatives(*names: bytes) -> bytes:
    return extension(ALTERNATIVE, sequence(*names))


def rsa_info(modulus: bytes, exponent: int) -> bytes:
    return sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), bits(sequence(modulus, integer(exponent))))


def ec_info(curve: str, point: bytes) -> bytes:
    return sequence(sequence(oid("1.2.840.10045.2.1"), oid(curve)), bits(point))


SUBJECT = name((CN, UTF8, b"axis-b8a44f1c2d3e"), (O, UTF8, b"Axis"))
DNS, IP = tlv(0x82, b"cam.example"), tlv(0x87, bytes([10, 0, 0, 7]))


@dataclass(frozen=True)
class Parts:
    """The parts of a certificate; `encode` signs them."""

    version: bytes = tlv(0xA0, integer(2))
    serial: bytes = integer(4711)
    algorithm: str = SHA256_RSA
    issuer: bytes = SUBJECT
    validity: bytes = sequence(utc("260101000000Z"), utc("360101000000Z"))
    subject: bytes = SUBJECT
    key: bytes = RSA_INFO
    extensions: tuple[bytes, ...] = field(default_factory=lambda: (alternatives(DNS, IP),))
    signature: bytes | None = None

    def encode(self) -> bytes:
        algorithm = sequence(oid(self.algorithm), NULL)
        extensions = tlv(0xA3, sequence(*self.extensions)) if self.extensions else b""
        body = sequence(
            self.version, self.serial, algorithm, self.issuer, self.validity, self.subject, self.key, extensions
        )
        used = _HASHES.get(self.algorithm, hashes.SHA256())
        signature = RSA_KEY.sign(body, PKCS1v15(), used) if self.signature is None else self.signature
        return sequence(body, algorithm, bits(signature))


SOUND = Parts().encode()


def _named(tag: int, value: bytes) -> bytes:
    return Parts(subject=name((CN, tag, value), (O, UTF8, b"Axis"))).encode()


def _dated(start: bytes, end: bytes = utc("360101000000Z")) -> bytes:
    return Parts(validity=sequence(start, end)).encode()


def _extended(*extensions: bytes) -> bytes:
    return Parts(extensions=extensions).encode()


def _keyed(info: bytes) -> bytes:
    return Parts(key=info).encode()


def _long_lengths(der: bytes) -> bytes:
    """The outer length written with one byte more than need be."""
    return der[:1] + b"\x83\x00" + der[2:4] + der[4:]


def _indefinite(der: bytes) -> bytes:
    return der[:1] + b"\x80" + der[4:] + b"\0\0"


_N = RSA_KEY.public_key().public_numbers().n
_P256_POINT = keys.encode(ec.derive_private_key(7, ec.SECP256R1()).public_key())[-65:]
_BASIC_FALSE = sequence(boolean(0))

HANDMADE: dict[str, bytes] = {
    "version 1 with extensions": Parts(version=b"").encode(),
    "version 1 written out": Parts(version=tlv(0xA0, integer(0))).encode(),
    "version 4": Parts(version=tlv(0xA0, integer(3))).encode(),
    "serial number zero": Parts(serial=integer(0)).encode(),
    "serial number negative": Parts(serial=integer(-5)).encode(),
    "serial number with needless zeros": Parts(serial=tlv(2, b"\0\0\x05")).encode(),
    "serial number empty": Parts(serial=tlv(2)).encode(),
    "serial number of 200 bytes": Parts(serial=tlv(2, b"\x11" * 200)).encode(),
    "PrintableString with _ @ *": _named(PRINTABLE, b"a_b@c*"),
    "PrintableString in Latin-1": _named(PRINTABLE, b"Gr\xfc\xdfe"),
    "T61String": _named(T61, b"Gr\xfc\xdfe"),
    "UTF8String that is none": _named(UTF8, b"\xff\xfe\xfd"),
    "BMPString": _named(BMP, "cam".encode("utf-16-be")),
    "BMPString of odd length": _named(BMP, b"\0c\0a\0"),
    "common name of 300": _named(UTF8, b"x" * 300),
    "common name empty": _named(UTF8, b""),
    "common name with escapes": _named(UTF8, "\x1b]0;x\x07[/]\u202e".encode()),
    "common name as integer": Parts(subject=name((CN, 2, b"\x05"))).encode(),
    "country of three letters": Parts(subject=name((CN, UTF8, b"cam"), (C, PRINTABLE, b"DEU"))).encode(),
    "subject empty": Parts(subject=sequence()).encode(),
    "subject with an empty set": Parts(subject=sequence(tlv(0x31))).encode(),
    "subject is text": Parts(subject=tlv(UTF8, b"cam")).encode(),
    "UTCTime without seconds": _dated(utc("2601010000Z")),
    "UTCTime with an offset": _dated(utc("260101010000+0100")),
    "UTCTime of 1950": _dated(utc("500101000000Z")),
    "GeneralizedTime with fractions": _dated(generalized("20260101000000.5Z")),
    "GeneralizedTime without Z": _dated(generalized("20260101000000")),
    "GeneralizedTime of the year 0": _dated(generalized("00000101000000Z")),
    "GeneralizedTime of the year 1 with an offset": _dated(generalized("00010101000000+1400")),
    "GeneralizedTime of the year 9999": _dated(utc("260101000000Z"), generalized("99991231235959Z")),
    "30 February": _dated(utc("260230000000Z")),
    "date in words": _dated(utc("yesterday")),
    "date as integer": _dated(integer(1)),
    "ends before it begins": _dated(utc("270101000000Z"), utc("260101000000Z")),
    "validity empty": Parts(validity=sequence()).encode(),
    "validity of one date": Parts(validity=sequence(utc("260101000000Z"))).encode(),
    "critical FALSE written out": _extended(extension(ALTERNATIVE, sequence(DNS), boolean(0))),
    "cA FALSE written out": _extended(extension(BASIC, _BASIC_FALSE), alternatives(DNS, IP)),
    "BOOLEAN of 1": _extended(extension(BASIC, sequence(boolean(1))), alternatives(DNS, IP)),
    "extension twice": _extended(alternatives(DNS), alternatives(IP)),
    "alternative address of 5 bytes": _extended(alternatives(DNS, tlv(0x87, b"\x0a\0\0\x07\x01"))),
    "alternative address of 8 bytes": _extended(alternatives(DNS, tlv(0x87, b"\x0a\0\0\x07" * 2))),
    "alternative name in Latin-1": _extended(alternatives(tlv(0x82, b"k\xfcche"))),
    "alternative name with escapes": _extended(alternatives(tlv(0x82, b"\x1b[2J"), DNS)),
    "alternative names that are garbage": _extended(extension(ALTERNATIVE, b"\x30\x05abc")),
    "500 alternative names": _extended(alternatives(*[DNS] * 500)),
    "unknown critical extension": _extended(extension("1.2.3.4", b"\x05\0", boolean(255)), alternatives(DNS, IP)),
    "no extensions": Parts(extensions=()).encode(),
    "RSA exponent 1": _keyed(rsa_info(integer(_N), 1)),
    "RSA exponent 3": _keyed(rsa_info(integer(_N), 3)),
    "RSA modulus negative": _keyed(rsa_info(integer(-_N), 65537)),
    "RSA modulus even": _keyed(rsa_info(integer(_N + 1), 65537)),
    "RSA modulus of zero": _keyed(rsa_info(integer(0), 65537)),
    "RSA of 512 bits": _keyed(rsa_info(integer((1 << 511) + 111), 65537)),
    "RSA of 1024 bits": _keyed(rsa_info(integer((1 << 1023) + 1155), 65537)),
    "RSA of 100,000 bits": _keyed(rsa_info(integer((1 << 99_999) + 1), 65537)),
    "RSA key without NULL": _keyed(
        sequence(sequence(oid("1.2.840.113549.1.1.1")), bits(sequence(integer(_N), integer(65537))))
    ),
    "curve unknown": _keyed(ec_info("1.3.132.0.99", _P256_POINT)),
    "point off the curve": _keyed(ec_info("1.2.840.10045.3.1.7", b"\x04" + b"\x01" * 64)),
    "key of unknown kind": _keyed(sequence(sequence(oid("1.2.3.4")), bits(b"key"))),
    "key of indefinite length": _keyed(b"\x30\x80" + octets(bytes(124)) + b"\0\0"),
    "key is text": _keyed(tlv(UTF8, b"key")),
    "signed with MD5": Parts(algorithm=MD5_RSA).encode(),
    "signed with SHA-1": Parts(algorithm=SHA1_RSA).encode(),
    "signed in an unknown way": Parts(algorithm="1.2.3.4").encode(),
    "signature is garbage": Parts(signature=b"\0" * 256).encode(),
    "signature empty": Parts(signature=b"").encode(),
    "byte too many": SOUND + b"\0",
    "line end too many": SOUND + b"\n",
    "length with needless zeros": _long_lengths(SOUND),
    "length indefinite": _indefinite(SOUND),
    "cut off in the signature": SOUND[:-10],
    "cut off in the middle": SOUND[: len(SOUND) // 2],
    "cut off at the start": SOUND[:5],
    "empty": b"",
    "one byte": b"\x30",
    "text": b"not a certificate",
    "PEM": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "IA5String": _named(IA5, b"cam-1"),
    "64 KiB and more": SOUND + b"\0" * (64 * 1024),
    "64 KiB of nesting": b"\x30\x80" * (32 * 1024),
    "claims four gigabytes": b"\x30\x84\xff\xff\xff\xff" + SOUND[4:],
}
