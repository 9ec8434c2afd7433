"""SSDP messages of strangers, read without trusting them (UPnP Device Architecture 1.1, section 1)."""

import re
from typing import NamedTuple

from core.decide.addresses import show_address
from core.discovery.claims import Url, parse_url
from core.discovery.datagrams import LARGEST, UnreadableError
from core.model.text import clean

ROOT = "upnp:rootdevice"

_ANSWER = re.compile(r"HTTP/1\.[01] 200\b", re.IGNORECASE)
_NOTICE = re.compile(r"NOTIFY \* HTTP/1\.", re.IGNORECASE)
_SEARCH = re.compile(r"M-SEARCH \* HTTP/1\.", re.IGNORECASE)
_ARRIVALS = frozenset(("ssdp:alive", "ssdp:update"))
_FAREWELL = "ssdp:byebye"
_MOST_HEADERS = 64
_LONGEST_VALUE = 512
_LONGEST_NAME = 128


class Message(NamedTuple):
    """What one answer or notice says of one device, its texts cleaned.

    `target` is the type that it is about and `udn` the device, lower case. `location` is where it claims its
    description to be, and `version` changes when that may have changed. `gone` marks a farewell.
    """

    target: str
    udn: str
    location: Url | None = None
    version: str = ""
    gone: bool = False


def search(target: str, host: str, port: int, seconds: int) -> bytes:
    """Return a question to the group at `host` for what is of the type `target`, to be answered within `seconds`."""
    # As an IPv6 group is written there (UPnP Device Architecture 2.0, annex A).
    place = show_address(host.upper(), port)
    lines = ("M-SEARCH * HTTP/1.1", f"HOST: {place}", 'MAN: "ssdp:discover"', f"MX: {seconds}", f"ST: {target}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_message(payload: bytes) -> Message | None:
    """Return what a datagram says about a device; None for a question of somebody else.

    Raises `UnreadableError`, and only that.
    """
    if len(payload) > LARGEST:
        raise UnreadableError("too large")
    lines = payload.decode("utf-8", "replace").split("\n", _MOST_HEADERS + 1)
    start = lines[0].strip()
    if _SEARCH.match(start):
        return None
    headers = _headers(lines[1 : _MOST_HEADERS + 1])
    if _ANSWER.match(start):
        return _message(headers, headers.get("st", ""))
    if _NOTICE.match(start):
        return _notice(headers)
    raise UnreadableError("no SSDP message")


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not line.strip():
            break
        if colon:
            headers.setdefault(name.strip().lower(), value.strip()[:_LONGEST_VALUE])
    return headers


def _notice(headers: dict[str, str]) -> Message:
    kind = headers.get("nts", "").lower()
    if kind == _FAREWELL:
        return _message(headers, headers.get("nt", ""))._replace(location=None, gone=True)
    if kind in _ARRIVALS:
        return _message(headers, headers.get("nt", ""))
    raise UnreadableError("a notice of an unknown kind")


def _message(headers: dict[str, str], target: str) -> Message:
    udn = headers.get("usn", "").partition("::")[0].lower()
    if not udn.startswith("uuid:"):
        raise UnreadableError("of no device")
    return Message(
        target=clean(target, _LONGEST_NAME),
        udn=clean(udn, _LONGEST_NAME),
        location=parse_url(headers.get("location", "")),
        version=f"{headers.get('bootid.upnp.org', '')} {headers.get('configid.upnp.org', '')}"[:_LONGEST_NAME],
    )
