"""Addresses as technicians type them: what is meant, or which part of it is wrong."""

import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn

from core.model.errors import UsageError
from core.model.text import clean

HTTP_PORT = 80

_URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<place>[^/?#]*)(?P<rest>[/?#].*)?", re.DOTALL)
_PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[^:]*))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
# What resolvers take for an IPv4 address, in forms that nobody means (RFC 6943, 3.1.1).
_NUMERIC = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)(?:\.(?:[0-9]+|0[xX][0-9A-Fa-f]*)|\.)*")
_ZONE = re.compile(r"[A-Za-z0-9_.~-]{1,15}")
_SEVERAL = re.compile(r"[0-9.]+-[0-9.]+|[0-9.]+/[0-9.]+")
_LONGEST = 512
_EXAMPLES = (
    "Examples: 192.168.20.1, 192.168.20.1:4443, https://cam-7.local:8443, http://192.168.20.1, [fe80::1%eth1]:443."
)


@dataclass(frozen=True, slots=True)
class Target:
    """One device to connect to. `scheme` is `http` or `https` where the address says which, else empty."""

    host: str
    port: int | None = None
    scheme: str = ""

    @property
    def is_name(self) -> bool:
        """Whether `host` still has to be resolved."""
        return _parsed_ip(self.host) is None

    def __str__(self) -> str:
        return show_address(self.host, self.port, self.scheme)


def show_address(host: str, port: int | None, scheme: str = "") -> str:
    """Return `host:port` as people write it: without the port that the scheme implies, IPv6 in brackets."""
    usual = {"http": 80, "https": 443}.get(scheme)
    place = f"[{host}]" if ":" in host else host
    return place if port in (None, usual) else f"{place}:{port}"


def parse_address(text: str) -> Target:
    """Read what a technician typed. `http://` or port 80 means HTTP; `https://` means HTTPS and nothing else.

    Raises `UsageError` naming the part that is wrong. A path is allowed and not used: devices tell their own.
    """
    stripped = text.strip()
    if "@" in stripped:
        # Only the end of it is told again: what stands before may be a password, of whatever letters.
        _refuse("…@" + stripped.rpartition("@")[2], "a user name and a password are given on their own")
    url = _URL.fullmatch(stripped)
    if not stripped or len(stripped) > _LONGEST or url is None:
        _refuse(text, "it is empty" if not stripped else "it is too long")
    if _SEVERAL.fullmatch(stripped):
        _refuse(text, "it is several addresses (camtrust scan finds what answers there)")
    scheme = _scheme(text, url["scheme"])
    place = _place(text, url["place"])
    port = _port(text, place["port"])
    host = _host(text, place["host"], is_url=bool(scheme))
    return Target(host, port, scheme or ("http" if port == HTTP_PORT else ""))


def _place(text: str, place: str) -> re.Match[str]:
    found = _PLACE.fullmatch(f"[{place}]" if place.count(":") > 1 and _parsed_ip(place) is not None else place)
    if found is None and not place.startswith("["):
        _refuse(text, "there is more than one ':' (put an IPv6 address in brackets)")
    if found is None and "]" not in place:
        _refuse(text, "the ']' after the IPv6 address is missing")
    if found is None:
        _refuse(text, f"'{clean(place.partition(']')[2])}' after the ']' is no port")
    return found


def _scheme(text: str, scheme: str | None) -> str:
    lowered = (scheme or "").lower()
    if lowered not in ("", "http", "https"):
        _refuse(text, f"'{clean(lowered)}://' is neither http:// nor https://")
    return lowered


def _port(text: str, port: str | None) -> int | None:
    if port is None:
        return None
    if not (port.isascii() and port.isdigit()):
        _refuse(text, f"the port '{clean(port)}' is not a number")
    if len(port) > 5 or not 1 <= int(port) <= 65535:
        _refuse(text, f"the port {clean(port)} is not between 1 and 65535")
    return int(port)


def _host(text: str, host: str, *, is_url: bool) -> str:
    if not host:
        _refuse(text, "the host is missing")
    if host.startswith("["):
        return _ip_host(text, _plain_zone(host[1:-1]) if is_url else host[1:-1], "is not an IPv6 address", 6)
    if _NUMERIC.fullmatch(host):
        return _ip_host(text, host, "is not an IPv4 address", 4)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        _refuse(text, f"'{clean(host)}' is not a host name")
    return host.removesuffix(".").lower()


def _plain_zone(host: str) -> str:
    """Inside a URL the '%' before a zone is written '%25' (RFC 6874, 2)."""
    address, mark, zone = host.partition("%25")
    return f"{address}%{zone}" if mark and zone else host


def _ip_host(text: str, host: str, complaint: str, version: int) -> str:
    address = _parsed_ip(host)
    if address is None or address.version != version:
        _refuse(text, f"'{clean(host)}' {complaint}")
    if isinstance(address, ipaddress.IPv6Address):
        _check_zone(text, address)
        # The same device as by its IPv4 address (RFC 4291, 2.5.5.2).
        address = address.ipv4_mapped or address
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        _refuse(text, f"{clean(str(address))} is not the address of one device")
    return str(address)


def _check_zone(text: str, address: ipaddress.IPv6Address) -> None:
    zone = address.scope_id
    if zone is not None and not _ZONE.fullmatch(zone):
        _refuse(text, f"'{clean(zone)}' after the '%' is no network interface")
    if zone is not None and not (address.is_link_local or address.is_multicast):
        _refuse(text, f"'%{zone}' belongs to link-local addresses only, such as fe80::1%eth1")
    if zone is None and address.is_link_local:
        _refuse(text, f"the interface is missing, as in {address}%eth1")


def _parsed_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(f"'{clean(text)}' is no address of a device: {why}.", _EXAMPLES)
