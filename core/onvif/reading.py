"""Fields of answers, read by local name: the order, the prefix and what is missing differ from device to device.

Texts are cleaned and lists bounded here, at the edge (rules R22 and R32).
"""

import base64
import binascii
import re
from collections.abc import Iterator

from lxml import etree

from core.model.errors import GarbledError
from core.model.text import clean

MOST_ITEMS = 512
LARGEST_OBJECT = 64 * 1024

_LONGEST_ID = 128
_LONGEST_ESTIMATE = 3600.0
_DURATION = re.compile(
    r"P(?:0+Y)?(?:0+M)?(?:(?P<days>[0-9]{1,9})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,9}(?:\.[0-9]{0,9})?)S)?)?"
)


def children(element: etree._Element | None, name: str, limit: int = MOST_ITEMS) -> list[etree._Element]:
    """Return the children of that name. Raises `GarbledError` for more than `limit`: half a list would mislead."""
    found: list[etree._Element] = []
    for child in _named(element, name):
        if len(found) == limit:
            raise GarbledError(f"The device lists more than {limit} objects", "Clean up on the device's own page.")
        found.append(child)
    return found


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """Return the first child of the first name, and so on down; None where one is missing."""
    for name in names:
        element = next(_named(element, name), None)
    return element


def text(element: etree._Element | None, *names: str) -> str:
    """Return the raw text of a descendant, or of the element itself without `names`; "" where it is missing.

    Not cleaned: only for what is parsed further.
    """
    found = child(element, *names)
    return (found.text or "").strip() if found is not None else ""


def words(element: etree._Element | None, *names: str, limit: int = 64) -> str:
    """Return the cleaned text of a descendant."""
    return clean(text(element, *names), limit)


def said(element: etree._Element | None, name: str) -> str:
    """Return the raw value of an attribute of that local name, or else of a child."""
    for key, value in element.attrib.items() if element is not None else ():
        if etree.QName(key).localname == name:
            return str(value).strip()
    return text(element, name)


def boolean(value: str) -> bool | None:
    """Return an xs:boolean, in any case; None for anything else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())


def number(value: str, most: int = 1_000_000) -> int | None:
    """Return a whole number from 0 to `most`; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > most:
        return None
    return int(value)


def identifier(element: etree._Element | None, *names: str) -> str:
    """Return an object's id exactly as sent. Raises `GarbledError` where it is missing, or cannot be shown as it is."""
    found = text(element, *names)
    if not found or clean(found, _LONGEST_ID) != found:
        raise GarbledError(
            f"The device's answer lacks a usable {names[-1] if names else 'id'}",
            "Its ONVIF implementation may be incomplete. A firmware update may help.",
        )
    return found


def seconds(value: str) -> float:
    """Return an xs:duration in seconds, at most an hour; 0.0 where it is none, as estimates decide nothing."""
    match = _DURATION.fullmatch(value)
    if not match:
        return 0.0
    parts = {unit: float(part) for unit, part in match.groupdict("0").items()}
    total = ((parts["days"] * 24 + parts["hours"]) * 60 + parts["minutes"]) * 60 + parts["seconds"]
    return min(total, _LONGEST_ESTIMATE)


def der(value: str) -> bytes:
    """Return what a base64 field holds, whether that is DER or PEM in base64, or PEM itself; b"" for anything else."""
    raw = _unarmored(value.encode("ascii", "replace"))
    decoded = _from_base64(raw)
    if decoded.startswith(b"-----BEGIN"):
        decoded = _from_base64(_unarmored(decoded))
    return decoded if len(decoded) <= LARGEST_OBJECT else b""


def _unarmored(raw: bytes) -> bytes:
    if not raw.startswith(b"-----BEGIN"):
        return raw
    return b"".join(line for line in raw.splitlines() if not line.startswith(b"-----"))


def _from_base64(raw: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        return b""


def _named(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    return iter(()) if element is None else element.iterchildren(f"{{*}}{name}")
