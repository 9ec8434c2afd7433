"""What can be told of a certificate: the certain (its fingerprint) and the shown (everything else, rule R36).

Pins, comparisons and exports use the raw DER. Whatever else a certificate says came from a stranger and may be
nonsense: each part is read by itself, and one that cannot be read leaves the others standing.
"""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cryptography import x509

from core.decide import extensions, keys, signatures
from core.decide.der import DamagedError, Element, Outline, attributes, outline
from core.decide.keys import PublicKey
from core.model.device import CertificateView
from core.model.text import clean

LARGEST = 64 * 1024
_LONGEST_NAME = 128
_COMMON_NAME = "2.5.4.3"
_SHORT = {
    _COMMON_NAME: "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "email",
}


def outline_of(der: bytes) -> Outline | None:
    """Return the outline of a certificate, None where there is none or it is larger than 64 KiB."""
    try:
        return outline(der) if len(der) <= LARGEST else None
    except DamagedError:
        return None


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate's raw bytes, in lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def key_fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate's SubjectPublicKeyInfo in lower-case hex, empty where it cannot be found."""
    found = outline_of(der)
    return keys.fingerprint(found.key.raw) if found else ""


def public_key(der: bytes) -> bytes | None:
    """Return a certificate's SubjectPublicKeyInfo, raw, None where it cannot be found."""
    found = outline_of(der)
    return found.key.raw if found else None


def common_name(der: bytes) -> str:
    """Return the first common name in a certificate's subject, cleaned; "" where there is none that can be read."""
    found = outline_of(der)
    names = (value for kind, value in attributes(found.subject) if kind == _COMMON_NAME) if found else ()
    return clean(next(iter(names), ""), _LONGEST_NAME)


def issued_by(der: bytes, issuer_der: bytes) -> bool:
    """Tell whether a certificate names that issuer and is signed by the issuer's key (RFC 5280, 6.1.3)."""
    leaf, issuer = outline_of(der), outline_of(issuer_der)
    if leaf is None or issuer is None or leaf.issuer.raw != issuer.subject.raw:
        return False
    certificate, key = _load(der), keys.load(issuer.key.raw)
    return certificate is not None and key is not None and signatures.is_signed_by(certificate, key)


def describe(der: bytes) -> CertificateView:
    """Return what can be shown of a certificate, for any bytes at all.

    `readable` is false where a strict parser refuses it. Then it is shown as far as it could be made out, and nothing
    more than its size is known of an input that has no outline of a certificate or is larger than 64 KiB.
    """
    found = outline_of(der)
    if found is None:
        problem = "Too large to be read" if len(der) > LARGEST else "Cannot be read"
        return CertificateView(fingerprint(der), len(der), readable=False, warnings=(problem,))
    certificate, key = _load(der), keys.load(found.key.raw)
    return CertificateView(
        fingerprint=fingerprint(der),
        size=len(der),
        readable=certificate is not None,
        subject=name_text(found.subject),
        issuer=name_text(found.issuer),
        self_signed=issued_by(der, der),
        serial=clean(f"{found.serial:x}"),
        not_before=_time_text(found.not_before),
        not_after=_time_text(found.not_after),
        key=keys.kind(key) if key else "",
        key_fingerprint=keys.fingerprint(found.key.raw),
        signature=signatures.algorithm(certificate) if certificate else "",
        names=extensions.names(found.extensions),
        extensions=extensions.lines(found.extensions),
        warnings=(*_damages(found, certificate, key), *_weaknesses(certificate, key)),
    )


def name_text(name: Element) -> str:
    """Return a name as one line: the first common name bare, then the rest such as "O=Example", cleaned."""
    pairs = list(attributes(name))
    first = next((pair for pair in pairs if pair[0] == _COMMON_NAME), None)
    if first:
        pairs.remove(first)
    rest = [f"{_SHORT.get(kind, kind)}={value}" if kind else value for kind, value in pairs]
    return clean(", ".join(filter(None, [first[1] if first else "", *rest])), _LONGEST_NAME)


def _load(der: bytes) -> x509.Certificate | None:
    try:
        with quiet():
            return x509.load_der_x509_certificate(der)
    except keys.UNREADABLE:
        return None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep `cryptography` from warning about what devices write, such as a serial number of zero.

    Filters belong to the process: where two threads overlap here, user warnings may stay off, which is of no harm.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _has_sound_extensions(certificate: x509.Certificate) -> bool:
    try:
        with quiet():
            return certificate.extensions is not None
    except keys.UNREADABLE:
        return False


def _damages(found: Outline, certificate: x509.Certificate | None, key: PublicKey | None) -> Iterator[str]:
    if certificate is None:
        yield "Damaged: shown as far as it can be read"
    if key is None:
        yield "The key cannot be read"
    if certificate and not _has_sound_extensions(certificate):
        yield "The extensions cannot be read"
    if found.not_before is None or found.not_after is None:
        yield "The dates cannot be read"
    elif found.not_after < found.not_before:
        yield "Ends before it begins"
    if found.serial <= 0:
        yield "The serial number is not positive"


def _weaknesses(certificate: x509.Certificate | None, key: PublicKey | None) -> Iterator[str]:
    if key:
        yield from keys.weaknesses(key)
    if certificate and (weak := signatures.weakness(certificate)):
        yield f"Signed with {weak}, which is weak"


def _time_text(time: datetime | None) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="seconds") + "Z" if time else ""
