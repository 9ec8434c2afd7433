"""The extensions of a certificate in words, each read by itself and forgivingly (rule R36; RFC 5280, 4.2)."""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.decide.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Element,
    children,
    dotted,
    expect,
    read,
)
from core.model.text import clean

ALTERNATIVE_NAMES = "2.5.29.17"
_MOST_LINES = 32
_MOST_NAMES = 32
_MOST_PURPOSES = 16
_LONGEST_LINE = 128
_LONGEST_NAME = 128
_EMAIL, _DNS, _URI, _IP = 0x81, 0x82, 0x86, 0x87
_KEY_IDENTIFIER = 0x80
_CRITICAL = " (critical)"
_UNREADABLE = "Cannot be read"
_USES = (
    "digital signature",
    "non-repudiation",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "certificate signing",
    "CRL signing",
    "encipher only",
    "decipher only",
)
_PURPOSES = {
    "2.5.29.37.0": "any",
    "1.3.6.1.5.5.7.3.1": "server",
    "1.3.6.1.5.5.7.3.2": "client",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: its dotted OID, and its value in DER."""

    kind: str
    critical: bool
    value: bytes


def parse(field: Element | None) -> tuple[Extension | None, ...]:
    """Return the extensions in order, None for each that cannot be read (or one None for all)."""
    if field is None:
        return ()
    try:
        return tuple(_extension(element) for element in children(expect(read(field.content), SEQUENCE)))
    except ValueError:
        return (None,)


def lines(field: Element | None) -> tuple[str, ...]:
    """Return a line for each extension, such as "BasicConstraints: not a CA (critical)". Cleaned, at most 33."""
    found = parse(field)
    more = len(found) - _MOST_LINES
    shown = tuple(_line(extension) for extension in found[:_MOST_LINES])
    return (*shown, f"{more} more") if more > 0 else shown


def names(field: Element | None) -> tuple[str, ...]:
    """Return the alternative names: DNS, e-mail, URI and IP address. Cleaned, at most 32."""
    values = [extension.value for extension in parse(field) if extension and extension.kind == ALTERNATIVE_NAMES]
    found = [name for value in values for name in _general_names(value) if name.tag in (_EMAIL, _DNS, _URI, _IP)]
    return tuple(clean(_name(name), _LONGEST_NAME) for name in found[:_MOST_NAMES])


def _general_names(value: bytes) -> list[Element]:
    try:
        return children(expect(read(value), SEQUENCE))
    except ValueError:
        return []


def _name(name: Element) -> str:
    if name.tag != _IP:
        return name.content.decode("latin-1")
    try:
        return str(ipaddress.ip_address(name.content))
    except ValueError:
        return f"{name.content.hex()} (no IP address)"


def _extension(element: Element) -> Extension | None:
    try:
        kind, *flags, value = children(expect(element, SEQUENCE))
        critical = any(_truth(flag) for flag in flags)
        return Extension(dotted(expect(kind, OID).content), critical, expect(value, OCTET_STRING).content)
    except ValueError:
        return None


def _line(extension: Extension | None) -> str:
    if extension is None:
        return _UNREADABLE
    name, reader = _KNOWN.get(extension.kind, (extension.kind, None))
    text = clean(f"{name}: {_text(extension.value, reader)}", _LONGEST_LINE - len(_CRITICAL))
    return text + _CRITICAL if extension.critical else text


def _text(value: bytes, reader: Callable[[Element], str] | None) -> str:
    try:
        return reader(read(value)) if reader else _size(value)
    except ValueError:
        return f"{_size(value)}, cannot be read"


def _size(value: bytes) -> str:
    return "1 byte" if len(value) == 1 else f"{len(value)} bytes"


def _truth(flag: Element) -> bool:
    return any(expect(flag, BOOLEAN).content)


def _basic_constraints(value: Element) -> str:
    parts = children(expect(value, SEQUENCE))
    if not any(_truth(part) for part in parts[:1] if part.tag == BOOLEAN):
        return "not a CA"
    length = next((int.from_bytes(part.content, "big") for part in parts if part.tag == INTEGER), None)
    return "a CA" if length is None else f"a CA, path length {length}"


def _key_usage(value: Element) -> str:
    bits = expect(value, BIT_STRING).content[1:]
    named = "".join(f"{byte:08b}" for byte in bits)
    return ", ".join(use for use, bit in zip(_USES, named, strict=False) if bit == "1") or "none"


def _purposes(value: Element) -> str:
    return ", ".join(_purpose_names(value)) or "none"


def _purpose_names(value: Element) -> Iterator[str]:
    purposes = children(expect(value, SEQUENCE))
    for purpose in purposes[:_MOST_PURPOSES]:
        kind = dotted(expect(purpose, OID).content)
        yield _PURPOSES.get(kind, kind)
    if len(purposes) > _MOST_PURPOSES:
        yield f"{len(purposes) - _MOST_PURPOSES} more"


def _name_count(value: Element) -> str:
    count = len(children(expect(value, SEQUENCE)))
    return "1 name" if count == 1 else f"{count} names"


def _own_key(value: Element) -> str:
    return expect(value, OCTET_STRING).content.hex()


def _issuer_key(value: Element) -> str:
    parts = children(expect(value, SEQUENCE))
    found = next((part.content.hex() for part in parts if part.tag == _KEY_IDENTIFIER), "")
    return found or "named by issuer and serial number"


def _comment(value: Element) -> str:
    return value.content.decode("latin-1")


_KNOWN: dict[str, tuple[str, Callable[[Element], str] | None]] = {
    "2.5.29.14": ("SubjectKeyIdentifier", _own_key),
    "2.5.29.15": ("KeyUsage", _key_usage),
    ALTERNATIVE_NAMES: ("SubjectAlternativeName", _name_count),
    "2.5.29.18": ("IssuerAlternativeName", _name_count),
    "2.5.29.19": ("BasicConstraints", _basic_constraints),
    "2.5.29.30": ("NameConstraints", None),
    "2.5.29.31": ("CRLDistributionPoints", None),
    "2.5.29.32": ("CertificatePolicies", None),
    "2.5.29.35": ("AuthorityKeyIdentifier", _issuer_key),
    "2.5.29.37": ("ExtendedKeyUsage", _purposes),
    "1.3.6.1.5.5.7.1.1": ("AuthorityInfoAccess", None),
    "2.16.840.1.113730.1.1": ("NetscapeCertType", None),
    "2.16.840.1.113730.1.13": ("NetscapeComment", _comment),
}
