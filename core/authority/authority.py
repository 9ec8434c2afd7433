"""The certificate authority of one gateway: made at the first start, loaded at each later one."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.authority import files, inspection, keyfile, names, profile
from core.authority.keyfile import PrivateKey
from core.authority.passphrase import read_passphrase
from core.authority.profile import Address, Leaf, Validity
from core.decide import keys
from core.decide.csr import check
from core.model.config import AuthoritySettings
from core.model.errors import CamtrustError, UsageError
from core.model.secret import Secret
from core.model.text import clean

_KEY, _CERTIFICATE = "ca.key", "ca.cer"
_OLDEST_NOW = datetime(2025, 1, 1, tzinfo=UTC)
_SET_CLOCK = "Set the gateway's clock, then try again."


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """What to sign for which device.

    `device` is its id, `host` the address or DNS name that it is reached at. `public_key` is the SubjectPublicKeyInfo
    that the key has to be, where that is known; `other_keys` are the names of all other devices by the fingerprints of
    their keys. `device_clock` is what the device takes the time to be.
    """

    device: str
    host: str
    public_key: bytes | None
    now: datetime
    device_clock: datetime | None = None
    other_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed leaf, and in words what was not followed or is weak."""

    der: bytes
    notes: tuple[str, ...]


class Authority:
    """Signs leaves for the devices of one gateway. `der` is its own certificate, `protection` tells how its key is kept."""

    __slots__ = ("_certificate", "_key", "_zone", "der", "protection")

    def __init__(self, key: PrivateKey, certificate: x509.Certificate, protection: str) -> None:
        self._key = key
        self._certificate = certificate
        self._zone = inspection.authority_zone(certificate)
        self.der = certificate.public_bytes(Encoding.DER)
        self.protection = protection

    def __repr__(self) -> str:
        return f"<Authority of {self._zone}>"

    @classmethod
    def open(cls, folder: Path, settings: AuthoritySettings, gateway: str, now: datetime) -> "Authority":
        """Load the authority from a folder that only this account can enter, or make it there.

        The key is stored before the certificate, which can be made anew from it: a crash at any moment leaves
        something that the next start completes. A key that is stored plain is sealed as soon as a passphrase is set.
        Raises UnsafeStateError and other CamtrustErrors.
        """
        key_file, certificate_file = folder / _KEY, folder / _CERTIFICATE
        files.clear(key_file)
        files.clear(certificate_file)
        passphrase = read_passphrase(Path(settings.passphrase_file)) if settings.passphrase_file else None
        stored = files.read(certificate_file)
        key = _load_key(key_file, passphrase)
        if key is None and stored is not None:
            hint = f"Put {key_file} back from a backup. Without it no certificate can be issued."
            raise CamtrustError("The authority's key is missing", hint)
        if key is None:
            key = _make_key(key_file, settings, passphrase)
        certificate = _make_certificate(certificate_file, key, settings, gateway, now) if stored is None else (
            _load_certificate(certificate_file, stored, key)
        )
        return cls(key, certificate, _PROTECTIONS[passphrase is not None])

    def issue(self, csr: bytes, request: IssueRequest) -> Issued:
        """Sign a leaf for the key of a request (raw DER). Takes milliseconds of CPU.

        Only the key comes from the request; names, dates and uses are the authority's. Raises CsrError for a request
        that is not followed, and CamtrustError where the authority cannot sign at this time.
        """
        self._check_time(request.now)
        name = names.device_name(request.device, self._zone)
        checked = check(
            csr,
            name=name,
            own_key=keys.fingerprint(keys.encode(self._key.public_key())),
            made=request.public_key,
            other_keys=request.other_keys,
        )
        validity = profile.leaf_validity(request.now, request.device_clock, self._certificate.not_valid_after_utc)
        leaf = Leaf(name, _permitted_address(request.host), checked.key, validity)
        der = profile.make_leaf(leaf, self._certificate, self._key)
        if defects := inspection.leaf_defects(der, leaf, self._certificate):
            raise CamtrustError(f"The certificate came out wrong and is not used ({', '.join(defects)})", _REPORT)
        return Issued(der, (*checked.notes, *_notes(request, leaf)))

    def _check_time(self, now: datetime) -> None:
        if now < self._certificate.not_valid_before_utc:
            raise CamtrustError(f"The gateway's clock is wrong: it says {now:%Y-%m-%d}", _SET_CLOCK)
        if now >= self._certificate.not_valid_after_utc:
            end = self._certificate.not_valid_after_utc
            hint = f"Put {_KEY} and {_CERTIFICATE} away, start again and issue new certificates for all devices."
            raise CamtrustError(f"The authority's own certificate ended on {end:%Y-%m-%d}", hint)
