"""What the certificates look like that the authority makes (RFC 5280), and the check that one looks like that.

An authority can only vouch for its own gateway's devices: name constraints hold it to the gateway's DNS zone and to
private addresses. That is for the technicians who import it into a browser.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.authority import names
from core.authority.keyfile import PrivateKey
from core.decide.csr import SignableKey

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

AUTHORITY_YEARS = 20
LEAF_DAYS = 3650
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
