"""What the certificates that the authority makes look like (RFC 5280).

An authority can only vouch for its own gateway's devices: name constraints hold it to the gateway's DNS zone and to
private addresses. That is for the technicians who import it into a browser.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.authority import names
from core.authority.keyfile import PrivateKey
from core.decide.csr import SignableKey

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

AUTHORITY_DAYS = 7305
LEAF_DAYS = 3650
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when, in whole seconds of UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf is made from."""

    name: str
    address: Address | None
    key: SignableKey
    validity: Validity


def leaf_validity(now: datetime, device_clock: datetime | None, authority_end: datetime) -> Validity:
    """Return from when to when a leaf holds.

    It begins a day before the earlier of both clocks, so that a device that lost the time takes it too; a clock before
    1970 counts as 1970. It ends ten years from the gateway's time, but not after the authority.
    """
    earliest = now if device_clock is None else min(now, max(device_clock, _EPOCH))
    start, end = earliest - _DAY, min(now + timedelta(days=LEAF_DAYS), authority_end)
    return Validity(start.astimezone(UTC).replace(microsecond=0), end.astimezone(UTC).replace(microsecond=0))


def is_permitted(address: Address) -> bool:
    """Tell whether an authority may vouch for an address."""
    return any(address in network for network in _PRIVATE)


def make_authority(key: PrivateKey, organization: str, zone: str, now: datetime) -> x509.Certificate:
    """Sign the authority's own certificate: twenty years, for this zone and private addresses, no other CA below it."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, names.authority_name(organization, zone)),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    start = now.astimezone(UTC).replace(microsecond=0) - _DAY
    validity = Validity(start, start + timedelta(days=AUTHORITY_DAYS))
    permitted = [x509.DNSName(zone), *(x509.IPAddress(network) for network in _PRIVATE)]
    return (
        _builder(key.public_key(), name, name, validity)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )


def make_leaf(leaf: Leaf, authority: x509.Certificate, key: PrivateKey) -> bytes:
    """Sign a leaf; return its DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, leaf.name)])
    signer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    uses = ("digital_signature", "key_encipherment") if isinstance(leaf.key, RSAPublicKey) else ("digital_signature",)
    alternatives: list[x509.GeneralName] = [x509.DNSName(leaf.name)]
    if leaf.address is not None:
        alternatives.append(x509.IPAddress(leaf.address))
    return (
        _builder(leaf.key, authority.subject, name, leaf.validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(*uses), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def _builder(key: SignableKey, issuer: x509.Name, subject: x509.Name, validity: Validity) -> x509.CertificateBuilder:
    """Return what both kinds of certificate have in common."""
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _usage(*uses: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in uses for use in _USES})
