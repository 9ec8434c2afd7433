"""What a device says that it can do with certificates (ONVIF Security Configuration, GetServiceCapabilities).

The first edition of the service and today's name the same abilities differently; whichever is there counts.
"""

import re

from lxml import etree

from core.model.keystore import KeystoreCapabilities, Way
from core.onvif.reading import boolean, child, children, number, said, text

_MOST_LISTED = 64
_OID = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,31}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def read_capabilities(answered: etree._Element) -> KeystoreCapabilities:
    """Return the abilities; what cannot be read counts as not said."""
    capabilities = child(answered, "Capabilities")
    keystore, tls = child(capabilities, "KeystoreCapabilities"), child(capabilities, "TLSServerCapabilities")
    lengths = _lengths(keystore)
    curves = _names(said(keystore, "EllipticCurves"))
    kinds = said(keystore, "KeyPairGeneration").upper().split()
    return KeystoreCapabilities(
        makes_rsa=_can(keystore, "RSAKeyPairGeneration", "RSA" in kinds or (not kinds and bool(lengths))),
        makes_ec=_can(
            keystore, "ECCKeyPairGeneration", bool({"ECC", "EC"} & set(kinds)) or (not kinds and bool(curves))
        ),
        rsa_lengths=lengths,
        curves=curves,
        csr=_can(keystore, "PKCS10ExternalCertificationWithRSA", False) or _can(keystore, "PKCS10", False),
        tls_server=said(tls, "TLSServerSupported").lower() not in ("", "0", "false"),
        most_keys=number(said(keystore, "MaximumNumberOfKeys")),
        most_certificates=number(said(keystore, "MaximumNumberOfCertificates")),
        most_paths=number(said(keystore, "MaximumNumberOfCertificationPaths")),
        most_tls_paths=number(said(tls, "MaximumNumberOfTLSCertificationPaths")),
        algorithms=_algorithms(keystore),
    )


def read_device_capabilities(answered: etree._Element) -> KeystoreCapabilities | None:
    """Return the same of the device service (GetServiceCapabilities or GetCapabilities), None where it makes no keys.

    What kind of key it makes, and how many certificates there is room for, it never says.
    """
    capabilities = child(answered, "Capabilities")
    security = child(capabilities, "Security")
    if security is None:
        security = child(capabilities, "Device", "Security")
    if not boolean(said(security, "OnboardKeyGeneration")):
        return None
    return KeystoreCapabilities(way=Way.DEVICE, makes_rsa=True, csr=True, tls_server=True)


def _can(keystore: etree._Element | None, name: str, otherwise: bool) -> bool:
    """Return what the attribute says, or else what follows from the others."""
    stated = boolean(said(keystore, name))
    return otherwise if stated is None else stated


def _lengths(keystore: etree._Element | None) -> tuple[int, ...]:
    lengths = (number(length, 65536) for length in _names(said(keystore, "RSAKeyLengths")))
    return tuple(length for length in lengths if length)


def _names(listed: str) -> tuple[str, ...]:
    names = listed.replace(",", " ").split(None, _MOST_LISTED)[:_MOST_LISTED]
    return tuple(name for name in names if _NAME.fullmatch(name))


def _algorithms(keystore: etree._Element | None) -> tuple[str, ...]:
    oids = (text(listed, "algorithm") for listed in children(keystore, "SignatureAlgorithms"))
    return tuple(oid for oid in oids if _OID.fullmatch(oid))[:_MOST_LISTED]
