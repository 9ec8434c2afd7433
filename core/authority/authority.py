"""The certificate authority of one gateway."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from core.authority import inspection, names, profile
from core.authority.profile import Address, Leaf
from core.authority.storage import CERTIFICATE_FILE, KEY_FILE, Stored, load_or_make
from core.decide import keys
from core.decide.csr import check
from core.model.config import AuthoritySettings
from core.model.errors import CamtrustError
from core.model.text import clean


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """What to sign for which device.

    `device` is its id, `host` the address or DNS name that it is reached at. `public_key` is the SubjectPublicKeyInfo
    of the key that it made, where that is known; `device_clock` what it takes the time to be; `other_keys` the names
    of all other devices by the fingerprints of their keys; `smallest_rsa`, in bits, the least key to sign for.
    """

    device: str
    host: str
    public_key: bytes | None
    now: datetime
    device_clock: datetime | None = None
    other_keys: Mapping[str, str] = field(default_factory=dict)
    smallest_rsa: int = keys.SMALLEST_RSA


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed leaf, and in words what was not followed or is weak."""

    der: bytes
    notes: tuple[str, ...]


class Authority:
    """Signs leaves. `der` is its own certificate, `protection` tells in words how its key is kept."""

    __slots__ = ("_stored", "_zone", "der", "protection")

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._zone = inspection.authority_zone(stored.certificate)
        self.der = stored.certificate.public_bytes(Encoding.DER)
        self.protection = stored.protection

    def __repr__(self) -> str:
        return f"<Authority of {self._zone}>"

    @classmethod
    def open(cls, folder: Path, settings: AuthoritySettings, gateway: str, now: datetime) -> "Authority":
        """Load the authority from a folder that only this account can enter, or make it there.

        `gateway` names a new one; afterwards its certificate says what it is called. Raises UnsafeStateError for
        files that others could use, and other CamtrustErrors.
        """
        return cls(load_or_make(folder, settings, gateway, now))

    def subject(self, device: str) -> str:
        """Return the common name that a device gets, for it to ask for just that."""
        return names.device_name(device, self._zone)

    def issue(self, csr: bytes, request: IssueRequest) -> Issued:
        """Sign a leaf for the key of a request (raw DER). Takes milliseconds of CPU.

        Only the key comes from the request; names, dates and uses are the authority's. Raises CsrError for a request
        that is not followed, and CamtrustError where the authority cannot sign at this time.
        """
        authority, key = self._stored.certificate, self._stored.key
        self._check_time(request.now)
        name = self.subject(request.device)
        own_key = keys.fingerprint(keys.encode(key.public_key()))
        checked = check(
            csr,
            name=name,
            own_key=own_key,
            made=request.public_key,
            other_keys=request.other_keys,
            smallest_rsa=request.smallest_rsa,
        )
        validity = profile.leaf_validity(request.now, request.device_clock, authority.not_valid_after_utc)
        leaf = Leaf(name, _permitted_address(request.host), checked.key, validity)
        der = profile.make_leaf(leaf, authority, key)
        if defects := inspection.leaf_defects(der, leaf, authority):
            title = f"The signed certificate is not as it should be ({', '.join(defects)})"
            raise CamtrustError(title, "It is not used. Please report this.")
        return Issued(der, (*checked.notes, *_notes(request, leaf)))

    def _check_time(self, now: datetime) -> None:
        start, end = self._stored.certificate.not_valid_before_utc, self._stored.certificate.not_valid_after_utc
        anew = f"put {KEY_FILE} and {CERTIFICATE_FILE} away and start again: devices then need new certificates."
        if now < start:
            title = f"The gateway's clock says {now.date()}, before its authority was made"
            raise CamtrustError(title, f"Set the clock. If it is right now and was wrong then, {anew}")
        if now >= end:
            raise CamtrustError(f"The authority ended on {end.date()}", f"If the clock is right, {anew}")


def _permitted_address(host: str) -> Address | None:
    """Return the address that the leaf may name, without its zone: None for a DNS name or a public address."""
    address = _address(host)
    return address if address is not None and profile.is_permitted(address) else None


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def _notes(request: IssueRequest, leaf: Leaf) -> Iterator[str]:
    if leaf.address is None:
        what = "a DNS name" if _address(request.host) is None else "not a private address"
        yield f"{clean(request.host)} is {what}: the certificate names {leaf.name} only"
    clock = request.device_clock
    if clock is not None and clock >= leaf.validity.end:
        yield f"The device's clock says {clock.date()}: by it, the certificate has already ended"
    elif clock is not None and clock < leaf.validity.start:
        yield f"The device's clock says {clock.date()}: by it, the certificate has not begun"
