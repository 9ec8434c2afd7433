"""A forgiving look at the outline of a certificate (rule R36).

Firmware writes version 1 with extensions, characters that a string type does not have, lengths longer than need be,
dates that do not exist. A strict parser refuses all of that and TLS takes it, so a technician has to be able to tell
such certificates apart. What is read here is shown and hashed; that a signature holds is never concluded from it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SEQUENCE, BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x30, 0x01, 0x02, 0x03, 0x04, 0x06
_SET, _VERSION, _EXTENSIONS = 0x31, 0xA0, 0xA3
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_LONGEST_OID = 32
_TEXT_ENCODINGS = {0x0C: "utf-8", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?(?:Z|([+-])(\d\d)(\d\d))?", re.ASCII)


class DamagedError(ValueError):
    """The bytes do not have the outline of a certificate."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Outline:
    """The fields that are shown. Dates are None where they do not exist; `key` is a SubjectPublicKeyInfo.

    `extensions` is the field that holds them, not looked into.
    """

    serial: int
    issuer: Element
    not_before: datetime | None
    not_after: datetime | None
    subject: Element
    key: Element
    extensions: Element | None


def outline(der: bytes) -> Outline:
    """Return the outline of a certificate (RFC 5280, 4.1), whatever comes after it. Raises DamagedError."""
    certificate = expect(read(der), SEQUENCE)
    fields = children(expect(read(certificate.content), SEQUENCE))
    if fields and fields[0].tag == _VERSION:
        fields = fields[1:]
    if len(fields) < 6:
        raise DamagedError("too few fields")
    serial, _, issuer, validity, subject, key = fields[:6]
    dates = [_date(time) for time in children(validity)[:2]]
    return Outline(
        serial=int.from_bytes(expect(serial, INTEGER).content, "big", signed=True),
        issuer=issuer,
        not_before=dates[0] if dates else None,
        not_after=dates[1] if len(dates) > 1 else None,
        subject=subject,
        key=expect(key, SEQUENCE),
        extensions=next((field for field in fields[6:] if field.tag == _EXTENSIONS), None),
    )


def attributes(name: Element) -> tuple[tuple[str, str], ...]:
    """Return (dotted OID, value) of each attribute of a name, in order and as far as it can be read. Not cleaned."""
    found: list[tuple[str, str]] = []
    try:
        for relative in children(name):
            for attribute in children(expect(relative, _SET)):
                kind, value = children(attribute)
                found.append((dotted(expect(kind, OID).content), _text(value)))
    except ValueError:
        found.append(("", "…"))
    return tuple(found)


def children(element: Element) -> list[Element]:
    """Return the elements that one is made of. Raises DamagedError."""
    found: list[Element] = []
    at = 0
    while at < len(element.content):
        found.append(read(element.content, at))
        at += len(found[-1].raw)
    return found


def read(data: bytes, at: int = 0) -> Element:
    """Return the element that begins at `at`, whatever follows it. Raises DamagedError."""
    if at + 2 > len(data):
        raise DamagedError("cut off")
    start, length = at + 2, data[at + 1]
    if length == 0x80:
        raise DamagedError("no length")
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > len(data):
        raise DamagedError("cut off")
    return Element(data[at], data[start : start + length], data[at : start + length])


def expect(element: Element, tag: int) -> Element:
    """Return the element if it has that tag. Raises DamagedError."""
    if element.tag != tag:
        raise DamagedError(f"tag {element.tag:#x} in place of {tag:#x}")
    return element


def dotted(content: bytes) -> str:
    """Return an object identifier as numbers with dots, such as "2.5.29.17"; what is longer than 32 bytes is cut."""
    numbers = [0]
    for byte in content[:_LONGEST_OID]:
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(0)
    first, rest = numbers[0], numbers[1:-1]
    top = min(first // 40, 2)
    text = ".".join(f"{number:d}" for number in (top, first - 40 * top, *rest))
    return text if len(content) <= _LONGEST_OID else f"{text}…"


def _text(value: Element) -> str:
    return value.content.decode(_TEXT_ENCODINGS.get(value.tag, "latin-1"), errors="replace")


def _date(time: Element) -> datetime | None:
    """Read UTCTime and GeneralizedTime also as devices write them: no seconds, fractions, an offset, no Z."""
    text = time.content.decode("latin-1")
    if time.tag == _UTC_TIME:
        text = ("19" if text[:1] >= "5" else "20") + text
    match = _TIME.fullmatch(text)
    if match is None or time.tag not in (_UTC_TIME, _GENERALIZED_TIME):
        return None
    *parts, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return local + ahead if sign == "-" else local - ahead
    except (ValueError, OverflowError):
        return None
