"""Two certificates, field by field.

Whether a field is the same is decided by all that stands in the certificate; its text is for reading and may be cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.decide import extensions
from core.decide.certificates import describe, outline_of
from core.decide.der import Outline
from core.model.device import CertificateView
from core.model.review import Difference

SUBJECT, ISSUER, NAMES, SERIAL = "Subject", "Issuer", "Names", "Serial"
VALID_FROM, VALID_UNTIL = "Valid from", "Valid until"
KEY, KEY_FINGERPRINT, SIGNATURE, EXTENSIONS = "Key", "Key SHA-256", "Signature", "Extensions"
FINGERPRINT, SIZE = "SHA-256", "Size"
LABELS = (
    SUBJECT,
    ISSUER,
    NAMES,
    SERIAL,
    VALID_FROM,
    VALID_UNTIL,
    KEY,
    KEY_FINGERPRINT,
    SIGNATURE,
    EXTENSIONS,
    FINGERPRINT,
    SIZE,
)
NONE = "None"
_UNREADABLE = "Cannot be read"
_ALIKE = " (differs in what is not shown)"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a certificate: the text to show, and the value that it was made from, which may be more."""

    text: str
    value: object


def fields(der: bytes) -> dict[str, Field]:
    """Return the fields of a certificate by label, without those that cannot be read. Of any bytes at all."""
    view, found = describe(der), outline_of(der)
    shown = _inside(view, found) if found else {}
    shown[FINGERPRINT] = Field(view.fingerprint, view.fingerprint)
    shown[SIZE] = Field(f"{view.size} bytes", view.size)
    return {label: shown[label] for label in LABELS if label in shown and shown[label].text}


def differences(stored: bytes | None, presented: bytes) -> tuple[Difference, ...]:
    """Return both certificates field by field, without fields that can be read of neither.

    Fingerprints are plain hex. Where nothing is stored, that side is empty and nothing is the same.
    """
    old, new = fields(stored) if stored is not None else None, fields(presented)
    labels = [label for label in LABELS if label in new or (old and label in old)]
    return tuple(_difference(label, old, new) for label in labels)


def _difference(label: str, stored: Mapping[str, Field] | None, presented: Mapping[str, Field]) -> Difference:
    new = presented.get(label)
    shown = new.text if new else _UNREADABLE
    if stored is None:
        return Difference(label, "", shown, same=False)
    old = stored.get(label)
    if old and new and old != new and old.text == new.text:
        shown += _ALIKE
    return Difference(label, old.text if old else _UNREADABLE, shown, same=old == new)


def _inside(view: CertificateView, found: Outline) -> dict[str, Field]:
    itself = " (itself)" if view.self_signed else ""
    return {
        SUBJECT: Field(view.subject or NONE, found.subject.raw),
        ISSUER: Field((view.issuer or NONE) + itself, found.issuer.raw),
        NAMES: _names(view, found),
        SERIAL: Field(view.serial, found.serial),
        VALID_FROM: Field(view.not_before, found.not_before),
        VALID_UNTIL: Field(view.not_after, found.not_after),
        KEY: Field(view.key, view.key),
        KEY_FINGERPRINT: Field(view.key_fingerprint, view.key_fingerprint),
        SIGNATURE: Field(view.signature, view.signature),
        EXTENSIONS: Field("; ".join(view.extensions) or NONE, found.extensions and found.extensions.raw),
    }


def _names(view: CertificateView, found: Outline) -> Field:
    read = extensions.parse(found.extensions)
    values = tuple(one.value for one in read if one and one.kind == extensions.ALTERNATIVE_NAMES)
    none = "None that can be shown" if values or None in read else NONE
    return Field(", ".join(view.names) or none, values)
