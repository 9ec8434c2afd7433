"""Reads certificates back after they were signed or stored, knowing nothing of how they were made."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.authority.profile import Leaf
from core.decide import keys
from core.decide.certificates import issued_by


def leaf_defects(der: bytes, leaf: Leaf, authority: x509.Certificate) -> list[str]:
    """Return what is not as it should be in a signed leaf; empty means that it may be handed out."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        checks = _leaf_checks(certificate, leaf, authority) | _profile_checks(certificate.extensions, leaf)
    except (*keys.UNREADABLE, x509.ExtensionNotFound):
        return ["a part is missing or unreadable"]
    return [what for what, holds in checks.items() if not holds]


def authority_zone(certificate: x509.Certificate) -> str:
    """Return the DNS zone that an authority's certificate holds it to, empty where it is no such authority."""
    extensions = certificate.extensions
    try:
        constraints = extensions.get_extension_for_class(x509.NameConstraints).value
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return ""
    zones = [name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)]
    return zones[0] if basic.ca and len(zones) == 1 else ""


def _leaf_checks(certificate: x509.Certificate, leaf: Leaf, authority: x509.Certificate) -> dict[str, bool]:
    der, authority_der = certificate.public_bytes(Encoding.DER), authority.public_bytes(Encoding.DER)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return {
        "signature": issued_by(der, authority_der),
        "hash": isinstance(certificate.signature_hash_algorithm, hashes.SHA256),
        "key": keys.encode(certificate.public_key()) == keys.encode(leaf.key),
        "subject": certificate.subject.rfc4514_string() == f"CN={leaf.name}",
        "validity": (start, end) == (leaf.validity.start, leaf.validity.end),
        "end": start < end <= authority.not_valid_after_utc,
    }


def _profile_checks(extensions: x509.Extensions, leaf: Leaf) -> dict[str, bool]:
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [] if leaf.address is None else [leaf.address]
    return {
        "basic constraints": basic.critical and not basic.value.ca,
        "key usage": usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign,
        "purposes": list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH],
        "names": names.get_values_for_type(x509.DNSName) == [leaf.name],
        "addresses": names.get_values_for_type(x509.IPAddress) == addresses,
    }
