"""The authority on the disk: `ca.key` and `ca.cer` in the state folder.

The key is stored before the certificate, and the certificate can be made anew from the key: a crash at any moment
leaves something that the next start completes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.authority import inspection, keyfile, names, profile
from core.authority.keyfile import PrivateKey
from core.authority.passphrase import read_passphrase
from core.decide import keys
from core.files import create_private, read_private, read_secret, replace_private
from core.model.config import AuthoritySettings
from core.model.errors import CamtrustError, UsageError
from core.model.secret import Secret
from core.model.text import clean

T = TypeVar("T")

KEY_FILE, CERTIFICATE_FILE = "ca.key", "ca.cer"
_EARLIEST_NOW = datetime(2025, 1, 1, tzinfo=UTC)
_PLAIN = "key file readable by this account only"
_SEALED = "key encrypted with a passphrase (Argon2id)"


@dataclass(frozen=True, slots=True)
class Stored:
    """What was loaded or made. `protection` tells in words how the key is kept."""

    key: PrivateKey
    certificate: x509.Certificate
    protection: str


def load_or_make(folder: Path, settings: AuthoritySettings, gateway: str, now: datetime) -> Stored:
    """Load the authority, or make what of it is not there yet. Raises UnsafeStateError and other CamtrustErrors.

    A key that is stored plain is sealed as soon as a passphrase is set. The folder is locked, and what an earlier
    start left unfinished was removed from it.
    """
    key_file, certificate_file = folder / KEY_FILE, folder / CERTIFICATE_FILE
    passphrase = read_passphrase(Path(settings.passphrase_file).expanduser()) if settings.passphrase_file else None
    certificate_pem, key_text = _stored(read_private, certificate_file), _stored(read_secret, key_file)
    if certificate_pem is None:
        _check_makeable(settings, now)
    elif key_text is None:
        hint = f"Put {key_file} back from a backup: nothing can be issued without it."
        raise CamtrustError("The authority's key is missing", hint)
    key = _load_key(key_file, key_text, passphrase) if key_text else _make_key(key_file, settings, passphrase)
    if certificate_pem is None:
        certificate = profile.make_authority(key, clean(settings.name), names.zone(gateway), now)
        _create(certificate_file, certificate.public_bytes(Encoding.PEM))
    else:
        certificate = _load_certificate(certificate_file, certificate_pem, key)
    return Stored(key, certificate, _PLAIN if passphrase is None else _SEALED)


def _stored(read: Callable[[Path], T], path: Path) -> T | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None


def _create(path: Path, data: bytes | Secret) -> None:
    try:
        create_private(path.parent, path.name, data)
    except FileExistsError:
        hint = "It was left as it is. Find out which program makes it, then start again."
        raise CamtrustError(f"{path} was made by another program in the meantime", hint) from None


def _check_makeable(settings: AuthoritySettings, now: datetime) -> None:
    # A gateway without a clock battery starts in 1970; an authority made then would be over before it is used.
    if now < _EARLIEST_NOW:
        raise CamtrustError(f"The gateway's clock is wrong: it says {now.date()}", "Set it, then start again.")
    if not clean(settings.name):
        raise UsageError("The authority has no name", "Set `name` in the section [authority] of the settings.")


def _make_key(path: Path, settings: AuthoritySettings, passphrase: Secret | None) -> PrivateKey:
    key = keyfile.generate(settings.key_type)
    _create(path, keyfile.pack(key, passphrase))
    return key


def _load_key(path: Path, text: Secret, passphrase: Secret | None) -> PrivateKey:
    key = keyfile.unpack(text, passphrase)
    if passphrase is not None and not keyfile.is_sealed(text):
        replace_private(path.parent, path.name, keyfile.pack(key, passphrase))
    return key


def _load_certificate(path: Path, pem: bytes, key: PrivateKey) -> x509.Certificate:
    anew = f"Put {path} back from a backup, or put it away: then it is made anew for the same key."
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        zone, public = inspection.authority_zone(certificate), keys.encode(certificate.public_key())
    except keys.UNREADABLE:
        raise CamtrustError("The authority's certificate is damaged", anew) from None
    if not zone:
        raise CamtrustError("The authority's certificate is not one that camtrust made", anew)
    if public != keys.encode(key.public_key()):
        hint = f"Put {KEY_FILE} and {path.name} back from one and the same backup."
        raise CamtrustError("The authority's key and certificate do not belong together", hint)
    return certificate
