"""Certificates as some firmware makes them and strict programs refuse to read them. All in DER, signed by their key."""

from collections.abc import Callable
from hashlib import sha256

from core.simulator import der, signing
from core.simulator.quirks import Quirks

# The beginning of an extension: basicConstraints, critical TRUE or FALSE (RFC 5280, 4.1 and 4.2.1.9).
_CRITICAL = bytes.fromhex("0603551d130101ff")
_NOT_CRITICAL = bytes.fromhex("0603551d13010100")


def flawed(certificate: bytes, private: bytes, quirks: Quirks) -> bytes:
    """Return a self-signed certificate of ours with the flaws that the camera's certificates have."""
    given = signing.read(certificate)
    unsigned = given.tbs_certificate_bytes
    for has, change in _flaws(quirks):
        unsigned = change(unsigned) if has else unsigned
    if unsigned == given.tbs_certificate_bytes:
        return certificate
    algorithm = signing.ALGORITHMS[given.signature_algorithm_oid.dotted_string]
    identifier = der.parts(certificate)[1]
    return der.sequence(unsigned, identifier, der.bit_string(signing.signature(private, unsigned, algorithm)))


def _flaws(quirks: Quirks) -> list[tuple[bool, Callable[[bytes], bytes]]]:
    return [
        (quirks.sloppy_certificates, _with_default_written_out),
        (quirks.negative_serials, _with_negative_serial),
        (quirks.zero_serials, _with_zero_serial),
        (quirks.version_1_certificates, _as_version_1),
    ]


def _with_default_written_out(unsigned: bytes) -> bytes:
    return unsigned.replace(_CRITICAL, _NOT_CRITICAL)


def _with_negative_serial(unsigned: bytes) -> bytes:
    # Negative, and in the shortest form: the first two bits are 10.
    first, *rest = sha256(unsigned).digest()[:8]
    return _with_serial(unsigned, bytes((0x80 | first & 0x3F, *rest)))


def _with_zero_serial(unsigned: bytes) -> bytes:
    return _with_serial(unsigned, b"\0")


def _with_serial(unsigned: bytes, serial: bytes) -> bytes:
    version, _, *rest = der.parts(unsigned)
    return der.sequence(version, der.tagged(der.INTEGER, serial), *rest)


def _as_version_1(unsigned: bytes) -> bytes:
    """Leave out the version, as 1 is its default, and the extensions, which came with version 3."""
    _, *rest, _ = der.parts(unsigned)
    return der.sequence(*rest)
